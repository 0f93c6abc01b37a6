// SPDX-License-Identifier: Apache-2.0
/**
 * The embedded router: decides from the text of a request which model answers it, and how; finds
 * personal data and jailbreak attempts; answers repeated requests from a cache. Start at {@link
 * io.semanticrouter.maas.router.EmbeddedRouter}.
 */
@NullMarked
package io.semanticrouter.maas.router;

import org.jspecify.annotations.NullMarked;
