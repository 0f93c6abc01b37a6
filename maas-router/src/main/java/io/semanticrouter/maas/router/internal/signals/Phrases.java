// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.signals;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Phrases as a tree of words: a phrase is the path of its tokens from the root. A {@link Reader}
 * goes down from the root at each token of a text and keeps all paths that the text follows, so
 * that its time is the number of tokens by the words of the longest phrase. Filled once, then
 * immutable.
 *
 * @param <E> what stands at the end of a phrase
 */
final class Phrases<E> {
  private static final class Node<E> {
    private final Map<String, Node<E>> next = new HashMap<>();
    private final List<E> entries = new ArrayList<>();
  }

  private final Node<E> root = new Node<>();

  /**
   * Reports {@code entry} wherever these tokens follow each other; nothing where there are none.
   */
  void add(List<String> tokens, E entry) {
    Node<E> node = root;
    for (String token : tokens) {
      node = node.next.computeIfAbsent(token, t -> new Node<>());
    }
    if (node != root) {
      node.entries.add(entry);
    }
  }

  boolean isEmpty() {
    return root.next.isEmpty();
  }

  /** How far the phrases have come in one text. Not thread-safe. */
  static final class Reader<E> {
    private final Node<E> root;
    private final Consumer<E> found;
    private final List<Node<E>> begun = new ArrayList<>();

    /**
     * @param found gets the entry of each phrase that ends at a token, as often as it does
     */
    Reader(Phrases<E> phrases, Consumer<E> found) {
      this.root = phrases.root;
      this.found = found;
    }

    void token(String token) {
      int kept = 0;
      for (int i = 0; i < begun.size(); i++) {
        Node<E> next = begun.get(i).next.get(token);
        if (next != null) {
          begun.set(kept++, reached(next));
        }
      }
      begun.subList(kept, begun.size()).clear();
      Node<E> first = root.next.get(token);
      if (first != null) {
        begun.add(reached(first));
      }
    }

    private Node<E> reached(Node<E> node) {
      for (int i = 0; i < node.entries.size(); i++) {
        found.accept(node.entries.get(i));
      }
      return node;
    }
  }
}
