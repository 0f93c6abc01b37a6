// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

/**
 * Usage of a further model that served one exchange, such as an advisor that the main model asked:
 * billed at that model's price, and not contained in the usage of the main one.
 *
 * @param model the model as the provider names it, at most 256 bytes of UTF-8
 * @param usage its tokens
 */
public record UsageLine(String model, TokenUsage usage) {}
