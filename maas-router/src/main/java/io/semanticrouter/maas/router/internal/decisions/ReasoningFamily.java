// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.decisions;

import com.google.re2j.Pattern;
import io.semanticrouter.maas.config.ConfigSection;
import io.semanticrouter.maas.router.internal.edits.MemberEdit;
import io.semanticrouter.maas.router.internal.signals.ConfigNames;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How the models of a family are told to reason, or not to. Immutable.
 *
 * <p>Sources: Qwen3 and DeepSeek V3.1 read their switch from the chat template (vLLM, "Reasoning
 * Outputs": {@code chat_template_kwargs}); OpenAI's models and gpt-oss take {@code
 * reasoning_effort} and cannot be told not to reason, so that off is the least effort they all
 * know; Anthropic's take {@code thinking}, where {@code enabled} asks for {@code budget_tokens} of
 * 1024 or more.
 *
 * @param type what is set
 * @param parameter the name of the member that is set
 * @param off the effort that stands for off, where {@code type} is an effort
 * @param budgetTokens the tokens to think with, where {@code type} is thinking; 0: not stated
 */
record ReasoningFamily(Type type, String parameter, String off, int budgetTokens) {

  /** Where the switch is. */
  enum Type {
    /** {@code chat_template_kwargs.PARAMETER}: true or false. */
    CHAT_TEMPLATE_KWARGS,
    /** {@code PARAMETER}: an effort. */
    REASONING_EFFORT,
    /** {@code PARAMETER}: an object with a type of enabled or disabled. */
    THINKING
  }

  static final List<String> EFFORTS = List.of("minimal", "low", "medium", "high", "xhigh");
  private static final String DEFAULT_EFFORT = "medium";
  private static final int LEAST_BUDGET = 1024;
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_]{1,64}");

  /** What other edits change, or what decides how the body is read. */
  private static final Set<String> RESERVED =
      Set.of("model", "messages", "system", "instructions", "input", "prompt", "stream");

  /** The families that need no configuration. */
  static final Map<String, ReasoningFamily> BUILT_IN =
      Map.of(
          "qwen3", new ReasoningFamily(Type.CHAT_TEMPLATE_KWARGS, "enable_thinking", "", 0),
          "deepseek", new ReasoningFamily(Type.CHAT_TEMPLATE_KWARGS, "thinking", "", 0),
          "gpt", new ReasoningFamily(Type.REASONING_EFFORT, "reasoning_effort", "low", 0),
          "gpt-oss", new ReasoningFamily(Type.REASONING_EFFORT, "reasoning_effort", "low", 0),
          "claude", new ReasoningFamily(Type.THINKING, "thinking", "", LEAST_BUDGET),
          "anthropic", new ReasoningFamily(Type.THINKING, "thinking", "", LEAST_BUDGET));

  /** What to set in a request, so that its model reasons or does not. */
  MemberEdit edit(boolean reasoning, @Nullable String effort) {
    return switch (type) {
      case CHAT_TEMPLATE_KWARGS ->
          new MemberEdit("chat_template_kwargs", parameter, String.valueOf(reasoning));
      case REASONING_EFFORT -> {
        String wanted = effort == null ? DEFAULT_EFFORT : effort;
        yield new MemberEdit(null, parameter, '"' + (reasoning ? wanted : off) + '"');
      }
      case THINKING -> new MemberEdit(null, parameter, thinkingJson(reasoning));
    };
  }

  private String thinkingJson(boolean reasoning) {
    if (!reasoning) {
      return "{\"type\":\"disabled\"}";
    }
    return budgetTokens == 0
        ? "{\"type\":\"enabled\"}"
        : "{\"type\":\"enabled\",\"budget_tokens\":" + budgetTokens + "}";
  }

  /** The built-in families and those of a section, which may replace them. */
  static Map<String, ReasoningFamily> from(ConfigSection section) {
    Map<String, ReasoningFamily> families = new HashMap<>(BUILT_IN);
    ConfigNames.checkKeys(section);
    for (String name : section.keys()) {
      families.put(name, of(section.section(name)));
    }
    return Map.copyOf(families);
  }

  private static ReasoningFamily of(ConfigSection section) {
    Type type =
        Type.valueOf(
            section
                .oneOf(
                    "type",
                    "chat_template_kwargs",
                    Set.of("chat_template_kwargs", "reasoning_effort", "thinking"))
                .toUpperCase(Locale.ROOT));
    String parameter =
        section.string(
            "parameter",
            switch (type) {
              case CHAT_TEMPLATE_KWARGS -> "enable_thinking";
              case REASONING_EFFORT -> "reasoning_effort";
              case THINKING -> "thinking";
            });
    if (!NAME.matcher(parameter).matches()) {
      section.reject("parameter", "must be a name of letters, digits and _, 1 to 64 long");
    } else if (type != Type.CHAT_TEMPLATE_KWARGS && RESERVED.contains(parameter)) {
      section.reject("parameter", "must not be what says the request itself");
    }
    String off = "";
    int budget = 0;
    if (type == Type.REASONING_EFFORT) {
      off = section.oneOf("off", "low", Set.of("none", "minimal", "low"));
    } else if (type == Type.THINKING) {
      budget = (int) section.integer("budget_tokens", LEAST_BUDGET, 0, 1_000_000);
    }
    section.rejectUnknownKeys();
    return new ReasoningFamily(type, parameter, off, budget);
  }
}
