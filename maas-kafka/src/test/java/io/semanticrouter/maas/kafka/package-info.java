// SPDX-License-Identifier: Apache-2.0
@NullMarked
package io.semanticrouter.maas.kafka;

import org.jspecify.annotations.NullMarked;
