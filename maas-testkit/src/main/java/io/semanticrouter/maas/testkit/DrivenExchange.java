// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testkit;

import io.semanticrouter.maas.Exchange;
import io.semanticrouter.maas.RequestBody;
import io.semanticrouter.maas.ResponseBody;
import io.semanticrouter.maas.http.BodySink;
import io.semanticrouter.maas.http.HeaderEdits;
import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.http.LocalAnswer;
import io.semanticrouter.maas.record.AbortReason;
import io.semanticrouter.maas.record.Identity;
import io.semanticrouter.maas.record.UsageRecord;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One exchange, driven step by step as a gateway does it: what a gateway does between two steps is
 * done here, so that a test says only what it is about. A request of which no piece is handed in
 * goes on unseen; a response body is watched where nothing takes what comes out of it.
 */
public final class DrivenExchange implements AutoCloseable {
  private static final BodySink NOWHERE = (bytes, offset, length) -> {};

  private final Exchange exchange;
  private final RequestBody request;
  private @Nullable ResponseBody response;
  private boolean isHandedIn;
  private boolean ended;

  private DrivenExchange(Exchange exchange) {
    this.exchange = exchange;
    this.request = exchange.request();
  }

  /** Drives an exchange from its beginning. */
  public static DrivenExchange of(Exchange exchange) {
    return new DrivenExchange(exchange);
  }

  /** What is driven. */
  public Exchange exchange() {
    return exchange;
  }

  /** The edits of a request that goes on unseen. */
  public HeaderEdits editsUnseen() {
    return request.pass();
  }

  /** The edits of a request that is handed in. */
  public HeaderEdits edits() {
    isHandedIn = true;
    return request.edits();
  }

  /** Whether the request should be handed in. */
  public boolean wantsRequest() {
    return request.mode() != RequestBody.Mode.PASS;
  }

  /** Whether nothing of the request goes on before it is whole. */
  public boolean holdsRequest() {
    return request.mode() == RequestBody.Mode.HOLD;
  }

  /** Hands in the next piece of the request. */
  public void request(byte[] bytes, int offset, int length, BodySink out) {
    handIn();
    request.write(bytes, offset, length, out);
  }

  /** The request has ended. */
  public @Nullable LocalAnswer endRequest(BodySink out) {
    handIn();
    return request.end(out);
  }

  /** The request cannot be held back. */
  public void releaseRequest(BodySink out) {
    handIn();
    request.release(out);
  }

  /** Whether more of the request is expected. */
  public boolean isRequestOpen() {
    return request.isOpen();
  }

  private void handIn() {
    if (!isHandedIn) {
      edits();
    }
  }

  /** What the client gets instead of a backend's answer. */
  public @Nullable LocalAnswer answer() {
    return request.answer();
  }

  /** Refuses the request, where the configuration says so. */
  public @Nullable LocalAnswer refuse() {
    return exchange.refuse();
  }

  /** The response headers arrive. */
  public HeaderEdits respond(int status, Headers headers) {
    if (!isHandedIn) {
      request.pass();
    }
    response = exchange.response(status, headers);
    ended = false;
    return response.edits();
  }

  /** Whether the response should be shown; not before there is one. */
  public boolean wantsResponse() {
    return response != null && response.mode() != ResponseBody.Mode.PASS;
  }

  /** Whether the response has to pass through here. */
  public boolean editsResponse() {
    return response != null && response.mode() == ResponseBody.Mode.EDIT;
  }

  /**
   * The next piece of the response arrives, and the client gets what comes out. Without a response,
   * or after its end, that is what arrives.
   */
  public void response(byte[] bytes, int offset, int length, BodySink out) {
    if (response == null || ended) {
      out.accept(bytes, offset, length);
    } else {
      response.write(bytes, offset, length, out);
    }
  }

  /** The next piece of the response arrives. */
  public void response(byte[] bytes, int offset, int length) {
    response(bytes, offset, length, NOWHERE);
  }

  /** The next piece of the response is shown, and goes on as it is. */
  public void watch(ByteBuffer chunk) {
    if (response != null && !ended) {
      response.watch(chunk);
    }
  }

  /** Nothing of the response can be held back. */
  public void releaseResponse(BodySink out) {
    if (response != null && !ended) {
      response.release(out);
    }
  }

  /** Not all of the response was shown. */
  public void incomplete() {
    if (response != null) {
      response.incomplete();
    }
  }

  /** The response has ended, and the client gets what is left. */
  public void end(BodySink out) {
    ended = true;
    if (response == null) {
      exchange.close();
    } else {
      response.end(out);
    }
  }

  /** The response has ended; if there was none, all is over. */
  public void end() {
    end(NOWHERE);
  }

  /** The exchange ends otherwise. */
  public void abort(AbortReason reason) {
    exchange.abort(reason);
  }

  @Override
  public void close() {
    exchange.close();
  }

  /** Whether a record may come of it. */
  public boolean isMetered() {
    return exchange.isMetered();
  }

  /** Whether a record may still come of it. */
  public boolean isOpen() {
    return exchange.isOpen();
  }

  /** The payer. */
  public Identity identity() {
    return exchange.identity();
  }

  /** Whether the backend has stated its final usage. */
  public boolean hasFinalUsage() {
    return exchange.hasFinalUsage();
  }

  /** What it has come to. */
  public Exchange.SoFar soFar() {
    return exchange.soFar();
  }

  /** The record, once it is settled. */
  public @Nullable UsageRecord record() {
    return exchange.record();
  }
}
