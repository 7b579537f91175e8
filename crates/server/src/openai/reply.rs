//! A reply as a `chat.completion`, and what its chunks share with it.

use super::logprobs;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use propus_wire::generate::{
    Candidate, FinishReason, FunctionCall, GenerateContentResponse, Part, UsageMetadata,
};
use serde_json::{Value, json};

/// What a completion says besides the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Meta {
    /// Names the completion; calls without an id of their own are named after it.
    pub(crate) id: String,
    /// When it was made, in seconds since 1970.
    pub(crate) created: u64,
    /// The model as the caller wrote it.
    pub(crate) model: String,
    /// The caller declared functions by the fields of 2023.
    pub(crate) legacy_functions: bool,
}

/// Writes a whole reply.
pub(crate) fn reply(response: &GenerateContentResponse, meta: &Meta) -> Value {
    let mut choices: Vec<_> = response
        .candidates
        .iter()
        .map(|candidate| choice(candidate, meta))
        .collect();
    if choices.is_empty() {
        choices.push(choice_without_answer(response));
    }
    json!({
        "id": meta.id,
        "object": "chat.completion",
        "created": meta.created,
        "model": meta.model,
        "choices": choices,
        "usage": response.usage_metadata.as_ref().map(usage),
    })
}

/// Clients read the first choice unasked, so there is one even where there is no answer. Google
/// leaves `message` out of a blocked choice (seen); OpenAI always has one, and so have we.
fn choice_without_answer(response: &GenerateContentResponse) -> Value {
    json!({
        "index": 0,
        "message": { "role": "assistant", "content": null, "refusal": null },
        "logprobs": null,
        "finish_reason": if is_blocked(response) { "content_filter" } else { "stop" },
    })
}

/// Whether the prompt was refused, so that there are no answers.
pub(super) fn is_blocked(response: &GenerateContentResponse) -> bool {
    let feedback = response.prompt_feedback.as_ref();
    let is_blocked = feedback.is_some_and(|feedback| feedback.block_reason.is_some());
    is_blocked && response.candidates.is_empty()
}

fn choice(candidate: &Candidate, meta: &Meta) -> Value {
    let index = candidate.index.unwrap_or(0);
    let said = Said::of(candidate, meta);
    let reason = candidate.finish_reason.as_ref();
    json!({
        "index": index,
        "message": said.message(),
        "logprobs": candidate.logprobs_result.as_ref().map(logprobs::written),
        "finish_reason": reason.map(|reason| finish_reason(reason, said.calls.len(), meta)),
    })
}

/// How an answer ended, in OpenAI's words.
///
/// Google's layer appends its own reason, `content_filter: RECITATION`, which OpenAI's closed list
/// does not have; we keep to the list. It has no word for a function call that cannot be read,
/// though, so there we say what Google says.
pub(super) fn finish_reason(reason: &FinishReason, calls: usize, meta: &Meta) -> String {
    use FinishReason as R;
    match reason {
        R::Stop | R::Unspecified if calls > 0 && meta.legacy_functions => "function_call".into(),
        R::Stop | R::Unspecified if calls > 0 => "tool_calls".into(),
        R::Stop | R::Unspecified => "stop".into(),
        R::MaxTokens => "length".into(),
        R::MalformedFunctionCall | R::UnexpectedToolCall | R::TooManyToolCalls => {
            format!("function_call_filter: {}", reason.as_str())
        }
        _ => "content_filter".into(),
    }
}

/// What an answer says.
#[derive(Default)]
struct Said {
    text: Option<String>,
    calls: Vec<Value>,
    legacy_call: Option<Value>,
    thought: bool,
    signature: Option<String>,
}

impl Said {
    fn of(candidate: &Candidate, meta: &Meta) -> Self {
        let mut said = Self::default();
        let mut tags = Tags::default();
        let index = candidate.index.unwrap_or(0);
        for part in candidate.content.iter().flat_map(|content| &content.parts) {
            if let Some(call) = &part.function_call {
                said.write(tags.close());
                said.call(part, call, index, meta);
            } else if let Some(text) = tags.around(part) {
                said.write(Some(&text));
                said.thought |= part.thought == Some(true);
                said.signature = signature(part).or(said.signature);
            }
        }
        said.write(tags.close());
        said
    }

    fn write(&mut self, text: Option<&str>) {
        if let Some(text) = text {
            self.text.get_or_insert_default().push_str(text);
        }
    }

    fn call(&mut self, part: &Part, call: &FunctionCall, index: i32, meta: &Meta) {
        let place = self.calls.len();
        // The form of 2023 has room for one call.
        if meta.legacy_functions && place == 0 {
            self.legacy_call = Some(function(call));
        }
        self.calls.push(tool_call(part, call, index, place, meta));
    }

    fn message(&self) -> Value {
        let mut message = json!({ "role": "assistant", "content": self.text, "refusal": null });
        if let Some(call) = &self.legacy_call {
            message["function_call"] = call.clone();
        } else if !self.calls.is_empty() {
            message["tool_calls"] = json!(self.calls);
        }
        if let Some(extra) = extra_content(self.thought, self.signature.as_deref()) {
            message["extra_content"] = extra;
        }
        message
    }
}

/// Google marks thoughts by tags inside the text (seen in replies of 2026), besides the flag in
/// `extra_content`. In a stream the closing tag comes with the text that follows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tags {
    is_open: bool,
}

impl Tags {
    /// The text of a part with the tags that belong before it; `None` where it has no text.
    pub(super) fn around(&mut self, part: &Part) -> Option<String> {
        let text = part.text.as_deref()?;
        let is_thought = part.thought == Some(true);
        let tag = match (self.is_open, is_thought) {
            (false, true) => "<thought>",
            (true, false) => "</thought>",
            _ => "",
        };
        self.is_open = is_thought;
        Some(format!("{tag}{text}"))
    }

    /// The closing tag, where one is due.
    pub(super) fn close(&mut self) -> Option<&'static str> {
        std::mem::take(&mut self.is_open).then_some("</thought>")
    }
}

/// `{"google": ...}` with what OpenAI has no field for.
pub(super) fn extra_content(thought: bool, signature: Option<&str>) -> Option<Value> {
    let mut google = serde_json::Map::new();
    if thought {
        google.insert("thought".into(), true.into());
    }
    if let Some(signature) = signature {
        google.insert("thought_signature".into(), signature.into());
    }
    (!google.is_empty()).then(|| json!({ "google": google }))
}

/// A part's signature in base64.
pub(super) fn signature(part: &Part) -> Option<String> {
    let bytes = part.thought_signature.as_ref()?;
    Some(STANDARD.encode(bytes))
}

/// A call as one entry of `tool_calls`. A call that has no id is named after the completion: the
/// caller must be able to answer it among all calls of the conversation.
pub(super) fn tool_call(
    part: &Part,
    call: &FunctionCall,
    index: i32,
    place: usize,
    meta: &Meta,
) -> Value {
    let id = call.id.clone().filter(|id| !id.is_empty());
    let id = id.unwrap_or_else(|| format!("call-{}-{index}-{place}", meta.id));
    let mut written = json!({ "id": id, "type": "function", "function": function(call) });
    if let Some(extra) = extra_content(false, signature(part).as_deref()) {
        written["extra_content"] = extra;
    }
    written
}

/// A call's name and arguments, which are JSON in text.
pub(super) fn function(call: &FunctionCall) -> Value {
    let arguments = json!(call.args.clone().unwrap_or_default());
    json!({ "name": call.name.as_deref().unwrap_or_default(), "arguments": arguments.to_string() })
}

/// What it cost. Thinking is part of the total only, as in Google's replies (seen: 23 + 5 tokens
/// and a total of 126); OpenAI counts it among the completion's.
pub(super) fn usage(usage: &UsageMetadata) -> Value {
    let prompt = usage.prompt_token_count.unwrap_or(0);
    let completion = usage.candidates_token_count.unwrap_or(0);
    let sum = prompt.saturating_add(completion);
    let mut written = json!({
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": usage.total_token_count.unwrap_or(sum),
    });
    if let Some(cached) = usage.cached_content_token_count {
        written["prompt_tokens_details"] = json!({ "cached_tokens": cached });
    }
    written
}
