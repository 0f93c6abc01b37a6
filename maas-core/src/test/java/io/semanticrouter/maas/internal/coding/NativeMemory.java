// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.coding;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the process really holds; Linux only. */
final class NativeMemory {
  private static final Path STATUS = Path.of("/proc/self/status");

  private NativeMemory() {}

  /** Resident bytes of the process. Skips the test where nobody says. */
  static long residentBytes() throws IOException {
    assumeTrue(Files.isReadable(STATUS));
    for (String line : Files.readAllLines(STATUS, StandardCharsets.UTF_8)) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    throw new IOException("no VmRSS");
  }
}
