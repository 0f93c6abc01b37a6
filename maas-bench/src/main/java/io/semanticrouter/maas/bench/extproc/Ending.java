// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import java.util.Random;

/** How an exchange ends, as its server sees it. */
enum Ending {
  /** An empty piece with the end of the stream; then END_STREAM and RST, as Envoy does it. */
  END_OF_STREAM,
  /** Trailers behind the last piece; then END_STREAM and RST. */
  TRAILERS,
  /** END_STREAM behind the last piece; the server closes. */
  HALF_CLOSE,
  /** RST right behind any message but the first, without waiting for its reply. */
  CANCEL,
  /** None: stays open after {@link #OPEN_CHUNKS} pieces. */
  OPEN;

  static final int OPEN_CHUNKS = 3;

  /** Each of the endings in its turn, by chance: half of them regular, an eighth cancelled. */
  static Ending mixed(Random random) {
    int of8 = random.nextInt(8);
    return of8 < 4 ? END_OF_STREAM : of8 < 6 ? TRAILERS : of8 < 7 ? HALF_CLOSE : CANCEL;
  }
}
