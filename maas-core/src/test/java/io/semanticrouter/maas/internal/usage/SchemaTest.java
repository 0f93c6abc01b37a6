// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

import static io.semanticrouter.maas.internal.usage.Bodies.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.semanticrouter.maas.internal.json.TextBuffer;
import io.semanticrouter.maas.internal.usage.Schema.Kind;
import io.semanticrouter.maas.internal.usage.Schema.KnownWords;
import io.semanticrouter.maas.internal.usage.Schema.Members;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Schemas built anew: those of the formats are built once, before any test. */
class SchemaTest {
  private static final int TALLY = 2;

  private static @Nullable Schema child(Schema schema, String name) {
    byte[] text = utf8("\"" + name + "\"");
    return schema.child(text, 1, text.length - 1);
  }

  private static Schema known(Schema schema, String name) {
    return Objects.requireNonNull(child(schema, name), name);
  }

  private static int word(Schema schema, String text) {
    byte[] b = utf8("\"" + text + "\"");
    return schema.word(b, 1, b.length - 1);
  }

  /** Names of all lengths, and many that differ only where they are not looked at first. */
  private static List<String> names(int count) {
    List<String> names = new ArrayList<>();
    for (int i = 0; names.size() < count; i++) {
      names.add(i % 2 == 0 ? "a" + (char) ('a' + i / 2) + "-same-" : "name" + "x".repeat(i));
    }
    return names;
  }

  @Test
  void everyNameLeadsToItsOwnChildAndOthersToNone() {
    for (int count = 0; count <= 50; count++) {
      Members members = Schema.object(7);
      List<String> names = names(count);
      for (int i = 0; i < count; i++) {
        members.leaf(names.get(i), Kind.TEXT, i);
      }
      Schema schema = members.build();
      for (int i = 0; i < count; i++) {
        assertThat(known(schema, names.get(i)).id).isEqualTo(i);
        assertThat(child(schema, names.get(i) + "x")).isNull();
        assertThat(child(schema, "b" + names.get(i).substring(1))).isNull();
      }
      for (int i = 0; i < 26; i++) {
        assertThat(child(schema, "" + (char) ('a' + i))).isNull();
      }
    }
  }

  @Test
  void everyWordHasItsConstantAndOthersThatOfNone() {
    for (int count = 0; count <= 50; count++) {
      KnownWords words = Schema.words(7);
      List<String> texts = names(count);
      for (int i = 0; i < count; i++) {
        words.word(texts.get(i), 100 + i);
      }
      Schema schema = words.build();
      assertThat(schema.kind).isEqualTo(Kind.WORD);
      assertThat(schema.id).isEqualTo(7);
      for (int i = 0; i < count; i++) {
        assertThat(word(schema, texts.get(i))).isEqualTo(100 + i);
      }
      assertThat(word(schema, "z")).isEqualTo(Words.OTHER);
    }
  }

  @Test
  void objectHasTheSlotsOfItsOwnTallyAtAnyDepthAndNoOthers() {
    Schema other = Schema.object(8).in(TALLY + 1).count("deep", Slots.TOTAL).build();
    Schema schema =
        Schema.object(7)
            .in(TALLY)
            .count("in", Slots.INPUT)
            .details("details", d -> d.count("read", Slots.CACHE_READ))
            .with("other", other)
            .with("turns", Schema.array(9, other))
            .count("out", Slots.OUTPUT)
            .leaf("text", Kind.TEXT, 10)
            .build();
    assertThat(schema.kind).isEqualTo(Kind.OBJECT);
    assertThat(schema.id).isEqualTo(7);
    assertThat(schema.tally).isEqualTo(TALLY);
    assertThat(schema.slots)
        .isEqualTo(Slots.bit(Slots.INPUT) | Slots.bit(Slots.OUTPUT) | Slots.bit(Slots.CACHE_READ));
    Schema details = known(schema, "details");
    assertThat(details.id).isEqualTo(Paths.DETAILS);
    assertThat(details.tally).isEqualTo(TALLY);
    assertThat(details.slots).isEqualTo(Slots.bit(Slots.CACHE_READ));
    Schema count = known(schema, "in");
    assertThat(count.kind).isEqualTo(Kind.COUNT);
    assertThat(count.id).isEqualTo(Slots.INPUT);
    assertThat(count.slots).isEqualTo(Slots.bit(Slots.INPUT));
    Schema turns = known(schema, "turns");
    assertThat(turns.kind).isEqualTo(Kind.ARRAY);
    assertThat(turns.id).isEqualTo(9);
    assertThat(turns.tally).isEqualTo(TALLY + 1);
    assertThat(turns.slots).isEqualTo(Slots.bit(Slots.TOTAL));
    assertThat(turns.element()).isSameAs(other);
    assertThat(known(schema, "text").slots).isZero();
  }

  @Test
  void countInNoTallyHasNoSlot() {
    Schema schema =
        Schema.object(7)
            .count("index", Slots.INPUT)
            .with("usage", Schema.object(8).in(TALLY).count("in", Slots.INPUT).build())
            .build();
    assertThat(schema.tally).isEqualTo(Schema.NO_TALLY);
    assertThat(schema.slots).isZero();
    assertThat(known(schema, "index").tally).isEqualTo(Schema.NO_TALLY);
    assertThat(known(schema, "index").slots).isZero();
    assertThat(known(schema, "usage").slots).isEqualTo(Slots.bit(Slots.INPUT));
  }

  @Test
  void unionHasTheMembersOfBothAtAnyDepth() {
    Schema word = Schema.words(5).word("a", 6).build();
    Schema one =
        Schema.object(7)
            .with("type", word)
            .with("usage", Schema.object(8).in(TALLY).count("in", Slots.INPUT).build())
            .with("list", Schema.array(9, Schema.object(10).leaf("a", Kind.TEXT, 11).build()))
            .build();
    Schema other =
        Schema.object(7)
            .with("usage", Schema.object(8).in(TALLY).count("out", Slots.OUTPUT).build())
            .with("list", Schema.array(9, Schema.object(10).leaf("b", Kind.TEXT, 12).build()))
            .with("type", word)
            .leaf("error", Kind.PRESENCE, 13)
            .build();
    for (Schema both : List.of(one.union(other), other.union(one))) {
      assertThat(both.kind).isEqualTo(Kind.OBJECT);
      assertThat(both.id).isEqualTo(7);
      assertThat(known(both, "type")).isSameAs(word);
      assertThat(known(both, "error").id).isEqualTo(13);
      Schema usage = known(both, "usage");
      assertThat(usage.id).isEqualTo(8);
      assertThat(usage.tally).isEqualTo(TALLY);
      assertThat(usage.slots).isEqualTo(Slots.bit(Slots.INPUT) | Slots.bit(Slots.OUTPUT));
      assertThat(known(usage, "in").id).isEqualTo(Slots.INPUT);
      assertThat(known(usage, "out").id).isEqualTo(Slots.OUTPUT);
      Schema list = known(both, "list");
      assertThat(list.kind).isEqualTo(Kind.ARRAY);
      assertThat(list.id).isEqualTo(9);
      assertThat(known(list.element(), "a").id).isEqualTo(11);
      assertThat(known(list.element(), "b").id).isEqualTo(12);
    }
  }

  @Test
  void whatMeansSomethingElseHasNoUnion() {
    Schema text = Schema.leaf(Kind.TEXT, 7);
    Schema counted = Schema.object(7).in(TALLY).build();
    for (Schema[] pair :
        new Schema[][] {
          {text, Schema.leaf(Kind.PRESENCE, 7)},
          {text, Schema.leaf(Kind.TEXT, 8)},
          {counted, Schema.object(7).build()},
          {Schema.object(9).with("a", text).build(), Schema.object(9).with("a", counted).build()},
        }) {
      assertThatThrownBy(() -> pair[0].union(pair[1])).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> pair[1].union(pair[0])).isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(text.union(Schema.leaf(Kind.TEXT, 7)).id).isEqualTo(7);
  }

  @Test
  void nameAndWordAreFoundWholeOnly() {
    TextBuffer text = new TextBuffer();
    String longest = "n".repeat(256);
    Schema names = Schema.object(1).leaf(longest, Kind.TEXT, 7).build();
    Schema words = Schema.words(1).word(longest, 9).build();
    assertThat(names.child(text)).isNull();
    assertThat(words.word(text)).isEqualTo(Words.NONE);
    text.append(utf8(longest), 0, 256);
    assertThat(names.child(text)).isNotNull();
    assertThat(words.word(text)).isEqualTo(9);
    text.append((byte) 'n');
    assertThat(names.child(text)).isNull();
    assertThat(words.word(text)).isEqualTo(Words.OTHER);
    text.clear();
    text.append((byte) 'n');
    assertThat(names.child(text)).isNull();
    assertThat(words.word(text)).isEqualTo(Words.OTHER);
  }
}
