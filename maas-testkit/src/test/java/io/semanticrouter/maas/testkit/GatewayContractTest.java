// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import io.semanticrouter.maas.Metering;
import io.semanticrouter.maas.testkit.ScratchGateway.Fault;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Method;
import java.net.URI;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/**
 * The contract holds for a gateway that is right, and each of its rules fails for one that is not.
 */
class GatewayContractTest {
  private static volatile Fault fault = Fault.NONE;

  /** Run from below only. */
  static class Scratch extends GatewayContract {
    @Override
    protected Gateway start(Metering metering, URI backend) throws IOException {
      return new ScratchGateway(metering, backend, fault);
    }
  }

  private static TestExecutionSummary run(Fault now, DiscoverySelector selector) {
    fault = now;
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    LauncherFactory.create()
        .execute(
            LauncherDiscoveryRequestBuilder.request()
                .selectors(selector)
                .configurationParameter("junit.jupiter.extensions.autodetection.enabled", "false")
                .build(),
            listener);
    return listener.getSummary();
  }

  @Test
  void aGatewayThatIsRightKeepsEveryRule() {
    TestExecutionSummary summary = run(Fault.NONE, selectClass(Scratch.class));
    StringWriter failures = new StringWriter();
    summary.printFailuresTo(new PrintWriter(failures));
    assertThat(summary.getTestsFailedCount()).as(failures.toString()).isZero();
    assertThat(summary.getTestsSucceededCount()).isEqualTo(rules().size());
  }

  @Tag("slow")
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void aGatewayThatIsWrongBreaksARule(Fault wrong) {
    TestExecutionSummary summary = run(wrong, selectMethod(Scratch.class, wrong.rule));
    assertThat(summary.getTestsStartedCount()).isEqualTo(1);
    assertThat(summary.getTestsFailedCount()).isEqualTo(1);
  }

  private static Set<String> rules() {
    Set<String> rules = new TreeSet<>();
    for (Method method : GatewayContract.class.getDeclaredMethods()) {
      if (method.isAnnotationPresent(Test.class)) {
        rules.add(method.getName());
      }
    }
    return rules;
  }

  @Test
  void eachRuleIsBrokenBySomeFault() {
    Set<String> broken = new TreeSet<>();
    Arrays.stream(Fault.values()).forEach(one -> broken.add(one.rule));
    Set<String> safe = rules();
    safe.removeAll(broken);
    assertThat(safe)
        .containsExactlyInAnyOrder(
            "aRequestOfNobodyIsBilledToTheFallback",
            "anAnswerOfAStatedLengthArrivesWhole",
            "aClientThatAsksForTheUsageSeesIt");
  }
}
