// SPDX-License-Identifier: Apache-2.0
@NullMarked
package io.semanticrouter.maas.metrics;

import org.jspecify.annotations.NullMarked;
