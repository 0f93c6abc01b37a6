// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.router.internal.edits;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Pieces of a body and what takes their place; every other byte stays as it is. */
final class Splice {
  private record Piece(int from, int to, String text) {}

  private final List<Piece> pieces = new ArrayList<>();

  /** Pieces must not overlap. */
  void replace(int from, int to, String text) {
    pieces.add(new Piece(from, to, text));
  }

  void insert(int at, String text) {
    replace(at, at, text);
  }

  boolean isEmpty() {
    return pieces.isEmpty();
  }

  /** The part of a body from {@code from} to {@code to} with all pieces replaced. */
  byte[] apply(byte[] body, int from, int to) {
    pieces.sort(Comparator.comparingInt(Piece::from));
    byte[][] texts = new byte[pieces.size()][];
    int size = to - from;
    for (int i = 0; i < texts.length; i++) {
      Piece piece = pieces.get(i);
      texts[i] = Json.bytes(piece.text());
      size += texts[i].length - (piece.to() - piece.from());
    }
    byte[] out = new byte[size];
    int read = from;
    int written = 0;
    for (int i = 0; i < texts.length; i++) {
      int kept = pieces.get(i).from() - read;
      System.arraycopy(body, read, out, written, kept);
      System.arraycopy(texts[i], 0, out, written + kept, texts[i].length);
      written += kept + texts[i].length;
      read = pieces.get(i).to();
    }
    System.arraycopy(body, read, out, written, to - read);
    return out;
  }
}
