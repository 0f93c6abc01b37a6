// SPDX-License-Identifier: Apache-2.0
/**
 * Which model answers, and how. {@link io.semanticrouter.maas.router.internal.decisions.Decider}
 * tries the routing decisions of the configuration in their order; the first whose conditions hold
 * names the model, the reasoning and the system prompt, as a {@link
 * io.semanticrouter.maas.router.internal.decisions.RoutingDecision}. How a request asks a model to
 * reason is a matter of its {@link
 * io.semanticrouter.maas.router.internal.decisions.ReasoningFamily}.
 */
@NullMarked
package io.semanticrouter.maas.router.internal.decisions;

import org.jspecify.annotations.NullMarked;
