// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.semanticrouter.maas.config.UserNames;
import io.semanticrouter.maas.config.UserNames.Form;
import io.semanticrouter.maas.journal.JournalConfig.Durability;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.Measurement.Reason;
import io.semanticrouter.maas.record.Measurement.Status;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class UsageJournalTest {
  private final Path directory;
  private final RandomRecords random = new RandomRecords();

  UsageJournalTest(@TempDir(factory = InMemory.class) Path directory) {
    this.directory = directory;
  }

  private UsageJournal open() throws IOException {
    return UsageJournal.open(JournalConfig.in(directory), "test 1");
  }

  private JournalConfig config(int segmentBytes, long keepBytes, Duration keepAge) {
    return new JournalConfig(
        directory,
        Durability.PROCESS,
        UserNames.plain(),
        segmentBytes,
        Duration.ofDays(1),
        keepBytes,
        keepAge);
  }

  @ParameterizedTest
  @EnumSource
  void whatIsWrittenIsReadAgain(Durability durability) throws IOException {
    List<UsageRecord> written = new ArrayList<>();
    JournalConfig config = JournalConfig.in(directory).withDurability(durability);
    try (UsageJournal journal = UsageJournal.open(config, "test 1")) {
      for (int i = 0; i < 200; i++) {
        written.add(random.next());
        journal.record(written.get(i));
      }
      assertThat(journal.stats().lines()).isEqualTo(200);
      assertThat(journal.stats().lost() + journal.stats().failures()).isZero();
    }
    ReadJournal read = ReadJournal.of(directory);
    assertThat(read.records()).isEqualTo(written);
    assertThat(read.problems()).isEmpty();
  }

  @Tag("slow")
  @Test
  void aHundredThousandRecordsOfManySegmentsAndThreadsAreReadAsTheyWere() throws Exception {
    int threads = 4;
    List<List<UsageRecord>> written = new ArrayList<>();
    try (UsageJournal journal = UsageJournal.open(config(8 << 20, 0, Duration.ZERO), "test 1")) {
      ExecutorService pool = Executors.newFixedThreadPool(threads);
      for (int t = 0; t < threads; t++) {
        List<UsageRecord> part = new ArrayList<>();
        for (int i = 0; i < 100_000 / threads; i++) {
          part.add(random.next());
        }
        written.add(part);
        pool.execute(() -> part.forEach(journal::record));
      }
      pool.shutdown();
      assertThat(pool.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
      assertThat(journal.stats().lost()).isZero();
    }
    ReadJournal read = ReadJournal.of(directory);
    assertThat(read.problems()).isEmpty();
    assertThat(read.records()).hasSize(100_000);
    for (List<UsageRecord> part : written) {
      Set<String> ids = Set.copyOf(part.stream().map(UsageRecord::id).toList());
      assertThat(read.records().stream().filter(r -> ids.contains(r.id())).toList())
          .isEqualTo(part);
    }
    assertThat(Segment.in(directory)).hasSizeGreaterThan(3);
  }

  @Test
  void aLineIsACloudEvent() throws IOException {
    UsageRecord record = Records.chat("run-1", "zoë", "granite");
    try (UsageJournal journal = open()) {
      journal.opened(Records.begun(record));
      journal.record(record);
    }
    String text = Files.readString(Segment.in(directory).first().plain());
    String masked =
        text.replaceAll("/maas/[0-9a-f]{12}", "/maas/W")
            .replaceAll("\"\\d{10}\"", "\"E\"")
            .replaceAll("\"[0-9a-f]{8}\"", "\"C\"");
    assertThat(masked)
        .isEqualTo(new String(resource("golden/lines.jsonl"), StandardCharsets.UTF_8));
  }

  private static byte[] resource(String name) throws IOException {
    return Files.readAllBytes(Path.of("src/test/resources").resolve(name));
  }

  @Test
  void recordsAreInTheFileWhenTheCallReturns() throws IOException {
    try (UsageJournal journal = open()) {
      for (int i = 0; i < 100; i++) {
        UsageRecord record = random.next();
        journal.record(record);
        List<UsageRecord> there = ReadJournal.of(directory).records();
        assertThat(there.get(there.size() - 1)).isEqualTo(record);
      }
    }
  }

  @Test
  void sequencesGoOnOverRunsAndIdsDiffer() throws IOException {
    List<String> runs = new ArrayList<>();
    for (int run = 0; run < 3; run++) {
      try (UsageJournal journal = open()) {
        runs.add(journal.instanceId());
        journal.record(random.next());
        journal.record(random.next());
      }
    }
    ReadJournal read = ReadJournal.of(directory);
    assertThat(read.problems()).isEmpty();
    assertThat(read.lines().stream().map(JournalLine::sequence))
        .containsExactly(1L, 2L, 3L, 4L, 5L, 6L);
    assertThat(Set.copyOf(runs)).hasSize(3);
    assertThat(read.lines().stream().map(line -> line.writer() + '-' + line.epoch()).distinct())
        .isEqualTo(runs);
  }

  @Test
  void aRunWithoutLinesLeavesNoSegment() throws IOException {
    open().close();
    assertThat(Segment.in(directory)).isEmpty();
  }

  @Test
  void twoProcessesDoNotShareADirectory() throws IOException {
    try (UsageJournal journal = open()) {
      assertThat(journal.stats().lines()).isZero();
      assertThatThrownBy(this::open)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("in use by another process");
    }
    open().close();
  }

  @Test
  void onlyTheOwnerCanReadIt() throws IOException {
    Path inside = directory.resolve("a/journal");
    JournalConfig config =
        new JournalConfig(
            inside, Durability.PROCESS, UserNames.plain(), 1, Duration.ofDays(1), 0, Duration.ZERO);
    try (UsageJournal journal = UsageJournal.open(config, "test 1")) {
      journal.record(random.next());
      awaitSealed(inside, 1);
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(inside)))
        .isEqualTo("rwx------");
    try (var files = Files.list(inside)) {
      assertThat(files)
          .hasSizeGreaterThan(2)
          .allSatisfy(
              file ->
                  assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                      .isEqualTo("rw-------"));
    }
  }

  static void awaitSealed(Path directory, int count) throws IOException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (Manifest.of(directory).sealed().size() < count
        || Segment.in(directory).stream().filter(s -> Files.exists(s.plain())).count() > 1) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.onSpinWait();
    }
  }

  @Test
  void namesOfUsersAreHashedOrLeftOut() throws IOException {
    assertThat(user(Form.HMAC)).isEqualTo("hmac:ce3837f76a54a635191b1704ac767226");
    assertThat(user(Form.NONE)).isEmpty();
    assertThat(user(Form.PLAIN)).isEqualTo("alice");
  }

  private String user(Form form) throws IOException {
    Path of = directory.resolve(form.name());
    try (UsageJournal journal = UsageJournal.open(config(of, form), "test 1")) {
      journal.record(Records.chat("run-1", "alice", "granite"));
    }
    assertThat(Files.readString(Segment.in(of).first().plain()).contains("alice"))
        .isEqualTo(form == Form.PLAIN);
    return ReadJournal.of(of).records().get(0).identity().user();
  }

  private static JournalConfig config(Path of, Form form) {
    UserNames users =
        switch (form) {
          case PLAIN -> UserNames.plain();
          case HMAC -> UserNames.hmac(new byte[32]);
          case NONE -> UserNames.none();
        };
    return new JournalConfig(
        of, Durability.PROCESS, users, 1 << 20, Duration.ofDays(1), 0, Duration.ZERO);
  }

  @Test
  void theHashOfAUserIsTheSameInTheRecordOfACrash() throws IOException {
    Path copy = directory.resolve("copy");
    Path original = directory.resolve("original");
    try (UsageJournal journal = UsageJournal.open(config(original, Form.HMAC), "test 1")) {
      journal.opened(Records.begun(Records.chat("run-1", "alice", "granite")));
      copy(original, copy); // as if it were killed now
    }
    UsageJournal.open(config(copy, Form.HMAC), "test 2").close();
    assertThat(ReadJournal.of(copy).records())
        .singleElement()
        .satisfies(
            record ->
                assertThat(record.identity().user())
                    .isEqualTo("hmac:ce3837f76a54a635191b1704ac767226"));
  }

  @Test
  void aRecordThatChangesIsWrittenAgain() throws IOException {
    UsageRecord first = Records.chat("run-1", "alice", "granite");
    UsageRecord later =
        first.toBuilder()
            .measurement(Measurement.of(Status.PARTIAL, Set.of(), TokenUsage.of(17, 12)))
            .build();
    try (UsageJournal journal = open()) {
      journal.opened(Records.begun(first));
      journal.stated(first);
      journal.record(later);
    }
    ReadJournal read = ReadJournal.of(directory);
    assertThat(read.records()).containsExactly(first, later);
    JournalLine last = read.lines().get(2);
    assertThat(last.revision()).isEqualTo(2);
    assertThat(last.replaced()).isEqualTo(first);
  }

  @Test
  void anotherResponseOfAnExchangeReplacesTheFirst() throws IOException {
    UsageRecord first = Records.chat("run-1", "alice", "granite");
    UsageRecord other = Records.chat("run-1", "alice", "llama");
    try (UsageJournal journal = open()) {
      journal.opened(Records.begun(first));
      journal.stated(first);
      journal.opened(Records.begun(other));
      journal.record(other);
    }
    ReadJournal read = ReadJournal.of(directory);
    assertThat(read.lines()).hasSize(3);
    assertThat(read.lines().get(2).replaced()).isEqualTo(first);
  }

  @Test
  void aRecordThatOnlyEndsLaterIsWrittenOnce() throws IOException {
    UsageRecord first = Records.chat("run-1", "alice", "granite");
    try (UsageJournal journal = open()) {
      journal.stated(first);
      journal.record(first.toBuilder().duration(Duration.ofSeconds(3)).build());
    }
    assertThat(ReadJournal.of(directory).records()).containsExactly(first);
  }

  @Test
  void whatWasOpenAtACrashBecomesARecordOfItsOwn() throws IOException {
    UsageRecord ended = Records.chat("run-1", "alice", "granite");
    UsageRecord killed = Records.chat("run-2", "bob", "granite");
    Path copy = directory.resolve("copy");
    Path original = directory.resolve("original");
    try (UsageJournal journal = UsageJournal.open(JournalConfig.in(original), "test 1")) {
      journal.opened(Records.begun(ended));
      journal.opened(Records.begun(killed));
      journal.record(ended);
      copy(original, copy); // as if it were killed now
    }
    try (UsageJournal journal = UsageJournal.open(JournalConfig.in(copy), "test 2")) {
      assertThat(journal.stats().crashed()).isEqualTo(1);
    }
    ReadJournal read = ReadJournal.of(copy);
    assertThat(read.problems()).isEmpty();
    assertThat(read.records()).hasSize(2);
    UsageRecord record = read.records().get(1);
    assertThat(record.id()).isEqualTo("run-2");
    assertThat(record.identity()).isEqualTo(killed.identity());
    assertThat(record.measurement())
        .isEqualTo(Measurement.of(Status.NONE, Set.of(Reason.CRASH), null));
    UsageJournal.open(JournalConfig.in(copy), "test 3").close();
    assertThat(ReadJournal.of(copy).records()).as("once").hasSize(2);
  }

  static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (var files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }

  @Test
  void whatIsOpenForLongIsFoundAfterItsSegmentWasSealed() throws IOException {
    Path original = directory.resolve("original");
    JournalConfig config =
        new JournalConfig(
            original,
            Durability.PROCESS,
            UserNames.plain(),
            1,
            Duration.ofDays(1),
            0,
            Duration.ZERO);
    UsageRecord killed = Records.chat("run-0", "bob", "granite");
    Path copy = directory.resolve("copy");
    try (UsageJournal journal = UsageJournal.open(config, "test 1")) {
      journal.opened(Records.begun(killed));
      for (int i = 1; i < 4; i++) {
        journal.record(random.next());
        awaitSealed(original, i);
      }
      copy(original, copy);
    }
    assertThat(Files.exists(Segment.in(copy).first().plain())).isFalse();
    try (UsageJournal journal = UsageJournal.open(JournalConfig.in(copy), "test 2")) {
      assertThat(journal.stats().crashed()).isEqualTo(1);
    }
  }

  @Test
  void aLineTornAtAnyByteIsCutOffAndTheOthersAreRead() throws IOException {
    Path original = directory.resolve("original");
    List<UsageRecord> written = new ArrayList<>();
    try (UsageJournal journal = UsageJournal.open(JournalConfig.in(original), "test 1")) {
      for (int i = 0; i < 3; i++) {
        written.add(Records.chat("run-" + i, "zoë", "granite"));
        journal.record(written.get(i));
      }
    }
    Segment segment = Segment.in(original).first();
    byte[] bytes = Files.readAllBytes(segment.plain());
    int lastLine = bytes.length - 1;
    while (bytes[lastLine - 1] != '\n') {
      lastLine--;
    }
    for (int cut = lastLine; cut <= bytes.length; cut++) {
      Path torn = directory.resolve("torn-" + cut);
      Files.createDirectory(torn);
      Files.write(torn.resolve(segment.name()), Arrays.copyOf(bytes, cut));
      boolean whole = cut >= bytes.length - 1;
      UsageRecord next = Records.chat("run-9", "alice", "granite");
      try (UsageJournal journal = UsageJournal.open(JournalConfig.in(torn), "test 2")) {
        assertThat(journal.stats().repairedBytes()).isEqualTo(whole ? 0 : cut - lastLine);
        journal.record(next);
      }
      ReadJournal read = ReadJournal.of(torn);
      assertThat(read.problems()).as("cut at %s of %s", cut, bytes.length).isEmpty();
      List<UsageRecord> expected = new ArrayList<>(written.subList(0, whole ? 3 : 2));
      expected.add(next);
      assertThat(read.records()).isEqualTo(expected);
    }
  }

  @Test
  void aTornLineIsReportedWhereNobodyHasRepairedIt() throws IOException {
    try (UsageJournal journal = open()) {
      journal.record(random.next());
    }
    Path file = Segment.in(directory).first().plain();
    Files.writeString(file, "{\"specversion\":\"1.0\",", StandardOpenOption.APPEND);
    ReadJournal read = ReadJournal.of(directory);
    assertThat(read.records()).hasSize(1);
    assertThat(read.problems())
        .containsExactly(
            new JournalProblem(
                JournalProblem.Kind.UNREADABLE, file, 2, "torn, or not of a journal"));
  }

  @Test
  void theOldestSegmentsGoWhenThereAreTooMany() throws IOException {
    try (UsageJournal journal = UsageJournal.open(config(1, 1500, Duration.ZERO), "test 1")) {
      for (int i = 1; i <= 6; i++) {
        journal.record(Records.chat("run-" + i, "alice", "granite"));
        awaitSealed(directory, i);
      }
    }
    ReadJournal read = ReadJournal.of(directory);
    assertThat(read.problems()).isEmpty();
    assertThat(read.records().size()).isBetween(1, 5);
    assertThat(read.records().get(read.records().size() - 1).id()).isEqualTo("run-6");
    assertThat(Manifest.of(directory).sealed()).hasSize(6);
  }

  @Test
  void segmentsStayThatACheckpointHasNotPassed() throws IOException {
    Path checkpoint = directory.resolve("kafka" + JournalCheckpoint.SUFFIX);
    Path other = directory.resolve("other" + JournalCheckpoint.SUFFIX);
    JournalCheckpoint.write(checkpoint, 2);
    JournalCheckpoint.write(other, 4);
    JournalConfig config = config(1, 1, Duration.ZERO); // keeps none
    try (UsageJournal journal = UsageJournal.open(config, "test 1")) {
      for (int i = 1; i <= 6; i++) {
        journal.record(Records.chat("run-" + i, "alice", "granite"));
        awaitSealed(directory, i);
      }
    }
    Sealer sealer = new Sealer(config, () -> Records.START);
    Segment all = new Segment(directory, "x", 0, 0);
    sealer.seal(all, () -> {});
    assertThat(ids()).containsExactly("run-3", "run-4", "run-5", "run-6");
    Files.writeString(checkpoint, ""); // not known to be further
    sealer.seal(all, () -> {});
    assertThat(ids()).hasSize(4);
    Files.delete(checkpoint);
    sealer.seal(all, () -> {});
    assertThat(ids()).containsExactly("run-5", "run-6");
    JournalCheckpoint.write(other, 6);
    sealer.seal(all, () -> {});
    assertThat(ReadJournal.of(directory)).isEqualTo(new ReadJournal(List.of(), List.of()));
  }

  private List<String> ids() throws IOException {
    ReadJournal read = ReadJournal.of(directory);
    assertThat(read.problems()).isEmpty();
    return read.records().stream().map(UsageRecord::id).toList();
  }

  @Test
  void aFollowerHasEachLineOnceHoweverSegmentsAreSealed() throws Exception {
    UsageRecord begun = Records.begun(Records.chat("run-0", "alice", "granite"));
    List<String> followed = new ArrayList<>();
    AtomicLong reached = new AtomicLong();
    Thread follower;
    try (UsageJournal journal = UsageJournal.open(config(3000, 0, Duration.ZERO), "test 1")) {
      follower =
          new Thread(
              () -> {
                try {
                  JournalReader.followAfter(directory, 3, new Texts(followed, reached));
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      follower.start();
      journal.opened(begun);
      for (int i = 1; i <= 300; i++) {
        journal.record(random.next());
      }
    }
    long last = ReadJournal.of(directory).lines().size();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (reached.get() < last) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      assertThat(follower.isAlive()).isTrue();
      TimeUnit.MILLISECONDS.sleep(10);
    }
    follower.interrupt();
    follower.join();
    List<String> read = new ArrayList<>();
    JournalReader.readAfter(directory, 3, new Texts(read, reached));
    assertThat(read).hasSize((int) last - 3);
    assertThat(followed).isEqualTo(read);
  }

  /** The text of each line. */
  private record Texts(List<String> texts, AtomicLong reached) implements JournalReader.Visitor {
    @Override
    public void text(byte[] bytes, int from, int end) {
      texts.add(new String(bytes, from, end - from, StandardCharsets.UTF_8));
    }

    @Override
    public void line(JournalLine line) {
      reached.set(line.sequence());
    }

    @Override
    public void problem(JournalProblem problem) {
      texts.add(problem.toString());
    }
  }

  @Test
  void segmentsGoWhenTheyAreOld() throws IOException {
    JournalConfig config = config(1, 0, Duration.ofDays(30));
    try (UsageJournal journal = UsageJournal.open(config, "test 1")) {
      journal.record(Records.chat("run-1", "alice", "granite")); // of 2026-11-30
      awaitSealed(directory, 1);
    }
    Sealer later = new Sealer(config, () -> Records.START.plus(Duration.ofDays(29)));
    later.seal(new Segment(directory, "x", 0, 0), () -> {});
    assertThat(ReadJournal.of(directory).records()).hasSize(1);
    later = new Sealer(config, () -> Records.START.plus(Duration.ofDays(31)));
    later.seal(new Segment(directory, "x", 0, 0), () -> {});
    assertThat(ReadJournal.of(directory)).isEqualTo(new ReadJournal(List.of(), List.of()));
  }

  @Test
  void aJournalThatIsClosedLosesRecordsWithACount() throws IOException {
    UsageJournal journal = open();
    journal.close();
    journal.record(random.next());
    assertThat(journal.stats().lost()).isEqualTo(1);
  }

  @Test
  void aSegmentThatIsFullWhenTheJournalIsClosedIsNoDefect() throws IOException {
    UsageJournal journal = UsageJournal.open(config(1, 0, Duration.ZERO), "test 1");
    journal.record(random.next());
    journal.close();
    assertThat(journal.stats().failures()).isZero();
    assertThat(ReadJournal.of(directory).records()).hasSize(1);
  }

  @Test
  void anInterruptOfTheSettlingThreadStopsNothing() throws IOException {
    UsageRecord record = random.next();
    try (UsageJournal journal = open()) {
      Thread.currentThread().interrupt();
      journal.record(record);
      assertThat(Thread.interrupted()).isTrue();
      journal.record(random.next());
    }
    assertThat(ReadJournal.of(directory).records()).hasSize(2).startsWith(record);
  }
}
