// SPDX-License-Identifier: Apache-2.0
/** Sends the records of a journal to Kafka. */
@NullMarked
package io.semanticrouter.maas.kafka;

import org.jspecify.annotations.NullMarked;
