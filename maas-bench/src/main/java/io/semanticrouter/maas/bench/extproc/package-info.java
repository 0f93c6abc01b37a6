// SPDX-License-Identifier: Apache-2.0
/**
 * What the ExtProc server costs beside one that does nothing: the server as a process, a light
 * client that acts like Envoy, and the message path alone in JMH. The README has the commands.
 */
@NullMarked
package io.semanticrouter.maas.bench.extproc;

import org.jspecify.annotations.NullMarked;
