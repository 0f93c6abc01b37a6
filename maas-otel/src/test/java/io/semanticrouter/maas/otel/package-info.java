// SPDX-License-Identifier: Apache-2.0
@NullMarked
package io.semanticrouter.maas.otel;

import org.jspecify.annotations.NullMarked;
