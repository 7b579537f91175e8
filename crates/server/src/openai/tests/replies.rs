//! Replies as completions.

use super::{meta, response};
use crate::openai::chat::{self, Chunker, Meta};
use serde_json::{Value, json};

/// The only choice of a reply with one candidate.
fn choice(candidate: Value, meta: &Meta) -> Value {
    let written = chat::reply(&response(&json!({ "candidates": [candidate] })), meta);
    assert_eq!(written["choices"].as_array().unwrap().len(), 1);
    written["choices"][0].clone()
}

fn check(candidate: Value, message: Value, finish_reason: &str) {
    let choice = choice(candidate, &meta());
    assert_eq!(choice["message"], message);
    assert_eq!(choice["finish_reason"], finish_reason);
}

#[test]
fn a_whole_completion() {
    let response = response(&json!({
        "candidates": [{"content": {"parts": [{"text": "hel"}, {"text": "lo"}], "role": "model"}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 23, "candidatesTokenCount": 5, "thoughtsTokenCount": 98,
            "totalTokenCount": 126, "cachedContentTokenCount": 20},
    }));
    assert_eq!(
        chat::reply(&response, &meta()),
        json!({
            "id": "r1",
            "object": "chat.completion",
            "created": 7,
            "model": "gemini-2.5-flash",
            "choices": [{
                "index": 0,
                "message": {"role": "assistant", "content": "hello", "refusal": null},
                "logprobs": null,
                "finish_reason": "stop",
            }],
            "usage": {"prompt_tokens": 23, "completion_tokens": 5, "total_tokens": 126,
                "prompt_tokens_details": {"cached_tokens": 20}},
        })
    );
}

#[test]
fn ends_of_answers() {
    for (reason, expected) in [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("SPII", "content_filter"),
        ("BRAND_NEW", "content_filter"),
        (
            "MALFORMED_FUNCTION_CALL",
            "function_call_filter: MALFORMED_FUNCTION_CALL",
        ),
    ] {
        let message = json!({"role": "assistant", "content": null, "refusal": null});
        check(json!({ "finishReason": reason }), message, expected);
    }
}

#[test]
fn calls() {
    let call =
        json!({"functionCall": {"name": "f", "args": {"a": [1]}}, "thoughtSignature": "AAEC"});
    let named = json!({"functionCall": {"id": "x", "name": "g"}});
    check(
        json!({"content": {"parts": [{"text": "wait"}, call, named]}, "finishReason": "STOP"}),
        json!({"role": "assistant", "content": "wait", "refusal": null, "tool_calls": [
            {"id": "call-r1-0-0", "type": "function", "function": {"name": "f", "arguments": "{\"a\":[1]}"},
                "extra_content": {"google": {"thought_signature": "AAEC"}}},
            {"id": "x", "type": "function", "function": {"name": "g", "arguments": "{}"}},
        ]}),
        "tool_calls",
    );
}

#[test]
fn a_call_in_the_form_of_2023() {
    let meta = Meta {
        legacy_functions: true,
        ..meta()
    };
    let call = json!({"functionCall": {"name": "f", "args": {"a": 1}}});
    let choice = choice(
        json!({"content": {"parts": [call]}, "finishReason": "STOP"}),
        &meta,
    );
    assert_eq!(
        choice["message"]["function_call"],
        json!({"name": "f", "arguments": "{\"a\":1}"})
    );
    assert_eq!(choice["message"].get("tool_calls"), None);
    assert_eq!(choice["finish_reason"], "function_call");
}

#[test]
fn thoughts_are_tagged() {
    check(
        json!({"content": {"parts": [{"text": "hm", "thought": true}, {"text": "yes"}]}, "finishReason": "STOP"}),
        json!({"role": "assistant", "content": "<thought>hm</thought>yes", "refusal": null,
            "extra_content": {"google": {"thought": true}}}),
        "stop",
    );
    check(
        json!({"content": {"parts": [{"text": "hm", "thought": true}]}, "finishReason": "MAX_TOKENS"}),
        json!({"role": "assistant", "content": "<thought>hm</thought>", "refusal": null,
            "extra_content": {"google": {"thought": true}}}),
        "length",
    );
}

#[test]
fn a_blocked_prompt_has_a_choice() {
    let response = response(
        &json!({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 3}}),
    );
    let written = chat::reply(&response, &meta());
    assert_eq!(
        written["choices"],
        json!([{
            "index": 0,
            "message": {"role": "assistant", "content": null, "refusal": null},
            "logprobs": null,
            "finish_reason": "content_filter",
        }])
    );
    let usage = json!({"prompt_tokens": 3, "completion_tokens": 0, "total_tokens": 3});
    assert_eq!(written["usage"], usage);
}

#[test]
fn an_answer_counts_more_than_a_block_of_its_prompt() {
    let response = response(&json!({
        "candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}],
        "promptFeedback": {"blockReason": "OTHER"},
    }));
    let written = chat::reply(&response, &meta());
    assert_eq!(written["choices"][0]["finish_reason"], "stop");
    let mut chunker = Chunker::new(meta(), false);
    chunker.chunk(&response);
    let end = chunker.finish();
    assert_eq!(end[0]["choices"][0]["finish_reason"], "stop");
}

#[test]
fn log_probabilities() {
    let token =
        |token: &str, value: f64| json!({"token": token, "tokenId": 1, "logProbability": value});
    let candidate = json!({
        "content": {"parts": [{"text": "é"}]},
        "finishReason": "STOP",
        "logprobsResult": {
            "topCandidates": [{"candidates": [token("é", -0.1), token("e", -2.5)]}],
            "chosenCandidates": [token("é", -0.1)],
        },
    });
    assert_eq!(
        choice(candidate, &meta())["logprobs"],
        json!({"refusal": null, "content": [{
            "token": "é", "logprob": -0.1, "bytes": [195, 169],
            "top_logprobs": [
                {"token": "é", "logprob": -0.1, "bytes": [195, 169]},
                {"token": "e", "logprob": -2.5, "bytes": [101]},
            ],
        }]})
    );
}

#[test]
fn several_answers_keep_their_places() {
    let response = response(&json!({"candidates": [
        {"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"},
        {"content": {"parts": [{"text": "b"}]}, "finishReason": "MAX_TOKENS", "index": 1},
    ]}));
    let written = chat::reply(&response, &meta());
    assert_eq!(written["choices"][0]["index"], 0);
    assert_eq!(written["choices"][1]["index"], 1);
    assert_eq!(written["choices"][1]["finish_reason"], "length");
}
