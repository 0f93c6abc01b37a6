// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The commands of {@code deploy/maas/README.md} that say {@code <!-- run -->}, in their order; each
 * line that the guide shows after them is part of what they print.
 */
@Timeout(180)
class GuideIT {
  private static final Pattern BLOCK =
      Pattern.compile(
          "<!-- run -->\n```bash\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", Pattern.DOTALL);

  @TempDir private Path directory;

  private record Block(String commands, List<String> shown) {}

  @Test
  void commandsOfTheGuidePrintWhatItShows() throws Exception {
    List<Block> blocks = blocks();
    assertThat(blocks).hasSizeGreaterThan(5);
    Path config = directory.resolve("config/config.yaml");
    Files.createDirectories(config.getParent());
    for (String place : List.of("deploy", "maas-extproc")) {
      Files.createSymbolicLink(directory.resolve(place), Project.file(place));
    }
    Block first = blocks.remove(0);
    assertShown(first, run(first.commands()));
    try (Stack stack = Stack.start("guide", Files.readString(config), Requests.backend())) {
      for (Block block : blocks) {
        String commands =
            block
                .commands()
                .replace("semantic-router:8801", "127.0.0.1:" + stack.envoy.port())
                .replace("semantic-router:9190", "127.0.0.1:" + stack.server.metricsPort());
        assertShown(block, run(commands));
        if (block.commands().contains("POST")) {
          stack.awaitRequests(1);
        }
      }
    }
  }

  private static void assertShown(Block block, String output) {
    for (String line : block.shown()) {
      assertThat(output).as(block.commands()).contains(line);
    }
  }

  private static List<Block> blocks() throws IOException {
    Matcher block = BLOCK.matcher(Files.readString(Project.file("deploy/maas/README.md")));
    List<Block> blocks = new ArrayList<>();
    while (block.find()) {
      String shown = block.group(2) == null ? "" : block.group(2);
      blocks.add(new Block(block.group(1), shown.lines().map(String::strip).toList()));
    }
    return blocks;
  }

  private String run(String commands) throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder("bash", "-euc", commands)
            .directory(directory.toFile())
            .redirectErrorStream(true);
    // What the shell of the tests has set must not reach the guide.
    builder.environment().keySet().removeAll(List.of("CONFIG_FILE", "LOG_LEVEL"));
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(commands + output).isZero();
    return output;
  }
}
