// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.conditions.ArchConditions.accessTargetWhere;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.benmanes.caffeine.cache.Ticker;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The rules of the house for maas-router, and a proof that each can fail. */
@AnalyzeClasses(
    packages = "io.semanticrouter.maas.router",
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String CORE = "io.semanticrouter.maas";
  private static final Set<String> CORE_PACKAGES =
      Set.of(CORE, CORE + ".config", CORE + ".http", CORE + ".record", CORE + ".spi");
  private static final String ROUTER = CORE + ".router";

  /** What a class that reads requests has no business with, although java.base has it. */
  private static final List<String> OUTSIDE_WORLD =
      List.of("java.net", "java.nio.file", "java.nio.channels", "java.lang.reflect");

  @ArchTest
  static final ArchRule productionDependsOnTheCoreAndFourLibrariesOnly =
      classes()
          .should()
          .onlyDependOnClassesThat(
              describe(
                  "are the router's, of what the core exports, of java.base without input and"
                      + " output, or of JSpecify, Jackson's parser, RE2/J, Caffeine or"
                      + " the routines of commons-validator",
                  ArchitectureTest::isAllowed))
          .because("what is inside a gateway is paid for by whoever embeds it");

  @ArchTest
  static final ArchRule roomsDependOnEachOtherOneWayOnly =
      slices()
          .matching("io.semanticrouter.maas.router.internal.(*)..")
          .should()
          .beFreeOfCycles()
          .because("each can be read by itself, from the bottom up");

  @ArchTest
  static final ArchRule roomsDoNotKnowTheFace =
      noClasses()
          .that()
          .resideInAPackage("..router.internal..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage(ROUTER)
          .because("the router is put together in one place");

  @ArchTest
  static final ArchRule onlyTheRouterAndItsConfigurationArePublic =
      classes()
          .that(describe("are public", ArchitectureTest::isPublicTopLevel))
          .and()
          .resideOutsideOfPackage("..router.internal..")
          .should()
          .haveSimpleName("EmbeddedRouter")
          .orShould()
          .haveSimpleName("RouterConfig")
          .because("an embedding gateway needs no more");

  @ArchTest
  static final ArchRule namesSayWhatAClassIs =
      noClasses()
          .should()
          .haveNameMatching(".*[.$](\\w*(Util|Utils|Helper|Manager|Impl)|Abstract\\w*)")
          .because("a class that is named after nothing does anything");

  @ArchTest
  static final ArchRule timeChanceAndEnvironmentHaveOneSeam =
      noClasses()
          .that()
          .doNotHaveSimpleName("EmbeddedRouter")
          .should(accessTargetWhere(describe("time, chance or environment", a -> isAmbient(a))))
          .because("the same request always gets the same routing decision");

  private static boolean isPublicTopLevel(JavaClass c) {
    return c.isTopLevelClass() && c.getModifiers().contains(JavaModifier.PUBLIC);
  }

  private static boolean isAllowed(JavaClass target) {
    JavaClass base = target.getBaseComponentType();
    String name = base.getPackageName();
    return base.isPrimitive()
        || name.startsWith(ROUTER)
        || CORE_PACKAGES.contains(name)
        || Set.of("org.jspecify.annotations", "com.google.re2j").contains(name)
        || name.equals("com.fasterxml.jackson.core")
        || name.startsWith("com.fasterxml.jackson.core.")
        || name.equals("com.github.benmanes.caffeine.cache")
        || name.startsWith("org.apache.commons.validator.routines")
        || (isOfJavaBase(base) && OUTSIDE_WORLD.stream().noneMatch(name::startsWith));
  }

  private static boolean isOfJavaBase(JavaClass c) {
    return Object.class.getModule().getDescriptor().exports().stream()
        .anyMatch(exports -> !exports.isQualified() && exports.source().equals(c.getPackageName()));
  }

  private static boolean isAmbient(JavaAccess<?> access) {
    String owner = access.getTargetOwner().getFullName();
    String name = access.getTarget().getName();
    return switch (owner) {
      case "java.lang.System" ->
          Set.of("getenv", "getProperty", "getProperties", "currentTimeMillis", "nanoTime")
              .contains(name);
      case "java.lang.Math" -> name.equals("random");
      case "java.time.Instant",
          "java.time.LocalDate",
          "java.time.LocalDateTime",
          "java.time.OffsetDateTime",
          "java.time.Year",
          "java.time.ZonedDateTime" ->
          name.equals("now");
      case "java.time.Clock", "java.time.InstantSource" -> name.startsWith("system");
      case "com.github.benmanes.caffeine.cache.Ticker" -> name.equals("systemTicker");
      case "java.util.UUID" -> name.equals("randomUUID");
      case "java.util.Random",
          "java.util.SplittableRandom",
          "java.util.concurrent.ThreadLocalRandom",
          "java.security.SecureRandom" ->
          name.equals("<init>") || name.equals("current");
      default -> false;
    };
  }

  // --- rules can fail --------------------------------------------------------------------------

  /** Breaks the rules for everybody. */
  static final class RuleBreakerHelper {
    final Random chance = new Random();
    final LongSupplier nanos = System::nanoTime;
    final Ticker ticker = Ticker.systemTicker();
    final ObjectMapper mapper = new ObjectMapper();

    static @Nullable String environment() {
      return System.getenv("HOME") + java.time.Instant.now() + java.net.URI.create("x");
    }
  }

  @ArchTest
  static void eachRuleFailsOnAClassThatBreaksIt(JavaClasses production) {
    assertThat(production.size()).as("there is something to check").isGreaterThan(40);
    JavaClasses breaker = new ClassFileImporter().importClasses(RuleBreakerHelper.class);
    assertThat(failures(productionDependsOnTheCoreAndFourLibrariesOnly, breaker))
        .anyMatch(f -> f.contains("URI"))
        .anyMatch(f -> f.contains("ObjectMapper"))
        .noneMatch(f -> f.contains("Ticker"));
    assertThat(failures(namesSayWhatAClassIs, breaker)).hasSize(1);
    assertThat(failures(timeChanceAndEnvironmentHaveOneSeam, breaker))
        .hasSize(5)
        .anyMatch(f -> f.contains("nanoTime"))
        .anyMatch(f -> f.contains("systemTicker"))
        .anyMatch(f -> f.contains("getenv"))
        .anyMatch(f -> f.contains("Instant.now"))
        .anyMatch(f -> f.contains("Random.<init>"));
    JavaClasses foreign = new ClassFileImporter().importClasses(ObjectMapper.class);
    assertThat(failures(onlyTheRouterAndItsConfigurationArePublic, foreign)).hasSize(1);
  }

  private static List<String> failures(ArchRule rule, JavaClasses classes) {
    return rule.evaluate(classes).getFailureReport().getDetails();
  }
}
