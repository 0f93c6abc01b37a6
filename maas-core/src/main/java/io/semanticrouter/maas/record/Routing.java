// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a semantic router decided about one exchange, as far as it said so, and the models that
 * request and response name. Each fact is null when nothing is known; strings are at most 256 bytes
 * of UTF-8 without control characters. Immutable.
 */
public final class Routing {
  /** No router spoke. */
  public static final Routing UNKNOWN = builder().build();

  /** The label of a model that nobody named. */
  public static final String UNKNOWN_MODEL = "unknown";

  /**
   * The label of a response that the router made without a model: what the vLLM Semantic Router
   * writes into its body.
   */
  public static final String ROUTER_MODEL = "router";

  private final @Nullable String requestedModel;
  private final @Nullable String selectedModel;
  private final @Nullable String responseModel;
  private final @Nullable String routingDecision;
  private final @Nullable String category;
  private final @Nullable Boolean reasoning;
  private final @Nullable Boolean cacheHit;
  private final @Nullable Boolean systemPromptInjected;
  private final @Nullable Boolean piiDetected;
  private final @Nullable Boolean jailbreakDetected;
  private final @Nullable ResponsePath responsePath;

  private Routing(Builder b) {
    requestedModel = b.requestedModel;
    selectedModel = b.selectedModel;
    responseModel = b.responseModel;
    routingDecision = b.routingDecision;
    category = b.category;
    reasoning = b.reasoning;
    cacheHit = b.cacheHit;
    systemPromptInjected = b.systemPromptInjected;
    piiDetected = b.piiDetected;
    jailbreakDetected = b.jailbreakDetected;
    responsePath = b.responsePath;
  }

  /** A builder of facts, of which none is known yet. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder that begins with these facts. */
  public Builder toBuilder() {
    Builder b = new Builder();
    b.requestedModel = requestedModel;
    b.selectedModel = selectedModel;
    b.responseModel = responseModel;
    b.routingDecision = routingDecision;
    b.category = category;
    b.reasoning = reasoning;
    b.cacheHit = cacheHit;
    b.systemPromptInjected = systemPromptInjected;
    b.piiDetected = piiDetected;
    b.jailbreakDetected = jailbreakDetected;
    b.responsePath = responsePath;
    return b;
  }

  /**
   * The model that the client asked for, as the body of the request names it, or its path. Null
   * when the body was not seen.
   */
  public @Nullable String requestedModel() {
    return requestedModel;
  }

  /** The model that the router chose (its alias, not the provider's id). */
  public @Nullable String selectedModel() {
    return selectedModel;
  }

  /** The model that the response body names. */
  public @Nullable String responseModel() {
    return responseModel;
  }

  /** The name of the routing decision. */
  public @Nullable String routingDecision() {
    return routingDecision;
  }

  /** The category of the prompt. */
  public @Nullable String category() {
    return category;
  }

  /** Whether reasoning was switched on. */
  public @Nullable Boolean reasoning() {
    return reasoning;
  }

  /** Whether the answer came from the router's response cache. */
  public @Nullable Boolean cacheHit() {
    return cacheHit;
  }

  /** Whether the router added a system prompt (which costs tokens). */
  public @Nullable Boolean systemPromptInjected() {
    return systemPromptInjected;
  }

  /** Whether personal data was detected in the prompt. */
  public @Nullable Boolean piiDetected() {
    return piiDetected;
  }

  /** Whether a jailbreak attempt was detected in the prompt. */
  public @Nullable Boolean jailbreakDetected() {
    return jailbreakDetected;
  }

  /** How the response came about. */
  public @Nullable ResponsePath responsePath() {
    return responsePath;
  }

  /**
   * The model to bill: the selected one, else the one the response names, else "unknown". For a
   * {@link ResponsePath#FAST_RESPONSE} it is "router": the selected one was not asked.
   */
  public String model() {
    if (responsePath == ResponsePath.FAST_RESPONSE) {
      return ROUTER_MODEL;
    }
    if (selectedModel != null) {
      return selectedModel;
    }
    return responseModel != null ? responseModel : UNKNOWN_MODEL;
  }

  /**
   * Whether any fact came from a router (the requested model is the client's word, the response
   * model the backend's).
   */
  public boolean isKnown() {
    return selectedModel != null
        || routingDecision != null
        || category != null
        || reasoning != null
        || cacheHit != null
        || systemPromptInjected != null
        || piiDetected != null
        || jailbreakDetected != null
        || responsePath != null;
  }

  /**
   * This where its router has chosen a model; else the facts of a router behind it, with what this
   * one found in the prompt.
   */
  public Routing over(Routing behind) {
    if (selectedModel != null || !behind.isKnown()) {
      return this;
    }
    return behind.toBuilder()
        .requestedModel(requestedModel != null ? requestedModel : behind.requestedModel)
        .piiDetected(piiDetected != null ? piiDetected : behind.piiDetected)
        .jailbreakDetected(jailbreakDetected != null ? jailbreakDetected : behind.jailbreakDetected)
        .build();
  }

  /**
   * The same with the models that the request and the response name; one that is null, and a
   * request's that is known already, changes nothing.
   */
  public Routing withModels(@Nullable String ofRequest, @Nullable String ofResponse) {
    boolean isRequested = requestedModel == null && ofRequest != null;
    if (!isRequested && ofResponse == null) {
      return this;
    }
    Builder b = toBuilder();
    if (isRequested) {
      b.requestedModel = ofRequest;
    }
    if (ofResponse != null) {
      b.responseModel = ofResponse;
    }
    return b.build();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Routing that
        && Objects.equals(requestedModel, that.requestedModel)
        && Objects.equals(selectedModel, that.selectedModel)
        && Objects.equals(responseModel, that.responseModel)
        && Objects.equals(routingDecision, that.routingDecision)
        && Objects.equals(category, that.category)
        && Objects.equals(reasoning, that.reasoning)
        && Objects.equals(cacheHit, that.cacheHit)
        && Objects.equals(systemPromptInjected, that.systemPromptInjected)
        && Objects.equals(piiDetected, that.piiDetected)
        && Objects.equals(jailbreakDetected, that.jailbreakDetected)
        && Objects.equals(responsePath, that.responsePath);
  }

  @Override
  public int hashCode() {
    return Objects.hash(
        requestedModel,
        selectedModel,
        responseModel,
        routingDecision,
        category,
        reasoning,
        cacheHit,
        systemPromptInjected,
        piiDetected,
        jailbreakDetected,
        responsePath);
  }

  /** All facts that are known, as in {@code Routing[selectedModel=qwen3, cacheHit=false]}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("Routing[");
    append(text, "requestedModel", requestedModel);
    append(text, "selectedModel", selectedModel);
    append(text, "responseModel", responseModel);
    append(text, "routingDecision", routingDecision);
    append(text, "category", category);
    append(text, "reasoning", reasoning);
    append(text, "cacheHit", cacheHit);
    append(text, "systemPromptInjected", systemPromptInjected);
    append(text, "piiDetected", piiDetected);
    append(text, "jailbreakDetected", jailbreakDetected);
    append(text, "responsePath", responsePath);
    return text.append(']').toString();
  }

  private static void append(StringBuilder text, String name, @Nullable Object fact) {
    if (fact != null) {
      text.append(text.charAt(text.length() - 1) == '[' ? "" : ", ");
      text.append(name).append('=').append(fact);
    }
  }

  /** Gathers facts; each is null unless set. Not thread-safe. */
  public static final class Builder {
    private @Nullable String requestedModel;
    private @Nullable String selectedModel;
    private @Nullable String responseModel;
    private @Nullable String routingDecision;
    private @Nullable String category;
    private @Nullable Boolean reasoning;
    private @Nullable Boolean cacheHit;
    private @Nullable Boolean systemPromptInjected;
    private @Nullable Boolean piiDetected;
    private @Nullable Boolean jailbreakDetected;
    private @Nullable ResponsePath responsePath;

    private Builder() {}

    /** See {@link Routing#requestedModel()}. */
    public Builder requestedModel(@Nullable String fact) {
      requestedModel = fact;
      return this;
    }

    /** The model that the router chose (its alias, not the provider's id). */
    public Builder selectedModel(@Nullable String fact) {
      selectedModel = fact;
      return this;
    }

    /** The model that the response body names. */
    public Builder responseModel(@Nullable String fact) {
      responseModel = fact;
      return this;
    }

    /** The name of the routing decision. */
    public Builder routingDecision(@Nullable String fact) {
      routingDecision = fact;
      return this;
    }

    /** The category of the prompt. */
    public Builder category(@Nullable String fact) {
      category = fact;
      return this;
    }

    /** Whether reasoning was switched on. */
    public Builder reasoning(@Nullable Boolean fact) {
      reasoning = fact;
      return this;
    }

    /** Whether the answer came from the router's response cache. */
    public Builder cacheHit(@Nullable Boolean fact) {
      cacheHit = fact;
      return this;
    }

    /** Whether the router added a system prompt (which costs tokens). */
    public Builder systemPromptInjected(@Nullable Boolean fact) {
      systemPromptInjected = fact;
      return this;
    }

    /** Whether personal data was detected in the prompt. */
    public Builder piiDetected(@Nullable Boolean fact) {
      piiDetected = fact;
      return this;
    }

    /** Whether a jailbreak attempt was detected in the prompt. */
    public Builder jailbreakDetected(@Nullable Boolean fact) {
      jailbreakDetected = fact;
      return this;
    }

    /** How the response came about. */
    public Builder responsePath(@Nullable ResponsePath fact) {
      responsePath = fact;
      return this;
    }

    /** The facts so far. */
    public Routing build() {
      return new Routing(this);
    }
  }
}
