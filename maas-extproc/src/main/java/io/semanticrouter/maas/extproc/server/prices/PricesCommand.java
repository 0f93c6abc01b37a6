// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.prices;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The commands that read price books. */
@Command(
    name = "prices",
    mixinStandardHelpOptions = true,
    subcommands = {ImportCommand.class, CheckCommand.class, LintCommand.class, DiffCommand.class},
    description =
        "Makes, checks and compares price books. A book is a file, or default: the one in the jar.")
public final class PricesCommand implements Runnable {
  @Spec
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a subcommand is missing");
  }
}
