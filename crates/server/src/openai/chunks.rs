//! A streamed reply as `chat.completion.chunk`s.

use super::{
    logprobs,
    reply::{self, Meta, Tags},
};
use propus_wire::generate::{Candidate, FinishReason, FunctionCall, GenerateContentResponse, Part};
use serde_json::{Value, json};
use std::collections::{BTreeMap, btree_map::Entry};

/// Turns the chunks of a reply into OpenAI's, and keeps for the end what belongs there.
///
/// Older models say `STOP` in every chunk, and clients end at the first `finish_reason`; so it is
/// held back until [`Chunker::finish`]. A stream that breaks off gets none.
#[derive(Debug)]
pub(crate) struct Chunker {
    meta: Meta,
    include_usage: bool,
    choices: BTreeMap<i32, Choice>,
    usage: Option<Value>,
}

#[derive(Debug, Default)]
struct Choice {
    tags: Tags,
    calls: usize,
    finish: Option<FinishReason>,
}

impl Chunker {
    /// Begins a stream.
    pub(crate) fn new(meta: Meta, include_usage: bool) -> Self {
        Self {
            meta,
            include_usage,
            choices: BTreeMap::new(),
            usage: None,
        }
    }

    /// What to send for the next chunk of the reply; may be nothing.
    pub(crate) fn chunk(&mut self, response: &GenerateContentResponse) -> Vec<Value> {
        if let Some(usage) = &response.usage_metadata {
            self.usage = Some(reply::usage(usage));
        }
        let mut out = Vec::new();
        for candidate in &response.candidates {
            self.candidate(candidate, &mut out);
        }
        if reply::is_blocked(response) {
            self.begin(0, &mut out);
            self.choices.entry(0).or_default().finish = Some(FinishReason::Safety);
        }
        out
    }

    /// What to send when the reply is complete: how each choice ended, and the usage.
    pub(crate) fn finish(self) -> Vec<Value> {
        let mut out = Vec::new();
        for (index, choice) in &self.choices {
            self.end(*index, choice, &mut out);
        }
        if self.include_usage {
            out.push(self.written(json!([]), self.usage.clone()));
        }
        out
    }

    /// The first delta of a choice says who speaks.
    fn begin(&mut self, index: i32, out: &mut Vec<Value>) {
        if let Entry::Vacant(place) = self.choices.entry(index) {
            place.insert(Choice::default());
            let delta = json!({ "role": "assistant", "content": "", "refusal": null });
            out.push(self.delta(index, delta, Value::Null));
        }
    }

    fn candidate(&mut self, candidate: &Candidate, out: &mut Vec<Value>) {
        let index = candidate.index.unwrap_or(0);
        self.begin(index, out);
        let mut choice = self.choices.remove(&index).unwrap_or_default();
        let mut deltas = choice.deltas(candidate, index, &self.meta);
        let mut logprobs = candidate.logprobs_result.as_ref().map(logprobs::written);
        if logprobs.is_some() && deltas.is_empty() {
            deltas.push(json!({ "content": "" }));
        }
        for delta in deltas {
            out.push(self.delta(index, delta, logprobs.take().unwrap_or(Value::Null)));
        }
        if let Some(reason) = &candidate.finish_reason {
            choice.finish = Some(reason.clone());
        }
        self.choices.insert(index, choice);
    }

    fn end(&self, index: i32, choice: &Choice, out: &mut Vec<Value>) {
        let mut tags = choice.tags;
        if let Some(tag) = tags.close() {
            out.push(self.delta(index, json!({ "content": tag }), Value::Null));
        }
        if let Some(reason) = &choice.finish {
            let reason = reply::finish_reason(reason, choice.calls, &self.meta);
            out.push(self.choice(index, json!({}), Value::Null, json!(reason)));
        }
    }

    fn delta(&self, index: i32, delta: Value, logprobs: Value) -> Value {
        self.choice(index, delta, logprobs, Value::Null)
    }

    fn choice(&self, index: i32, delta: Value, logprobs: Value, finish_reason: Value) -> Value {
        let choice = json!({
            "index": index,
            "delta": delta,
            "logprobs": logprobs,
            "finish_reason": finish_reason,
        });
        self.written(json!([choice]), None)
    }

    /// With `include_usage` every chunk has the key, and all but the last say null.
    fn written(&self, choices: Value, usage: Option<Value>) -> Value {
        let mut chunk = json!({
            "id": self.meta.id,
            "object": "chat.completion.chunk",
            "created": self.meta.created,
            "model": self.meta.model,
            "choices": choices,
        });
        if self.include_usage {
            chunk["usage"] = usage.unwrap_or(Value::Null);
        }
        chunk
    }
}

impl Choice {
    fn deltas(&mut self, candidate: &Candidate, index: i32, meta: &Meta) -> Vec<Value> {
        let mut deltas = Vec::new();
        for part in candidate.content.iter().flat_map(|content| &content.parts) {
            match &part.function_call {
                Some(call) => self.call(part, call, index, meta, &mut deltas),
                None => deltas.extend(self.text(part)),
            }
        }
        deltas
    }

    /// An empty text says nothing, unless it carries a signature.
    fn text(&mut self, part: &Part) -> Option<Value> {
        let text = self.tags.around(part)?;
        let extra = reply::extra_content(
            part.thought == Some(true),
            reply::signature(part).as_deref(),
        );
        if text.is_empty() && extra.is_none() {
            return None;
        }
        let mut delta = json!({ "content": text });
        if let Some(extra) = extra {
            delta["extra_content"] = extra;
        }
        Some(delta)
    }

    /// A call comes whole. Google leaves its `index` out (seen), which makes clients mix parallel
    /// calls up; OpenAI requires it, and so we send it.
    fn call(
        &mut self,
        part: &Part,
        call: &FunctionCall,
        index: i32,
        meta: &Meta,
        deltas: &mut Vec<Value>,
    ) {
        if let Some(tag) = self.tags.close() {
            deltas.push(json!({ "content": tag }));
        }
        let place = self.calls;
        self.calls += 1;
        if meta.legacy_functions {
            let first = (place == 0).then(|| json!({ "function_call": reply::function(call) }));
            deltas.extend(first);
            return;
        }
        let mut written = json!({ "index": place });
        if let (Value::Object(to), Value::Object(from)) = (
            &mut written,
            reply::tool_call(part, call, index, place, meta),
        ) {
            to.extend(from);
        }
        deltas.push(json!({ "tool_calls": [written] }));
    }
}
