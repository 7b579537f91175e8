//! Whatever is sent is answered, and never with a panic.

use super::{meta, response};
use crate::openai::{
    chat::{self, Chunker},
    embeddings,
};
use proptest::prelude::*;
use serde_json::{Map, Value};

/// Names that lead deep into the readers.
const NAMES: [&str; 56] = [
    "model",
    "messages",
    "role",
    "content",
    "type",
    "text",
    "image_url",
    "url",
    "input_audio",
    "data",
    "format",
    "file",
    "file_data",
    "tool_calls",
    "tool_call_id",
    "id",
    "function",
    "name",
    "arguments",
    "tools",
    "parameters",
    "tool_choice",
    "functions",
    "function_call",
    "response_format",
    "json_schema",
    "schema",
    "temperature",
    "n",
    "stop",
    "logprobs",
    "top_logprobs",
    "reasoning_effort",
    "stream",
    "stream_options",
    "include_usage",
    "extra_body",
    "google",
    "thinking_config",
    "thinking_budget",
    "safety_settings",
    "category",
    "extra_content",
    "thought_signature",
    "input",
    "encoding_format",
    "candidates",
    "parts",
    "finishReason",
    "functionCall",
    "logprobsResult",
    "chosenCandidates",
    "promptFeedback",
    "blockReason",
    "index",
    "thought",
];

const WORDS: [&str; 24] = [
    "",
    "user",
    "assistant",
    "tool",
    "system",
    "function",
    "text",
    "image_url",
    "input_audio",
    "file",
    "auto",
    "required",
    "json_schema",
    "low",
    "none",
    "data:image/png;base64,AA",
    "data:;base64,!",
    "https://x/é.png",
    "{\"a\":1}",
    "[1",
    "STOP",
    "SAFETY",
    "é\u{0}\u{10ffff}",
    "base64",
];

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(&WORDS[..]).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "\\PC{70,120}".prop_map(Value::from),
    ]
}

fn json() -> impl Strategy<Value = Value> {
    let name = prop_oneof![9 => prop::sample::select(&NAMES[..]).prop_map(str::to_owned), 1 => any::<String>()];
    leaf().prop_recursive(7, 96, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..8)
                .prop_map(|fields| Value::from(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Messages in a body that is right elsewhere, so that the readers get that far.
fn conversation() -> impl Strategy<Value = Value> {
    let message = (prop::sample::select(&WORDS[1..6]), json(), json()).prop_map(|(role, content, calls)| {
        serde_json::json!({"role": role, "content": content, "tool_calls": [{"id": "c", "function": calls}], "tool_call_id": "c"})
    });
    prop::collection::vec(message, 0..5)
        .prop_map(|messages| serde_json::json!({"model": "m", "messages": messages}))
}

fn read(body: &[u8]) {
    for problem in [chat::request(body).err(), embeddings::request(body).err()]
        .into_iter()
        .flatten()
    {
        assert_eq!(problem.status().code.http(), 400);
        assert!(!problem.status().message.is_empty());
    }
}

proptest! {
    #[test]
    fn any_bytes_are_answered(body in any::<Vec<u8>>()) {
        read(&body);
    }

    #[test]
    fn any_json_is_answered(body in json()) {
        read(body.to_string().as_bytes());
    }

    #[test]
    fn any_conversation_is_answered(body in conversation()) {
        read(body.to_string().as_bytes());
    }

    #[test]
    fn cut_json_is_answered(body in conversation(), at in any::<prop::sample::Index>()) {
        let text = body.to_string();
        read(&text.as_bytes()[..at.index(text.len())]);
    }

    #[test]
    fn any_reply_is_written(parts in prop::collection::vec(json(), 0..4), candidates in json()) {
        let whole = serde_json::json!({"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]});
        for reply in [whole, serde_json::json!({"candidates": candidates}), candidates] {
            let text = reply.to_string();
            let Ok(reply) = serde_json::from_str(&text) else { continue };
            let mut chunker = Chunker::new(meta(), true);
            chat::reply(&reply, &meta());
            chunker.chunk(&reply);
            chunker.chunk(&reply);
            prop_assert!(!chunker.finish().is_empty());
        }
    }
}

#[test]
fn deep_json_is_refused() {
    read("[".repeat(100_000).as_bytes());
    read("{\"messages\":".repeat(100_000).as_bytes());
    assert_eq!(response(&serde_json::json!({})).candidates, []);
}
