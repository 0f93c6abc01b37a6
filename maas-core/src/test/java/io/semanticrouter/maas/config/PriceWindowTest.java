// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.config;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.semanticrouter.maas.record.AppliedPrice;
import io.semanticrouter.maas.record.Identity;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is said of hours; which price they give is in {@link RatingCasesTest}. */
class PriceWindowTest {
  private static final Map<String, Object> ALWAYS = entry(null, "1");

  private static Map<String, Object> entry(@Nullable Object window, String price) {
    Map<String, Object> entry =
        new HashMap<>(Map.of("prompt_per_1m", price, "completion_per_1m", price));
    if (window != null) {
      entry.put("window", window);
    }
    return entry;
  }

  private static Map<String, Object> hours(String... hours) {
    return Map.of("hours", List.of(hours));
  }

  private static List<String> errors(Object... versions) {
    return errorsOfModels(Map.of("m", List.of(versions)));
  }

  private static List<String> errorsOfModels(Map<String, ?> models) {
    List<ConfigError> errors = new ArrayList<>();
    MaasConfig.from(ConfigSection.root(Map.of("pricing", Map.of("models", models)), errors));
    return errors.stream().map(ConfigError::toString).toList();
  }

  private static String applied(Map<String, ?> pricing, String at) {
    AppliedPrice applied =
        MaasConfig.from(Map.of("pricing", pricing))
            .rateCard()
            .price("m", Identity.of("", ""), null, false, 5, Instant.parse(at).getEpochSecond())
            .applied();
    return requireNonNull(applied).name();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "24:00-06:00",
        "6:00-07:00",
        "06:00-07:60",
        "06:00-25:00",
        "06:00",
        "06:00-06:00",
        "00:00-00:00",
        "06:00 - 07:00",
        ""
      })
  void hoursThatAreNoneAreRejected(String hours) {
    assertThat(errors(entry(hours(hours), "2")))
        .containsExactly(
            "pricing.models.m[0].window.hours = [...]: must be hours such as 22:00-06:00, from"
                + " 00:00 to 24:00, without overlaps");
  }

  @Test
  void hoursThatOverlapEachOtherAreRejected() {
    assertThat(errors(entry(hours("06:00-08:00", "07:59-09:00"), "2"))).hasSize(1);
    assertThat(errors(entry(hours("22:00-06:00", "05:00-09:00"), "2"))).hasSize(1);
    assertThat(errors(entry(hours("22:00-06:00", "06:00-22:00"), "2"))).isEmpty();
    assertThat(errors(entry(hours("00:00-24:00"), "2"))).isEmpty();
  }

  @Test
  void allThatIsWrongWithAWindowIsReportedAtOnce() {
    assertThat(
            errors(
                entry(
                    Map.of(
                        "hour", "06:00-07:00",
                        "weekdays_only", "yes",
                        "holidays", List.of("2026-12-25", "25 December"),
                        "zone", "Mars/Olympus"),
                    "2")))
        .containsExactlyInAnyOrder(
            "pricing.models.m[0].window.weekdays_only = \"yes\": must be true or false",
            "pricing.models.m[0].window.hours: or weekdays_only is required: when the price counts",
            "pricing.models.m[0].window.holidays = [...]: must be dates such as 2026-12-25",
            "pricing.models.m[0].window.holidays = [...]: need weekdays_only: they count as a"
                + " Sunday",
            "pricing.models.m[0].window.zone = \"Mars/Olympus\": must be a time zone such as UTC,"
                + " +08:00 or Europe/Paris",
            "pricing.models.m[0].window.hour: unknown key; did you mean \"hours\"?");
    assertThat(errors(entry("06:00-07:00", "2")))
        .contains(
            "pricing.models.m[0].window = \"06:00-07:00\": must be a section with keys of its own");
  }

  @Test
  void windowsOfAModelThatMeetAreRejectedAndOthersAreNot() {
    Map<String, Object> weekdays = new HashMap<>(hours("10:00-12:00"));
    weekdays.put("weekdays_only", true);
    String rule =
        "pricing.models.m = [...]: has a price for \"m\" at a time that has one already (windows of"
            + " one model must have the same zone)";
    assertThat(errors(ALWAYS, entry(hours("22:00-06:00"), "2"), entry(hours("06:00-22:00"), "3")))
        .isEmpty();
    assertThat(errors(ALWAYS, entry(hours("22:00-06:01"), "2"), entry(hours("06:00-22:00"), "3")))
        .containsExactly(rule);
    assertThat(errors(entry(hours("11:59-13:00"), "2"), entry(weekdays, "3")))
        .containsExactly(rule);
    assertThat(errors(entry(hours("12:00-13:00"), "2"), entry(weekdays, "3"))).isEmpty();
    // Sunday's night ends on a Monday.
    assertThat(errors(entry(hours("20:00-10:01"), "2"), entry(weekdays, "3")))
        .containsExactly(rule);
    weekdays.put("zone", "+01:00");
    assertThat(errors(entry(hours("20:00-21:00"), "2"), entry(weekdays, "3")))
        .containsExactly(rule);
    assertThat(errors(ALWAYS, ALWAYS)).hasSize(1);
  }

  private static Map<String, Object> models(String a, Object ofA, String b, Object ofB) {
    Map<String, Object> inOrder = new LinkedHashMap<>();
    inOrder.put(a, ofA);
    inOrder.put(b, ofB);
    return inOrder;
  }

  @Test
  void windowOfANameCountsBeforeAllHoursOfAnAliasInAnyOrderOfTheModels() {
    Map<String, Object> night = entry(hours("00:00-06:00"), "2");
    Map<String, Object> other = entry(null, "1");
    other.put("aliases", List.of("m"));
    for (Map<String, Object> models :
        List.of(models("m", night, "b", other), models("b", other, "m", night))) {
      assertThat(applied(Map.of("models", models), "2026-12-01T03:00:00Z"))
          .as(models.toString())
          .isEqualTo("m 00:00-06:00");
      assertThat(applied(Map.of("models", models), "2026-12-01T06:00:00Z"))
          .as(models.toString())
          .isEqualTo("b");
    }
  }

  @Test
  void nameAndAliasWithTheSameTimeAreRejectedInAnyOrderOfTheModels() {
    for (Object window : new Object[] {hours("00:00-06:00"), hours("05:00-07:00")}) {
      Map<String, Object> other = entry(window, "1");
      other.put("aliases", List.of("m"));
      Map<String, Object> night = entry(hours("00:00-06:00"), "2");
      String rule =
          " = {...}: has a price for \"m\" at a time that has one already (windows of one model"
              + " must have the same zone)";
      assertThat(errorsOfModels(models("m", night, "b", other)))
          .containsExactly("pricing.models.b" + rule);
      assertThat(errorsOfModels(models("b", other, "m", night)))
          .containsExactly("pricing.models.m" + rule);
    }
  }

  @Test
  void patternsKeepTheirOrderWhicheverHaveWindows() {
    Map<String, Object> some = entry(null, "1");
    some.put("match", List.of("m*"));
    Map<String, Object> all = entry(hours("00:00-06:00"), "2");
    all.put("match", List.of("*"));
    assertThat(applied(Map.of("models", models("a", some, "b", all)), "2026-12-01T03:00:00Z"))
        .isEqualTo("a");
    assertThat(applied(Map.of("models", models("b", all, "a", some)), "2026-12-01T03:00:00Z"))
        .isEqualTo("b 00:00-06:00");
  }

  @Test
  void priceIsNamedByItsWindowThenByTheTierThenByTheSize() {
    Map<String, Object> peak =
        entry(
            Map.of(
                "hours",
                List.of("09:00-12:00", "14:00-18:00"),
                "weekdays_only",
                true,
                "zone",
                "+08:00"),
            "2");
    peak.put(
        "above",
        List.of(Map.of("input_tokens_from", 5, "prompt_per_1m", "3", "completion_per_1m", "3")));
    assertThat(
            applied(Map.of("models", Map.of("m", List.of(ALWAYS, peak))), "2026-12-01T01:00:00Z"))
        .isEqualTo("m weekdays 09:00-12:00,14:00-18:00 +08:00 from 5");
    assertThat(
            applied(Map.of("models", Map.of("m", List.of(ALWAYS, peak))), "2026-12-01T00:59:59Z"))
        .isEqualTo("m");
  }

  @Test
  void windowOfABookCountsOnlyWhereTheOwnPricesLeaveATime() {
    Map<String, Object> book =
        Map.of(
            "version",
            "book",
            "models",
            Map.of("m", List.of(entry(null, "1"), entry(hours("00:00-06:00"), "2"))));
    String night = "2026-12-01T03:00:00Z";
    Map<String, Object> own = entry(null, "5");
    assertThat(applied(Map.of("books", List.of(book), "models", Map.of("m", own)), night))
        .isEqualTo("m");
    Map<String, Object> ownNight = entry(hours("02:00-04:00"), "5");
    Map<String, Object> both = Map.of("books", List.of(book), "models", Map.of("m", ownNight));
    assertThat(applied(both, night)).isEqualTo("m 02:00-04:00");
    assertThat(applied(both, "2026-12-01T04:00:00Z")).isEqualTo("m 00:00-06:00");
    assertThat(applied(both, "2026-12-01T06:00:00Z")).isEqualTo("m");
    own.put("valid_from", "2026-12-01");
    Map<String, Object> dated = Map.of("books", List.of(book), "models", Map.of("m", own));
    assertThat(applied(dated, "2026-11-30T03:00:00Z")).isEqualTo("m 00:00-06:00");
    assertThat(applied(dated, night)).isEqualTo("m");
  }
}
