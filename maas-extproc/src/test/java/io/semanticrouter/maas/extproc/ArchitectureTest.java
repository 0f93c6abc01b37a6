// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The rules of the house across modules. */
@AnalyzeClasses(
    packages = "io.semanticrouter.maas",
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  @ArchTest
  static final ArchRule grpcAndProtosStayInTheAdapter =
      noClasses()
          .that()
          .resideOutsideOfPackage("..maas.extproc..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.grpc..", "com.google.protobuf..", "io.envoyproxy..");

  @ArchTest
  static final ArchRule prometheusStaysInMetricsAndTheCompositionRoots =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "..maas.metrics..", "..maas.extproc.server..", "..maas.examples..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.prometheus..");

  @ArchTest
  static final ArchRule internalsOfCoreAreForCore =
      noClasses()
          .that(
              resideInAnyPackage(
                  "..maas.metrics..", "..maas.extproc..", "..maas.examples..", "..maas.bench.."))
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.semanticrouter.maas.internal..");

  @ArchTest
  static final ArchRule packagesHaveNoCycles =
      slices().matching("io.semanticrouter.(maas..)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule namesSayWhatAThingIs =
      noClasses()
          .should()
          .haveNameMatching(".*(Utils?|Helper|Manager|Impl)")
          .orShould()
          .haveSimpleNameStartingWith("Abstract");

  @ArchTest
  static final ArchRule environmentIsReadInOnePlace =
      noClasses()
          .that()
          .doNotHaveSimpleName("Main")
          .should()
          .callMethod(System.class, "getenv")
          .orShould()
          .callMethod(System.class, "getenv", String.class);

  @ArchTest
  static final ArchRule nothingSleepsInProduction =
      noClasses()
          .that()
          .resideOutsideOfPackage("..maas.examples..")
          .should()
          .callMethod(Thread.class, "sleep", long.class);
}
