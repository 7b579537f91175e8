//! Bodies that are refused, with the failure's name and what is said.

use super::{super::embeddings, body};
use crate::openai::chat;
use propus_wire::status::Detail;
use serde_json::{Value, json};

fn check_text(body: &str, name: &str, message: &str) {
    let problem = chat::request(body.as_bytes()).expect_err(body);
    assert_eq!(problem.status().message, message, "{body}");
    assert_eq!(problem.name(), name, "{body}");
    assert_eq!(problem.status().code.http(), 400);
}

fn check(more: Value, name: &str, message: &str) {
    check_text(&body(more).to_string(), name, message);
}

fn wrong(more: Value, message: &str) {
    check(more, "wrong-enum-or-type", message);
}

#[test]
fn what_is_not_json() {
    let name = "malformed-json";
    let end = "Invalid JSON payload received. Unexpected end of string. Expected a value.\n\n^";
    check_text("", name, end);
    check_text("{\"model\":", name, end);
    check_text(
        "{\"model\": gemini}",
        name,
        "Invalid JSON payload received. Unexpected token.\n{\"model\": gemini}\n          ^",
    );
    let root = "Invalid JSON payload received. Unknown name \"\": Root element must be a message.";
    check_text("[]", "unknown-field", root);
}

#[test]
fn unknown_fields_are_told_all_at_once() {
    let name = "unknown-field";
    check(
        json!({"top_k": 4, "reasoning": {}}),
        name,
        "Invalid JSON payload received. Unknown name \"top_k\": Cannot find field.\n\
         Invalid JSON payload received. Unknown name \"reasoning\": Cannot find field.",
    );
    check(
        json!({"google": {}}),
        name,
        "Invalid JSON payload received. Unknown name \"google\": Cannot find field.",
    );
    check(
        json!({"extra_body": {"extra_body": {}}}),
        name,
        "Invalid JSON payload received. Unknown name \"extra_body\" at 'extra_body': Cannot find field.",
    );
    check(
        json!({"extra_body": {"google": {"thinking_config": {"budget": 1}}}}),
        name,
        "Invalid JSON payload received. Unknown name \"budget\" at 'extra_body.google.thinking_config': Cannot find field.",
    );
    check(
        json!({"tools": [{"type": "function", "function": {"name": "f", "schema": {}}}]}),
        name,
        "Invalid JSON payload received. Unknown name \"schema\" at 'tools[0].function': Cannot find field.",
    );
}

#[test]
fn fields_that_would_change_the_answer_are_refused() {
    for (name, value) in [
        ("logit_bias", json!({"5": 1})),
        ("audio", json!({"voice": "alloy", "format": "wav"})),
        ("modalities", json!(["text", "audio"])),
        ("web_search_options", json!({"search_context_size": "low"})),
    ] {
        let message =
            format!("Invalid JSON payload received. Unknown name \"{name}\": Cannot find field.");
        check(json!({ name: value }), "unknown-field", &message);
    }
}

#[test]
fn values_of_another_type() {
    wrong(
        json!({"temperature": "hot"}),
        "Invalid value at 'temperature' (TYPE_FLOAT), \"hot\"",
    );
    wrong(
        json!({"temperature": 1e300}),
        "Invalid value at 'temperature' (TYPE_FLOAT), 1e+300",
    );
    wrong(json!({"n": 1.5}), "Invalid value at 'n' (TYPE_INT32), 1.5");
    wrong(
        json!({"seed": 5_000_000_000_i64}),
        "Invalid value at 'seed' (TYPE_INT32), 5000000000",
    );
    wrong(
        json!({"stream": "yes"}),
        "Invalid value at 'stream' (TYPE_BOOL), \"yes\"",
    );
    wrong(
        json!({"stop": [1]}),
        "Invalid value at 'stop[0]' (TYPE_STRING), 1",
    );
    wrong(
        json!({"model": 5}),
        "Invalid value at 'model' (TYPE_STRING), 5",
    );
    wrong(
        json!({"messages": "hi"}),
        "Invalid value at 'messages' (TYPE_MESSAGE), \"hi\"",
    );
    wrong(
        json!({"response_format": "json"}),
        "Invalid value at 'response_format' (TYPE_MESSAGE), \"json\"",
    );
    wrong(
        json!({"reasoning_effort": "xhigh"}),
        "Invalid value at 'reasoning_effort' (TYPE_ENUM), \"xhigh\"",
    );
    wrong(
        json!({"service_tier": "scale"}),
        "Invalid value at 'service_tier' (TYPE_ENUM), \"scale\"",
    );
    wrong(
        json!({"temperature": [1]}),
        "Invalid JSON payload received. Unknown name \"temperature\": Proto field is not repeating, cannot start list.",
    );
    wrong(
        json!({"tools": [{"type": "web_search"}]}),
        "Invalid value at 'tools[0].type' (TYPE_ENUM), \"web_search\"",
    );
    wrong(
        json!({"tool_choice": "required"}),
        "Invalid value at 'tool_choice': a call is required and no function is declared.",
    );
}

fn message(message: Value, text: &str) {
    wrong(json!({ "messages": [message] }), text);
}

#[test]
fn messages() {
    message(
        json!({"role": "narrator", "content": "hi"}),
        "Invalid value at 'messages[0].role' (TYPE_ENUM), \"narrator\"",
    );
    message(
        json!({"role": "user", "content": [{"type": "video_url"}]}),
        "Invalid value at 'messages[0].content[0].type' (TYPE_ENUM), \"video_url\"",
    );
    message(
        json!({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "a.png"}}]}),
        "Invalid value at 'messages[0].content[0].image_url.url': a medium is a data URL or an https URL.",
    );
    message(
        json!({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png,abc"}}]}),
        "Invalid value at 'messages[0].content[0].image_url.url': a data URL must look like data:image/png;base64,... .",
    );
    message(
        json!({"role": "tool", "tool_call_id": "c9", "content": "x"}),
        "Invalid value at 'messages[0].tool_call_id': no earlier tool call has the id \"c9\".",
    );
    message(
        json!({"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "[1]"}}]}),
        "Invalid value at 'messages[0].tool_calls[0].function.arguments': arguments must be a JSON object in text.",
    );
}

#[test]
fn bytes_that_are_not_base64_are_quoted_in_part() {
    let long = "!".repeat(200);
    let expected = format!(
        "Invalid value at 'messages[0].content[0].input_audio.data' (TYPE_BYTES), Base64 decoding failed for \"{}...\"",
        "!".repeat(80)
    );
    let audio = json!({"type": "input_audio", "input_audio": {"data": long, "format": "wav"}});
    let messages = json!([{"role": "user", "content": [audio]}]);
    check(json!({ "messages": messages }), "base64-invalid", &expected);
}

#[test]
fn thinking_is_said_once() {
    wrong(
        json!({"reasoning_effort": "low", "extra_body": {"google": {"thinking_config": {"thinking_level": "low"}}}}),
        "Invalid value at 'reasoning_effort': reasoning_effort cannot be used together with thinking_level or thinking_budget.",
    );
}

#[test]
fn what_is_missing_is_told_when_all_can_be_read() {
    let name = "missing-required-field";
    check(
        json!({"model": null}),
        name,
        "* ChatCompletionsRequest.model: model is not specified\n",
    );
    check(
        json!({"model": null, "messages": [{"content": "hi"}]}),
        name,
        "* ChatCompletionsRequest.model: model is not specified\n\
         * ChatCompletionsRequest.messages[0].role: role is not specified\n",
    );
    wrong(
        json!({"model": null, "n": "x"}),
        "Invalid value at 'n' (TYPE_INT32), \"x\"",
    );
}

#[test]
fn violations_name_the_message_that_holds_the_fault() {
    let bad = body(json!({"store_it": 1, "temperature": true, "extra_body": {"x": 1}}));
    let status = chat::request(bad.to_string().as_bytes())
        .unwrap_err()
        .status();
    let [Detail::BadRequest { field_violations }] = status.details.as_slice() else {
        panic!("{status:?}");
    };
    let fields: Vec<_> = field_violations
        .iter()
        .map(|one| one.field.as_deref())
        .collect();
    assert_eq!(fields, [None, Some("extra_body"), Some("temperature")]);
}

#[test]
fn not_every_fault_of_many_is_told() {
    let bad = body(json!({ "messages": vec![1; 1000] })).to_string();
    let message = chat::request(bad.as_bytes()).unwrap_err().status().message;
    assert_eq!(message.lines().count(), 100);
}

#[test]
fn embeddings() {
    for (more, message) in [
        (
            json!({"input": [1, 2]}),
            "Invalid value at 'input': token arrays are not supported; send the text itself.",
        ),
        (
            json!({"input": [[1, 2], [3]]}),
            "Invalid value at 'input': token arrays are not supported; send the text itself.",
        ),
        (
            json!({"input": {"a": 1}}),
            "Invalid value at 'input' (TYPE_STRING), {\"a\":1}",
        ),
        (
            json!({}),
            "* EmbeddingsRequest.input: input is not specified\n",
        ),
        (
            json!({"input": "a", "encoding_format": "int8"}),
            "Invalid value at 'encoding_format' (TYPE_ENUM), \"int8\"",
        ),
        (
            json!({"input": "a", "task_type": "x"}),
            "Invalid JSON payload received. Unknown name \"task_type\": Cannot find field.",
        ),
    ] {
        let mut body = more;
        body["model"] = json!("m");
        let problem = embeddings::request(body.to_string().as_bytes()).expect_err(message);
        assert_eq!(problem.status().message, message);
    }
}
