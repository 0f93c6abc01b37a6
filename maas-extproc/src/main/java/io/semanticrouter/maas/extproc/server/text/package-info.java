// SPDX-License-Identifier: Apache-2.0
/** Configurations and price books as text: YAML and JSON into trees, and back. */
@NullMarked
package io.semanticrouter.maas.extproc.server.text;

import org.jspecify.annotations.NullMarked;
