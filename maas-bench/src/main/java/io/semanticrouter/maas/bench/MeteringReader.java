// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench;

import io.semanticrouter.maas.Exchange;
import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.ResponseBody;
import io.semanticrouter.maas.config.Mode;
import io.semanticrouter.maas.record.TokenUsage;

/** Ours, through the API that a gateway uses. */
final class MeteringReader implements UsageReader {
  private final Exchange exchange;
  private final ResponseBody answer;

  MeteringReader() {
    Client client = new Client(1);
    client.next();
    exchange = client.begin(Metering.builder(Traffic.config(Mode.HYBRID)).build());
    exchange.request().pass();
    answer = exchange.response(200, client.sseResponse());
  }

  @Override
  public void feed(byte[] b, int from, int to) {
    answer.watch(b, from, to - from);
  }

  @Override
  public long prompt() {
    TokenUsage usage = exchange.soFar().usage();
    return usage == null ? NONE : usage.prompt();
  }

  @Override
  public long completion() {
    TokenUsage usage = exchange.soFar().usage();
    return usage == null ? NONE : usage.completion();
  }
}
