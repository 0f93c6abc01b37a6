// SPDX-License-Identifier: Apache-2.0
/**
 * The face of the metering engine, for gateways. Start at {@link io.semanticrouter.maas.Metering}:
 * one per process, built of a {@link io.semanticrouter.maas.config.MaasConfig}. Each request begins
 * an {@link io.semanticrouter.maas.Exchange}: its {@link io.semanticrouter.maas.RequestBody} and
 * {@link io.semanticrouter.maas.ResponseBody} say what they want, and take the bytes that pass. It
 * is settled exactly once, and becomes a {@link io.semanticrouter.maas.record.UsageRecord} in each
 * {@link io.semanticrouter.maas.UsageSink}. What others plug in implements {@link
 * io.semanticrouter.maas.spi}.
 *
 * <p>Packages are layers; a lower one never looks up: this one, {@code internal.engine}, {@code
 * spi} and {@code config}, {@code http}, {@code record}; beside them what reads bytes, {@code
 * internal.edit} and {@code internal.usage}, {@code internal.framing}, {@code internal.coding} and
 * {@code internal.json}, {@code internal.bytes}.
 */
@NullMarked
package io.semanticrouter.maas;

import org.jspecify.annotations.NullMarked;
