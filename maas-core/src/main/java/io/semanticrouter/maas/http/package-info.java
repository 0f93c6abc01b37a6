// SPDX-License-Identifier: Apache-2.0
/**
 * HTTP messages as a gateway has them: {@link io.semanticrouter.maas.http.Headers} are read, {@link
 * io.semanticrouter.maas.http.HeaderEdits} say what to change in them, and a {@link
 * io.semanticrouter.maas.http.BodySink} takes bytes on. Nothing here knows of usage.
 */
@NullMarked
package io.semanticrouter.maas.http;

import org.jspecify.annotations.NullMarked;
