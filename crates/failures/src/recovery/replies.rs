//! Replies with status 200 that are failures: blocked, cut short or empty.

use super::outcome::Outcome;
use crate::entry::Sure;
use propus_wire::generate::{BlockReason, Candidate, FinishReason, GenerateContentResponse, Part};

impl Outcome {
    /// A reply, or all chunks of a streamed one put together; none where it is good. One good answer
    /// among several candidates makes it good.
    ///
    /// ```
    /// use propus_failures::{recovery::Outcome, reply::recitation};
    /// use propus_wire::generate::GenerateContentResponse;
    ///
    /// let outcome = Outcome::of_reply(&recitation::reply("gemini-2.5-flash"));
    /// assert_eq!(outcome.map(|outcome| outcome.failure), Some("recitation"));
    /// let nothing = Outcome::of_reply(&GenerateContentResponse::default());
    /// assert_eq!(nothing.map(|outcome| outcome.failure), Some("empty-response"));
    /// ```
    pub fn of_reply(reply: &GenerateContentResponse) -> Option<Self> {
        let feedback = reply.prompt_feedback.as_ref();
        let blocked = feedback.and_then(|feedback| feedback.block_reason.as_ref());
        let failure = match blocked {
            Some(reason) => Some(of_block(reason)),
            None => of_candidates(&reply.candidates),
        };
        failure.map(|failure| Self {
            http: Some(200),
            ..Self::known(failure, Sure::Certain)
        })
    }
}

fn of_block(reason: &BlockReason) -> &'static str {
    match reason {
        BlockReason::Safety => "blocked-safety-prompt",
        BlockReason::Blocklist | BlockReason::ProhibitedContent => "blocked-prohibited",
        BlockReason::ImageSafety => "image-blocked-or-missing",
        BlockReason::Other | BlockReason::Unspecified | BlockReason::Unknown(_) => {
            "block-reason-other"
        }
    }
}

/// The failure of the first candidate, unless any is good.
fn of_candidates(candidates: &[Candidate]) -> Option<&'static str> {
    let Some(first) = candidates.first() else {
        return Some("empty-response");
    };
    let failure = of_candidate(first)?;
    let others_fail = candidates[1..]
        .iter()
        .all(|other| of_candidate(other).is_some());
    others_fail.then_some(failure)
}

fn of_candidate(candidate: &Candidate) -> Option<&'static str> {
    let empty = !says_something(candidate);
    match candidate.finish_reason.as_ref() {
        Some(FinishReason::MaxTokens) => empty.then_some("max-tokens-empty"),
        Some(FinishReason::Safety) => Some("blocked-safety-output"),
        Some(FinishReason::Recitation) => Some("recitation"),
        Some(FinishReason::Other) => Some("finish-other"),
        Some(FinishReason::Language) => Some("language-unsupported"),
        Some(FinishReason::Blocklist | FinishReason::ProhibitedContent | FinishReason::Spii) => {
            Some("blocked-prohibited")
        }
        Some(FinishReason::MalformedFunctionCall) => Some("malformed-function-call"),
        Some(FinishReason::UnexpectedToolCall | FinishReason::TooManyToolCalls) => {
            Some("unexpected-tool-call")
        }
        Some(
            FinishReason::ImageSafety
            | FinishReason::ImageProhibitedContent
            | FinishReason::ImageOther
            | FinishReason::NoImage
            | FinishReason::ImageRecitation,
        ) => Some("image-blocked-or-missing"),
        // A reason that nobody knows yet is no reason to doubt what came.
        None | Some(FinishReason::Stop | FinishReason::Unspecified | FinishReason::Unknown(_)) => {
            empty.then_some("empty-response")
        }
    }
}

/// Whether there is anything of an answer: thoughts alone are none, nor is an empty text.
fn says_something(candidate: &Candidate) -> bool {
    let parts = candidate.content.iter().flat_map(|content| &content.parts);
    parts.into_iter().any(|part| match &part.text {
        Some(text) => !text.is_empty() && part.thought != Some(true),
        None => *part != bare(part),
    })
}

/// A part with only what surrounds its data.
fn bare(part: &Part) -> Part {
    Part {
        thought: part.thought,
        thought_signature: part.thought_signature.clone(),
        ..Part::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[track_caller]
    fn check(reply: Value, expected: Option<&str>) {
        let reply: GenerateContentResponse = serde_json::from_value(reply).unwrap();
        let outcome = Outcome::of_reply(&reply);
        assert_eq!(outcome.map(|outcome| outcome.failure), expected);
    }

    /// A candidate with these parts.
    fn of(reason: &str, parts: Value) -> Value {
        json!({"finishReason": reason, "content": {"role": "model", "parts": parts}})
    }

    #[test]
    fn thoughts_signatures_and_empty_texts_are_no_answer() {
        let empty = Some("empty-response");
        let one = |parts| json!({"candidates": [of("STOP", parts)]});
        check(one(json!([])), empty);
        check(one(json!([{"text": ""}])), empty);
        check(one(json!([{"text": "Hm.", "thought": true}])), empty);
        check(one(json!([{"thoughtSignature": "AAAA"}])), empty);
        check(
            one(json!([{"text": "", "thoughtSignature": "AAAA"}])),
            empty,
        );
        check(
            one(json!([{"text": "Hm.", "thought": true}, {"text": "Hi"}])),
            None,
        );
        check(one(json!([{"functionCall": {"name": "f"}}])), None);
        check(
            json!({"candidates": [{"content": {"parts": [{"text": "Hi"}]}}]}),
            None,
        );
    }

    #[test]
    fn an_answer_cut_at_its_length_is_one_if_anything_came() {
        let cut = |parts| json!({"candidates": [of("MAX_TOKENS", parts)]});
        check(cut(json!([])), Some("max-tokens-empty"));
        check(cut(json!([{"text": "On"}])), None);
        check(
            json!({"candidates": [of("LATER_REASON", json!([{"text": "x"}]))]}),
            None,
        );
    }

    #[test]
    fn one_good_candidate_is_enough() {
        let good = of("STOP", json!([{"text": "Hi"}]));
        let bad = |reason| of(reason, json!([]));
        check(json!({"candidates": [bad("OTHER"), good]}), None);
        check(json!({"candidates": [good, bad("OTHER")]}), None);
        check(
            json!({"candidates": [bad("OTHER"), bad("SAFETY")]}),
            Some("finish-other"),
        );
        check(
            json!({"promptFeedback": {"blockReason": "SAFETY"}}),
            Some("blocked-safety-prompt"),
        );
    }
}
