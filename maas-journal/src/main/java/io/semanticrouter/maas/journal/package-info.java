// SPDX-License-Identifier: Apache-2.0
/**
 * Usage records on disk. {@link io.semanticrouter.maas.journal.UsageJournal} writes them, {@link
 * io.semanticrouter.maas.journal.JournalReader} reads them.
 */
@NullMarked
package io.semanticrouter.maas.journal;

import org.jspecify.annotations.NullMarked;
