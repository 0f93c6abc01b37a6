// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.examples.servlet;

import io.semanticrouter.maas.RequestBody;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.LocalAnswer;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The request as servlets get it: its head with the edits of the metering, its body as it comes out
 * of it. A body that the metering wants to see is read first; any other is not touched.
 */
final class MeteredRequest extends HttpServletRequestWrapper {
  private final Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
  private final RequestBody body;
  private final MeteredResponse response;
  private @Nullable Edited edited;
  private boolean isAsync;

  MeteredRequest(HttpServletRequest request, RequestBody body, MeteredResponse response) {
    super(request);
    this.body = body;
    this.response = response;
    for (String name : Collections.list(request.getHeaderNames())) {
      headers.put(name, Collections.list(request.getHeaders(name)));
    }
    HeaderEdits edits = body.edits().latin1();
    edits.forEachRemove(headers::remove);
    edits.forEachSet((name, value) -> headers.put(name, List.of(value)));
  }

  /** Returns what the client gets in place of a servlet's answer. */
  @Nullable LocalAnswer handIn() throws IOException {
    // 2. The metering asks for usage in the body, and a router may answer it.
    if (body.mode() != RequestBody.Mode.PASS) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      byte[] all = super.getInputStream().readAllBytes();
      body.write(all, 0, all.length, out::write);
      body.end(out::write);
      edited = new Edited(new ByteArrayInputStream(out.toByteArray()));
      headers.remove("transfer-encoding");
      headers.put("content-length", List.of("" + out.size()));
    }
    return body.answer();
  }

  /** Whether a servlet does not end it before it returns. */
  boolean isAsync() {
    return isAsync;
  }

  @Override
  public @Nullable String getHeader(String name) {
    List<String> lines = headers.get(name);
    return lines == null ? null : lines.get(0);
  }

  @Override
  public Enumeration<String> getHeaders(String name) {
    return Collections.enumeration(headers.getOrDefault(name, List.of()));
  }

  @Override
  public Enumeration<String> getHeaderNames() {
    return Collections.enumeration(headers.keySet());
  }

  @Override
  public int getContentLength() {
    return (int) getContentLengthLong();
  }

  @Override
  public long getContentLengthLong() {
    String length = getHeader("content-length");
    return length == null ? -1 : Long.parseLong(length);
  }

  @Override
  public ServletInputStream getInputStream() throws IOException {
    return edited != null ? edited : super.getInputStream();
  }

  @Override
  public BufferedReader getReader() throws IOException {
    String encoding = Objects.requireNonNullElse(getCharacterEncoding(), "UTF-8");
    return new BufferedReader(new InputStreamReader(getInputStream(), encoding));
  }

  @Override
  public AsyncContext startAsync() {
    return startAsync(this, response);
  }

  @Override
  public AsyncContext startAsync(ServletRequest asked, ServletResponse answered) {
    AsyncContext context = super.startAsync(asked, answered);
    isAsync = true;
    context.addListener(response.settling(AsyncListener.class, null));
    return response.settling(AsyncContext.class, context);
  }

  @Override
  public AsyncContext getAsyncContext() {
    return response.settling(AsyncContext.class, super.getAsyncContext());
  }

  /** A body that is there already, also for servlets that do not block. */
  private static final class Edited extends ServletInputStream {
    private final ByteArrayInputStream in;
    private @Nullable ReadListener listener;

    Edited(ByteArrayInputStream in) {
      this.in = in;
    }

    @Override
    public int read() {
      return in.read();
    }

    @Override
    public int read(byte[] bytes, int offset, int length) {
      return in.read(bytes, offset, length);
    }

    @Override
    public boolean isFinished() {
      return in.available() == 0;
    }

    /** Says after the last byte that it was the last. */
    @Override
    public boolean isReady() {
      ReadListener told = listener;
      if (told != null && isFinished()) {
        listener = null;
        try {
          told.onAllDataRead();
        } catch (IOException e) {
          told.onError(e);
        }
      }
      return true;
    }

    @Override
    public void setReadListener(ReadListener next) {
      listener = next;
      try {
        next.onDataAvailable();
      } catch (IOException e) {
        next.onError(e);
      }
    }
  }
}
