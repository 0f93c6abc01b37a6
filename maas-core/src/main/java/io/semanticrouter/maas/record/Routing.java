// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.record;

import org.jspecify.annotations.Nullable;

/**
 * What a semantic router decided about one exchange, as far as it said so. Every component is null
 * when nothing is known; strings are at most 256 bytes of UTF-8 without control characters.
 *
 * @param selectedModel the model that the router chose (its alias, not the provider's id)
 * @param responseModel the model that the response body names
 * @param routingDecision the name of the routing decision
 * @param category the category of the prompt
 * @param reasoning whether reasoning was switched on
 * @param cacheHit whether the answer came from the router's response cache
 * @param systemPromptInjected whether the router added a system prompt (which costs tokens)
 * @param piiDetected whether personal data was detected in the prompt
 * @param jailbreakDetected whether a jailbreak attempt was detected in the prompt
 * @param responsePath how the response came about
 */
public record Routing(
    @Nullable String selectedModel,
    @Nullable String responseModel,
    @Nullable String routingDecision,
    @Nullable String category,
    @Nullable Boolean reasoning,
    @Nullable Boolean cacheHit,
    @Nullable Boolean systemPromptInjected,
    @Nullable Boolean piiDetected,
    @Nullable Boolean jailbreakDetected,
    @Nullable ResponsePath responsePath) {

  /** No router spoke. */
  public static final Routing UNKNOWN =
      new Routing(null, null, null, null, null, null, null, null, null);

  /** The label of a model that nobody named. */
  public static final String UNKNOWN_MODEL = "unknown";

  /**
   * The label of a response that the router made without a model: what the vLLM Semantic Router
   * writes into its body.
   */
  public static final String ROUTER_MODEL = "router";

  /** The facts of a router that does not say how the response came about. */
  public Routing(
      @Nullable String selectedModel,
      @Nullable String responseModel,
      @Nullable String routingDecision,
      @Nullable String category,
      @Nullable Boolean reasoning,
      @Nullable Boolean cacheHit,
      @Nullable Boolean systemPromptInjected,
      @Nullable Boolean piiDetected,
      @Nullable Boolean jailbreakDetected) {
    this(
        selectedModel,
        responseModel,
        routingDecision,
        category,
        reasoning,
        cacheHit,
        systemPromptInjected,
        piiDetected,
        jailbreakDetected,
        null);
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

  /** Whether any fact came from a router (the response model alone is the backend's word). */
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
    return new Routing(
        behind.selectedModel,
        behind.responseModel,
        behind.routingDecision,
        behind.category,
        behind.reasoning,
        behind.cacheHit,
        behind.systemPromptInjected,
        piiDetected != null ? piiDetected : behind.piiDetected,
        jailbreakDetected != null ? jailbreakDetected : behind.jailbreakDetected,
        behind.responsePath);
  }

  public Routing withResponseModel(@Nullable String model) {
    return model == null
        ? this
        : new Routing(
            selectedModel,
            model,
            routingDecision,
            category,
            reasoning,
            cacheHit,
            systemPromptInjected,
            piiDetected,
            jailbreakDetected,
            responsePath);
  }
}
