// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import io.semanticrouter.maas.Exchange;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.ResponseBody;
import io.semanticrouter.maas.config.Mode;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;

/**
 * One exchange with an event stream of one GiB. Its memory does not grow with it: to be run with
 * {@code -Xmx64m}. Ends with an error when the usage of the last event is not found.
 */
public final class GigabyteStream {
  private static final int CHUNK_BYTES = 1400;
  private static final long STREAM_BYTES = 1L << 30;

  private GigabyteStream() {}

  /** Streams of many short events, and of one long one. */
  public static void main(String[] args) {
    String model = Traffic.MODELS.get(0);
    byte[] events = new byte[140 * Traffic.EVENT_BYTES];
    for (int i = 0; i < events.length; i += Traffic.EVENT_BYTES) {
      byte[] event = Traffic.event(model, i / Traffic.EVENT_BYTES, "null", Traffic.EVENT_BYTES);
      System.arraycopy(event, 0, events, i, event.length);
    }
    run("events of 230 bytes", new byte[0], events, Traffic.terminal(model, 342));
    // Behind the text only the end of an event: what stands in it is usage.
    byte[] last =
        Traffic.event(model, 0, Traffic.runningUsage(342), Traffic.EVENT_WITH_USAGE_BYTES);
    int open = new String(last, java.nio.charset.StandardCharsets.UTF_8).indexOf("\"},\"finish");
    byte[] text =
        "In the beginning was the word. "
            .repeat(1000)
            .getBytes(java.nio.charset.StandardCharsets.UTF_8);
    run(
        "one event",
        java.util.Arrays.copyOf(last, open),
        text,
        java.util.Arrays.copyOfRange(last, open, last.length));
  }

  private static void run(String name, byte[] begin, byte[] middle, byte[] end) {
    Client client = new Client(1);
    client.next();
    Exchange exchange = client.begin(Metering.builder(Traffic.config(Mode.HYBRID)).build());
    exchange.request().pass();
    ResponseBody answer = exchange.response(200, client.sseResponse());
    long cpu = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    long start = System.nanoTime();
    long bytes = feed(answer, begin);
    while (bytes < STREAM_BYTES) {
      bytes += feed(answer, middle);
    }
    bytes += feed(answer, end);
    answer.end();
    double seconds = (System.nanoTime() - start) / 1e9;
    double used = (ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - cpu) / 1e9;
    var record = exchange.record();
    var usage = record == null ? null : record.measurement().usage();
    Checks.that(usage != null && usage.completion() == 342, "the last usage is found: " + record);
    System.out.printf(
        "%s: %d bytes in %.2f s (%.0f MB/s), CPU %.2f s (%.0f MB/s); heap %d MB at most of %d MB%n",
        name,
        bytes,
        seconds,
        bytes / seconds / 1e6,
        used,
        bytes / used / 1e6,
        peakHeap() >> 20,
        Runtime.getRuntime().maxMemory() >> 20);
  }

  private static long feed(ResponseBody answer, byte[] b) {
    for (int i = 0; i < b.length; i += CHUNK_BYTES) {
      answer.watch(b, i, Math.min(CHUNK_BYTES, b.length - i));
    }
    return b.length;
  }

  private static long peakHeap() {
    long sum = 0;
    for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
      sum += pool.getType() == MemoryType.HEAP ? pool.getPeakUsage().getUsed() : 0;
    }
    return sum;
  }
}
