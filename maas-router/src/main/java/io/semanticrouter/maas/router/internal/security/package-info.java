// SPDX-License-Identifier: Apache-2.0
/**
 * What must not pass unseen: personal data and attempts to talk a model out of its rules. {@link
 * io.semanticrouter.maas.router.internal.security.SecuritySignals} looks for both in the words of
 * the user, in time linear in their length; what leaves it are kinds, never a place or a match.
 *
 * <p>{@code PiiScanner} goes over the text once. Numbers become groups of digits with a shape, such
 * as {@code 3-2-4}; a shape says which checks are worth while (cards, national ids, phones), and
 * commons-validator does those that it knows: Luhn, IBAN, IP and e-mail addresses. {@code
 * PhraseList} lays the phrases of {@code jailbreak-phrases.txt} on the words of the text, folded by
 * {@code TextFolding} so that look-alikes, accents and invisible characters are no way around.
 */
@NullMarked
package io.semanticrouter.maas.router.internal.security;

import org.jspecify.annotations.NullMarked;
