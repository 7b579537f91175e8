//! Replies with status 200 that are failures: blocked, cut short or empty.

use serde_json::{Deserializer, Value};

/// What a reply, or the chunks of a streamed one, amounts to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Reply {
    /// Finish reasons, as they came.
    pub(super) finishes: Vec<String>,
    /// Whether the prompt was blocked.
    pub(super) blocked: bool,
    /// Whether any text of the answer came, thoughts apart.
    pub(super) has_text: bool,
    /// Whether anything else came: calls, images, code.
    pub(super) has_more: bool,
    /// Whether tokens of the answer were counted.
    pub(super) has_tokens: bool,
    /// Chunks with candidates.
    pub(super) chunks: usize,
    /// Whether it came as a stream.
    pub(super) streamed: bool,
    /// Whether an error followed a chunk.
    pub(super) error_after_chunk: bool,
    /// Whether a chunk in OpenAI's form ended the answer and carried text at once.
    pub(super) ended_with_text: bool,
}

impl Reply {
    /// Reads the reply in some evidence; none where there is none.
    pub(super) fn find(raw: &str, readable: &str) -> Option<Self> {
        let mut reply = Self::default();
        // Server-sent events, or the array that a stream without `alt=sse` is.
        let listed = raw.trim_start().starts_with('[') && raw.contains("\"candidates\"");
        if raw.contains("data:") || listed {
            reply.streamed = true;
            reply.read_events(raw);
        }
        if reply.chunks == 0 && !reply.blocked {
            for text in [raw, readable] {
                if let Some(value) = object_around(text, &["\"candidates\"", "\"promptFeedback\""])
                {
                    reply.take(&value);
                    break;
                }
            }
        }
        let found = reply.chunks > 0 || reply.blocked || reply.ended_with_text;
        found.then_some(reply)
    }

    fn read_events(&mut self, raw: &str) {
        let mut rest = raw;
        while let Some(at) = rest.find(['{', '[']) {
            let mut values = Deserializer::from_str(&rest[at..]).into_iter::<Value>();
            match values.next() {
                Some(Ok(value)) => {
                    self.take(&value);
                    rest = &rest[at + values.byte_offset()..];
                }
                _ => rest = &rest[at + 1..],
            }
        }
    }

    fn take(&mut self, value: &Value) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.take(value)),
            Value::Object(fields) => {
                if fields.contains_key("error") {
                    self.error_after_chunk |= self.chunks > 0;
                }
                if let Some(choices) = fields.get("choices") {
                    self.take_choices(choices);
                }
                let feedback = field(value, "promptFeedback", "prompt_feedback");
                self.blocked |= feedback
                    .and_then(|feedback| field(feedback, "blockReason", "block_reason"))
                    .is_some();
                let usage = field(value, "usageMetadata", "usage_metadata");
                self.has_tokens |= usage
                    .and_then(|usage| {
                        field(usage, "candidatesTokenCount", "candidates_token_count")
                    })
                    .and_then(Value::as_u64)
                    .is_some_and(|tokens| tokens > 0);
                let candidates = fields.get("candidates").and_then(Value::as_array);
                for candidate in candidates.into_iter().flatten() {
                    self.take_candidate(candidate);
                }
            }
            _ => (),
        }
    }

    fn take_candidate(&mut self, candidate: &Value) {
        self.chunks += 1;
        if let Some(reason) = field(candidate, "finishReason", "finish_reason") {
            let reason = reason
                .as_str()
                .map_or_else(|| reason.to_string(), str::to_owned);
            self.finishes.push(reason);
        }
        let parts = candidate
            .pointer("/content/parts")
            .and_then(Value::as_array);
        for part in parts.into_iter().flatten() {
            let thought = part.get("thought").and_then(Value::as_bool) == Some(true);
            match part.get("text") {
                Some(text) if !thought => {
                    self.has_text |= text.as_str().is_some_and(|text| !text.is_empty());
                }
                Some(_) => (),
                None => self.has_more |= part.as_object().is_some_and(|part| !part.is_empty()),
            }
        }
    }

    fn take_choices(&mut self, choices: &Value) {
        for choice in choices.as_array().into_iter().flatten() {
            let content = choice.pointer("/delta/content").and_then(Value::as_str);
            let ended = choice.get("finish_reason").and_then(Value::as_str);
            self.ended_with_text |=
                content.is_some_and(|content| !content.is_empty()) && ended == Some("stop");
        }
    }

    /// Whether the answer ended for this reason.
    pub(super) fn ended(&self, reason: &str) -> bool {
        self.finishes.iter().any(|finish| finish == reason)
    }
}

/// A field by either of its spellings.
fn field<'a>(value: &'a Value, camel: &str, snake: &str) -> Option<&'a Value> {
    value.get(camel).or_else(|| value.get(snake))
}

/// The JSON object that has one of these fields.
fn object_around(text: &str, fields: &[&str]) -> Option<Value> {
    let at = fields.iter().filter_map(|field| text.find(field)).min()?;
    // A reply is shallow: its own brace is among the last few before the field.
    let braces = text[..at].rmatch_indices('{').map(|(brace, _)| brace);
    braces.take(4).find_map(|brace| {
        let value = Deserializer::from_str(&text[brace..])
            .into_iter::<Value>()
            .next()?
            .ok()?;
        let named = |field: &&str| value.get(field.trim_matches('"')).is_some();
        fields.iter().any(named).then_some(value)
    })
}
