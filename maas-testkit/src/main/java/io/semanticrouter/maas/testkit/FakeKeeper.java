// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testkit;

import io.semanticrouter.maas.http.Headers;
import io.semanticrouter.maas.record.Measurement;
import io.semanticrouter.maas.spi.AnswerKeeper;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A keeper that remembers what it was told, and breaks where a test tells it to. */
public final class FakeKeeper implements AnswerKeeper {
  private final String broken;
  private final List<String> calls = new ArrayList<>();
  private final ByteArrayOutputStream body = new ByteArrayOutputStream();
  private @Nullable Measurement measurement;

  /** A keeper that wants every answer. */
  public FakeKeeper() {
    this("");
  }

  private FakeKeeper(String broken) {
    this.broken = broken;
  }

  /** A keeper of which this method throws. */
  public static FakeKeeper breakingAt(String method) {
    return new FakeKeeper(method);
  }

  /** What was called, in order, with a space between. */
  public String calls() {
    return String.join(" ", calls);
  }

  /** The bytes that it got. */
  public byte[] body() {
    return body.toByteArray();
  }

  /** What it was ended with; null when it was not. */
  public @Nullable Measurement measurement() {
    return measurement;
  }

  /** How often it was ended or abandoned. */
  public long timesClosed() {
    return calls.stream().filter(call -> call.equals("abandon") || call.equals("end")).count();
  }

  /** Whether it was called as an {@link AnswerKeeper} may be, from its beginning to its close. */
  public boolean isCalledInOrder() {
    return calls().matches("abandon|begin (accept )*(abandon|end)");
  }

  private void called(String method) {
    calls.add(method);
    if (broken.equals(method)) {
      throw new NoClassDefFoundError("a class is missing");
    }
  }

  @Override
  public boolean begin(int status, Headers headers) {
    called("begin");
    return true;
  }

  @Override
  public void accept(byte[] bytes, int offset, int length) {
    body.write(bytes, offset, length);
    called("accept");
  }

  @Override
  public void end(Measurement ended, String model) {
    measurement = ended;
    called("end");
  }

  @Override
  public void abandon() {
    called("abandon");
  }
}
