// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.config.UserNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The {@code journal} section: where usage records are kept, and what a crash may cost. */
public final class JournalConfig {
  /** The name of the section. */
  public static final String SECTION = "journal";

  /** When a record is safe. */
  public enum Durability {
    /**
     * When it has been handed to the operating system, which is before the exchange is settled: it
     * survives the death of the process. A tenth of a second later it is on the device.
     */
    PROCESS,
    /**
     * When it is on the device, which is before the exchange is settled: it survives a power cut.
     */
    POWER,
    /** A tenth of a second later, when it is handed to the operating system. */
    NONE
  }

  private final Path directory;
  private final Durability durability;
  private final UserNames users;
  private final String hmacKeyFile;
  private final long segmentBytes;
  private final Duration segmentAge;
  private final long keepBytes;
  private final Duration keepAge;
  private final boolean restoreCounters;

  JournalConfig(
      Path directory,
      Durability durability,
      UserNames users,
      long segmentBytes,
      Duration segmentAge,
      long keepBytes,
      Duration keepAge) {
    this(directory, durability, users, "", segmentBytes, segmentAge, keepBytes, keepAge, false);
  }

  private JournalConfig(
      Path directory,
      Durability durability,
      UserNames users,
      String hmacKeyFile,
      long segmentBytes,
      Duration segmentAge,
      long keepBytes,
      Duration keepAge,
      boolean restoreCounters) {
    this.directory = directory;
    this.durability = durability;
    this.users = users;
    this.hmacKeyFile = hmacKeyFile;
    this.segmentBytes = segmentBytes;
    this.segmentAge = segmentAge;
    this.keepBytes = keepBytes;
    this.keepAge = keepAge;
    this.restoreCounters = restoreCounters;
  }

  /** A journal with the defaults. */
  public static JournalConfig in(Path directory) {
    return new JournalConfig(
        directory,
        Durability.PROCESS,
        UserNames.plain(),
        64L << 20,
        Duration.ofHours(24),
        0,
        Duration.ZERO);
  }

  /** The same with another durability. */
  public JournalConfig withDurability(Durability other) {
    return new JournalConfig(
        directory,
        other,
        users,
        hmacKeyFile,
        segmentBytes,
        segmentAge,
        keepBytes,
        keepAge,
        restoreCounters);
  }

  /** The section; null when it names no directory, so that there is no journal. */
  public static @Nullable JournalConfig from(ConfigSection root) {
    ConfigSection section = root.section(SECTION);
    String text = section.string("directory", "");
    Durability durability = section.oneOf("durability", Durability.PROCESS);
    UserNames.Form form = section.oneOf("users", UserNames.Form.PLAIN);
    String hmacKeyFile = section.string("hmac_key_file", "");
    UserNames users = users(section, form, hmacKeyFile);
    long segmentBytes = section.integer("segment_mb", 64, 1, 1024) << 20;
    Duration segmentAge = Duration.ofHours(section.integer("segment_hours", 24, 1, 8760));
    long keepBytes = section.integer("keep_gb", 0, 0, 1 << 20) << 30;
    Duration keepAge = Duration.ofDays(section.integer("keep_days", 0, 0, 36_500));
    boolean restoreCounters = section.bool("restore_counters", false);
    section.rejectUnknownKeys();
    Path directory = null;
    try {
      directory = text.isEmpty() ? null : Path.of(text);
    } catch (InvalidPathException e) {
      section.reject("directory", "must be the path of a directory");
    }
    return directory == null
        ? null
        : new JournalConfig(
            directory,
            durability,
            users,
            hmacKeyFile,
            segmentBytes,
            segmentAge,
            keepBytes,
            keepAge,
            restoreCounters);
  }

  private static UserNames users(ConfigSection section, UserNames.Form form, String file) {
    if (form != UserNames.Form.HMAC) {
      if (!file.isEmpty()) {
        section.reject("hmac_key_file", "is for users: hmac");
      }
      return form == UserNames.Form.PLAIN ? UserNames.plain() : UserNames.none();
    }
    try {
      Path path = Path.of(file);
      if (Files.isRegularFile(path) && Files.size(path) <= UserNames.MAX_KEY_BYTES) {
        return UserNames.hmac(Files.readAllBytes(path));
      }
    } catch (IOException | IllegalArgumentException e) {
      // As if there were none.
    }
    section.reject(
        "hmac_key_file",
        "must be a readable file of "
            + UserNames.MIN_KEY_BYTES
            + " to "
            + UserNames.MAX_KEY_BYTES
            + " bytes");
    return UserNames.none();
  }

  /** Of this journal alone; made when it does not exist. */
  public Path directory() {
    return directory;
  }

  /** When a record is safe. */
  public Durability durability() {
    return durability;
  }

  /** How names of users are written. */
  public UserNames.Form users() {
    return users.form();
  }

  /** The file with the key for {@link UserNames.Form#HMAC}, else empty. */
  public String hmacKeyFile() {
    return hmacKeyFile;
  }

  /** What writes them. */
  UserNames userNames() {
    return users;
  }

  /** Whether the counters of the server go on where the run before has ended. */
  public boolean restoresCounters() {
    return restoreCounters;
  }

  /** The size at which a segment is sealed. */
  long segmentBytes() {
    return segmentBytes;
  }

  /** The age at which it is sealed. */
  Duration segmentAge() {
    return segmentAge;
  }

  /** The oldest sealed segments go when all together are larger; 0 for never. */
  long keepBytes() {
    return keepBytes;
  }

  /** They go when their last record is older; zero for never. */
  Duration keepAge() {
    return keepAge;
  }

  /** Without the key. */
  @Override
  public String toString() {
    return directory + ", durability " + Names.of(durability) + ", users " + Names.of(users());
  }
}
