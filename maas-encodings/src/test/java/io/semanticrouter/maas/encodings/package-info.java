// SPDX-License-Identifier: Apache-2.0
@NullMarked
package io.semanticrouter.maas.encodings;

import org.jspecify.annotations.NullMarked;
