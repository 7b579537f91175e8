//! `propus tokens`: how many tokens a text or a request has, without a network.

use crate::commands::output::{Format, read};
use clap::Args;
use propus_failures::{Card, Cards};
use propus_tokens::{Count, Media, count, count_request, is_exact};
use propus_wire::{
    Surface, Version,
    generate::{CountTokensRequest, GenerateContentRequest},
    request,
};
use serde_json::{Value, json};
use std::{path::PathBuf, process::ExitCode};

/// Count tokens as Google's library does, offline
///
/// A text is counted as it is; a JSON request (with contents, tools, schemas, system instruction) part
/// by part. Equal to google-genai's LocalTokenizer for Gemini 2.0, 2.5 and 3 previews; later models
/// have a tokenizer of their own, for which the count is close and marked so. Nothing leaves this
/// machine.
///
/// Exit code 0: counted; 1: more than the model reads; 2: a slip.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  echo -n 'What is your name?' | propus tokens\n  \
    propus tokens request.json --model gemini-2.5-flash\n  propus tokens book.txt --format json"
)]
pub struct Tokens {
    /// The file with the text or the request; `-` or nothing: standard input
    file: Option<PathBuf>,
    /// The model whose window it is compared with
    #[arg(long, default_value = "gemini-2.5-flash")]
    model: String,
    /// Count JSON as the text that it is
    #[arg(long)]
    text: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Tokens {
    /// Carries out the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let Some(card) = Cards::builtin().get(&self.model) else {
            let nearest = Cards::builtin().nearest(&self.model, 3).join("`, `");
            anyhow::bail!(
                "--model `{}`: no such model is known\nhint: did you mean `{nearest}`?",
                self.model
            );
        };
        let evidence = read(self.file.as_deref())?;
        let counted = match self.request(&evidence)? {
            Some(request) => count_request(&request),
            None => Count {
                tokens: count(&evidence),
                ..Count::default()
            },
        };
        let media: u64 = counted
            .media
            .iter()
            .filter_map(|medium| medium.tokens)
            .sum();
        let limit = card.input_token_limit.map(u64::from);
        let total = counted.tokens + media;
        match self.format {
            Format::Json => {
                println!(
                    "{}",
                    serde_json::to_string_pretty(&json(&counted, total, card))?
                );
            }
            Format::Text => print!("{}", text(&counted, total, card)),
            Format::Markdown => print!("{}", markdown(&counted, total, card)),
        }
        if !is_exact(&card.name) {
            eprintln!(
                "note: {} has a tokenizer of its own; this count is by the one of Gemini 2.0 to 3, and close",
                card.name
            );
        }
        Ok(ExitCode::from(u8::from(
            limit.is_some_and(|limit| total > limit),
        )))
    }

    /// The request, where the evidence is one; a request that cannot be read is a slip.
    fn request(&self, evidence: &str) -> anyhow::Result<Option<GenerateContentRequest>> {
        let json: Option<Value> = serde_json::from_str(evidence).ok();
        let has = |name: &str| json.as_ref().is_some_and(|json| json.get(name).is_some());
        let is_wrapped = has("generateContentRequest") || has("generate_content_request");
        if self.text || !(is_wrapped || has("contents")) {
            return Ok(None);
        }
        let refused = |violations: request::Violations| {
            anyhow::anyhow!(
                "the request cannot be read: {violations}\nhint: `propus check` tells more, `--text` counts it as text"
            )
        };
        let bytes = evidence.as_bytes();
        if is_wrapped {
            let whole: CountTokensRequest =
                request::read(bytes, Surface::Modern, Version::V1Beta).map_err(refused)?;
            return Ok(whole.generate_content_request);
        }
        request::read(bytes, Surface::Modern, Version::V1Beta)
            .map(Some)
            .map_err(refused)
    }
}

/// Hundredths of the model's window.
fn share(tokens: u64, card: &Card) -> Option<f64> {
    let limit = card.input_token_limit.filter(|limit| *limit > 0)?;
    Some(tokens as f64 * 100.0 / f64::from(limit))
}

fn json(counted: &Count, total: u64, card: &Card) -> Value {
    json!({
        "model": card.name,
        "totalTokens": total,
        "textTokens": counted.tokens,
        "exact": is_exact(&card.name) && counted.media.is_empty(),
        "inputTokenLimit": card.input_token_limit,
        "percentOfLimit": share(total, card),
        "parts": counted.parts,
        "media": counted.media,
    })
}

fn text(counted: &Count, total: u64, card: &Card) -> String {
    let mut out = format!("{total} tokens\n");
    if let (Some(limit), Some(share)) = (card.input_token_limit, share(total, card)) {
        out += &format!("{share:.3} % of {limit}, the window of {}\n", card.name);
    }
    if counted.parts.is_empty() && counted.media.is_empty() {
        return out;
    }
    out += "\n";
    for part in &counted.parts {
        out += &format!("{:>10}  {}  ({})\n", part.tokens, part.place, part.what);
    }
    for medium in &counted.media {
        let (tokens, place) = (shown(medium), &medium.place);
        out += &format!(
            "{tokens:>10}  {place}  ({}: {})\n",
            medium.mime_type, medium.rule
        );
    }
    out
}

/// An estimate, or that there is none.
fn shown(medium: &Media) -> String {
    medium
        .tokens
        .map_or("?".into(), |tokens| format!("~{tokens}"))
}

fn markdown(counted: &Count, total: u64, card: &Card) -> String {
    let mut out = format!("**{total} tokens** for `{}`", card.name);
    if let Some(share) = share(total, card) {
        out += &format!(", {share:.3} % of its window");
    }
    out += "\n\n| tokens | part | what |\n|---|---|---|\n";
    for part in &counted.parts {
        out += &format!("| {} | `{}` | {} |\n", part.tokens, part.place, part.what);
    }
    for medium in &counted.media {
        let tokens = shown(medium);
        out += &format!("| {tokens} | `{}` | {} |\n", medium.place, medium.mime_type);
    }
    out
}
