// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import java.nio.file.Files;
import java.nio.file.Path;

/** Where things stand in the project, from wherever the tests run. */
final class Project {
  static final Path ROOT = root();

  /** Each JVM that runs tests beside others has one of its own. */
  static final Path WORK =
      ROOT.resolve("maas-extproc/target/e2e").resolve(System.getProperty("maas.fork", "1"));

  private Project() {}

  static Path file(String path) {
    return ROOT.resolve(path);
  }

  private static Path root() {
    Path directory = Path.of("").toAbsolutePath();
    while (!Files.exists(directory.resolve("tools/envoy"))) {
      directory = directory.getParent();
      if (directory == null) {
        throw new IllegalStateException("not inside the project");
      }
    }
    return directory;
  }
}
