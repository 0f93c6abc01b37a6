// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CanonicalRequestTest {
  private static final JsonMapper TREES = JsonMapper.builder().build();

  private static @Nullable CanonicalRequest read(String body) {
    byte[] bytes = ("xx" + body + "y").getBytes(StandardCharsets.UTF_8);
    return CanonicalRequest.read(bytes, 2, bytes.length - 1, Set.of("user"));
  }

  private static String canonical(String body) {
    CanonicalRequest request = Objects.requireNonNull(read(body), body);
    return new String(request.bytes(), 0, request.size(), StandardCharsets.ISO_8859_1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"a\":1,\"b\":2}          | { \"b\" : 2 ,\"a\": 1 }",
        "{\"a\":\"é/\"}             | {\"\\u0061\":\"\\u00e9\\/\"}",
        "{\"a\":{\"x\":1,\"y\":[{\"p\":1,\"q\":2}]}} | {\"a\":{\"y\":[{\"q\":2,\"p\":1}],\"x\":1}}",
        "{\"user\":\"a\",\"b\":1}   | {\"b\":1,\"user\":{\"x\":[1]}}",
        "{\"a\":\"\\ud83d\\ude00\"} | {\"a\":\"😀\"}",
        "{}                         | { }",
      })
  void bodies_that_say_the_same_are_the_same(String one, String other) {
    assertThat(canonical(one)).isEqualTo(canonical(other));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"a\":1}        | {\"a\":2}",
        "{\"a\":1}        | {\"a\":1.0}",
        "{\"a\":1}        | {\"a\":\"1\"}",
        "{\"a\":1}        | {\"b\":1}",
        "{\"a\":1}        | {\"a\":1,\"b\":null}",
        "{\"a\":null}     | {}",
        "{\"a\":true}     | {\"a\":false}",
        "{\"a\":[]}       | {\"a\":{}}",
        "{\"a\":[1,2]}    | {\"a\":[2,1]}",
        "{\"a\":[12]}     | {\"a\":[1,2]}",
        "{\"a\":[[1],2]}  | {\"a\":[[1,2]]}",
        "{\"a\":\"x\"}    | {\"a\":\"X\"}",
        "{\"a\":\"x \"}   | {\"a\":\"x\"}",
        "{\"a\":\"\\ud83d\"} | {\"a\":\"?\"}",
        "{\"a\":\"é\"}    | {\"a\":\"e\\u0301\"}",
        "{\"a\":{\"user\":1}} | {\"a\":{}}",
      })
  void bodies_that_say_something_else_differ(String one, String other) {
    assertThat(canonical(one)).isNotEqualTo(canonical(other));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "1",
        "{",
        "{}}",
        "{} {}",
        "{\"a\":1,\"a\":1}",
        "{\"a\":{\"b\":1,\"\\u0062\":2}}",
        "{\"user\":1,\"user\":2}",
        "{\"a\":NaN}",
        "{'a':1}",
        "{\"a\":1,}",
        "{\"\\ud83d\":1}",
        "{\"a\":\"\u0001\"}"
      })
  void body_that_is_not_one_object_with_each_member_once_is_none(String body) {
    assertThat(read(body)).isNull();
  }

  @Test
  void nesting_and_length_are_bounded() {
    assertThat(read("{\"a\":" + "[".repeat(63) + "]".repeat(63) + "}")).isNotNull();
    assertThat(read("{\"a\":" + "[".repeat(64) + "]".repeat(64) + "}")).isNull();
    int rest = CanonicalRequest.MAX_BYTES - "{\"a\":\"\"}".length();
    assertThat(read("{\"a\":\"" + "x".repeat(rest) + "\"}")).isNotNull();
    assertThat(read("{\"a\":\"" + "x".repeat(rest + 1) + "\"}")).isNull();
  }

  @Test
  void facts_are_those_of_the_root() {
    CanonicalRequest request =
        Objects.requireNonNull(
            read(
                "{\"t\":0.0,\"b\":true,\"s\":\"x\",\"n\":null,\"e\":[],\"l\":[1],\"o\":{},"
                    + "\"d\":{\"inner\":1}}"));
    Map<String, @Nullable String> facts = new HashMap<>();
    for (String name : List.of("t", "b", "s", "n", "e", "l", "o", "d", "inner", "absent")) {
      facts.put(name, request.fact(name));
    }
    Map<String, @Nullable String> expected = new HashMap<>();
    expected.put("t", "0.0");
    expected.put("b", "true");
    expected.put("s", "x");
    expected.put("e", "[]");
    expected.put("l", "[");
    expected.put("o", "{");
    expected.put("d", "{");
    for (String name : List.of("n", "inner", "absent")) {
      expected.put(name, null);
    }
    assertThat(facts).isEqualTo(expected);
  }

  @Test
  @Tag("slow")
  void random_bodies_are_the_same_exactly_when_their_trees_are() throws IOException {
    long seed = Long.getLong("maas.seed", System.nanoTime());
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    int different = 0;
    for (int round = 0; round < 8_000; round++) {
      ObjectNode tree = object(random, 3);
      String one = spelled(tree, random);
      assertThat(TREES.readTree(one)).as("seed %d", seed).isEqualTo(tree);
      assertThat(canonical(spelled(tree, random)))
          .as("seed %d: %s", seed, one)
          .isEqualTo(canonical(one));
      ObjectNode other = random.nextBoolean() ? object(random, 2) : changed(tree, random);
      String two = spelled(other, random);
      boolean same = other.equals(tree);
      assertThat(canonical(two).equals(canonical(one)))
          .as("seed %d: %s and %s", seed, one, two)
          .isEqualTo(same);
      different += same ? 0 : 1;
    }
    assertThat(different).isGreaterThan(4_000);
  }

  private static ObjectNode changed(ObjectNode tree, Random random) {
    ObjectNode copy = tree.deepCopy();
    List<ObjectNode> objects = new ArrayList<>();
    collect(copy, objects);
    objects.get(random.nextInt(objects.size())).set(name(random), node(random, 1));
    return copy;
  }

  private static void collect(JsonNode node, List<ObjectNode> objects) {
    if (node instanceof ObjectNode object) {
      objects.add(object);
    }
    node.forEach(child -> collect(child, objects));
  }

  private static JsonNode node(Random random, int depth) {
    JsonNodeFactory nodes = JsonNodeFactory.instance;
    return switch (random.nextInt(depth > 0 ? 8 : 6)) {
      case 0 -> nodes.nullNode();
      case 1 -> nodes.booleanNode(random.nextBoolean());
      case 2 -> nodes.numberNode(random.nextInt(30) - 10);
      case 3 -> nodes.numberNode(random.nextInt(5) + 0.5);
      case 4, 5 -> nodes.textNode(text(random));
      case 6 -> object(random, depth - 1);
      default -> array(random, depth - 1);
    };
  }

  private static ArrayNode array(Random random, int depth) {
    ArrayNode array = JsonNodeFactory.instance.arrayNode();
    for (int i = random.nextInt(4); i > 0; i--) {
      array.add(node(random, depth));
    }
    return array;
  }

  private static ObjectNode object(Random random, int depth) {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    for (int i = random.nextInt(5); i > 0; i--) {
      object.set(name(random), node(random, depth));
    }
    return object;
  }

  /** Of half a pair Jackson makes no name, when it reads bytes. */
  private static String name(Random random) {
    return text(random).replaceAll("[\\ud800-\\udfff]", "");
  }

  private static String text(Random random) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(4); i > 0; i--) {
      text.append("ab\"\\/\n\u0000é\u20ac\ud83d\ude00 {}[],:1".charAt(random.nextInt(19)));
    }
    return text.toString();
  }

  /** The tree with members in any order, white space anywhere, and characters escaped or not. */
  private static String spelled(JsonNode node, Random random) {
    String space = random.nextInt(4) == 0 ? " \n\t\r".substring(random.nextInt(4)) : "";
    List<String> parts = new ArrayList<>();
    if (node.isObject()) {
      node.properties()
          .forEach(
              member ->
                  parts.add(
                      quoted(member.getKey(), random)
                          + space
                          + ":"
                          + spelled(member.getValue(), random)));
      Collections.shuffle(parts, random);
      return space + "{" + space + String.join("," + space, parts) + "}" + space;
    }
    if (node.isArray()) {
      node.forEach(child -> parts.add(spelled(child, random)));
      return space + "[" + String.join(space + ",", parts) + space + "]" + space;
    }
    return space + (node.isTextual() ? quoted(node.textValue(), random) : node.toString()) + space;
  }

  private static String quoted(String text, Random random) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < ' ' || Character.isSurrogate(c) || random.nextInt(4) == 0) {
        quoted.append(String.format(random.nextBoolean() ? "\\u%04x" : "\\u%04X", (int) c));
      } else if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }

  @Test
  void half_a_surrogate_pair_is_a_text_of_its_own() {
    List<String> texts = Arrays.asList("\\ud83d", "\\ude00", "\\ud83d\\ude00", "\\ude00\\ud83d");
    assertThat(texts.stream().map(t -> canonical("{\"a\":\"" + t + "\"}")).distinct()).hasSize(4);
  }
}
