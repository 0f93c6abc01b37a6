// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.doctor;

/**
 * Something that is wrong.
 *
 * @param id a stable name, for scripts
 * @param what is the case, a sentence
 * @param why it costs money, a sentence
 * @param todo what to do about it, a sentence
 */
public record Finding(String id, String what, String why, String todo) {}
