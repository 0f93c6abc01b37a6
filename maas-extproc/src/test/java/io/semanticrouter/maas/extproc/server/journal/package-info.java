// SPDX-License-Identifier: Apache-2.0
@NullMarked
package io.semanticrouter.maas.extproc.server.journal;

import org.jspecify.annotations.NullMarked;
