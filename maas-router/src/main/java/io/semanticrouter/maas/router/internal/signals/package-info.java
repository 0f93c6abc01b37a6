// SPDX-License-Identifier: Apache-2.0
/**
 * What a request is like. {@link io.semanticrouter.maas.router.internal.signals.Signals} reads the
 * section {@code router.signals} and makes a {@link
 * io.semanticrouter.maas.router.internal.signals.Condition} of each signal; what a condition asks
 * is the {@link io.semanticrouter.maas.router.internal.signals.Evidence} of one request, which
 * reads a text when it is first asked for it.
 *
 * <p>A text is cut into words once ({@code TextScan}), and all words of all keywords, domains and
 * languages are found on the way, in one tree ({@code Phrases}). Each phrase counts once: domains
 * and languages add up what they are worth, and the highest score is the one that is there. The
 * words that come with the router are resources: {@code domains/NAME.txt}, {@code languages.txt}.
 */
@NullMarked
package io.semanticrouter.maas.router.internal.signals;

import org.jspecify.annotations.NullMarked;
