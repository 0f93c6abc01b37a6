// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.metrics.v1.HistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** An OpenTelemetry collector as far as a client of OTLP over HTTP can see. */
public final class FakeCollector implements AutoCloseable {
  /**
   * What came with one push.
   *
   * @param path of the request
   * @param headers of the request
   * @param metrics decoded
   */
  public record Push(String path, Headers headers, ExportMetricsServiceRequest metrics) {
    /** By name, what the attributes of the resource say. */
    public Map<String, String> resource() {
      return attributes(metrics.getResourceMetrics(0).getResource().getAttributesList());
    }

    /** The names of all metrics, each once. */
    public List<String> names() {
      return all().stream().map(Metric::getName).sorted().distinct().toList();
    }

    /** The sum of a histogram or a counter, of all points with these attributes (key, value, …). */
    public double sum(String metric, String... with) {
      double sum = 0;
      for (Metric one : all()) {
        if (one.getName().equals(metric)) {
          for (HistogramDataPoint point : one.getHistogram().getDataPointsList()) {
            sum += matches(point.getAttributesList(), with) ? point.getSum() : 0;
          }
          for (NumberDataPoint point : one.getSum().getDataPointsList()) {
            sum += matches(point.getAttributesList(), with) ? point.getAsInt() : 0;
          }
        }
      }
      return sum;
    }

    /** How many values a histogram has, in all points with these attributes. */
    public long count(String metric, String... with) {
      long count = 0;
      for (Metric one : all()) {
        if (one.getName().equals(metric)) {
          for (HistogramDataPoint point : one.getHistogram().getDataPointsList()) {
            count += matches(point.getAttributesList(), with) ? point.getCount() : 0;
          }
        }
      }
      return count;
    }

    private List<Metric> all() {
      return metrics.getResourceMetricsList().stream()
          .flatMap(resource -> resource.getScopeMetricsList().stream())
          .flatMap(scope -> scope.getMetricsList().stream())
          .toList();
    }

    private static boolean matches(List<KeyValue> actual, String... expected) {
      Map<String, String> attributes = attributes(actual);
      for (int i = 0; i < expected.length; i += 2) {
        if (!expected[i + 1].equals(attributes.get(expected[i]))) {
          return false;
        }
      }
      return true;
    }

    private static Map<String, String> attributes(List<KeyValue> list) {
      Map<String, String> attributes = new TreeMap<>();
      list.forEach(pair -> attributes.put(pair.getKey(), pair.getValue().getStringValue()));
      return attributes;
    }
  }

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final AtomicInteger pushes = new AtomicInteger();
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile int status = 200;
  private volatile @Nullable Push last;

  private FakeCollector(HttpServer server) {
    this.server = server;
    server.createContext("/", this::handle);
    server.setExecutor(threads);
    server.start();
  }

  /** A collector on a free port of the loopback, which takes what comes. */
  public static FakeCollector start() throws IOException {
    return new FakeCollector(
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0));
  }

  /** Where it is, without a path. */
  public String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** What it answers from now on; 0 is nothing at all, until it is closed. */
  public void answers(int newStatus) {
    status = newStatus;
  }

  /** How often something came. */
  public int pushes() {
    return pushes.get();
  }

  /** What came last; null when nothing did. */
  public @Nullable Push last() {
    return last;
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      last =
          new Push(
              exchange.getRequestURI().getPath(),
              exchange.getRequestHeaders(),
              ExportMetricsServiceRequest.parseFrom(exchange.getRequestBody()));
      pushes.incrementAndGet();
      if (status == 0) {
        closed.await();
      } else {
        exchange.sendResponseHeaders(status, -1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
    threads.shutdownNow();
  }
}
