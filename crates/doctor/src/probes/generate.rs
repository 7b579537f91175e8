//! `generate`: one tiny request.

use crate::{
    Probe,
    api::{Api, path},
    evidence::{Reply, cause, failing, told},
    text,
};
use http::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

const NAME: &str = "generate";

/// What was found.
pub(crate) struct Generated {
    pub(crate) probe: Probe,
    /// The reply, if it was an error: it may tell the tier.
    pub(crate) refusal: Option<String>,
}

/// Asks for a word.
pub(crate) async fn probe(api: &Api, model: &str) -> Generated {
    let path = format!("{}:generateContent", path(model).unwrap_or_default());
    let tried = format!("{} with at most 16 tokens", api.told(&Method::POST, &path));
    let body = json!({
        "contents": [{"role": "user", "parts": [{"text": "Answer with the word: yes"}]}],
        "generationConfig": {"maxOutputTokens": 16},
    });
    let begun = Instant::now();
    let reply = match api.ask(&path, &body).await {
        Ok(reply) => reply,
        Err(error) => {
            let seen = told(&error);
            let probe = failing(NAME, &tried, seen.clone(), &seen, Some("network-error"));
            return Generated {
                probe,
                refusal: None,
            };
        }
    };
    if !reply.is_success() {
        return Generated {
            probe: failing(NAME, &tried, reply.told(), &reply.evidence(), None),
            refusal: Some(reply.body),
        };
    }
    let seconds = begun.elapsed().as_secs_f64();
    Generated {
        probe: answered(&tried, &reply, seconds),
        refusal: None,
    }
}

fn answered(tried: &str, reply: &Reply, seconds: f64) -> Probe {
    let json = reply.json().unwrap_or_default();
    let reason = json
        .pointer("/candidates/0/finishReason")
        .and_then(Value::as_str);
    let text = json
        .pointer("/candidates/0/content/parts/0/text")
        .and_then(Value::as_str);
    match (text.filter(|text| !text.trim().is_empty()), reason) {
        (Some(text), _) => {
            let seen = format!("answered in {seconds:.1} s: {}", text::beginning(text));
            Probe::ok(NAME, tried, seen)
        }
        // Thinking models spend so few tokens before the first word.
        (None, Some("MAX_TOKENS")) => {
            let seen = format!("answered in {seconds:.1} s; thinking took the few tokens allowed");
            Probe::ok(NAME, tried, seen)
        }
        _ => {
            let cause = cause(&reply.body);
            let seen = match &cause {
                Some(cause) => cause.summary.to_owned(),
                None => reply.told(),
            };
            let otherwise = match json.is_object() {
                true => "empty-response",
                false => "base-url-wrong",
            };
            failing(NAME, tried, seen, &reply.body, Some(otherwise))
        }
    }
}
