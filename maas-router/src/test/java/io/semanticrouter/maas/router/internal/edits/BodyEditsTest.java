// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.edits;

import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.router.internal.edits.SystemPrompt.Mode;
import io.semanticrouter.maas.router.internal.edits.SystemPrompt.Outcome;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class BodyEditsTest {
  private static final MemberEdit THINK =
      new MemberEdit("chat_template_kwargs", "enable_thinking", "true");

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static BodyEdits of(Operation operation, byte[] body) throws UnreadableRequest {
    return new BodyEdits(RequestDocument.read(operation, body, 0, body.length));
  }

  private static String model(String body, String model) throws UnreadableRequest {
    return new String(of(Operation.CHAT, bytes(body)).model(model).apply(), StandardCharsets.UTF_8);
  }

  private static String member(String body, MemberEdit edit) throws UnreadableRequest {
    BodyEdits all = of(Operation.CHAT, bytes(body)).set(edit);
    return new String(all.apply(), StandardCharsets.UTF_8);
  }

  /** The body with a prompt, and what became of it in front. */
  private static String prompted(Operation operation, Mode mode, String text, String body)
      throws UnreadableRequest {
    byte[] bytes = bytes(body);
    BodyEdits edits = of(operation, bytes);
    Outcome outcome = edits.systemPrompt(new SystemPrompt(text, mode));
    byte[] out = edits.apply();
    assertThat(out != bytes).as("changed").isEqualTo(outcome == Outcome.ADDED);
    return outcome + " " + new String(out, StandardCharsets.UTF_8);
  }

  private static String chat(Mode mode, String body) throws UnreadableRequest {
    return prompted(Operation.CHAT, mode, "Be brief.", body);
  }

  // --- model ---------------------------------------------------------------------------------

  @Test
  void onlyTheModelChangesAndEverythingElseKeepsItsSpelling() throws Exception {
    String body =
        "\uFEFF {\r\n\t\"temperature\" : 0.70 ,\"model\" :  \"gpt-4\"  , \"big\":"
            + "123456789012345678901234567890,\"x\":1E+2,\"m\":\"\\u00fc\\/ü \uD83D\uDE00\",\"a\":[ ],"
            + "\"messages\":[{\"role\":\"user\",\"content\":\"say \\\"model\\\":\\\"gpt-4\\\"\"}] } \n";
    assertThat(model(body, "qwen3")).isEqualTo(body.replace("\"gpt-4\"  ,", "\"qwen3\"  ,"));
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '|',
      value = {
        "{}                       | {`model`:`qwen3`}",
        "{ }                      | { `model`:`qwen3`}",
        "{`a`:1}                  | {`a`:1,`model`:`qwen3`}",
        "{`a`:{`model`:`x`} }     | {`a`:{`model`:`x`} ,`model`:`qwen3`}",
        "{`model`:null,`a`:1}     | {`model`:`qwen3`,`a`:1}",
        "{`model`:[{}],`a`:1}     | {`model`:`qwen3`,`a`:1}",
        "{`m\\u006fdel`:`x`}      | {`m\\u006fdel`:`qwen3`}",
        "{`Model`:`x`}            | {`Model`:`x`,`model`:`qwen3`}"
      })
  void aModelIsStatedWhateverStoodThere(String body, String expected) throws Exception {
    assertThat(model(body.replace('`', '"'), "qwen3")).isEqualTo(expected.replace('`', '"'));
  }

  @Test
  void whatIsInsertedIsEscaped() throws Exception {
    assertThat(model("{\"model\":1}", "\"\\\b\n\r\t\u0000\u001fü\u2028\uD83D\uDE00\uD83D"))
        .isEqualTo("{\"model\":\"\\\"\\\\\\b\\n\\r\\t\\u0000\\u001Fü\u2028\uD83D\uDE00?\"}");
  }

  @Test
  void valuesThatAreThereAlreadyChangeNothingHoweverTheyAreSpelled() throws Exception {
    byte[] body =
        bytes(
            "{\"model\":\"qw\\u0065n3\",\"thinking\": { \"type\" : \"\\u0065nabled\",\n\"n\":[1.0 ]},"
                + "\"chat_template_kwargs\":{\"enable_thinking\":true}}");
    BodyEdits edits = of(Operation.CHAT, body).model("qwen3").set(THINK);
    edits.set(new MemberEdit(null, "thinking", "{\"type\":\"enabled\",\"n\":[1.0]}"));
    assertThat(edits.apply()).isSameAs(body);
  }

  @ParameterizedTest
  @CsvSource({
    "[1], [2]",
    "[1], '[1,2]'",
    "'{\"a\":1}', '{\"b\":1}'",
    "1, \"1\"",
    "[], {}",
    "1, 1.0"
  })
  void otherValuesAreReplaced(String stated, String wanted) throws Exception {
    assertThat(member("{\"t\":" + stated + "}", new MemberEdit(null, "t", wanted)))
        .isEqualTo("{\"t\":" + wanted + "}");
    assertThat(member("{\"t\":" + wanted + "}", new MemberEdit(null, "t", stated)))
        .isEqualTo("{\"t\":" + stated + "}");
  }

  @Test
  void aPartOfAnArrayIsReadAndOnlyThatComesBack() throws Exception {
    byte[] array = bytes("}}{\"model\":\"a\"}{{");
    BodyEdits edits = new BodyEdits(RequestDocument.read(Operation.CHAT, array, 2, 15));
    assertThat(new String(edits.apply(), StandardCharsets.UTF_8)).isEqualTo("{\"model\":\"a\"}");
    assertThat(new String(edits.model("bc").apply(), StandardCharsets.UTF_8))
        .isEqualTo("{\"model\":\"bc\"}");
  }

  // --- reasoning -----------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '|',
      value = {
        "{}                               | {`K`:{`enable_thinking`:true}}",
        "{`K`:null,`a`:1}                 | {`K`:{`enable_thinking`:true},`a`:1}",
        "{`K`:3}                          | {`K`:{`enable_thinking`:true}}",
        "{`K`:[{`enable_thinking`:true}]} | {`K`:{`enable_thinking`:true}}",
        "{`K`:{ }}                        | {`K`:{ `enable_thinking`:true}}",
        "{`K`:{`a`:1 } }                  | {`K`:{`a`:1 ,`enable_thinking`:true} }",
        "{`K`:{`enable_thinking`: false}} | {`K`:{`enable_thinking`: true}}",
        "{`K`:{`enable_thinking`:`true`}} | {`K`:{`enable_thinking`:true}}"
      })
  void membersWithinObjectsAreSetAndMissingObjectsMade(String body, String expected)
      throws Exception {
    assertThat(member(spell(body), THINK)).isEqualTo(spell(expected));
  }

  private static String spell(String text) {
    return text.replace("K", "chat_template_kwargs").replace('`', '"');
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "{\"messages\":[]}"})
  void whatIsAddedStandsInTheOrderInWhichItWasSaid(String body) throws Exception {
    BodyEdits edits = of(Operation.MESSAGES, bytes(body)).model("m");
    edits.set(new MemberEdit(null, "thinking", "{}")).set(THINK);
    edits.systemPrompt(new SystemPrompt("s", Mode.REPLACE));
    assertThat(new String(edits.apply(), StandardCharsets.UTF_8))
        .isEqualTo(
            (body.replace("}", body.length() > 2 ? "," : "")
                + "\"model\":\"m\",\"thinking\":{},"
                + "\"chat_template_kwargs\":{\"enable_thinking\":true},\"system\":\"s\"}"));
  }

  @Test
  void theResponsesApiStatesTheEffortInAnObject() {
    MemberEdit effort = new MemberEdit(null, "reasoning_effort", "\"low\"");
    assertThat(effort.on(Operation.CHAT)).isEqualTo(effort);
    assertThat(effort.on(Operation.RESPONSES))
        .isEqualTo(new MemberEdit("reasoning", "effort", "\"low\""));
    assertThat(THINK.on(Operation.RESPONSES)).isEqualTo(THINK);
  }

  // --- system prompt -------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource(Mode.class)
  void aChatWithoutASystemMessageGetsOneInFront(Mode mode) throws Exception {
    String message = "{\"role\":\"system\",\"content\":\"Be brief.\"}";
    assertThat(chat(mode, "{\"messages\": [ {\"role\":\"user\"}]}"))
        .isEqualTo("ADDED {\"messages\": [" + message + ", {\"role\":\"user\"}]}");
    assertThat(chat(mode, "{\"messages\":[ ]}"))
        .isEqualTo("ADDED {\"messages\":[" + message + " ]}");
  }

  @Test
  void theFirstSystemOrDeveloperMessageIsTheOneThatChanges() throws Exception {
    String before = "{\"messages\":[{\"role\":\"user\",\"content\":\"u\"},{\"content\":\"";
    String after =
        "\",\"role\":\"developer\"},{\"role\":\"system\",\"content\":\"b\"}],\"model\":\"m\"}";
    String body = before + "\\u0061 \\/" + after;
    assertThat(chat(Mode.IF_ABSENT, body)).isEqualTo("CLIENTS_OWN " + body);
    assertThat(chat(Mode.REPLACE, body)).isEqualTo("ADDED " + before + "Be brief." + after);
    assertThat(chat(Mode.PREPEND, body))
        .isEqualTo("ADDED " + before + "Be brief.\\n\\n\\u0061 \\/" + after);
    assertThat(chat(Mode.APPEND, body))
        .isEqualTo("ADDED " + before + "\\u0061 \\/\\n\\nBe brief." + after);
  }

  @Test
  void contentPartsGetAPart() throws Exception {
    String part = "{\"type\":\"text\",\"text\":\"Be brief.\"}";
    String own = "{\"type\":\"text\",\"text\":\"a\",\"cache_control\":{\"type\":\"ephemeral\"}}";
    String body = "{\"messages\":[{\"role\":\"system\",\"content\":[ " + own + " ]}]}";
    assertThat(chat(Mode.PREPEND, body))
        .isEqualTo("ADDED " + body.replace("[ {", "[" + part + ", {"));
    assertThat(chat(Mode.APPEND, body))
        .isEqualTo("ADDED " + body.replace("} ]", "} ," + part + "]"));
    assertThat(chat(Mode.REPLACE, body))
        .isEqualTo("ADDED {\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"}]}");
    String empty = "{\"messages\":[{\"role\":\"system\",\"content\":[]}]}";
    assertThat(chat(Mode.PREPEND, empty))
        .isEqualTo("ADDED " + empty.replace("[]", "[" + part + "]"));
    assertThat(chat(Mode.APPEND, empty))
        .isEqualTo("ADDED " + empty.replace("[]", "[" + part + "]"));
  }

  @ParameterizedTest
  @EnumSource(value = Mode.class, names = "IF_ABSENT", mode = EnumSource.Mode.EXCLUDE)
  void aPromptThatIsThereAlreadyIsNotAddedAgain(Mode mode) throws Exception {
    String[] contents = {
      "\"Be \\u0062rief.\"", "[\"Be brief.\"]", "[{\"text\":\"Be brief.\",\"type\":\"text\"}]"
    };
    for (String content : contents) {
      String body = "{\"messages\":[{\"role\":\"system\",\"content\":" + content + "}]}";
      assertThat(chat(mode, body)).isEqualTo("ALREADY " + body);
    }
  }

  @Test
  void aSecondRunAddsNothing() throws Exception {
    String body = "{\"messages\":[{\"role\":\"system\",\"content\":\"a\"}]}";
    for (Mode mode : new Mode[] {Mode.PREPEND, Mode.APPEND, Mode.REPLACE}) {
      String once = chat(mode, body).substring("ADDED ".length());
      assertThat(chat(mode, once)).isEqualTo("ALREADY " + once);
    }
  }

  @Test
  void aSystemMessageWithoutAContentGetsOne() throws Exception {
    String stated = "{\"messages\":[{\"role\":\"system\",\"content\":null}]}";
    String expected = "ADDED {\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"}]}";
    assertThat(chat(Mode.PREPEND, stated)).isEqualTo(expected);
    assertThat(chat(Mode.APPEND, stated.replace(",\"content\":null", ""))).isEqualTo(expected);
    assertThat(chat(Mode.PREPEND, stated.replace("null", "\"\""))).isEqualTo(expected);
    assertThat(chat(Mode.REPLACE, stated.replace("null", "7"))).isEqualTo(expected);
    String number = stated.replace("null", "7");
    assertThat(chat(Mode.PREPEND, number)).isEqualTo("NO_PLACE " + number);
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      value = {"{}", "{`messages`:null}", "{`messages`:{}}", "{`system`:`a`}"})
  void aChatWithoutMessagesHasNoPlaceForAPrompt(String template) throws Exception {
    String body = template.replace('`', '"');
    for (Mode mode : Mode.values()) {
      assertThat(chat(mode, body)).isEqualTo("NO_PLACE " + body);
    }
  }

  @Test
  void anthropicsSystemIsAMemberOfTheRequest() throws Exception {
    String messages = "\"messages\":[{\"role\":\"user\",\"content\":\"u\"}]";
    String none = "{" + messages + "}";
    String text = "{\"system\":\"a\"," + messages + "}";
    String blocks = "{\"system\":[{\"type\":\"text\",\"text\":\"a\"}]," + messages + "}";
    Operation op = Operation.MESSAGES;
    assertThat(prompted(op, Mode.IF_ABSENT, "B", none))
        .isEqualTo("ADDED {" + messages + ",\"system\":\"B\"}");
    assertThat(prompted(op, Mode.PREPEND, "B", none.replace("{\"me", "{\"system\":null,\"me")))
        .isEqualTo("ADDED {\"system\":\"B\"," + messages + "}");
    assertThat(prompted(op, Mode.IF_ABSENT, "B", text)).isEqualTo("CLIENTS_OWN " + text);
    assertThat(prompted(op, Mode.PREPEND, "B", text))
        .isEqualTo("ADDED " + text.replace("\"a\"", "\"B\\n\\na\""));
    assertThat(prompted(op, Mode.APPEND, "B", blocks))
        .isEqualTo("ADDED " + blocks.replace("}],", "},{\"type\":\"text\",\"text\":\"B\"}],"));
    assertThat(prompted(op, Mode.REPLACE, "B", blocks))
        .isEqualTo("ADDED {\"system\":\"B\"," + messages + "}");
  }

  @Test
  void responsesTakeInstructions() throws Exception {
    Operation op = Operation.RESPONSES;
    assertThat(prompted(op, Mode.IF_ABSENT, "B", "{\"input\":\"u\"}"))
        .isEqualTo("ADDED {\"input\":\"u\",\"instructions\":\"B\"}");
    assertThat(prompted(op, Mode.APPEND, "B", "{\"instructions\":\"a\"}"))
        .isEqualTo("ADDED {\"instructions\":\"a\\n\\nB\"}");
    String item = "{\"input\":[{\"role\":\"developer\",\"content\":\"a\"}]}";
    assertThat(prompted(op, Mode.IF_ABSENT, "B", item)).isEqualTo("CLIENTS_OWN " + item);
    assertThat(prompted(op, Mode.PREPEND, "B", item))
        .isEqualTo(
            "ADDED {\"input\":[{\"role\":\"developer\",\"content\":\"a\"}],\"instructions\":\"B\"}");
    String parts = "{\"instructions\":[\"a\"]}";
    assertThat(prompted(op, Mode.PREPEND, "B", parts)).isEqualTo("NO_PLACE " + parts);
    assertThat(prompted(op, Mode.REPLACE, "B", parts)).isEqualTo("ADDED {\"instructions\":\"B\"}");
  }

  @Test
  void completionsHaveNoSystemPrompt() throws Exception {
    String body = "{\"prompt\":\"u\"}";
    for (Mode mode : Mode.values()) {
      assertThat(prompted(Operation.COMPLETION, mode, "B", body)).isEqualTo("NO_PLACE " + body);
    }
  }

  @Test
  void allEditsOfALargeRequestGoTogether() throws Exception {
    String filler = "x\\n\\u00e9 \uD83D\uDE00".repeat(10_000);
    String body =
        "{\"messages\":[{\"role\":\"system\",\"content\":\"a\"},{\"role\":\"user\",\"content\":\""
            + filler
            + "\"}],\"model\":\"gpt-4\",\"reasoning_effort\":\"high\"}";
    BodyEdits edits = of(Operation.CHAT, bytes(body)).model("qwen3");
    edits.set(THINK).set(new MemberEdit(null, "reasoning_effort", "\"low\""));
    edits.systemPrompt(new SystemPrompt("Be brief.", Mode.PREPEND));
    assertThat(new String(edits.apply(), StandardCharsets.UTF_8))
        .isEqualTo(
            "{\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\\n\\na\"},"
                + "{\"role\":\"user\",\"content\":\""
                + filler
                + "\"}],\"model\":\"qwen3\",\"reasoning_effort\":\"low\","
                + "\"chat_template_kwargs\":{\"enable_thinking\":true}}");
  }
}
