// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import io.semanticrouter.maas.config.ConfigError;
import io.semanticrouter.maas.config.ConfigException;
import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.config.MaasConfig;
import io.semanticrouter.maas.config.UserNames;
import io.semanticrouter.maas.config.UserNames.Form;
import io.semanticrouter.maas.extproc.server.prices.PriceBooks;
import io.semanticrouter.maas.extproc.server.text.ConfigText;
import io.semanticrouter.maas.extproc.server.text.TextTree;
import io.semanticrouter.maas.extproc.server.text.UnreadableException;
import io.semanticrouter.maas.journal.JournalConfig;
import io.semanticrouter.maas.router.RouterConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A configuration file, read and checked.
 *
 * @param metering the sections of the metering
 * @param router the section of the embedded router
 * @param server the section of the server
 * @param books the price books that it names, a line for a log each
 */
record ConfigFile(
    MaasConfig metering, RouterConfig router, ServerConfig server, List<String> books) {
  /** What is ours; sections of others are skipped, whatever is in them. */
  private static final Set<String> SECTIONS =
      Set.of(MaasConfig.SECTION, "pricing", RouterConfig.SECTION, "server", JournalConfig.SECTION);

  /** The levels that LOG_LEVEL knows. */
  static final Set<String> LOG_LEVELS = Set.of("trace", "debug", "info", "warn", "error", "off");

  /** The formats that LOG_FORMAT knows. */
  static final Set<String> LOG_FORMATS = Set.of("json", "text");

  /**
   * Reads a file.
   *
   * @param path where to look
   * @param logLevel the value of LOG_LEVEL, checked along with the file
   * @throws UnreadableException when there is no such file, or it is no YAML
   * @throws ConfigException when its content is wrong, with all errors
   */
  static ConfigFile read(Path path, String logLevel) throws UnreadableException {
    return read(path, Map.of("LOG_LEVEL", logLevel), new ConfigText());
  }

  /**
   * Reads a file.
   *
   * @param environment what LOG_LEVEL and LOG_FORMAT say, checked along with the file
   * @param text receives where things stand in the file, and what its keys mean
   */
  static ConfigFile read(Path path, Map<String, String> environment, ConfigText text)
      throws UnreadableException {
    List<ConfigError> errors = new ArrayList<>();
    Map<String, @Nullable Object> tree =
        new SecretValues(System::getenv, text.files(), errors).in(tree(path, text));
    PriceBooks books = PriceBooks.read(tree, path, text, errors);
    ConfigSection root = ConfigSection.root(books.tree(), errors);
    ConfigFile file =
        new ConfigFile(
            MaasConfig.from(root),
            RouterConfig.from(root),
            ServerConfig.from(root),
            books.descriptions());
    file.checkKey(errors);
    file.checkRestoring(errors);
    OtlpConfig otlp = file.server.otlp();
    if (otlp != null) {
      otlp.check(errors);
    }
    root.rejectMisspelledKeys();
    text.effective(books.named(root.effective()));
    ConfigSection logging = ConfigSection.root(environment, errors);
    logging.oneOf("LOG_LEVEL", "info", LOG_LEVELS);
    logging.oneOf("LOG_FORMAT", "text", LOG_FORMATS);
    if (!errors.isEmpty()) {
      throw new ConfigException(errors);
    }
    return file;
  }

  /** Metrics read their key when they start; in a mode without users they need none. */
  private void checkKey(List<ConfigError> errors) {
    String key = metering.metrics().hmacKeyFile();
    if (metering.mode().isIntegrated()
        && metering.metrics().users() == Form.HMAC
        && !key.isEmpty()
        && !isKey(key)) {
      errors.add(
          new ConfigError(
              MaasConfig.SECTION + ".metrics.hmac_key_file",
              key,
              "must be a readable file of "
                  + UserNames.MIN_KEY_BYTES
                  + " to "
                  + UserNames.MAX_KEY_BYTES
                  + " bytes",
              null));
    }
  }

  private static boolean isKey(String file) {
    try {
      Path path = Path.of(file);
      if (!Files.isRegularFile(path) || Files.size(path) > UserNames.MAX_KEY_BYTES) {
        return false;
      }
      return Files.readAllBytes(path).length >= UserNames.MIN_KEY_BYTES;
    } catch (IOException | InvalidPathException e) {
      return false;
    }
  }

  /** What the journal has is counted by the names that it has, where metrics have users. */
  private void checkRestoring(List<ConfigError> errors) {
    JournalConfig journal = server.journal();
    if (journal == null || !journal.restoresCounters() || !metering.mode().isIntegrated()) {
      return;
    }
    Form shown = metering.metrics().users();
    boolean same =
        shown == journal.users() && metering.metrics().hmacKeyFile().equals(journal.hmacKeyFile());
    if (journal.users() != Form.PLAIN && shown != Form.NONE && !same) {
      errors.add(
          new ConfigError(
              "journal.restore_counters",
              true,
              "needs users: plain here, or the same users and hmac_key_file in"
                  + " maas_integration.metrics, or users: none there",
              null));
    }
  }

  private static Map<String, @Nullable Object> tree(Path path, ConfigText text)
      throws UnreadableException {
    if (!Files.isRegularFile(path)) {
      text.files().missing(path);
      throw new UnreadableException(
          "no configuration file at "
              + path.toAbsolutePath().normalize()
              + " (start from the reference: cp deploy/maas/config.maas.yaml config/config.yaml)");
    }
    try {
      return TextTree.read(
          path.toString(), text.files().read(path), "", SECTIONS::contains, text.places());
    } catch (IOException e) {
      throw new UnreadableException(path + ": cannot be read: " + e.getMessage());
    }
  }
}
