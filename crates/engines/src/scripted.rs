//! The scripted engine: deterministic replies from a table, for tests, offline work and measuring
//! the server without a model.
//!
//! ```
//! let script = r#"
//!     [[reply]]
//!     when = "weather"
//!     text = "It is sunny in Paris."
//!
//!     [[reply]]
//!     text = "I only know about the weather."
//! "#;
//! assert!(propus_engines::scripted::Scripted::from_toml(script).is_ok());
//! ```

use crate::{Chunks, Engine};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use propus_failures::Problem;
use propus_wire::{
    Message, Mode,
    embed::{ContentEmbedding, EmbedContentRequest},
    generate::{
        Candidate, Content, CountTokensResponse, FinishReason, GenerateContentRequest,
        GenerateContentResponse, Modality, ModalityTokenCount, Part, UsageMetadata,
    },
};
use serde::Deserialize;
use std::{fmt, time::Instant};

/// Answers from a script. A token is a word here.
#[derive(Debug)]
pub struct Scripted {
    rules: Vec<Rule>,
}

/// Why a script cannot be used.
#[derive(Debug)]
pub struct ScriptError(String);

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ScriptError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    #[serde(default)]
    reply: Vec<Row>,
}

/// One row of a script: the first whose `when` occurs in the last turn answers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    when: Option<String>,
    /// A plain answer.
    text: Option<String>,
    /// A whole reply as JSON, for everything that is not plain text.
    response: Option<String>,
}

#[derive(Debug)]
struct Rule {
    when: Option<String>,
    reply: Reply,
}

#[derive(Debug)]
enum Reply {
    Text(String),
    Whole(Box<GenerateContentResponse>),
}

impl Scripted {
    /// Reads a script.
    pub fn from_toml(script: &str) -> Result<Self, ScriptError> {
        let script: Script = toml::from_str(script).map_err(|e| ScriptError(e.to_string()))?;
        let rules = script.reply.into_iter().map(Rule::from_row);
        Ok(Self {
            rules: rules.collect::<Result<_, _>>()?,
        })
    }

    /// Always gives the same answer.
    pub fn constant(text: &str) -> Self {
        Self {
            rules: vec![Rule {
                when: None,
                reply: Reply::Text(text.into()),
            }],
        }
    }

    fn reply(&self, call: &GenerateContentRequest) -> Vec<GenerateContentResponse> {
        let prompt = words(call);
        let last = call.contents.last().map(text_of).unwrap_or_default();
        let rule = self.rules.iter().find(|rule| rule.fits(&last));
        match rule.map(|rule| &rule.reply) {
            Some(Reply::Whole(response)) => vec![(**response).clone()],
            Some(Reply::Text(text)) => spoken(text, prompt, call),
            None => spoken(&format!("You said: {last}"), prompt, call),
        }
    }
}

impl Rule {
    fn from_row(row: Row) -> Result<Self, ScriptError> {
        let reply = match (row.text, row.response) {
            (Some(text), None) => Reply::Text(text),
            (None, Some(json)) => {
                let response = GenerateContentResponse::from_json(json.as_bytes(), Mode::Lenient);
                Reply::Whole(Box::new(
                    response.map_err(|e| ScriptError(format!("`response`: {e}")))?,
                ))
            }
            _ => {
                return Err(ScriptError(
                    "a reply needs either `text` or `response`".into(),
                ));
            }
        };
        Ok(Self {
            when: row.when,
            reply,
        })
    }

    fn fits(&self, last: &str) -> bool {
        self.when.as_ref().is_none_or(|when| last.contains(when))
    }
}

/// Splits an answer into chunks of a word each, within `maxOutputTokens`, for every candidate.
fn spoken(text: &str, prompt: i32, call: &GenerateContentRequest) -> Vec<GenerateContentResponse> {
    let config = call.generation_config.clone().unwrap_or_default();
    let candidates = config.candidate_count.unwrap_or(1).max(1);
    let limit = config.max_output_tokens.filter(|limit| *limit > 0);
    let limit = limit.map_or(usize::MAX, |limit| limit as usize);
    let all: Vec<&str> = text.split_inclusive(' ').collect();
    let said = &all[..all.len().min(limit)];
    let reason = if said.len() < all.len() {
        FinishReason::MaxTokens
    } else {
        FinishReason::Stop
    };
    let mut chunks = Vec::with_capacity(said.len());
    for (place, word) in said.iter().enumerate() {
        let last = place + 1 == said.len();
        let reason = last.then_some(&reason);
        chunks.push(GenerateContentResponse {
            candidates: (0..candidates)
                .map(|index| spoken_word(word, index, reason))
                .collect(),
            usage_metadata: Some(usage(prompt, (place as i32 + 1) * candidates)),
            ..Default::default()
        });
    }
    chunks
}

fn spoken_word(word: &str, index: i32, reason: Option<&FinishReason>) -> Candidate {
    Candidate {
        content: Some(Content::text("model", word)),
        finish_reason: reason.cloned(),
        index: (index > 0).then_some(index),
        ..Default::default()
    }
}

fn usage(prompt: i32, candidates: i32) -> UsageMetadata {
    UsageMetadata {
        prompt_token_count: Some(prompt),
        candidates_token_count: Some(candidates),
        total_token_count: Some(prompt + candidates),
        prompt_tokens_details: text_tokens(prompt),
        ..Default::default()
    }
}

fn text_tokens(count: i32) -> Vec<ModalityTokenCount> {
    vec![ModalityTokenCount {
        modality: Some(Modality::Text),
        token_count: Some(count),
    }]
}

fn text_of(content: &Content) -> String {
    let texts = content
        .parts
        .iter()
        .filter_map(|part: &Part| part.text.as_deref());
    texts.collect::<Vec<_>>().join(" ")
}

fn words(call: &GenerateContentRequest) -> i32 {
    let turns = call.system_instruction.iter().chain(&call.contents);
    let count: usize = turns
        .map(|turn| text_of(turn).split_whitespace().count())
        .sum();
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[async_trait]
impl Engine for Scripted {
    async fn generate(
        &self,
        call: GenerateContentRequest,
        _: Option<Instant>,
    ) -> Result<Chunks, Problem> {
        Ok(stream::iter(self.reply(&call)).map(Ok).boxed())
    }

    async fn count_tokens(
        &self,
        call: GenerateContentRequest,
    ) -> Result<CountTokensResponse, Problem> {
        let count = words(&call);
        Ok(CountTokensResponse {
            total_tokens: Some(count),
            prompt_tokens_details: text_tokens(count),
            ..Default::default()
        })
    }

    async fn embed(
        &self,
        calls: Vec<EmbedContentRequest>,
    ) -> Result<Vec<ContentEmbedding>, Problem> {
        let text =
            |call: &EmbedContentRequest| call.content.as_ref().map(text_of).unwrap_or_default();
        Ok(calls.iter().map(|call| vector(&text(call))).collect())
    }
}

/// A unit vector that depends on the text alone: counts of its bytes by their lowest four bits.
fn vector(text: &str) -> ContentEmbedding {
    let mut values = vec![0.01f32; 16];
    for byte in text.bytes() {
        values[usize::from(byte & 15)] += 1.0;
    }
    let norm = values.iter().map(|value| value * value).sum::<f32>().sqrt();
    for value in &mut values {
        *value /= norm;
    }
    ContentEmbedding { values }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(script: &str, json: &str) -> GenerateContentResponse {
        let engine = Scripted::from_toml(script).unwrap();
        let call = GenerateContentRequest::from_json(json.as_bytes(), Mode::Lenient).unwrap();
        let mut reply = GenerateContentResponse::default();
        for chunk in engine.reply(&call) {
            reply.absorb(chunk);
        }
        reply
    }

    const SCRIPT: &str = "[[reply]]\nwhen = 'weather'\ntext = 'It is sunny.'\n\n[[reply]]\nresponse = '{\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}'";

    #[test]
    fn the_first_fitting_row_answers() {
        let reply = ask(SCRIPT, r#"{"contents":{"parts":{"text":"the weather?"}}}"#);
        assert_eq!(reply.text().as_deref(), Some("It is sunny."));
        assert_eq!(reply.usage_metadata.unwrap().total_token_count, Some(5));
        let reply = ask(SCRIPT, r#"{"contents":{"parts":{"text":"hi"}}}"#);
        assert!(reply.prompt_feedback.is_some() && reply.candidates.is_empty());
    }

    #[test]
    fn lengths_and_candidates_are_kept() {
        let reply = ask(
            SCRIPT,
            r#"{"contents":{"parts":{"text":"weather"}},"generationConfig":{"maxOutputTokens":2,"candidateCount":2}}"#,
        );
        assert_eq!(reply.candidates.len(), 2);
        for candidate in &reply.candidates {
            assert_eq!(candidate.finish_reason, Some(FinishReason::MaxTokens));
        }
        assert_eq!(reply.text().as_deref(), Some("It is "));
    }

    #[test]
    fn a_bad_script_says_what_is_wrong() {
        let error = Scripted::from_toml("[[reply]]\nwhen = 'x'").unwrap_err();
        assert!(error.to_string().contains("`text` or `response`"));
        assert!(Scripted::from_toml("[[reply]]\ntxt = 'x'").is_err());
    }
}
