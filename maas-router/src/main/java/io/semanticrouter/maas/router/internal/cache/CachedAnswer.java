// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.cache;

import io.semanticrouter.maas.spi.RoutedRequest.Answer;

/**
 * A whole answer with status 200, as its client saw it: not encoded, a stream with all its events.
 *
 * @param answer with what the backend said that it took
 * @param model the model that was billed
 */
public record CachedAnswer(Answer answer, String model) {}
