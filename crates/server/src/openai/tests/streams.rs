//! Streamed replies.

use super::{meta, response};
use crate::openai::chat::{Chunker, Meta};
use serde_json::{Value, json};

fn stream(chunks: &[Value], meta: Meta, include_usage: bool) -> Vec<Value> {
    let mut chunker = Chunker::new(meta, include_usage);
    let mut out: Vec<_> = chunks
        .iter()
        .flat_map(|chunk| chunker.chunk(&response(chunk)))
        .collect();
    out.extend(chunker.finish());
    out
}

/// Compares index, delta and finish reason of every chunk.
fn check(chunks: &[Value], expected: &[(i32, Value, Value)]) {
    let written = stream(chunks, meta(), false);
    let mut seen = Vec::new();
    for chunk in &written {
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert_eq!(chunk.get("usage"), None);
        let choice = &chunk["choices"][0];
        let index = choice["index"].as_i64().unwrap() as i32;
        seen.push((
            index,
            choice["delta"].clone(),
            choice["finish_reason"].clone(),
        ));
    }
    assert_eq!(seen, expected);
}

fn text(text: &str) -> Value {
    json!({"candidates": [{"content": {"parts": [{"text": text}], "role": "model"}}]})
}

fn begin() -> Value {
    json!({"role": "assistant", "content": "", "refusal": null})
}

#[test]
fn texts() {
    let last =
        json!({"candidates": [{"content": {"parts": [{"text": ""}]}, "finishReason": "STOP"}]});
    check(
        &[text("hel"), text("lo"), last],
        &[
            (0, begin(), Value::Null),
            (0, json!({"content": "hel"}), Value::Null),
            (0, json!({"content": "lo"}), Value::Null),
            (0, json!({}), json!("stop")),
        ],
    );
}

#[test]
fn a_stop_in_every_chunk_ends_the_stream_once() {
    let chunk = |text: &str| json!({"candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": "STOP"}]});
    check(
        &[chunk("a"), chunk("b")],
        &[
            (0, begin(), Value::Null),
            (0, json!({"content": "a"}), Value::Null),
            (0, json!({"content": "b"}), Value::Null),
            (0, json!({}), json!("stop")),
        ],
    );
}

#[test]
fn a_stream_that_breaks_off_has_no_end() {
    check(
        &[text("a")],
        &[
            (0, begin(), Value::Null),
            (0, json!({"content": "a"}), Value::Null),
        ],
    );
    check(&[], &[]);
}

#[test]
fn calls_are_numbered() {
    let call = |name: &str| json!({"candidates": [{"content": {"parts": [{"functionCall": {"name": name, "args": {"a": 1}}}]}}]});
    let delta = |index: i32, name: &str| {
        json!({"tool_calls": [{
            "index": index, "id": format!("call-r1-0-{index}"), "type": "function",
            "function": {"name": name, "arguments": "{\"a\":1}"},
        }]})
    };
    check(
        &[
            call("f"),
            call("g"),
            json!({"candidates": [{"finishReason": "STOP"}]}),
        ],
        &[
            (0, begin(), Value::Null),
            (0, delta(0, "f"), Value::Null),
            (0, delta(1, "g"), Value::Null),
            (0, json!({}), json!("tool_calls")),
        ],
    );
}

#[test]
fn a_call_in_the_form_of_2023() {
    let meta = Meta {
        legacy_functions: true,
        ..meta()
    };
    let call = json!({"candidates": [{"content": {"parts": [{"functionCall": {"name": "f"}}]}, "finishReason": "STOP"}]});
    let written = stream(&[call], meta, false);
    let call = json!({"function_call": {"name": "f", "arguments": "{}"}});
    assert_eq!(written[1]["choices"][0]["delta"], call);
    assert_eq!(written[2]["choices"][0]["finish_reason"], "function_call");
}

#[test]
fn thoughts_are_tagged_across_chunks() {
    let thought = |text: &str| json!({"candidates": [{"content": {"parts": [{"text": text, "thought": true}]}}]});
    let extra = json!({"google": {"thought": true}});
    check(
        &[thought("h"), thought("m"), text("yes")],
        &[
            (0, begin(), Value::Null),
            (
                0,
                json!({"content": "<thought>h", "extra_content": extra}),
                Value::Null,
            ),
            (
                0,
                json!({"content": "m", "extra_content": extra}),
                Value::Null,
            ),
            (0, json!({"content": "</thought>yes"}), Value::Null),
        ],
    );
    check(
        &[
            thought("h"),
            json!({"candidates": [{"finishReason": "MAX_TOKENS"}]}),
        ],
        &[
            (0, begin(), Value::Null),
            (
                0,
                json!({"content": "<thought>h", "extra_content": extra}),
                Value::Null,
            ),
            (0, json!({"content": "</thought>"}), Value::Null),
            (0, json!({}), json!("length")),
        ],
    );
}

#[test]
fn several_answers() {
    let chunk = |index: i32, text: &str| json!({"candidates": [{"index": index, "content": {"parts": [{"text": text}]}, "finishReason": "STOP"}]});
    check(
        &[chunk(1, "b"), chunk(0, "a")],
        &[
            (1, begin(), Value::Null),
            (1, json!({"content": "b"}), Value::Null),
            (0, begin(), Value::Null),
            (0, json!({"content": "a"}), Value::Null),
            (0, json!({}), json!("stop")),
            (1, json!({}), json!("stop")),
        ],
    );
}

#[test]
fn a_blocked_prompt() {
    let blocked = json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}});
    check(
        &[blocked.clone(), blocked],
        &[
            (0, begin(), Value::Null),
            (0, json!({}), json!("content_filter")),
        ],
    );
}

#[test]
fn the_usage_comes_last_and_only_when_asked_for() {
    let usage = |tokens: i32| json!({"promptTokenCount": 2, "candidatesTokenCount": tokens, "totalTokenCount": 2 + tokens});
    let mut chunks = [text("a"), text("b")];
    chunks[0]["usageMetadata"] = usage(1);
    chunks[1]["usageMetadata"] = usage(2);
    let written = stream(&chunks, meta(), true);
    let (last, others) = written.split_last().unwrap();
    assert!(
        others
            .iter()
            .all(|chunk| chunk["usage"].is_null() && chunk.get("usage").is_some())
    );
    assert_eq!(last["choices"], json!([]));
    let expected = json!({"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4});
    assert_eq!(last["usage"], expected);
}

#[test]
fn log_probabilities_come_with_their_text() {
    let token = json!({"token": "a", "logProbability": -0.5});
    let mut chunk = text("a");
    chunk["candidates"][0]["logprobsResult"] = json!({"chosenCandidates": [token]});
    let written = stream(&[chunk], meta(), false);
    assert_eq!(written[0]["choices"][0]["logprobs"], Value::Null);
    assert_eq!(
        written[1]["choices"][0]["logprobs"]["content"][0]["logprob"],
        -0.5
    );
}
