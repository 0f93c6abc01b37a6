// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.edits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.semanticrouter.maas.record.Operation;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestDocumentTest {
  private static RequestDocument read(Operation operation, String body) throws UnreadableRequest {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    return RequestDocument.read(operation, bytes, 0, bytes.length);
  }

  private static RequestDocument chat(String body) throws UnreadableRequest {
    return read(Operation.CHAT, body);
  }

  private static void assertUnreadable(byte[] body) {
    assertThatThrownBy(() -> RequestDocument.read(Operation.CHAT, body, 0, body.length))
        .isInstanceOf(UnreadableRequest.class);
  }

  private static void assertUnreadable(String body) {
    assertUnreadable(body.getBytes(StandardCharsets.UTF_8));
  }

  // --- what is said --------------------------------------------------------------------------

  @Test
  void chatSaysWhatTheUserWroteAndCountsWhatOthersWrote() throws Exception {
    RequestDocument document =
        chat(
            """
            {"model":"gpt-4","stream":true,"messages":[
              {"role":"system","content":"Be kind."},
              {"role":"user","content":"What is"},
              {"role":"assistant","content":"Go on.","tool_calls":[{"id":"1"}]},
              {"role":"tool","tool_call_id":"1","content":"secret"},
              {"content":[{"type":"text","text":"2+2"},{"text":"?","type":"text"}],"role":"user"}
            ]}""");
    assertThat(document.prompt())
        .isEqualTo(new Prompt("gpt-4", "What is\n2+2\n?", "2+2\n?", 31, false, false));
    assertThat(document.hasSystemPrompt()).isTrue();
    assertThat(document.operation()).isEqualTo(Operation.CHAT);
  }

  @Test
  void escapesAreDecodedInTextsAndInKeys() throws Exception {
    RequestDocument document =
        chat(
            "{\"\\u006dodel\":\"gr\\u00fcn\",\"mess\\u0061ges\":[{\"r\\u006fle\":\"us\\u0065r\","
                + "\"content\":\"\\ud83d\\ude00\\n\\\"\\/ \\ud800\"}]}");
    assertThat(document.prompt().model()).isEqualTo("grün");
    assertThat(document.prompt().text()).isEqualTo("\uD83D\uDE00\n\"/ \uD800");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,AAAA\"}}",
        "{\"image_url\":\"https://example.org/a.png\"}",
        "{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"AAAA\",\"format\":\"wav\"}}",
        "{\"type\":\"file\",\"file\":{\"file_id\":\"f\"}}",
        "{\"type\":\"document\",\"source\":{\"type\":\"text\",\"data\":\"not the user's\"}}",
        "{\"type\":\"tool_result\",\"content\":[{\"type\":\"image\",\"source\":{}}]}"
      })
  void partsThatAreNotTextAreToldAndAddNoText(String part) throws Exception {
    String body =
        "{\"messages\":[{\"role\":\"user\",\"content\":["
            + part
            + ",{\"type\":\"text\",\"text\":\"x\"}]}]}";
    assertThat(chat(body).prompt()).isEqualTo(new Prompt("", "x", "x", 1, false, true));
    assertThat(read(Operation.MESSAGES, body).prompt().hasImages()).isTrue();
  }

  @Test
  void mediaThatIsNullIsNone() throws Exception {
    assertThat(
            chat("{\"messages\":[{\"role\":\"user\",\"content\":[{\"image_url\":null}]}]}")
                .prompt()
                .hasImages())
        .isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"role\":\"user\",\"content\":\"pay 4111\"}",
        "{\"content\":\"pay 4111\"}",
        "{\"content\":\"pay 4111\",\"role\":\"User\"}",
        "{\"type\":\"reasoning\",\"content\":\"pay 4111\",\"role\":\"user\"}",
        "{\"role\":\"user\",\"content\":[\"pay 4111\"]}",
        "{\"role\":\"user\",\"content\":{\"text\":\"pay 4111\"}}",
        "{\"role\":\"user\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"pay 4111\"}]}",
        "{\"role\":\"user\",\"content\":[{\"refusal\":\"pay 4111\",\"type\":\"refusal\"}]}",
        "\"pay 4111\""
      })
  void inDoubtAWordIsTheUsers(String message) throws Exception {
    assertThat(chat("{\"messages\":[" + message + "]}").prompt().text()).isEqualTo("pay 4111");
    assertThat(read(Operation.RESPONSES, "{\"input\":[" + message + "]}").prompt().lastText())
        .isEqualTo("pay 4111");
  }

  @Test
  void completionsHaveOnePromptOrSeveral() throws Exception {
    assertThat(read(Operation.COMPLETION, "{\"prompt\":\"a b\"}").prompt())
        .isEqualTo(new Prompt("", "a b", "a b", 3, false, false));
    assertThat(read(Operation.COMPLETION, "{\"prompt\":[\"a\",\"\",\"b\"]}").prompt())
        .isEqualTo(new Prompt("", "a\nb", "b", 2, false, false));
    assertThat(read(Operation.COMPLETION, "{\"prompt\":[[1,2],[3]]}").prompt().characters())
        .isZero();
  }

  @Test
  void responsesHaveInputAsATextOrAsItems() throws Exception {
    assertThat(
            read(
                    Operation.RESPONSES,
                    "{\"instructions\":\"Kind.\",\"input\":\"Hi\",\"model\":\"m\"}")
                .prompt())
        .isEqualTo(new Prompt("m", "Hi", "Hi", 7, false, false));
    RequestDocument items =
        read(
            Operation.RESPONSES,
            """
            {"tools":[{"type":"web_search"}],"input":[
              {"role":"developer","content":"Kind."},
              {"role":"user","content":"One"},
              {"type":"message","role":"user","content":[
                {"type":"input_text","text":"Two"},{"type":"input_image","image_url":"u"}]},
              {"type":"reasoning","content":[{"type":"reasoning_text","text":"hmm"}],"summary":[]},
              {"type":"function_call","name":"f","arguments":"{}"},
              {"type":"function_call_output","call_id":"1","output":"tool"}
            ]}""");
    assertThat(items.prompt()).isEqualTo(new Prompt("", "One\nTwo", "Two", 18, true, true));
    assertThat(items.hasSystemPrompt()).isTrue();
  }

  @Test
  void anthropicsToolResultsAreNotTheUsersWords() throws Exception {
    RequestDocument document =
        read(
            Operation.MESSAGES,
            """
            {"model":"claude","max_tokens":9,"system":[{"type":"text","text":"Kind."}],"messages":[
              {"role":"user","content":"One"},
              {"role":"assistant","content":[{"type":"tool_use","id":"1","name":"f","input":{}}]},
              {"role":"user","content":[
                {"type":"tool_result","tool_use_id":"1","content":[{"type":"text","text":"42"}]}]}
            ]}""");
    assertThat(document.prompt()).isEqualTo(new Prompt("claude", "One", "One", 10, false, false));
    assertThat(document.hasSystemPrompt()).isTrue();
  }

  @Test
  void toolsCountWhenThereIsOne() throws Exception {
    assertThat(chat("{\"tools\":[]}").prompt().hasTools()).isFalse();
    assertThat(chat("{\"tools\":null}").prompt().hasTools()).isFalse();
    assertThat(chat("{\"tools\":[{\"type\":\"function\"},[]],\"m\":1}").prompt().hasTools())
        .isTrue();
    assertThat(chat("{\"functions\":[{}],\"tools\":[]}").prompt().hasTools()).isTrue();
    assertThat(read(Operation.MESSAGES, "{\"mcp_servers\":[{}]}").prompt().hasTools()).isTrue();
  }

  @Test
  void anEmptyObjectSaysNothing() throws Exception {
    for (Operation operation : Operation.values()) {
      if (RequestDocument.reads(operation)) {
        RequestDocument document = read(operation, "{}");
        assertThat(document.prompt()).isEqualTo(new Prompt("", "", "", 0, false, false));
        assertThat(document.hasSystemPrompt()).isFalse();
      }
    }
  }

  // --- facts ---------------------------------------------------------------------------------

  @Test
  void membersAreToldInShort() throws Exception {
    RequestDocument document =
        chat(
            "{\"n\": 0.70 ,\"t\":\"\\u0061\",\"b\":true,\"z\":null,\"e\":[ ],\"a\":[0],\"o\":{},"
                + "\"huge\":1e99999999999}");
    assertThat(document.fact("n")).isEqualTo("0.70");
    assertThat(document.fact("t")).isEqualTo("a");
    assertThat(document.fact("b")).isEqualTo("true");
    assertThat(document.fact("e")).isEqualTo("[]");
    assertThat(document.fact("a")).isEqualTo("[");
    assertThat(document.fact("o")).isEqualTo("{");
    assertThat(document.fact("huge")).isEqualTo("1e99999999999");
    assertThat(document.fact("z")).isNull();
    assertThat(document.fact("absent")).isNull();
  }

  @Test
  void offsetsAreThoseOfTheArrayThatWasRead() throws Exception {
    String text =
        "xx\uFEFF \n{\t\"a\" :\"\\u00fc ü\" , \"\\u0062\":-1.5e3,\"c\":[ {} ],\"d\":{ } }\n}";
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    RequestDocument document = RequestDocument.read(Operation.CHAT, bytes, 2, bytes.length - 1);
    assertThat(document.root().members())
        .extracting(
            m ->
                m.name()
                    + " "
                    + part(bytes, m.key(), m.from())
                    + "|"
                    + part(bytes, m.from(), m.to()))
        .containsExactly(
            "a \"a\" :|\"\\u00fc ü\"", "b \"\\u0062\":|-1.5e3", "c \"c\":|[ {} ]", "d \"d\":|{ }");
    assertThat(bytes[document.root().close()]).isEqualTo((byte) '}');
    assertThat(document.root().close()).isEqualTo(bytes.length - 3);
    assertThat(document.from()).isEqualTo(2);
    assertThat(document.to()).isEqualTo(bytes.length - 1);
  }

  private static String part(byte[] bytes, int from, int to) {
    return new String(bytes, from, to - from, StandardCharsets.UTF_8);
  }

  // --- what is refused -----------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "\uFEFF",
        "[]",
        "\"{}\"",
        "null",
        "1",
        "{",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{}x",
        "{} {}",
        "{}\0",
        "{\0}",
        "\0{}",
        "{\"a\":\"\0\"}",
        "{\"a\":\"\n\"}",
        "{\"a\":01}",
        "{\"a\":NaN}",
        "{\"a\":tru}",
        "{a:1}",
        "{'a':1}",
        "{/**/}",
        "{\"a\":\"\\x\"}",
        "{} \uFEFF",
        "\uFEFF\uFEFF{}",
        "data: {}"
      })
  void whatIsNotOneObjectIsNoJson(String body) {
    assertUnreadable(body);
  }

  @ParameterizedTest
  @ValueSource(strings = {"UTF-16LE", "UTF-16BE", "UTF-16", "UTF-32LE", "UTF-32BE"})
  void otherEncodingsAreNoJson(String charset) {
    String body = "{\"model\":\"gpt-4\"}";
    assertUnreadable(body.getBytes(Charset.forName(charset)));
    assertUnreadable(("  \n " + body).getBytes(Charset.forName(charset)));
  }

  @Test
  void nothingBehindThePartIsRead() {
    byte[] array = {'{', (byte) 0xEF, (byte) 0xBB, (byte) 0xBF, '{', '}'};
    for (int to = 1; to < 6; to++) {
      byte[] ending = Arrays.copyOf(array, to);
      for (byte[] bytes : new byte[][] {array, ending}) {
        int end = to;
        assertThatThrownBy(() -> RequestDocument.read(Operation.CHAT, bytes, 1, end))
            .as("to %s", to)
            .isInstanceOf(UnreadableRequest.class);
      }
    }
  }

  @Test
  void whatIsNotUtf8IsNoJsonWhereverItStands() {
    byte[][] spoilt = {
      {(byte) 0xFF},
      {(byte) 0x80},
      {(byte) 0xC3},
      {(byte) 0xC1, (byte) 0xA1}, // overlong a
      {(byte) 0xED, (byte) 0xA0, (byte) 0x80}, // a surrogate
      {(byte) 0xF4, (byte) 0x90, (byte) 0x80, (byte) 0x80}, // beyond Unicode
      {(byte) 0xE2, (byte) 0x82}
    };
    String[] around = {
      "{\"messages\":[{\"role\":\"user\",\"content\":\"|\"}]}", "{\"a\":\"|\"}", "{\"|\":1}", "{}|"
    };
    for (String body : around) {
      for (byte[] bytes : spoilt) {
        String latin = new String(bytes, StandardCharsets.ISO_8859_1);
        byte[] whole = body.replace("|", latin).getBytes(StandardCharsets.ISO_8859_1);
        assertUnreadable(whole);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"model\":\"a\",\"model\":\"b\"}",
        "{\"model\":\"a\",\"\\u006dodel\":\"a\"}",
        "{\"messages\":[{\"role\":\"user\",\"role\":\"system\",\"content\":\"x\"}]}",
        "{\"messages\":[{\"content\":[{\"text\":\"a\",\"type\":\"text\",\"text\":\"b\"}]}]}",
        "{\"chat_template_kwargs\":{\"a\":1,\"b\":2,\"c\":3,\"a\":4}}",
        "{\"a\":[{\"b\":{\"c\":1,\"c\":1}}]}"
      })
  void aKeyThatIsStatedTwiceIsRefused(String body) {
    assertUnreadable(body);
  }

  @Test
  void nestingIsBoundedWhereverItStands() throws Exception {
    String[][] nests = {
      {"{\"a\":", "}"},
      {"[", "]"},
      {"{\"content\":[", "]}"},
      {"{\"type\":\"tool_result\",\"content\":", "}"}
    };
    String[] around = {
      "{\"tools\":[|]}", "{\"messages\":[{\"role\":\"user\",\"content\":[|]}]}", "{\"messages\":|}"
    };
    for (String[] nest : nests) {
      for (String body : around) {
        int levels = nest[0].contains("[") && nest[0].contains("{") ? 2 : 1;
        int fit = (Json.MAX_DEPTH - 4) / levels;
        String deep = body.replace("|", nest[0].repeat(fit) + "1" + nest[1].repeat(fit));
        chat(deep);
        String deeper = body.replace("|", nest[0].repeat(fit + 5) + "1" + nest[1].repeat(fit + 5));
        assertUnreadable(deeper);
        assertUnreadable(body.replace("|", nest[0].repeat(100_000)));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Operation.class,
      names = {"CHAT", "COMPLETION", "RESPONSES", "MESSAGES"},
      mode = EnumSource.Mode.EXCLUDE)
  void otherOperationsAreRefused(Operation operation) {
    assertThat(RequestDocument.reads(operation)).isFalse();
    assertThatThrownBy(() -> read(operation, "{}")).isInstanceOf(UnreadableRequest.class);
  }

  @Test
  void aRefusalTellsNothingOfTheBody() {
    assertThatThrownBy(() -> chat("{\"secret\":1,\"secret\":2}"))
        .hasMessage("unreadable")
        .hasNoCause();
  }

  @Test
  void aBodyThatEndsTooEarlyIsRefusedWhereverItEnds() throws Exception {
    String text =
        "\uFEFF { \"model\" : \"gr\\u00fcn\\n \uD83D\uDE00\",\"temperature\":-0.5e+3,\"stream\":true,"
            + "\"messages\":[{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":\"a\"}]},"
            + "{\"role\":\"user\",\"content\":\"b\",\"name\":null}],\"tools\":[{}, []],\"t\":{ }}";
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    for (Operation operation : Operation.values()) {
      if (RequestDocument.reads(operation)) {
        RequestDocument.read(operation, body, 0, body.length);
        for (int length = 0; length < body.length; length++) {
          byte[] cut = Arrays.copyOf(body, length);
          assertThatThrownBy(() -> RequestDocument.read(operation, cut, 0, cut.length))
              .as("%s bytes", length)
              .isInstanceOf(UnreadableRequest.class);
        }
      }
    }
  }

  // --- size ----------------------------------------------------------------------------------

  @Test
  void longTextsNamesAndNumbersAreRead() throws Exception {
    String prompt = "What is 2+2? \uD83D\uDE00".repeat(7_000);
    String body =
        "{\"number\":"
            + "9".repeat(200_000)
            + ",\"fraction\":0."
            + "1".repeat(200_000)
            + "e1,\""
            + "n".repeat(200_000)
            + "\":1,\"messages\":[{\"role\":\"user\",\"content\":\""
            + prompt
            + "\"}]}";
    RequestDocument document = chat(body);
    assertThat(document.prompt().text()).isEqualTo(prompt);
    assertThat(document.prompt().lastText()).isSameAs(document.prompt().text());
    assertThat(document.fact("number")).hasSize(200_000);
    assertThat(document.fact("n".repeat(200_000))).isEqualTo("1");
  }

  @Test
  void manyKeysAndManyMessagesAreRead() throws Exception {
    StringBuilder body = new StringBuilder("{\"messages\":[{}");
    for (int i = 0; i < 50_000; i++) {
      body.append(",{\"content\":\"a\"}");
    }
    body.append(']');
    for (int i = 0; i < 50_000; i++) {
      body.append(",\"k").append(i).append("\":1");
    }
    RequestDocument document = chat(body.append('}').toString());
    assertThat(document.prompt().text()).hasSize(99_999);
    assertThat(document.root().members()).hasSize(50_001);
  }
}
