// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code docs/configuration.md} has every key that the code reads, with its default. */
class ConfigurationPageTest {
  /** A getter of a section, or a method that is given the section, with the key. */
  private static final Pattern READ =
      Pattern.compile(
          "(?:\\.(?:bool|integer|string|strings|oneOf|someOf|decimal|section|sections|has)\\("
              + "|\\w+\\((?:section|server),)\\s*\"([^\"]+)\"");

  private static final Pattern HEADING = Pattern.compile("## `(\\w+)`");
  private static final Pattern ROW = Pattern.compile("\\| `([\\w.]+)` \\| `([^`]+)`.*");
  private static final Pattern WORD = Pattern.compile("`([\\w.]+)`");

  @TempDir
  @SuppressWarnings("NullAway.Init") // by JUnit
  private Path directory;

  @Test
  void defaultsOfThePageAreThoseOfAnEmptyFile() throws Exception {
    List<String> defaults = new ArrayList<>();
    String section = "";
    for (String line : page().lines().toList()) {
      Matcher heading = HEADING.matcher(line);
      Matcher row = ROW.matcher(line);
      if (line.startsWith("##")) {
        section = heading.matches() ? heading.group(1) : "";
      } else if (!section.isEmpty() && row.matches()) {
        defaults.add(flow(section + "." + row.group(1), row.group(2)));
      }
    }
    assertThat(defaults).hasSizeGreaterThan(60);
    ConfigFile empty = read("");
    for (String one : defaults) {
      ConfigFile file = read(one);
      assertThat(file)
          .as(one)
          .usingRecursiveComparison()
          // Trees of thousands of words, which a comparison by reflection walks for minutes.
          .ignoringFields("router.decider.signals")
          .isEqualTo(empty);
      assertThat(regexMaxCharacters(file)).as(one).isEqualTo(regexMaxCharacters(empty));
    }
  }

  private static Object regexMaxCharacters(ConfigFile file) {
    return assertThat(file).extracting("router.decider.signals.regexMaxCharacters").actual();
  }

  /** {@code {a: {b: value}}} of {@code a.b}. */
  private static String flow(String path, String value) {
    String text = value;
    for (String key = path; !key.isEmpty(); ) {
      int dot = key.lastIndexOf('.');
      text = "{ " + key.substring(dot + 1) + ": " + text + " }";
      key = key.substring(0, Math.max(0, dot));
    }
    return text;
  }

  private ConfigFile read(String yaml) throws Exception {
    return ConfigFile.read(Files.writeString(directory.resolve("config.yaml"), yaml), "info");
  }

  @Test
  void pageHasEveryKeyThatTheCodeReads() throws IOException {
    Set<String> read = new TreeSet<>();
    for (String module : List.of("maas-core", "maas-journal", "maas-router", "maas-extproc")) {
      try (Stream<Path> files = Files.walk(Path.of("..", module, "src", "main", "java"))) {
        for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
          String source = Files.readString(file);
          Matcher key = READ.matcher(source.contains("ConfigSection") ? source : "");
          while (key.find()) {
            read.add(key.group(1));
          }
        }
      }
    }
    assertThat(read).hasSizeGreaterThan(100);
    Set<String> page = new TreeSet<>();
    Matcher word = WORD.matcher(page());
    while (word.find()) {
      page.addAll(List.of(word.group(1).split("\\.", -1)));
    }
    assertThat(page).containsAll(read);
  }

  private static String page() throws IOException {
    return Files.readString(Path.of("..", "docs", "configuration.md"));
  }
}
