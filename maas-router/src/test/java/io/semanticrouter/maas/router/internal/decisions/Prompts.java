// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.decisions;

import io.semanticrouter.maas.router.internal.edits.Prompt;

/** Prompts for tests. */
final class Prompts {
  private Prompts() {}

  static Prompt of(String text) {
    return new Prompt("auto", text, text, text.length(), false, false);
  }

  static Prompt of(String before, String last) {
    String text = before + "\n" + last;
    return new Prompt("auto", text, last, text.length(), false, false);
  }

  static Prompt ofModel(String model) {
    return new Prompt(model, "Hello", "Hello", 5, false, false);
  }
}
