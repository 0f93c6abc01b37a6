// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.gateway;

import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** The JDK's HTTP server on the loopback interface, with a thread for each request. */
final class LocalServer implements Closeable {
  static {
    // Read once, when the JDK's server loads. Without it Nagle's algorithm holds events of a stream
    // back for 40 ms.
    System.setProperty("sun.net.httpserver.nodelay", "true");
  }

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();

  /**
   * Starts it.
   *
   * @param port 0 for a free one
   * @throws IOException when the port cannot be had
   */
  LocalServer(int port, String path, HttpHandler handler) throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1024);
    server.createContext(path, handler);
    server.setExecutor(threads);
    server.start();
  }

  int port() {
    return server.getAddress().getPort();
  }

  /** Stops at once, and cuts requests under way short. */
  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
