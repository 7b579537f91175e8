//! A completion, whole or in chunks, as chunks of a Gemini reply.

use super::completion::{Choice, Completion, Fragment, Logprobs, Said, Token, Usage};
use propus_wire::generate::{
    Candidate, Content, FinishReason, FunctionCall, GenerateContentResponse, LogprobsCandidate,
    LogprobsResult, Part, TopCandidates, UsageMetadata,
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Reads one reply.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// Whether thoughts are parts of it.
    include_thoughts: bool,
    /// By index.
    answers: BTreeMap<i32, Answer>,
    /// The chunk that says how an answer ended. The usage comes behind it and Gemini's clients look
    /// for it there, so it waits for the next event.
    held: Option<GenerateContentResponse>,
}

/// One answer so far.
#[derive(Debug, Default)]
struct Answer {
    calls: Vec<Call>,
    refusal: String,
    logprobs: f64,
    tokens: u32,
    has_ended: bool,
}

/// A call that may not be whole yet.
#[derive(Debug, Default)]
struct Call {
    index: usize,
    id: String,
    name: String,
    arguments: String,
}

impl Reader {
    pub(super) fn new(include_thoughts: bool) -> Self {
        Self {
            include_thoughts,
            ..Self::default()
        }
    }

    /// Takes the next event, and says what can be told now.
    pub(super) fn take(&mut self, event: Completion) -> Vec<GenerateContentResponse> {
        let usage = event.usage.as_ref().map(usage);
        let choices = event.choices.unwrap_or_default();
        let candidates: Vec<_> = choices
            .into_iter()
            .filter_map(|choice| self.choice(choice))
            .collect();
        if candidates.is_empty() {
            if let (Some(held), Some(_)) = (&mut self.held, &usage) {
                held.usage_metadata = usage;
            }
            return Vec::new();
        }
        let is_end = candidates.iter().any(|one| one.finish_reason.is_some());
        let chunk = GenerateContentResponse {
            candidates,
            usage_metadata: usage,
            ..Default::default()
        };
        let mut out: Vec<_> = self.held.take().into_iter().collect();
        match is_end {
            true => self.held = Some(chunk),
            false => out.push(chunk),
        }
        out
    }

    /// Whether every answer that began has ended.
    pub(super) fn is_complete(&self) -> bool {
        !self.answers.is_empty() && self.answers.values().all(|answer| answer.has_ended)
    }

    /// What is left when the reply has ended.
    pub(super) fn finish(&mut self) -> Option<GenerateContentResponse> {
        self.held.take()
    }

    fn choice(&mut self, choice: Choice) -> Option<Candidate> {
        let index = choice.index.unwrap_or(0);
        let answer = self.answers.entry(index).or_default();
        if answer.has_ended {
            return None;
        }
        let said = choice.delta.or(choice.message).unwrap_or_default();
        let mut parts = answer.hear(said, self.include_thoughts);
        let logprobs_result = choice.logprobs.and_then(|logprobs| answer.count(logprobs));
        let mut candidate = Candidate {
            index: (index > 0).then_some(index),
            logprobs_result,
            ..Candidate::default()
        };
        if let Some(reason) = choice.finish_reason.filter(|reason| !reason.is_empty()) {
            answer.end(&reason, &mut candidate, &mut parts);
        }
        let is_nothing = parts.is_empty() && candidate.logprobs_result.is_none();
        if is_nothing && candidate.finish_reason.is_none() {
            return None;
        }
        if parts.is_empty() {
            parts.push(Part::text(""));
        }
        candidate.content = Some(Content {
            parts,
            role: Some("model".into()),
        });
        Some(candidate)
    }
}

impl Answer {
    /// Thoughts and text; fragments of calls and refusals are kept until they are whole.
    fn hear(&mut self, said: Said, include_thoughts: bool) -> Vec<Part> {
        let mut parts = Vec::new();
        // Some servers send the thoughts under both names.
        let other = said.reasoning.as_ref().and_then(Value::as_str);
        let thoughts = said.reasoning_content.as_deref().or(other);
        if let Some(thoughts) = thoughts.filter(|text| include_thoughts && !text.is_empty()) {
            parts.push(Part {
                thought: Some(true),
                ..Part::text(thoughts)
            });
        }
        let text = said.content.map(text).unwrap_or_default();
        if !text.is_empty() {
            parts.push(Part::text(text));
        }
        self.refusal
            .push_str(said.refusal.as_deref().unwrap_or_default());
        for fragment in said.tool_calls.unwrap_or_default() {
            self.collect(fragment);
        }
        parts
    }

    /// Joins a fragment to its call. Servers that send calls whole may number all of them 0, so
    /// another id begins another call.
    fn collect(&mut self, fragment: Fragment) {
        let function = fragment.function.unwrap_or_default();
        let id = fragment.id.unwrap_or_default();
        let index = fragment.index;
        let is_named = function.name.is_some();
        let continues = |call: &Call| match index {
            Some(index) => index == call.index && call.may_be(&id),
            // Without numbers only the order tells.
            None => call.may_be(&id) && !(is_named && call.is_whole()),
        };
        let place = match index {
            Some(_) => self.calls.iter().rposition(continues),
            None => self.calls.len().checked_sub(1),
        };
        let place = place.filter(|place| continues(&self.calls[*place]));
        let place = place.unwrap_or_else(|| {
            self.calls.push(Call {
                index: index.unwrap_or(self.calls.len()),
                ..Call::default()
            });
            self.calls.len() - 1
        });
        let call = &mut self.calls[place];
        if call.id.is_empty() {
            call.id = id;
        }
        // The name comes once, or again with every piece.
        if let Some(name) = function.name.filter(|name| *name != call.name) {
            call.name.push_str(&name);
        }
        match function.arguments {
            Some(Value::String(text)) => call.arguments.push_str(&text),
            Some(Value::Null) | None => {}
            Some(object) => call.arguments.push_str(&object.to_string()),
        }
    }

    fn count(&mut self, logprobs: Logprobs) -> Option<LogprobsResult> {
        let tokens = logprobs.content.filter(|tokens| !tokens.is_empty())?;
        let sum: f32 = tokens.iter().filter_map(|token| token.logprob).sum();
        self.logprobs += f64::from(sum);
        self.tokens += u32::try_from(tokens.len()).unwrap_or(0);
        let mut result = LogprobsResult {
            log_probability_sum: Some(sum),
            ..LogprobsResult::default()
        };
        for token in tokens {
            let top = token.top_logprobs.as_deref().unwrap_or_default();
            result.top_candidates.push(TopCandidates {
                candidates: top.iter().map(logprob).collect(),
            });
            result.chosen_candidates.push(logprob(&token));
        }
        Some(result)
    }

    fn end(&mut self, reason: &str, candidate: &mut Candidate, parts: &mut Vec<Part>) {
        self.has_ended = true;
        candidate.finish_reason = Some(finish_reason(reason));
        if candidate.finish_reason == Some(FinishReason::Other) {
            candidate.finish_message = Some(format!("the model's server says `{reason}`"));
        }
        if self.tokens > 0 {
            candidate.avg_logprobs = Some(self.logprobs / f64::from(self.tokens));
        }
        if !self.refusal.is_empty() {
            candidate.finish_reason = Some(FinishReason::Safety);
            candidate.finish_message = Some(std::mem::take(&mut self.refusal));
        }
        let is_cut = candidate.finish_reason == Some(FinishReason::MaxTokens);
        for call in std::mem::take(&mut self.calls) {
            match call.whole() {
                Ok(call) => parts.push(Part {
                    function_call: Some(call),
                    ..Part::default()
                }),
                // What the length cut is not malformed.
                Err(_) if is_cut => {}
                Err(call) => {
                    candidate.finish_reason = Some(FinishReason::MalformedFunctionCall);
                    candidate.finish_message = Some(format!(
                        "Malformed function call: {}({})",
                        call.name, call.arguments
                    ));
                }
            }
        }
    }
}

impl Call {
    /// Whether a piece with this id may belong to it.
    fn may_be(&self, id: &str) -> bool {
        id.is_empty() || self.id.is_empty() || self.id == id
    }

    fn is_whole(&self) -> bool {
        serde_json::from_str::<Map<String, Value>>(&self.arguments).is_ok()
    }

    /// The call, where its arguments are an object; no arguments are an empty one.
    fn whole(self) -> Result<FunctionCall, Self> {
        let args = match self.arguments.trim() {
            "" | "null" => Some(Map::new()),
            text => serde_json::from_str(text).ok(),
        };
        match args {
            Some(args) if !self.name.is_empty() => Ok(FunctionCall {
                id: (!self.id.is_empty()).then_some(self.id),
                name: Some(self.name),
                args: Some(args),
            }),
            _ => Err(self),
        }
    }
}

/// Text, or the texts of a list of parts.
fn text(content: Value) -> String {
    match content {
        Value::String(text) => text,
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part["text"].as_str());
            texts.collect()
        }
        _ => String::new(),
    }
}

fn finish_reason(reason: &str) -> FinishReason {
    match reason {
        "stop" | "tool_calls" | "function_call" | "eos" | "stop_sequence" => FinishReason::Stop,
        "length" | "max_tokens" => FinishReason::MaxTokens,
        "content_filter" | "safety" => FinishReason::Safety,
        _ => FinishReason::Other,
    }
}

fn logprob(token: &Token) -> LogprobsCandidate {
    LogprobsCandidate {
        token: Some(token.token.clone()),
        token_id: token.id,
        log_probability: token.logprob,
    }
}

/// Google counts thoughts apart from the answers; OpenAI among them.
fn usage(usage: &Usage) -> UsageMetadata {
    let thoughts = usage.completion_tokens_details.as_ref();
    let thoughts = thoughts.and_then(|details| details.reasoning_tokens);
    let thoughts = thoughts.or(usage.reasoning_tokens);
    let cached = usage.prompt_tokens_details.as_ref();
    let cached = cached.and_then(|details| details.cached_tokens);
    let said = usage
        .completion_tokens
        .saturating_sub(thoughts.unwrap_or(0));
    let sum = usage.prompt_tokens.saturating_add(usage.completion_tokens);
    UsageMetadata {
        prompt_token_count: Some(usage.prompt_tokens),
        cached_content_token_count: cached.filter(|count| *count > 0),
        candidates_token_count: Some(said.max(0)),
        thoughts_token_count: thoughts.filter(|count| *count > 0),
        total_token_count: Some(usage.total_tokens.unwrap_or(sum)),
        ..UsageMetadata::default()
    }
}

#[cfg(test)]
mod tests;
