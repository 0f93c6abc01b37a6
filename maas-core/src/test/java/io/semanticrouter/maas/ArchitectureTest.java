// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.lang.conditions.ArchConditions.accessTargetWhere;
import static com.tngtech.archunit.lang.conditions.ArchConditions.dependOnClassesThat;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.lang.module.ModuleDescriptor;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The rules of the house for maas-core, and for most of them a proof that it can fail. */
@AnalyzeClasses(
    packages = ArchitectureTest.ROOT,
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  static final String ROOT = "io.semanticrouter.maas";
  private static final String INTERNAL = ROOT + ".internal..";

  /** What a pure library has no business with, although java.base has it. */
  private static final List<String> INPUT_AND_OUTPUT =
      List.of("java.net", "java.nio.file", "java.nio.channels", "java.lang.reflect");

  @ArchTest
  static final ArchRule productionDependsOnJavaBaseOnly =
      classes()
          .should()
          .onlyDependOnClassesThat(
              describe(
                  "are ours, JSpecify's or java.base's without input and output",
                  ArchitectureTest::isAllowed))
          .because("an embedding gateway gets java.base and nothing else");

  @ArchTest
  static final ArchRule layersLookDownOnly =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("face")
          .definedBy(ROOT)
          .layer("engine")
          .definedBy(ROOT + ".internal.engine")
          .layer("spi")
          .definedBy(ROOT + ".spi")
          .layer("config")
          .definedBy(ROOT + ".config")
          .layer("http")
          .definedBy(ROOT + ".http")
          .layer("spelling")
          .definedBy(ROOT + ".internal.spelling")
          .layer("record")
          .definedBy(ROOT + ".record")
          .layer("edit")
          .definedBy(ROOT + ".internal.edit")
          .layer("usage")
          .definedBy(ROOT + ".internal.usage")
          .layer("framing")
          .definedBy(ROOT + ".internal.framing")
          .layer("coding")
          .definedBy(ROOT + ".internal.coding")
          .layer("json")
          .definedBy(ROOT + ".internal.json")
          .layer("bytes")
          .definedBy(ROOT + ".internal.bytes")
          .whereLayer("face")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("engine")
          .mayOnlyBeAccessedByLayers("face")
          .whereLayer("config")
          .mayOnlyBeAccessedByLayers("face", "engine")
          .whereLayer("edit")
          .mayOnlyBeAccessedByLayers("engine")
          .whereLayer("usage")
          .mayOnlyBeAccessedByLayers("face", "engine")
          .whereLayer("coding")
          .mayOnlyBeAccessedByLayers("face", "engine")
          .whereLayer("spi")
          .mayOnlyBeAccessedByLayers("face", "engine", "coding")
          .whereLayer("http")
          .mayOnlyBeAccessedByLayers("face", "engine", "spi", "config")
          .whereLayer("record")
          .mayOnlyBeAccessedByLayers("face", "engine", "spi", "config", "spelling", "usage")
          .whereLayer("spelling")
          .mayOnlyBeAccessedByLayers("face", "engine", "config", "http")
          .whereLayer("framing")
          .mayOnlyBeAccessedByLayers("engine", "edit", "usage")
          .whereLayer("json")
          .mayOnlyBeAccessedByLayers("edit", "usage")
          .because("what is low can be read without what is high");

  @ArchTest
  static final ArchRule packagesHaveNoCycles =
      slices().matching("io.semanticrouter.(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule publicSignaturesShowNothingInternal =
      classes()
          .that()
          .resideOutsideOfPackage(INTERNAL)
          .should(showNothingOf(ROOT + ".internal"))
          .because("the internal package is not exported");

  @ArchTest
  static final ArchRule namesSayWhatAClassIs =
      noClasses()
          .should()
          .haveNameMatching(".*[.$](\\w*(Util|Utils|Helper|Manager|Impl)|Abstract\\w*)")
          .because("a class that is named after nothing does anything");

  @ArchTest
  static final ArchRule timeChanceAndEnvironmentHaveOneSeam =
      noClasses()
          .that(not(isOrIsInside("Metering")))
          .should(accessTargetWhere(describe("time, chance or environment", a -> isAmbient(a))))
          .because("only Metering and its builder may, so that a test can hold the clock");

  @ArchTest
  static final ArchRule hotClassesUseNothingSlow =
      noClasses()
          .that(areHot())
          .should(useSomethingSlow())
          .because("every exchange and every chunk goes through them")
          .allowEmptyShould(true);

  private static final Set<String> JAVA_BASE_PACKAGES = javaBasePackages();

  private static boolean isAllowed(JavaClass target) {
    JavaClass base = target.getBaseComponentType();
    String name = base.getPackageName();
    return base.isPrimitive()
        || name.equals(ROOT)
        || name.startsWith(ROOT + ".")
        || name.equals("org.jspecify.annotations")
        || (JAVA_BASE_PACKAGES.contains(name)
            && INPUT_AND_OUTPUT.stream().noneMatch(name::startsWith));
  }

  private static Set<String> javaBasePackages() {
    Set<String> packages = new HashSet<>();
    for (ModuleDescriptor.Exports exports : Object.class.getModule().getDescriptor().exports()) {
      if (!exports.isQualified()) {
        packages.add(exports.source());
      }
    }
    return packages;
  }

  private static boolean isAmbient(JavaAccess<?> access) {
    String owner = access.getTargetOwner().getFullName();
    String name = access.getTarget().getName();
    boolean noArguments = access.getDescription().contains("." + name + "()");
    return switch (owner) {
      case "java.lang.System" ->
          Set.of("getenv", "getProperty", "getProperties", "currentTimeMillis", "nanoTime")
              .contains(name);
      case "java.lang.Math" -> name.equals("random");
      case "java.time.Instant",
          "java.time.LocalDate",
          "java.time.LocalDateTime",
          "java.time.OffsetDateTime",
          "java.time.ZonedDateTime" ->
          name.equals("now") && noArguments;
      case "java.time.Clock", "java.time.InstantSource" -> name.startsWith("system");
      case "java.util.UUID" -> name.equals("randomUUID");
      case "java.util.Random",
          "java.util.SplittableRandom",
          "java.util.concurrent.ThreadLocalRandom",
          "java.security.SecureRandom" ->
          name.equals("<init>") || name.equals("current");
      case "java.util.Date" -> name.equals("<init>") && noArguments;
      default -> false;
    };
  }

  private static ArchCondition<JavaClass> useSomethingSlow() {
    return dependOnClassesThat(
            describe(
                "regex, streams or ThreadLocal",
                c ->
                    c.getPackageName().startsWith("java.util.regex")
                        || c.getPackageName().startsWith("java.util.stream")
                        || c.isAssignableTo(ThreadLocal.class)))
        .or(accessTargetWhere(describe("String formatting", a -> isFormatting(a))));
  }

  private static boolean isFormatting(JavaAccess<?> access) {
    String name = access.getTarget().getName();
    return access.getTargetOwner().isEquivalentTo(String.class)
        && Set.of("format", "formatted", "matches", "replaceAll", "replaceFirst", "split")
            .contains(name);
  }

  private static DescribedPredicate<JavaClass> areHot() {
    return describe(
        "are hot",
        c ->
            (isOrIsInside("Exchange").test(c)
                    || isOrIsInside("Metering").test(c)
                    || (c.getPackageName() + ".").startsWith(ROOT + ".internal."))
                && !c.getSimpleName().equals("Builder"));
  }

  private static DescribedPredicate<JavaClass> isOrIsInside(String simpleName) {
    String name = ROOT + "." + simpleName;
    return describe(
        "are " + simpleName + " or inside it",
        c -> c.getName().equals(name) || c.getName().startsWith(name + "$"));
  }

  private static ArchCondition<JavaClass> showNothingOf(String packageName) {
    return new ArchCondition<>("show nothing of " + packageName) {
      @Override
      public void check(JavaClass owner, ConditionEvents events) {
        if (!isVisible(owner.getModifiers())) {
          return;
        }
        Stream<JavaClass> supertypes =
            Stream.concat(owner.getSuperclass().stream(), owner.getInterfaces().stream())
                .flatMap(type -> type.getAllInvolvedRawTypes().stream());
        report(owner.getName(), supertypes, events);
        for (JavaMember member : owner.getMembers()) {
          if (isVisible(member.getModifiers())) {
            Stream<JavaClass> types = member.getAllInvolvedRawTypes().stream();
            report(member.getFullName(), types, events);
          }
        }
      }

      private void report(String what, Stream<JavaClass> types, ConditionEvents events) {
        types
            .map(JavaClass::getBaseComponentType)
            .filter(type -> type.getPackageName().startsWith(packageName))
            .distinct()
            .forEach(
                type ->
                    events.add(
                        SimpleConditionEvent.violated(what, what + " shows " + type.getName())));
      }
    };
  }

  private static boolean isVisible(Set<JavaModifier> modifiers) {
    return modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED);
  }

  // --- rules can fail --------------------------------------------------------------------------

  /** Breaks the rules for everybody. */
  static final class RuleBreakerHelper {
    final Random chance = new Random();
    final LongSupplier ticker = System::nanoTime;

    static @Nullable String environment() {
      return System.getenv("HOME") + java.time.Instant.now() + java.net.URI.create("x");
    }
  }

  /** Breaks the rules for hot classes; the test takes it for one. */
  static final class SlowExchange {
    static String slow(String text) {
      ThreadLocal<String> local = ThreadLocal.withInitial(() -> text);
      String formatted = String.format("%s %s", local.get(), Stream.of(text).count());
      return Pattern.compile("x").matcher(formatted).replaceAll("y");
    }
  }

  /** Shows a type of java.util.function, as an argument of a type and as a supertype. */
  @SuppressWarnings("unused")
  public abstract static class OpenBook implements LongSupplier {
    final LongSupplier hidden = System::nanoTime;

    public abstract List<LongSupplier> tickers();
  }

  @ArchTest
  static void eachRuleFailsOnAClassThatBreaksIt(JavaClasses production) {
    assertThat(production.size()).as("there is something to check").isGreaterThan(15);
    JavaClasses breaker = new ClassFileImporter().importClasses(RuleBreakerHelper.class);
    assertThat(failures(productionDependsOnJavaBaseOnly, breaker)).anyMatch(f -> f.contains("URI"));
    assertThat(failures(namesSayWhatAClassIs, breaker)).hasSize(1);
    assertThat(failures(timeChanceAndEnvironmentHaveOneSeam, breaker))
        .hasSize(4)
        .anyMatch(f -> f.contains("nanoTime"))
        .anyMatch(f -> f.contains("getenv"))
        .anyMatch(f -> f.contains("Instant.now"))
        .anyMatch(f -> f.contains("Random.<init>"));

    JavaClasses slow = new ClassFileImporter().importClasses(SlowExchange.class);
    assertThat(failures(noClasses().should(useSomethingSlow()), slow))
        .anyMatch(f -> f.contains("String.format("))
        .anyMatch(f -> f.contains("ThreadLocal"))
        .anyMatch(f -> f.contains("java.util.stream.Stream"))
        .anyMatch(f -> f.contains("java.util.regex.Pattern"));

    JavaClasses open = new ClassFileImporter().importClasses(OpenBook.class);
    assertThat(failures(classes().should(showNothingOf("java.util.function")), open))
        .anyMatch(f -> f.contains("tickers()"))
        .anyMatch(f -> f.contains("OpenBook shows"))
        .noneMatch(f -> f.contains("hidden"));
  }

  private static List<String> failures(ArchRule rule, JavaClasses classes) {
    return rule.evaluate(classes).getFailureReport().getDetails();
  }
}
