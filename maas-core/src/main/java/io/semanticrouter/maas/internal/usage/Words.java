// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.internal.usage;

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
public final class Words {
  public static final int NONE = 0;
  public static final int OTHER = 1;

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
  static final int VIDEO = 32;

  // time to live of a cache entry
  static final int FIVE_MINUTES = 40;
  static final int ONE_HOUR = 41;

  // kind of an iteration
  static final int EXECUTOR = 50;
  static final int ADVISOR = 51;
  static final int FALLBACK = 52;

  static final int COMPACTION = 53;

  // parts of an answer
  static final int TEXT = 66;
  static final int WEB_SEARCH = 61;
  static final int FILE_SEARCH = 62;
  static final int CODE_RUN = 63;
  static final int WEB_FETCH = 64;
  static final int OTHER_TOOL = 65;

  // what a web search did
  static final int OPENED = 70;

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
        .word("VIDEO", VIDEO)
        .word("DOCUMENT", IMAGE)
        .word("audio", AUDIO)
        .word("image", IMAGE)
        .word("video", VIDEO)
        .word("document", IMAGE)
        .build();
  }

  /**
   * Text, and tools that the provider runs itself: OpenAI Responses, xAI, Gemini Interactions,
   * Groq's compound systems.
   */
  static Schema item() {
    return Schema.words(Paths.ELEMENT_WORD)
        .word("message", TEXT)
        .word("text", TEXT)
        .word("thinking", TEXT)
        .word("web_search_call", WEB_SEARCH)
        .word("x_search_call", WEB_SEARCH)
        .word("google_search_call", WEB_SEARCH)
        .word("search", WEB_SEARCH)
        .word("file_search_call", FILE_SEARCH)
        .word("code_interpreter_call", CODE_RUN)
        .word("code_execution_call", CODE_RUN)
        .word("python", CODE_RUN)
        .word("url_context_call", WEB_FETCH)
        .word("visit", WEB_FETCH)
        .word("mcp_call", OTHER_TOOL)
        .word("computer_call", OTHER_TOOL)
        .word("shell_call", OTHER_TOOL)
        .word("tool_search_call", OTHER_TOOL)
        .build();
  }

  /** What a {@code web_search_call} did, where that was no search. */
  static Schema action() {
    return Schema.words(Paths.ACTION)
        .word("open_page", OPENED)
        .word("find_in_page", OPENED)
        .build();
  }

  static Schema lifetime() {
    return Schema.words(Paths.ELEMENT_WORD).word("5m", FIVE_MINUTES).word("1h", ONE_HOUR).build();
  }

  static Schema iteration() {
    return Schema.words(Paths.ELEMENT_WORD)
        .word("message", EXECUTOR)
        .word("compaction", COMPACTION)
        .word("advisor_message", ADVISOR)
        .word("fallback_message", FALLBACK)
        .build();
  }

  /** How far a response of OpenAI or an interaction of Gemini has come. */
  static Schema status() {
    return Schema.words(Paths.STATUS).word("queued", RUNNING).word("in_progress", RUNNING).build();
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
