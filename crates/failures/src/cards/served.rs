//! Cards of local models, and cards of Google's models that a local model answers for.

use super::{Card, Cards, Thinking};

impl Card {
    /// The card of a local model that generates text: every sampling parameter in the current
    /// ranges, functions, JSON mode and system instructions; no media, no built-in tools.
    pub fn for_local(name: &str, context_tokens: u32) -> Self {
        let name = name.strip_prefix("models/").unwrap_or(name);
        Self {
            ranges_2025_05: Cards::builtin().blank(name).ranges_2025_05,
            version: "001".into(),
            display_name: name.into(),
            description: "A model that runs on this machine".into(),
            input_token_limit: Some(context_tokens),
            output_token_limit: Some(context_tokens),
            methods: vec!["generateContent".into(), "countTokens".into()],
            temperature: Some(1.0),
            top_p: Some(0.95),
            top_k: Some(64),
            max_temperature: Some(2.0),
            thinking: Thinking::Any,
            tools: Vec::new(),
            functions_with_json: true,
            ..Cards::builtin().blank(name)
        }
    }

    /// The card of a local model that makes vectors.
    pub fn for_local_embedding(name: &str, context_tokens: u32) -> Self {
        Self {
            output_token_limit: Some(1),
            methods: vec!["embedContent".into(), "countTokens".into()],
            temperature: None,
            top_p: None,
            top_k: None,
            max_temperature: None,
            ..Self::for_local(name, context_tokens)
        }
    }

    /// This model's card while a local model answers in its place.
    ///
    /// Name, release, defaults and the rules of thinking stay; limits, methods and media are what
    /// the local model has, and what it allows beyond Google's model (penalties, log
    /// probabilities, several candidates) is allowed.
    #[must_use]
    pub fn served_by(&self, local: &Card) -> Self {
        let mut card = self.clone();
        let shorter = |a: Option<u32>, b: Option<u32>| match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        card.input_token_limit = shorter(self.input_token_limit, local.input_token_limit);
        card.output_token_limit = shorter(self.output_token_limit, local.output_token_limit);
        card.methods.retain(|method| local.methods.contains(method));
        card.ranges.candidate_count[1] =
            card.ranges.candidate_count[1].max(local.ranges.candidate_count[1]);
        card.penalties |= local.penalties;
        card.logprobs = card.logprobs.max(local.logprobs);
        card.system_instruction |= local.system_instruction;
        card.json_mode |= local.json_mode;
        card.function_calling |= local.function_calling;
        card.prefill |= local.prefill;
        card.thought_signatures &= local.thought_signatures;
        card.tools.clone_from(&local.tools);
        card.input.clone_from(&local.input);
        card.output.clone_from(&local.output);
        card
    }
}
