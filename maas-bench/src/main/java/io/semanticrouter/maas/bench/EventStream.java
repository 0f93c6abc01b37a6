// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

/** A stream that does not end, cut into chunks without regard to events, and who reads it. */
final class EventStream {
  private final byte[] bytes;
  private final int chunkBytes;
  private final Reader kind;
  private final UsageReader reader;

  EventStream(byte[] bytes, int chunkBytes, Reader kind) {
    this.bytes = bytes;
    this.chunkBytes = chunkBytes;
    this.kind = kind;
    this.reader = kind.open();
  }

  /** Once through all bytes. */
  void read() {
    for (int i = 0; i < bytes.length; i += chunkBytes) {
      reader.feed(bytes, i, Math.min(bytes.length, i + chunkBytes));
    }
  }

  /** The usage is what the bytes state: none, or with this number of completion tokens. */
  void check(long completion) {
    if (kind.findsUsage()) {
      long prompt = completion < 0 ? UsageReader.NONE : Traffic.PROMPT_TOKENS;
      Checks.that(
          reader.completion() == completion && reader.prompt() == prompt,
          kind + " has read " + reader.prompt() + " and " + reader.completion());
    }
  }

  /** The reader still knows where it is: it passes by look-alikes and finds the last usage. */
  void end(long completion) {
    feed(Traffic.lookAlikes(Traffic.MODELS.get(0)));
    check(completion);
    feed(Traffic.terminal(Traffic.MODELS.get(0), Traffic.COMPLETION_TOKENS));
    check(Traffic.COMPLETION_TOKENS);
  }

  private void feed(byte[] b) {
    for (int i = 0; i < b.length; i += chunkBytes) {
      reader.feed(b, i, Math.min(b.length, i + chunkBytes));
    }
  }
}
