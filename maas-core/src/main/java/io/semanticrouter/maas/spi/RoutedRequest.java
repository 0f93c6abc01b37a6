// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.spi;

import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.record.RouterReport;
import io.semanticrouter.maas.record.Routing;
import org.jspecify.annotations.Nullable;

/** What a router decided about one request. Immutable, but for its {@link AnswerKeeper}. */
public final class RoutedRequest {
  private final Routing routing;
  private final RouterReport report;
  private final byte @Nullable [] body;
  private final @Nullable Answer answer;
  private final @Nullable AnswerKeeper keeper;

  private RoutedRequest(
      Routing routing,
      RouterReport report,
      byte @Nullable [] body,
      @Nullable Answer answer,
      @Nullable AnswerKeeper keeper) {
    this.routing = routing;
    this.report = report;
    this.body = body;
    this.answer = answer;
    this.keeper = keeper;
  }

  /**
   * A request that goes on as it is.
   *
   * @param routing the facts, {@link Routing#UNKNOWN} when nothing was decided
   */
  public static RoutedRequest unchanged(Routing routing, RouterReport report) {
    return new RoutedRequest(routing, report, null, null, null);
  }

  /**
   * A request that goes on with another body.
   *
   * @param body all of it; must not be changed any more
   */
  public static RoutedRequest edited(Routing routing, RouterReport report, byte[] body) {
    return new RoutedRequest(routing, report, body, null, null);
  }

  /** A request that is answered, and reaches no backend. */
  public static RoutedRequest answered(Routing routing, RouterReport report, Answer answer) {
    return new RoutedRequest(routing, report, null, answer, null);
  }

  /**
   * The same with somebody who gets the backend's answer.
   *
   * @throws IllegalStateException when there will be none
   */
  public RoutedRequest withKeeper(AnswerKeeper answerKeeper) {
    if (answer != null) {
      throw new IllegalStateException("no backend answers");
    }
    return new RoutedRequest(routing, report, body, null, answerKeeper);
  }

  /** The facts. */
  public Routing routing() {
    return routing;
  }

  /** What the metrics tell about the router itself. */
  public RouterReport report() {
    return report;
  }

  /** The whole body that goes on instead; null when it goes on as it is. */
  public byte @Nullable [] body() {
    return body;
  }

  /** What the client gets without a backend; null when a backend answers. */
  public @Nullable Answer answer() {
    return answer;
  }

  /** Gets the backend's answer; null when nobody wants it. */
  public @Nullable AnswerKeeper keeper() {
    return keeper;
  }

  /** What the client gets without a backend. Immutable. */
  public static final class Answer {
    private final int status;
    private final String contentType;
    private final byte[] body;
    private final Measurement measurement;

    /**
     * An answer.
     *
     * @param status the HTTP status, 200 to 599
     * @param contentType the media type of the body
     * @param body the body, not encoded; must not be changed any more
     * @param measurement what is billed for it
     */
    public Answer(int status, String contentType, byte[] body, Measurement measurement) {
      this.status = status;
      this.contentType = contentType;
      this.body = body;
      this.measurement = measurement;
    }

    /** The HTTP status. */
    public int status() {
      return status;
    }

    /** The media type of the body. */
    public String contentType() {
      return contentType;
    }

    /** The body, not encoded. Must not be changed. */
    public byte[] body() {
      return body;
    }

    /** What is billed for it. */
    public Measurement measurement() {
      return measurement;
    }
  }
}
