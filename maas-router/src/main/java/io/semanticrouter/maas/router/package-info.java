// SPDX-License-Identifier: Apache-2.0
/**
 * The embedded router: decides from the text of a request which model answers it, and how; finds
 * personal data and jailbreak attempts; answers repeated requests from a cache. This package is all
 * that a gateway needs: {@link io.semanticrouter.maas.router.RouterConfig} reads the section {@code
 * router}, {@link io.semanticrouter.maas.router.EmbeddedRouter} is the router that {@code Metering}
 * asks. What is in {@code internal} may change at any time.
 *
 * <p>One request, from the top: {@code EmbeddedRouter.route} has the body read ({@code edits}),
 * looks for what must not pass ({@code security}), decides ({@code decisions}, by {@code signals}),
 * looks whether the answer is known ({@code cache}), and else has the body edited ({@code edits}).
 * Rooms depend on each other one way: signals and cache on edits, decisions on both signals and
 * edits, security on none.
 */
@NullMarked
package io.semanticrouter.maas.router;

import org.jspecify.annotations.NullMarked;
