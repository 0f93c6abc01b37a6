// SPDX-License-Identifier: Apache-2.0
/**
 * For tests of what embeds the metering: fakes that are ours and work, recorded responses of
 * providers (the resources {@code /transcripts}), and {@code GatewayContract}, by which a gateway
 * proves that it meters right.
 */
@NullMarked
package io.semanticrouter.maas.testkit;

import org.jspecify.annotations.NullMarked;
