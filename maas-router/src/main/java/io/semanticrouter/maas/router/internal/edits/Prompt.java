// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.edits;

/**
 * What a request says, as far as signals look at it. Never logged, never a label: it is what the
 * user wrote.
 *
 * @param model the model that the request names, empty when it names none
 * @param text all that the user wrote, messages in order and separated by a line feed; without the
 *     words of system, assistant and tools
 * @param lastText what the user wrote last
 * @param characters the characters of all texts of the request, whoever wrote them
 * @param hasTools whether tools are offered
 * @param hasImages whether a message has other than text: images, audio, files
 */
public record Prompt(
    String model,
    String text,
    String lastText,
    long characters,
    boolean hasTools,
    boolean hasImages) {}
