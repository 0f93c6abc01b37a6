// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import java.util.concurrent.TimeUnit;

/**
 * What a server did in one slice of time: first as many exchanges as it takes, then a fixed number
 * per second.
 *
 * @param messages per second
 * @param exchanges per second
 * @param serverCores processors that the server used
 * @param clientCores processors that the client used
 * @param perMessage CPU time of the server in µs
 * @param perExchange CPU time of the server in µs
 * @param pacedPerExchange the same at the fixed rate
 * @param full what the client saw at full load
 * @param paced what the client saw at the fixed rate
 */
record Sample(
    double messages,
    double exchanges,
    double serverCores,
    double clientCores,
    double perMessage,
    double perExchange,
    double pacedPerExchange,
    Figures full,
    Figures paced) {
  private static final long SETTLING_MILLIS = 300;

  static Sample take(
      ServerProcess server,
      EnvoyClient client,
      Load closed,
      double seconds,
      Load paced,
      double pacedSeconds)
      throws InterruptedException {
    client.begin(closed);
    TimeUnit.MILLISECONDS.sleep(SETTLING_MILLIS);
    Figures before = client.figures();
    double serverBefore = server.cpuSeconds();
    double clientBefore = ownCpuSeconds();
    long since = System.nanoTime();
    TimeUnit.NANOSECONDS.sleep((long) (seconds * 1e9));
    Figures after = client.figures();
    double took = (System.nanoTime() - since) / 1e9;
    double serverCpu = server.cpuSeconds() - serverBefore;
    double clientCpu = ownCpuSeconds() - clientBefore;
    Figures full = client.finish();

    double pacedBefore = server.cpuSeconds();
    Figures atRate = client.run(paced, pacedSeconds);
    double pacedCpu = server.cpuSeconds() - pacedBefore;
    long messages = after.replies - before.replies;
    long exchanges = after.ended - before.ended;
    return new Sample(
        messages / took,
        exchanges / took,
        serverCpu / took,
        clientCpu / took,
        serverCpu * 1e6 / messages,
        serverCpu * 1e6 / exchanges,
        pacedCpu * 1e6 / atRate.ended,
        full,
        atRate);
  }

  /** 99 of 100 exchanges waited for less, at the fixed rate; in µs. */
  double addedP99() {
    return paced.micros(Figures.Timed.ADDED, 99);
  }

  private static double ownCpuSeconds() {
    return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toNanos() / 1e9;
  }
}
