// SPDX-License-Identifier: Apache-2.0
/**
 * What a request says, and how it is changed. {@link
 * io.semanticrouter.maas.router.internal.edits.RequestDocument} reads a body once, with Jackson's
 * parser: the words of the user become a {@link
 * io.semanticrouter.maas.router.internal.edits.Prompt}, and of each member the document keeps where
 * it stands. {@link io.semanticrouter.maas.router.internal.edits.BodyEdits} turns edits into pieces
 * of bytes that take the place of others; every other byte stays as the client sent it, in its
 * spelling.
 *
 * <p>What cannot be read without doubt (no UTF-8, a member stated twice, nested too deep) is not
 * read at all, and passes as it is: a backend might read it otherwise than we do.
 */
@NullMarked
package io.semanticrouter.maas.router.internal.edits;

import org.jspecify.annotations.NullMarked;
