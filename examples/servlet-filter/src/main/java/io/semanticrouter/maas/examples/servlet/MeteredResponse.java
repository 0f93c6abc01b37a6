// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.servlet;

import io.semanticrouter.maas.Exchange;
import io.semanticrouter.maas.ResponseBody;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.http.LocalAnswer;
import io.semanticrouter.maas.record.AbortReason;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Collections;
import org.jspecify.annotations.Nullable;

/** The response as servlets write it: the client gets what comes out of the metering. */
final class MeteredResponse extends HttpServletResponseWrapper {
  private final Exchange exchange;
  private @Nullable ResponseBody body;
  private @Nullable Output out;
  private @Nullable PrintWriter writer;

  MeteredResponse(HttpServletResponse response, Exchange exchange) {
    super(response);
    this.exchange = exchange;
  }

  /** An answer in place of a servlet's. */
  void send(LocalAnswer answer) throws IOException {
    setStatus(answer.status());
    answer.headers().latin1().forEachSet(this::setHeader);
    setContentLength(answer.body().length);
    super.getOutputStream().write(answer.body());
  }

  /** The head is whole when the first byte of the body comes. */
  private ResponseBody begin() {
    if (body == null) {
      Headers headers =
          Headers.of(
              Collections.enumeration(getHeaderNames()),
              name -> Collections.enumeration(getHeaders(name)));
      // 3. Show the head, and change it: null removes a header (Servlet 6.1, and Jetty before it).
      body = exchange.response(getStatus(), Headers.latin1(headers));
      HeaderEdits edits = body.edits().latin1();
      edits.forEachRemove(name -> setHeader(name, null));
      edits.forEachSet(this::setHeader);
    }
    return body;
  }

  /** 4. All has been written. Before the client can see that, so that it finds it metered. */
  void end() {
    try {
      if (writer != null) {
        writer.flush();
      }
      if (exchange.isOpen()) {
        getOutputStream().end();
      }
    } catch (IOException e) {
      exchange.abort(AbortReason.CANCELLED);
    }
  }

  @Override
  public Output getOutputStream() throws IOException {
    if (out == null) {
      out = new Output(super.getOutputStream());
    }
    return out;
  }

  @Override
  public PrintWriter getWriter() throws IOException {
    if (writer == null) {
      setCharacterEncoding(getCharacterEncoding()); // the head says it, too
      writer = new PrintWriter(new OutputStreamWriter(getOutputStream(), getCharacterEncoding()));
    }
    return writer;
  }

  @Override
  public void flushBuffer() throws IOException {
    if (writer != null) {
      writer.flush();
    }
    begin();
    super.flushBuffer();
  }

  @Override
  public void sendError(int status) throws IOException {
    sendError(status, null);
  }

  @Override
  public void sendError(int status, @Nullable String message) throws IOException {
    if (body != null) {
      exchange.abort(AbortReason.CANCELLED); // what the client gets of it is not whole
    }
    super.sendError(status, message);
  }

  /**
   * Settles the exchange before what ends it: before the complete() of a context, so that the
   * client cannot see the end first, and where a listener is called because something failed.
   *
   * @param target gets all calls; null for a listener that only settles
   */
  <T> T settling(Class<T> type, @Nullable T target) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              switch (method.getName()) {
                case "complete", "onComplete" -> end();
                case "onError", "onTimeout" -> exchange.abort(AbortReason.CANCELLED);
                default -> {}
              }
              try {
                return target == null ? null : method.invoke(target, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  /** One write of the servlet is one write at most. */
  final class Output extends ServletOutputStream {
    private final ServletOutputStream client;
    private final ByteArrayOutputStream edited = new ByteArrayOutputStream();

    Output(ServletOutputStream client) {
      this.client = client;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      begin().write(bytes, offset, length, edited::write);
      send();
    }

    @Override
    public void write(int oneByte) throws IOException {
      write(new byte[] {(byte) oneByte}, 0, 1);
    }

    void end() throws IOException {
      begin().end(edited::write);
      send();
    }

    private void send() throws IOException {
      try {
        if (edited.size() > 0) {
          edited.writeTo(client);
          edited.reset();
        }
      } catch (IOException e) {
        exchange.abort(AbortReason.CANCELLED); // the client has left
        throw e;
      }
    }

    @Override
    public void flush() throws IOException {
      begin();
      client.flush();
    }

    @Override
    public void close() throws IOException {
      MeteredResponse.this.end();
      client.close();
    }

    @Override
    public boolean isReady() {
      return client.isReady();
    }

    @Override
    public void setWriteListener(WriteListener listener) {
      client.setWriteListener(settling(WriteListener.class, listener));
    }
  }
}
