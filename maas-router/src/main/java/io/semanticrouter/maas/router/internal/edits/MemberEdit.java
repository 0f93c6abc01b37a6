// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.edits;

import io.semanticrouter.maas.record.Operation;
import org.jspecify.annotations.Nullable;

/**
 * One member of a request that is set.
 *
 * @param parent the member whose object it belongs to, such as {@code chat_template_kwargs}; null:
 *     the request itself
 * @param name its name, such as {@code enable_thinking}
 * @param json its value, such as {@code true}, or {@code "low"} with its quotes
 */
public record MemberEdit(@Nullable String parent, String name, String json) {
  /** The same for an operation: the Responses API states the effort in an object of its own. */
  public MemberEdit on(Operation operation) {
    return operation == Operation.RESPONSES && parent == null && name.equals("reasoning_effort")
        ? new MemberEdit("reasoning", "effort", json)
        : this;
  }
}
