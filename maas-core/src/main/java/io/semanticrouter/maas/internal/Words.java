// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal;

/**
 * The words by which documents say what they are. Anything else is {@link #OTHER}.
 *
 * <p>Sources: the OpenAI API reference (streaming events of responses, images, transcriptions and
 * speech; {@code object} of chat completions, completions, embeddings and responses); the Anthropic
 * API reference, "Streaming messages"; the Cohere API reference, "Chat with streaming" v1 and v2;
 * the Gemini API reference, {@code Modality}, "Interactions"; the Amazon Bedrock API reference,
 * {@code CacheDetail}; the Mistral API reference, "Conversations"; the OpenAI API reference,
 * "Runs"; the references of DashScope and watsonx.ai for {@link #ending()}.
 */
final class Words {
  static final int NONE = 0;
  static final int OTHER = 1;

  // "type" and "event_type"
  static final int MESSAGE = 2;
  static final int MESSAGE_START = 3;
  static final int MESSAGE_DELTA = 4;
  static final int MESSAGE_STOP = 5;
  static final int CONTENT_BLOCK_DELTA = 6;
  static final int RESPONSE_EVENT = 7;
  static final int RESPONSE_DELTA = 8;
  static final int RESPONSE_ENDED = 9;
  static final int COHERE_DELTA = 10;
  static final int COHERE_END = 11;
  static final int MEDIA_DELTA = 12;
  static final int IMAGE_ENDED = 13;
  static final int MEDIA_ENDED = 14;
  static final int INTERACTION_ENDED = 15;
  static final int INTERACTION_DELTA = 18;
  static final int PING = 16;
  static final int ERROR = 17;

  // "object"
  static final int COMPLETION = 20;
  static final int LIST = 21;
  static final int RESPONSE = 22;
  static final int INTERACTION = 23;

  // modality
  static final int AUDIO = 30;
  static final int IMAGE = 31;

  // time to live of a cache entry
  static final int FIVE_MINUTES = 40;
  static final int ONE_HOUR = 41;

  // kind of an iteration
  static final int EXECUTOR = 50;
  static final int ADVISOR = 51;
  static final int FALLBACK = 52;

  /** That generation goes on, where its end is a word. */
  static final int RUNNING = 60;

  private Words() {}

  static Schema type() {
    return Schema.words(Paths.TYPE)
        .word("message", MESSAGE)
        .word("message_start", MESSAGE_START)
        .word("message_delta", MESSAGE_DELTA)
        .word("message_stop", MESSAGE_STOP)
        .word("content_block_delta", CONTENT_BLOCK_DELTA)
        .word("ping", PING)
        .word("error", ERROR)
        .word("response.created", RESPONSE_EVENT)
        .word("response.queued", RESPONSE_EVENT)
        .word("response.in_progress", RESPONSE_EVENT)
        .word("response.output_text.delta", RESPONSE_DELTA)
        .word("response.reasoning_text.delta", RESPONSE_DELTA)
        .word("response.reasoning_summary_text.delta", RESPONSE_DELTA)
        .word("response.function_call_arguments.delta", RESPONSE_DELTA)
        .word("response.completed", RESPONSE_ENDED)
        .word("response.incomplete", RESPONSE_ENDED)
        .word("response.failed", RESPONSE_ENDED)
        .word("response.cancelled", RESPONSE_ENDED)
        .word("content-delta", COHERE_DELTA)
        .word("text-generation", COHERE_DELTA)
        .word("content.delta", INTERACTION_DELTA)
        .word("step.delta", INTERACTION_DELTA)
        .word("message-end", COHERE_END)
        .word("stream-end", COHERE_END)
        .word("transcript.text.delta", MEDIA_DELTA)
        .word("image_generation.completed", IMAGE_ENDED)
        .word("image_edit.completed", IMAGE_ENDED)
        .word("transcript.text.done", MEDIA_ENDED)
        .word("speech.audio.done", MEDIA_ENDED)
        .word("interaction.complete", INTERACTION_ENDED)
        .word("interaction.completed", INTERACTION_ENDED)
        .build();
  }

  static Schema object() {
    return Schema.words(Paths.OBJECT)
        .word("chat.completion", COMPLETION)
        .word("chat.completion.chunk", COMPLETION)
        .word("text_completion", COMPLETION)
        .word("conversation.response", COMPLETION)
        .word("thread.run", COMPLETION)
        .word("transcription.chunk", COMPLETION)
        .word("translation.chunk", COMPLETION)
        .word("list", LIST)
        .word("interaction", INTERACTION)
        .word("response", RESPONSE)
        .build();
  }

  static Schema modality() {
    return Schema.words(Paths.ELEMENT_WORD)
        .word("AUDIO", AUDIO)
        .word("IMAGE", IMAGE)
        .word("audio", AUDIO)
        .word("image", IMAGE)
        .build();
  }

  static Schema lifetime() {
    return Schema.words(Paths.ELEMENT_WORD).word("5m", FIVE_MINUTES).word("1h", ONE_HOUR).build();
  }

  static Schema iteration() {
    return Schema.words(Paths.ELEMENT_WORD)
        .word("message", EXECUTOR)
        .word("compaction", EXECUTOR)
        .word("advisor_message", ADVISOR)
        .word("fallback_message", FALLBACK)
        .build();
  }

  /** Why generation has ended, of APIs that say {@code "null"} or the like while it has not. */
  static Schema ending() {
    return Schema.words(Paths.ENDING)
        .word("null", RUNNING)
        .word("not_finished", RUNNING)
        .word("NOT_FINISHED", RUNNING)
        .build();
  }
}
