// SPDX-License-Identifier: Apache-2.0
/**
 * One exchange: whom it is billed to ({@link
 * io.semanticrouter.maas.internal.engine.IdentityReader}), where it went ({@link
 * io.semanticrouter.maas.internal.engine.RoutingHeaders}), how its backend is asked for usage
 * ({@link io.semanticrouter.maas.internal.engine.UsageForcing}), what its response states ({@link
 * io.semanticrouter.maas.internal.engine.ResponseMeter}) and what that costs ({@link
 * io.semanticrouter.maas.internal.engine.Pricing}). The parts do not know the whole: what fails
 * goes to {@link io.semanticrouter.maas.internal.engine.Defects}.
 */
@NullMarked
package io.semanticrouter.maas.internal.engine;

import org.jspecify.annotations.NullMarked;
