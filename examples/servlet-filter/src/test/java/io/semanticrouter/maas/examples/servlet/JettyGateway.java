// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.servlet;

import io.semanticrouter.maas.Metering;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Servlet;
import java.io.Closeable;
import java.io.IOException;
import java.net.URI;
import java.util.EnumSet;
import org.eclipse.jetty.ee10.proxy.AsyncProxyServlet;
import org.eclipse.jetty.ee10.servlet.FilterHolder;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** Jetty with the filter before one servlet. */
final class JettyGateway implements Closeable {
  private final Server server = new Server();
  private final ServerConnector connector;

  private JettyGateway(Metering metering, ServletHolder servlet) throws IOException {
    HttpConfiguration http = new HttpConfiguration();
    // The proxy servlet never flushes: what it writes goes out at once, or no event would.
    http.setOutputAggregationSize(0);
    connector = new ServerConnector(server, new HttpConnectionFactory(http));
    connector.setHost("127.0.0.1");
    server.addConnector(connector);
    ServletContextHandler context = new ServletContextHandler();
    FilterHolder filter = new FilterHolder(new MeteringFilter(metering));
    filter.setAsyncSupported(true);
    context.addFilter(filter, "/*", EnumSet.of(DispatcherType.REQUEST));
    servlet.setAsyncSupported(true);
    context.addServlet(servlet, "/*");
    server.setHandler(context);
    try {
      server.start();
    } catch (Exception e) {
      throw new IOException(e);
    }
  }

  /** Forwards to a backend. */
  static JettyGateway proxy(Metering metering, URI backend) throws IOException {
    ServletHolder servlet = new ServletHolder(new AsyncProxyServlet.Transparent());
    servlet.setInitParameter("proxyTo", backend.toString());
    return new JettyGateway(metering, servlet);
  }

  /** Serves itself. */
  static JettyGateway serving(Metering metering, Servlet servlet) throws IOException {
    return new JettyGateway(metering, new ServletHolder(servlet));
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + connector.getLocalPort());
  }

  @Override
  public void close() throws IOException {
    try {
      server.stop();
    } catch (Exception e) {
      throw new IOException(e);
    }
  }
}
