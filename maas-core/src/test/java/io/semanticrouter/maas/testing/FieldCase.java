// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What somebody who meters LLM traffic has reported in public, as exchanges with exact bytes and
 * with the right value: {@code field-cases.json}.
 *
 * <p>An exchange is a request of a client and the answer of a backend. Some backends answer {@code
 * with} or {@code without} a word in the request that reaches them otherwise. What is expected
 * holds for all exchanges of a case together; what a client gets, for the last of them.
 */
public record FieldCase(String name, JsonNode data) {
  /** All cases, in the order of the file. */
  public static List<FieldCase> all() {
    try (InputStream in = FieldCase.class.getResourceAsStream("field-cases.json")) {
      List<FieldCase> cases = new ArrayList<>();
      for (JsonNode data : new ObjectMapper().readTree(Objects.requireNonNull(in))) {
        cases.add(new FieldCase(data.path("name").asText(), data));
      }
      return cases;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Who asks. */
  public String user() {
    return data.path("user").asText(name);
  }

  /** One request of the client, and what the backend makes of it. */
  public record Exchange(JsonNode data) {
    /** The method. */
    public String method() {
      return data.at("/request/method").asText();
    }

    /** The path, with its query. */
    public String path() {
      return data.at("/request/path").asText();
    }

    /** Names and values of the headers of the request. */
    public List<String> headers() {
      return pairs(data.at("/request/headers"));
    }

    /** The body; empty when there is none. */
    public String body() {
      return data.at("/request/body").asText("");
    }

    /** The answer to the request that reaches the backend. */
    public Answer answer(String sent) {
      JsonNode with = data.path("with");
      JsonNode without = data.path("without");
      if (!with.isMissingNode() && sent.contains(with.path("word").asText())) {
        return new Answer(with.path("answer"));
      }
      if (!without.isMissingNode() && !sent.contains(without.path("word").asText())) {
        return new Answer(without.path("answer"));
      }
      return new Answer(data.path("answer"));
    }
  }

  /** An answer of a backend. */
  public record Answer(JsonNode data) {
    /** The HTTP status. */
    public int status() {
      return data.path("status").asInt();
    }

    /** Names and values of its headers. */
    public List<String> headers() {
      return pairs(data.path("headers"));
    }

    /** Whether it comes in chunks; otherwise its length is stated. */
    public boolean isChunked() {
      return data.path("framing").asText().equals("chunked");
    }

    /** The pieces of its body. */
    public List<String> pieces() {
      List<String> pieces = new ArrayList<>();
      data.path("pieces").forEach(piece -> pieces.add(piece.asText()));
      return pieces;
    }
  }

  /** The exchanges, in their order. */
  public List<Exchange> exchanges() {
    List<Exchange> exchanges = new ArrayList<>();
    data.path("exchanges").forEach(exchange -> exchanges.add(new Exchange(exchange)));
    return exchanges;
  }

  /**
   * What has been seen of a case.
   *
   * @param outcomes exchanges by outcome
   * @param parts tokens by part
   * @param units pieces by unit
   * @param cost 0 when there is none
   * @param reasons how many reasons there were
   * @param status the status of the last answer
   * @param body the body of the last answer
   */
  public record Seen(
      long prompt,
      long completion,
      Map<String, Long> outcomes,
      Map<String, Long> parts,
      Map<String, Long> units,
      BigDecimal cost,
      long unpriced,
      long reasons,
      int status,
      String body) {}

  /** What is not as it should be; empty when all is. */
  public List<String> problems(Seen seen) {
    List<String> problems = new ArrayList<>();
    JsonNode expect = data.path("expect");
    check(expect, seen, problems);
    if (expect.has("any")) {
      boolean any = false;
      for (JsonNode one : expect.path("any")) {
        List<String> ofOne = new ArrayList<>();
        check(one, seen, ofOne);
        any |= ofOne.isEmpty();
      }
      if (!any) {
        problems.add("none of " + expect.path("any") + " in " + seen);
      }
    }
    return problems;
  }

  private static void check(JsonNode expect, Seen seen, List<String> problems) {
    expect
        .properties()
        .forEach(
            field -> {
              JsonNode value = field.getValue();
              boolean right =
                  switch (field.getKey()) {
                    case "prompt" -> seen.prompt() == value.asLong();
                    case "completion" -> seen.completion() == value.asLong();
                    case "outcomes" -> has(seen.outcomes(), value);
                    case "parts" -> has(seen.parts(), value);
                    case "units" -> has(seen.units(), value);
                    case "cost" -> seen.cost().compareTo(new BigDecimal(value.asText())) == 0;
                    case "unpriced" -> seen.unpriced() == value.asLong();
                    case "flagged" -> seen.reasons() > 0;
                    case "not_complete" -> !seen.outcomes().containsKey("complete");
                    case "client_status" -> seen.status() == value.asInt();
                    case "client_has" -> seen.body().contains(value.asText());
                    case "client_lacks" -> !seen.body().contains(value.asText());
                    case "client_equals" -> seen.body().equals(value.asText());
                    // What only a process or its metrics can show.
                    case "any", "label_user", "own_series", "starts" -> true;
                    default -> throw new IllegalArgumentException(field.getKey());
                  };
              if (!right) {
                problems.add(field.getKey() + " is not " + value + " in " + seen);
              }
            });
  }

  private static boolean has(Map<String, Long> seen, JsonNode expected) {
    boolean[] all = {true};
    expected
        .properties()
        .forEach(
            field -> all[0] &= seen.getOrDefault(field.getKey(), 0L) == field.getValue().asLong());
    return all[0];
  }

  private static List<String> pairs(JsonNode headers) {
    List<String> pairs = new ArrayList<>();
    headers.forEach(header -> header.forEach(text -> pairs.add(text.asText())));
    return pairs;
  }

  @Override
  public String toString() {
    return name;
  }
}
