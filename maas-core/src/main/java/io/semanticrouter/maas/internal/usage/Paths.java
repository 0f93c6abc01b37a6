// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

/** Places in a document, other than counts, at which something happens. */
final class Paths {
  /** A container that only leads to its members. */
  static final int DETAILS = 0;

  /** An object with counts. */
  static final int USAGE = 1;

  static final int CHOICES = 2;
  static final int CHOICE = 3;
  static final int CHOICE_INDEX = 4;
  static final int CANDIDATES = 5;
  static final int CANDIDATE = 6;
  static final int FINISH = 7;
  static final int ERROR = 8;
  static final int MODEL = 9;
  static final int TYPE = 10;
  static final int OBJECT = 11;
  static final int RESPONSE_ID = 12;

  /** Something that only documents of Converse have. */
  static final int CONVERSE_MARK = 13;

  /** Arrays whose elements add up to counts beside them. */
  static final int INPUT_MODALITIES = 15;

  static final int OUTPUT_MODALITIES = 16;
  static final int CACHE_DETAILS = 17;
  static final int ITERATIONS = 18;
  static final int INPUT_MODALITY = 19;
  static final int OUTPUT_MODALITY = 20;
  static final int CACHE_DETAIL = 21;
  static final int ITERATION = 22;
  static final int ELEMENT_WORD = 23;
  static final int ELEMENT_MODEL = 24;

  /** Images of a response. */
  static final int IMAGES = 25;

  static final int IMAGE = 26;
  static final int COST = 27;

  /** A document within a document. */
  static final int BYTES = 28;

  /** Whether generation has ended, as a word. */
  static final int ENDING = 29;

  /** Parts of an answer whose counts add up. */
  static final int PARTS = 30;

  static final int PART = 31;

  /** A token of the prompt, listed one by one. */
  static final int PROMPT_TOKEN = 32;

  /** What the provider calls the terms of its service, and what it says of them otherwise. */
  static final int TIER = 33;

  static final int TRAFFIC = 34;

  /** The parts of an answer, each with its type. */
  static final int ITEMS = 35;

  static final int ITEM = 36;
  static final int ACTION = 37;

  /** Searches that an answer rests on, one string each. */
  static final int QUERIES = 38;

  static final int QUERY = 39;

  /** How far a response has come, as a word. */
  static final int STATUS = 40;

  /** That a response goes on when its request has been answered. */
  static final int BACKGROUND = 41;

  /** How well a document fits a query: an answer of a reranker, which generates nothing. */
  static final int RELEVANCE = 42;

  /** How fast an answer was generated, which has a price of its own. */
  static final int SPEED = 43;

  /** Where an answer was generated, which can have a price of its own. */
  static final int PLACE = 44;

  private Paths() {}
}
