// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass.Predicates;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The rules of the house, over every production class of ours on this class path. */
@AnalyzeClasses(
    packages = "io.semanticrouter.maas",
    importOptions = {
      ImportOption.DoNotIncludeTests.class,
      ArchitectureTest.WithoutTestJars.class,
      ArchitectureTest.WithoutTestTools.class
    })
class ArchitectureTest {
  /** What tests share. */
  static final class WithoutTestJars implements ImportOption {
    @Override
    public boolean includes(com.tngtech.archunit.core.importer.Location location) {
      return !location.contains("-tests.jar") && !location.contains("/test-classes/");
    }
  }

  /** The simulated backend is a test fixture here, and so is the test kit. */
  static final class WithoutTestTools implements ImportOption {
    @Override
    public boolean includes(com.tngtech.archunit.core.importer.Location location) {
      return !location.contains("io/semanticrouter/maas/testing/")
          && !location.contains("io/semanticrouter/maas/testkit/");
    }
  }

  /** The packages of the core. */
  private static final String[] CORE = {
    "io.semanticrouter.maas",
    "io.semanticrouter.maas.config",
    "io.semanticrouter.maas.http",
    "io.semanticrouter.maas.record",
    "io.semanticrouter.maas.spi",
    "io.semanticrouter.maas.internal.."
  };

  @ArchTest
  static final ArchRule grpcStaysInTheExtProcAdapter =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.semanticrouter.maas.extproc..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.grpc..", "com.google.protobuf..", "io.envoyproxy..");

  @ArchTest
  static final ArchRule prometheusStaysInTheMetricsAndTheCompositionRoot =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "io.semanticrouter.maas.metrics..", "io.semanticrouter.maas.extproc.server..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.prometheus..");

  /** Else it is loaded by servers that push nothing. */
  @ArchTest
  static final ArchRule openTelemetryStaysInItsSinkAndInThePush =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.semanticrouter.maas.otel..")
          .and()
          .haveNameNotMatching(".*\\.OtlpPush(\\$.*)?")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.opentelemetry..");

  @ArchTest
  static final ArchRule coreNeedsNothingButTheJdk =
      noClasses()
          .that()
          .resideInAnyPackage(CORE)
          .should()
          .dependOnClassesThat(
              not(resideInAnyPackage(CORE))
                  // All of the module java.base.
                  .and(not(resideInAnyPackage("java..", "javax.crypto..", "org.jspecify.."))));

  @ArchTest
  static final ArchRule internalsOfTheCoreStayInside =
      noClasses()
          .that()
          .resideOutsideOfPackages(CORE)
          .should()
          .dependOnClassesThat()
          .resideInAPackage("..maas.internal..");

  @ArchTest
  static final ArchRule extProcServiceDoesNotKnowItsServer =
      noClasses()
          .that()
          .resideInAPackage("io.semanticrouter.maas.extproc")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.semanticrouter.maas.extproc.server..");

  /** The core and its internal package are one slice: the second is a part of the first. */
  @ArchTest
  static final ArchRule noCyclesBetweenPackages =
      slices()
          .assignedFrom(
              new com.tngtech.archunit.library.dependencies.SliceAssignment() {
                @Override
                public com.tngtech.archunit.library.dependencies.SliceIdentifier getIdentifierOf(
                    com.tngtech.archunit.core.domain.JavaClass javaClass) {
                  String name = javaClass.getPackageName();
                  return com.tngtech.archunit.library.dependencies.SliceIdentifier.of(name);
                }

                @Override
                public String getDescription() {
                  return "packages";
                }
              })
          .should()
          .beFreeOfCycles();

  @ArchTest
  static final ArchRule namesSayWhatAThingIs =
      noClasses()
          .should()
          .haveNameMatching(".*(Util|Utils|Helper|Helpers|Manager|Impl)(\\$.*)?")
          .orShould()
          .haveNameMatching(".*[.$]Abstract[^.$]*");

  @ArchTest
  static final ArchRule environmentIsReadAtTheEntranceOnly =
      noClasses()
          .that()
          .doNotHaveFullyQualifiedName("io.semanticrouter.maas.extproc.server.Main")
          .should()
          .callMethodWhere(
              com.tngtech.archunit.core.domain.JavaCall.Predicates.target(
                      com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner(
                          Predicates.equivalentTo(System.class)))
                  .and(
                      com.tngtech.archunit.core.domain.JavaCall.Predicates.target(
                          com.tngtech.archunit.core.domain.properties.HasName.Predicates.name(
                              "getenv"))));

  @ArchTest
  static final ArchRule nothingSleeps =
      noClasses()
          .should()
          .callMethod(Thread.class, "sleep", long.class)
          .orShould()
          .callMethod(Thread.class, "sleep", long.class, int.class);
}
