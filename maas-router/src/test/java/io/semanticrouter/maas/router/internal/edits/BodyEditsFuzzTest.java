// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.edits;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.semanticrouter.maas.record.Operation;
import io.semanticrouter.maas.router.internal.edits.Source.Obj;
import io.semanticrouter.maas.router.internal.edits.SystemPrompt.Mode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Random requests with random edits; {@code -Dmaas.seed=N} repeats a run, {@code
 * -Drouter.requests=N} plays another number of them. What has to hold:
 *
 * <ul>
 *   <li>the edited body is, byte for byte, what a tree that remembers its spelling gives;
 *   <li>what Jackson's tree reads of it is Jackson's tree of the request, edited;
 *   <li>a second run of the same edits changes nothing;
 *   <li>what the request says is what a reader of trees finds in it;
 *   <li>a spoilt body is refused if and only if Jackson refuses it.
 * </ul>
 */
@Tag("slow")
class BodyEditsFuzzTest {
  private static final int REQUESTS = Integer.getInteger("router.requests", 20_000);
  private static final Operation[] OPERATIONS = {
    Operation.CHAT, Operation.CHAT, Operation.MESSAGES, Operation.RESPONSES, Operation.COMPLETION
  };
  private static final JsonMapper TREES = trees(true);

  /** A spoilt number may have an exponent that no BigDecimal can have. */
  private static final JsonMapper DOUBLES = trees(false);

  private static final String[] PROMPTS = {
    "Be brief.", "You are \"kind\".", "a", "\\ \u0001\t\n grün \uD83D\uDE00", "lone \uD83D"
  };
  private static final String[] MODELS = {"qwen3", "gpt-4", "a/b \"c\"\n", "grün-\uD83D\uDE00"};
  private static final MemberEdit[] EDITS = {
    new MemberEdit("chat_template_kwargs", "enable_thinking", "true"),
    new MemberEdit("chat_template_kwargs", "enable_thinking", "false"),
    new MemberEdit("chat_template_kwargs", "x\"y", "7"),
    new MemberEdit(null, "thinking", "{\"type\":\"enabled\",\"budget_tokens\":1024}"),
    new MemberEdit("thinking", "type", "\"disabled\""),
    new MemberEdit(null, "reasoning_effort", "\"low\""),
    new MemberEdit(null, "m", "null"),
    new MemberEdit("日本", "語", "[1.50,{}]")
  };

  private final long seed = Long.getLong("maas.seed", System.nanoTime());

  @Test
  void editedBytesAreThoseOfTheEditedTreesWhateverTheRequestIs() throws Exception {
    System.out.println("BodyEditsFuzzTest: -Dmaas.seed=" + seed);
    long began = System.nanoTime();
    int changed = 0;
    Map<SystemPrompt.Outcome, Integer> outcomes = new EnumMap<>(SystemPrompt.Outcome.class);
    for (int i = 0; i < REQUESTS; i++) {
      Random random = new Random(seed + i);
      Requests requests = new Requests(random);
      Obj request = requests.request();
      Operation operation = requests.any(OPERATIONS);
      String mark = requests.oneIn(10) ? "\uFEFF" : "";
      String white = new Source.Maker(random).white();
      String text = mark + white + Source.spelled(request) + white;
      Case one = new Case(random, requests, operation);
      long own = seed + i;
      Supplier<String> as = () -> "-Dmaas.seed=" + own + " " + operation + " " + text + " " + one;

      RequestDocument document = readAnywhere(operation, text, random);
      assertThat(document.prompt()).as(as).isEqualTo(SaidInTree.of(operation, tree(text)));
      BodyEdits edits = new BodyEdits(document);
      SystemPrompt.Outcome outcome = one.edit(edits);
      String out = new String(edits.apply(), StandardCharsets.UTF_8);

      ObjectNode tree = (ObjectNode) tree(text);
      SystemPrompt.Outcome expected = new SourceEdits(request, operation).edit(one);
      assertThat(outcome).as(as).isEqualTo(expected);
      assertThat(out).as(as).isEqualTo(mark + white + Source.spelled(request) + white);
      one.edit(tree);
      assertThat(tree(out).toString()).as(as).isEqualTo(tree.toString());

      byte[] again = out.getBytes(StandardCharsets.UTF_8);
      BodyEdits second = new BodyEdits(RequestDocument.read(operation, again, 0, again.length));
      one.edit(second);
      assertThat(second.apply()).as(as).isSameAs(again);
      changed += out.equals(text) ? 0 : 1;
      if (outcome != null) {
        outcomes.merge(outcome, 1, Integer::sum);
      }
    }
    System.out.printf(
        "BodyEditsFuzzTest: %d requests, %d changed, %s, %d ms%n",
        REQUESTS, changed, outcomes, (System.nanoTime() - began) / 1_000_000);
    assertThat(changed).isBetween(REQUESTS / 2, REQUESTS - REQUESTS / 50);
    assertThat(outcomes.keySet()).containsExactlyInAnyOrder(SystemPrompt.Outcome.values());
  }

  private static JsonMapper trees(boolean exact) {
    return JsonMapper.builder(
            JsonFactory.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .streamReadConstraints(
                    StreamReadConstraints.builder().maxNestingDepth(Json.MAX_DEPTH).build())
                .build())
        .configure(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS, exact)
        .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
        .build();
  }

  private static JsonNode tree(String text) throws IOException {
    return TREES.readTree(text.startsWith("\uFEFF") ? text.substring(1) : text);
  }

  /** From somewhere within an array, as adapters hand bodies over. */
  private static RequestDocument readAnywhere(Operation operation, String text, Random random)
      throws UnreadableRequest {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    int before = random.nextInt(3);
    byte[] array = new byte[before + body.length + random.nextInt(3)];
    Arrays.fill(array, (byte) '{');
    System.arraycopy(body, 0, array, before, body.length);
    return RequestDocument.read(operation, array, before, before + body.length);
  }

  @Test
  void aSpoiltBodyIsRefusedExactlyWhenJacksonRefusesIt() {
    System.out.println("BodyEditsFuzzTest: -Dmaas.seed=" + seed);
    long began = System.nanoTime();
    int refused = 0;
    int read = 0;
    for (int i = 0; i < REQUESTS; i++) {
      Random random = new Random(seed + i);
      Requests requests = new Requests(random);
      Obj request = requests.request();
      if (requests.oneIn(4) && !request.members.isEmpty()) {
        request.members.add(request.members.get(random.nextInt(request.members.size())));
      }
      byte[] body = Source.spelled(request).getBytes(StandardCharsets.UTF_8);
      if (requests.oneIn(3)) {
        body = Arrays.copyOf(body, random.nextInt(body.length + 3));
      }
      for (int n = random.nextInt(3); n > 0 && body.length > 0; n--) {
        byte[] any = {
          '"', '\\', '{', '}', '[', ']', ',', ':', 0, ' ', (byte) 0xC3, (byte) 0xED, 'u'
        };
        body[random.nextInt(body.length)] =
            requests.oneIn(2) ? (byte) random.nextInt(256) : any[random.nextInt(any.length)];
      }
      Operation operation = requests.any(OPERATIONS);
      byte[] spoilt = body;
      long own = seed + i;
      Supplier<String> as = () -> "-Dmaas.seed=" + own + " " + Arrays.toString(spoilt);
      try {
        RequestDocument document = RequestDocument.read(operation, body, 0, body.length);
        read++;
        assertThat(isObject(body)).as(as).isTrue();
        JsonNode tree = DOUBLES.readTree(body);
        assertThat(document.prompt()).as(as).isEqualTo(SaidInTree.of(operation, tree));
      } catch (UnreadableRequest e) {
        refused++;
        assertThat(isObject(body)).as(as).isFalse();
      } catch (IOException e) {
        throw new AssertionError(as.get(), e);
      }
    }
    System.out.printf(
        "BodyEditsFuzzTest: %d spoilt, %d read all the same, %d refused, %d ms%n",
        REQUESTS, read, refused, (System.nanoTime() - began) / 1_000_000);
    assertThat(read).isBetween(REQUESTS / 20, REQUESTS - REQUESTS / 20);
  }

  /** One object in UTF-8, no key twice, and nothing else. */
  private static boolean isObject(byte[] body) {
    String text = new String(body, StandardCharsets.UTF_8);
    if (!Arrays.equals(text.getBytes(StandardCharsets.UTF_8), body)) {
      return false;
    }
    String unmarked = text.startsWith("\uFEFF") ? text.substring(1) : text;
    try (JsonParser parser = DOUBLES.createParser(unmarked)) {
      JsonNode tree = DOUBLES.readTree(parser);
      return tree != null && tree.isObject() && parser.nextToken() == null;
    } catch (IOException e) {
      return false;
    }
  }

  /** Edits that are drawn at random. */
  static final class Case {
    final @Nullable String model;
    final List<MemberEdit> members = new ArrayList<>();
    final @Nullable SystemPrompt prompt;
    private final Operation operation;

    Case(Random random, Requests requests, Operation operation) {
      this.operation = operation;
      this.model = random.nextBoolean() ? requests.any(MODELS) : null;
      for (int n = random.nextInt(4); n > 0; n--) {
        MemberEdit edit = requests.any(EDITS);
        if (members.stream().noneMatch(m -> outer(m).equals(outer(edit)))) {
          members.add(edit);
        }
      }
      this.prompt =
          random.nextBoolean()
              ? new SystemPrompt(requests.any(PROMPTS), requests.any(Mode.values()))
              : null;
    }

    private static String outer(MemberEdit edit) {
      return edit.parent() == null ? edit.name() : edit.parent();
    }

    SystemPrompt.@Nullable Outcome edit(BodyEdits edits) {
      if (model != null) {
        edits.model(model);
      }
      members.forEach(edits::set);
      return prompt == null ? null : edits.systemPrompt(prompt);
    }

    /** The edits on Jackson's tree. */
    void edit(ObjectNode tree) throws IOException {
      if (model != null) {
        tree.put("model", model);
      }
      for (MemberEdit edit : members) {
        ObjectNode object = tree;
        if (edit.parent() != null) {
          boolean isThere = tree.get(edit.parent()) instanceof ObjectNode;
          object = isThere ? (ObjectNode) tree.get(edit.parent()) : tree.putObject(edit.parent());
        }
        object.set(edit.name(), TREES.readTree(edit.json()));
      }
      if (prompt != null) {
        promptOn(tree, prompt);
      }
    }

    private void promptOn(ObjectNode tree, SystemPrompt prompt) {
      switch (operation) {
        case MESSAGES -> textOn(tree, "system", prompt, true);
        case RESPONSES -> {
          boolean stated = tree.hasNonNull("instructions") || hasSystem(tree.get("input"));
          if (prompt.mode() != Mode.IF_ABSENT || !stated) {
            textOn(tree, "instructions", prompt, false);
          }
        }
        case CHAT -> {
          if (tree.get("messages") instanceof ArrayNode messages) {
            ObjectNode system = system(messages);
            if (system == null) {
              messages.insertObject(0).put("role", "system").put("content", prompt.text());
            } else if (prompt.mode() != Mode.IF_ABSENT) {
              textOn(system, "content", prompt, true);
            }
          }
        }
        default -> {
          // no place
        }
      }
    }

    private static boolean hasSystem(@Nullable JsonNode input) {
      return input instanceof ArrayNode items && system(items) != null;
    }

    private static @Nullable ObjectNode system(ArrayNode messages) {
      for (JsonNode message : messages) {
        String role = message.path("role").textValue();
        if (message.isObject() && ("system".equals(role) || "developer".equals(role))) {
          return (ObjectNode) message;
        }
      }
      return null;
    }

    private static void textOn(
        ObjectNode object, String name, SystemPrompt prompt, boolean allowParts) {
      JsonNode stated = object.get(name);
      String added = prompt.text();
      if (stated == null || stated.isNull()) {
        object.put(name, added);
        return;
      }
      boolean before = prompt.mode() == Mode.PREPEND;
      switch (prompt.mode()) {
        case IF_ABSENT -> {
          // the client's stays
        }
        case REPLACE -> {
          boolean same =
              allowParts && stated.isArray() && stated.size() == 1 && says(stated.get(0), added);
          if (!same) {
            object.put(name, added);
          }
        }
        default -> {
          if (stated instanceof TextNode text) {
            object.put(name, joined(text.textValue(), added, before));
          } else if (stated instanceof ArrayNode parts && allowParts) {
            int at = before ? 0 : parts.size() - 1;
            if (parts.isEmpty() || !says(parts.get(at), added)) {
              ObjectNode part = parts.insertObject(before ? 0 : parts.size());
              part.put("type", "text").put("text", added);
            }
          }
        }
      }
    }

    private static boolean says(JsonNode part, String text) {
      return text.equals(part.isTextual() ? part.textValue() : part.path("text").textValue());
    }

    private static String joined(String clients, String added, boolean before) {
      if (clients.isEmpty() || clients.equals(added)) {
        return added;
      }
      String[] both = before ? new String[] {added, clients} : new String[] {clients, added};
      boolean already =
          before ? clients.startsWith(added + "\n\n") : clients.endsWith("\n\n" + added);
      return already ? clients : String.join("\n\n", both);
    }

    @Override
    public String toString() {
      return model + " " + members + " " + prompt;
    }
  }
}
