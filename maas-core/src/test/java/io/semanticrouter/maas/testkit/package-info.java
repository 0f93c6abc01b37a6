// SPDX-License-Identifier: Apache-2.0
/** Fakes that tests of every module share. They are ours and they work; nothing here is a mock. */
@NullMarked
package io.semanticrouter.maas.testkit;

import org.jspecify.annotations.NullMarked;
