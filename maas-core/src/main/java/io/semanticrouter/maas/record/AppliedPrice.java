// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

/**
 * Which price an exchange was billed with.
 *
 * @param name the model of the rate card, then what else decided: {@code gpt-5.6 flex above 272000}
 * @param book the version of the price book that has it, {@code #} and the hash of all prices of
 *     that configuration: {@code 2026-11-30#3fa9c2d81b04}
 */
public record AppliedPrice(String name, String book) {}
