// SPDX-License-Identifier: Apache-2.0
/** The standalone server: configuration file, ports, life cycle. The composition root. */
@NullMarked
package io.semanticrouter.maas.extproc.server;

import org.jspecify.annotations.NullMarked;
