// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.journal;

import io.semanticrouter.maas.config.ConfigSection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** The {@code journal} section: where usage records are kept, and what a crash may cost. */
public final class JournalConfig {
  /** The name of the section. */
  public static final String SECTION = "journal";

  private static final int MIN_KEY_BYTES = 16;
  private static final int MAX_KEY_BYTES = 4096;

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

  /** How names of users are written. */
  public enum Users {
    /** As they are. */
    PLAIN,
    /** {@code hmac:} and the first 32 hexadecimal digits of their HMAC-SHA256. */
    HMAC,
    /** Not at all. */
    NONE
  }

  private final Path directory;
  private final Durability durability;
  private final Users users;
  private final @Nullable SecretKey hmacKey;
  private final long segmentBytes;
  private final Duration segmentAge;
  private final long keepBytes;
  private final Duration keepAge;
  private final boolean restoreCounters;

  JournalConfig(
      Path directory,
      Durability durability,
      Users users,
      @Nullable SecretKey hmacKey,
      long segmentBytes,
      Duration segmentAge,
      long keepBytes,
      Duration keepAge) {
    this(
        directory, durability, users, hmacKey, segmentBytes, segmentAge, keepBytes, keepAge, false);
  }

  private JournalConfig(
      Path directory,
      Durability durability,
      Users users,
      @Nullable SecretKey hmacKey,
      long segmentBytes,
      Duration segmentAge,
      long keepBytes,
      Duration keepAge,
      boolean restoreCounters) {
    this.directory = directory;
    this.durability = durability;
    this.users = users;
    this.hmacKey = hmacKey;
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
        Users.PLAIN,
        null,
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
        hmacKey,
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
    Users users = section.oneOf("users", Users.PLAIN);
    SecretKey key = key(section, users);
    long segmentBytes = section.integer("segment_mb", 64, 1, 1024) << 20;
    Duration segmentAge = Duration.ofHours(section.integer("segment_hours", 24, 1, 8760));
    long keepBytes = section.integer("keep_gb", 0, 0, 1 << 20) << 30;
    Duration keepAge = Duration.ofDays(section.integer("keep_days", 0, 0, 36_500));
    boolean restoreCounters = section.bool("restore_counters", false);
    if (restoreCounters && users != Users.PLAIN) {
      section.reject("restore_counters", "needs users: plain, by which the metrics are labelled");
    }
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
            key,
            segmentBytes,
            segmentAge,
            keepBytes,
            keepAge,
            restoreCounters);
  }

  private static @Nullable SecretKey key(ConfigSection section, Users users) {
    String file = section.string("hmac_key_file", "");
    if (users != Users.HMAC) {
      if (!file.isEmpty()) {
        section.reject("hmac_key_file", "is for users: hmac");
      }
      return null;
    }
    try {
      Path path = Path.of(file);
      if (Files.isRegularFile(path) && Files.size(path) <= MAX_KEY_BYTES) {
        byte[] key = Files.readAllBytes(path);
        if (key.length >= MIN_KEY_BYTES) {
          return new SecretKeySpec(key, "HmacSHA256");
        }
      }
    } catch (IOException | InvalidPathException e) {
      // As if there were none.
    }
    section.reject(
        "hmac_key_file",
        "must be a readable file of " + MIN_KEY_BYTES + " to " + MAX_KEY_BYTES + " bytes");
    return null;
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
  public Users users() {
    return users;
  }

  /** Whether the counters of the server go on where the run before has ended. */
  public boolean restoresCounters() {
    return restoreCounters;
  }

  /** The key for {@link Users#HMAC}, else null. */
  @Nullable SecretKey hmacKey() {
    return hmacKey;
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
    return directory + ", durability " + Names.of(durability) + ", users " + Names.of(users);
  }
}
