// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.bench.extproc;

import java.util.List;
import java.util.Random;
import java.util.function.Function;

/**
 * What a client does on each of its connections.
 *
 * @param transcripts the exchanges, taken in turn
 * @param streams how many exchanges are open at a time; 0 with a rate
 * @param perSecond how many exchanges begin per second, whether or not others have ended; 0 without
 * @param limit how many exchanges begin at most
 * @param pipelined whether the pieces of a response follow each other without waiting for replies
 * @param ending how exchanges end
 * @param seed of what is left to chance
 */
record Load(
    List<Transcript> transcripts,
    int streams,
    int perSecond,
    long limit,
    boolean pipelined,
    Function<Random, Ending> ending,
    long seed) {
  /** So many exchanges at a time, the next one when one has ended. */
  static Load closed(List<Transcript> transcripts, int streams) {
    return new Load(
        transcripts, streams, 0, Long.MAX_VALUE, false, random -> Ending.END_OF_STREAM, 1);
  }

  /** So many exchanges per second, evenly spaced. */
  static Load paced(List<Transcript> transcripts, int perSecond) {
    return new Load(
        transcripts, 0, perSecond, Long.MAX_VALUE, false, random -> Ending.END_OF_STREAM, 1);
  }

  Load withPipelining(boolean pipelined) {
    return new Load(transcripts, streams, perSecond, limit, pipelined, ending, seed);
  }

  Load withLimit(long limit) {
    return new Load(transcripts, streams, perSecond, limit, pipelined, ending, seed);
  }

  Load withEndings(Function<Random, Ending> ending, long seed) {
    return new Load(transcripts, streams, perSecond, limit, pipelined, ending, seed);
  }
}
