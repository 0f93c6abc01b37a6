// SPDX-License-Identifier: Apache-2.0
/** The subcommands that read a journal. */
@NullMarked
package io.semanticrouter.maas.extproc.server.journal;

import org.jspecify.annotations.NullMarked;
