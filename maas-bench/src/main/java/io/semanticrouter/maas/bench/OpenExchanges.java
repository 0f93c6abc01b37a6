// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.semanticrouter.maas.Exchange;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.ResponseBody;
import io.semanticrouter.maas.config.Mode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;

/**
 * The live heap of 10,000 exchanges, each in the middle of an event of its stream; what the gateway
 * keeps for itself, as the request's headers, is not in it. Ends with an error when one takes more
 * than 4 KiB. With {@code wait} it stays, for a look at the heap.
 */
public final class OpenExchanges {
  private static final int EXCHANGES = 10_000;
  private static final int LIMIT_BYTES = 4096;

  private OpenExchanges() {}

  /** Streams with and without continuous usage, in chunks of one event and cut anywhere. */
  public static void main(String[] args) {
    String model = Traffic.MODELS.get(0);
    byte[] plain = Traffic.event(model, 1, "null", Traffic.EVENT_BYTES);
    byte[] running =
        Traffic.event(model, 1, Traffic.runningUsage(7), Traffic.EVENT_WITH_USAGE_BYTES);
    Metering metering = Metering.builder(Traffic.config(Mode.HYBRID)).build();
    long most = measure("no usage, whole events", metering, plain, 0);
    most = Math.max(most, measure("no usage, cut events", metering, plain, 99));
    most = Math.max(most, measure("continuous usage, whole events", metering, running, 0));
    most = Math.max(most, measure("continuous usage, cut events", metering, running, 99));
    Checks.that(most < LIMIT_BYTES, "less than " + LIMIT_BYTES + " bytes each");
    if (Arrays.asList(args).contains("wait")) {
      Exchange[] exchanges = open(metering, running, 99);
      System.out.println("pid " + ProcessHandle.current().pid());
      try {
        System.in.read();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      Checks.that(exchanges.length == EXCHANGES, "still there");
    }
  }

  private static long measure(String name, Metering metering, byte[] event, int cut) {
    open(metering, event, cut); // classes, and what is shared
    long before = live();
    Exchange[] exchanges = open(metering, event, cut);
    long each = (live() - before) / EXCHANGES;
    Checks.that(exchanges[EXCHANGES - 1].record() == null, "still open");
    System.out.printf("%s: %d bytes per exchange%n", name, each);
    return each;
  }

  private static Exchange[] open(Metering metering, byte[] event, int cut) {
    Client client = new Client(EXCHANGES);
    Exchange[] exchanges = new Exchange[EXCHANGES];
    byte[] first =
        new String(event, UTF_8)
            .replace("{\"content\"", "{\"role\":\"assistant\",\"content\"")
            .getBytes(UTF_8);
    for (int i = 0; i < EXCHANGES; i++) {
      client.next();
      Exchange exchange = client.begin(metering);
      exchange.request().pass();
      ResponseBody answer = exchange.response(200, client.sseResponse());
      feed(answer, first, first.length);
      for (int e = 0; e < 20; e++) {
        feed(answer, event, event.length);
      }
      feed(answer, event, cut);
      exchanges[i] = exchange;
    }
    return exchanges;
  }

  private static void feed(ResponseBody answer, byte[] b, int length) {
    answer.watch(b, 0, length);
  }

  private static long live() {
    Runtime runtime = Runtime.getRuntime();
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 4; i++) {
      System.gc();
      least = Math.min(least, runtime.totalMemory() - runtime.freeMemory());
    }
    return least;
  }
}
