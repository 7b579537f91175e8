//! Bodies of `chat/completions` that are accepted.

use super::{body, read};
use propus_failures::{Call, Cards, check as check_request};
use propus_wire::Version;
use serde_json::{Value, json};

/// Compares what the body becomes, without `model` and with `contents` only where expected.
fn check(more: Value, expected: Value) {
    let call = read(&body(more.clone()));
    let mut written = serde_json::to_value(&call.request).unwrap();
    assert_eq!(written["model"], "models/m");
    let fields = written.as_object_mut().unwrap();
    fields.remove("model");
    if expected.get("contents").is_none() {
        fields.remove("contents");
    }
    assert_eq!(written, expected, "{more}");
}

fn messages(messages: Value, expected: Value) {
    check(json!({ "messages": messages }), expected);
}

fn config(more: Value, expected: Value) {
    check(more, json!({ "generationConfig": expected }));
}

#[test]
fn turns() {
    messages(
        json!([{"role": "user", "content": "hi"}]),
        json!({"contents": [{"parts": [{"text": "hi"}], "role": "user"}]}),
    );
    messages(
        json!([
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "hi", "name": "ann"},
            {"role": "developer", "content": [{"type": "text", "text": "be kind"}]},
            {"role": "assistant", "content": "hello", "refusal": null, "annotations": []},
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        ]),
        json!({
            "systemInstruction": {"parts": [{"text": "be brief"}, {"text": "be kind"}]},
            "contents": [
                {"parts": [{"text": "hi"}], "role": "user"},
                {"parts": [{"text": "hello"}], "role": "model"},
                {"parts": [{"text": "a"}, {"text": "b"}], "role": "user"},
            ],
        }),
    );
}

#[test]
fn an_answer_that_says_nothing_is_left_out() {
    messages(
        json!([
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": null},
            {"role": "assistant", "content": ""},
        ]),
        json!({"contents": [{"parts": [{"text": "hi"}], "role": "user"}]}),
    );
}

/// The part that a part of a user's content becomes.
fn part(part: Value, expected: Value) {
    messages(
        json!([{"role": "user", "content": [part]}]),
        json!({"contents": [{"parts": [expected], "role": "user"}]}),
    );
}

#[test]
fn media() {
    part(
        json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAEC", "detail": "low"}}),
        json!({"inlineData": {"mimeType": "image/png", "data": "AAEC"}}),
    );
    part(
        json!({"type": "image_url", "image_url": "data:text/plain;charset=utf-8;base64,aGk="}),
        json!({"inlineData": {"mimeType": "text/plain", "data": "aGk="}}),
    );
    part(
        json!({"type": "image_url", "image_url": {"url": "https://x.test/a.JPG?b=c.png"}}),
        json!({"fileData": {"mimeType": "image/jpeg", "fileUri": "https://x.test/a.JPG?b=c.png"}}),
    );
    part(
        json!({"type": "image_url", "image_url": {"url": "https://x.test/v1beta/files/abc"}}),
        json!({"fileData": {"fileUri": "https://x.test/v1beta/files/abc"}}),
    );
    part(
        json!({"type": "input_audio", "input_audio": {"data": "AAEC", "format": "wav"}}),
        json!({"inlineData": {"mimeType": "audio/wav", "data": "AAEC"}}),
    );
    part(
        json!({"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AAEC"}}),
        json!({"inlineData": {"mimeType": "application/pdf", "data": "AAEC"}}),
    );
}

#[test]
fn calls_and_their_results() {
    let call = |id: &str, city: &str| {
        json!({"id": id, "type": "function", "function": {
            "name": "weather", "arguments": format!("{{\"city\":\"{city}\"}}"),
        }})
    };
    messages(
        json!([
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": null, "tool_calls": [call("c1", "Bern"), call("c2", "Rome")]},
            {"role": "tool", "tool_call_id": "c2", "content": "{\"sun\":true}"},
            {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "rain"}]},
            {"role": "user", "content": "so?"},
        ]),
        json!({"contents": [
            {"parts": [{"text": "hi"}], "role": "user"},
            {"parts": [
                {"functionCall": {"id": "c1", "name": "weather", "args": {"city": "Bern"}}},
                {"functionCall": {"id": "c2", "name": "weather", "args": {"city": "Rome"}}},
            ], "role": "model"},
            {"parts": [
                {"functionResponse": {"id": "c2", "name": "weather", "response": {"sun": true}}},
                {"functionResponse": {"id": "c1", "name": "weather", "response": {"result": "rain"}}},
            ], "role": "user"},
            {"parts": [{"text": "so?"}], "role": "user"},
        ]}),
    );
}

#[test]
fn calls_keep_their_signature_and_text() {
    messages(
        json!([
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "let me see", "tool_calls": [{
                "id": "c1",
                "function": {"name": "f", "arguments": ""},
                "extra_content": {"google": {"thought_signature": "AAEC"}},
            }]},
            {"role": "tool", "tool_call_id": "c1", "content": "[1,2]"},
        ]),
        json!({"contents": [
            {"parts": [{"text": "hi"}], "role": "user"},
            {"parts": [
                {"text": "let me see"},
                {"functionCall": {"id": "c1", "name": "f", "args": {}}, "thoughtSignature": "AAEC"},
            ], "role": "model"},
            {"parts": [{"functionResponse": {"id": "c1", "name": "f", "response": {"result": [1, 2]}}}], "role": "user"},
        ]}),
    );
}

#[test]
fn thoughts_that_come_back_are_dropped() {
    let answers = |answer: Value, text: &str| {
        messages(
            json!([{"role": "user", "content": "hi"}, answer]),
            json!({"contents": [
                {"parts": [{"text": "hi"}], "role": "user"},
                {"parts": [{"text": text}], "role": "model"},
            ]}),
        );
    };
    let marked = json!({"google": {"thought": true}});
    let tagged = "<thought>hm</thought>yes";
    answers(
        json!({"role": "assistant", "content": tagged, "extra_content": marked}),
        "yes",
    );
    answers(json!({"role": "assistant", "content": tagged}), tagged);
}

#[test]
fn calls_of_2023() {
    messages(
        json!([
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{\"a\":1}"}},
            {"role": "function", "name": "f", "content": "ok"},
        ]),
        json!({"contents": [
            {"parts": [{"text": "hi"}], "role": "user"},
            {"parts": [{"functionCall": {"name": "f", "args": {"a": 1}}}], "role": "model"},
            {"parts": [{"functionResponse": {"name": "f", "response": {"result": "ok"}}}], "role": "user"},
        ]}),
    );
    let call = read(&body(
        json!({"functions": [{"name": "f"}], "function_call": {"name": "f"}}),
    ));
    assert!(call.legacy_functions);
    let config = serde_json::to_value(call.request.tool_config.unwrap()).unwrap();
    assert_eq!(
        config,
        json!({"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}})
    );
}

#[test]
fn declared_functions() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    check(
        json!({"tools": [
            {"type": "function", "function": {"name": "f", "description": "d", "parameters": schema, "strict": true}},
            {"type": "function", "function": {"name": "g"}},
        ]}),
        json!({"tools": [{"functionDeclarations": [
            {"name": "f", "description": "d", "parametersJsonSchema": schema},
            {"name": "g"},
        ]}]}),
    );
    check(json!({"tools": [], "tool_choice": "auto"}), json!({}));
}

#[test]
fn choices_of_functions() {
    let g = json!({"type": "function", "function": {"name": "g"}});
    for (choice, expected) in [
        (json!("auto"), json!({"mode": "AUTO"})),
        (json!("none"), json!({"mode": "NONE"})),
        (json!("required"), json!({"mode": "ANY"})),
        (
            g.clone(),
            json!({"mode": "ANY", "allowedFunctionNames": ["g"]}),
        ),
        (
            json!({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [g]}}),
            json!({"mode": "VALIDATED", "allowedFunctionNames": ["g"]}),
        ),
    ] {
        check(
            json!({"tools": [g], "tool_choice": choice}),
            json!({
                "tools": [{"functionDeclarations": [{"name": "g"}]}],
                "toolConfig": {"functionCallingConfig": expected},
            }),
        );
    }
}

#[test]
fn settings() {
    config(json!({"temperature": 0.5}), json!({"temperature": 0.5}));
    config(
        json!({"temperature": 0, "top_p": 1}),
        json!({"temperature": 0.0, "topP": 1.0}),
    );
    config(
        json!({"n": 2, "seed": 3}),
        json!({"candidateCount": 2, "seed": 3}),
    );
    config(
        json!({"n": "2", "seed": 3.0}),
        json!({"candidateCount": 2, "seed": 3}),
    );
    config(json!({"stop": "x"}), json!({"stopSequences": ["x"]}));
    config(
        json!({"stop": ["x", "y"]}),
        json!({"stopSequences": ["x", "y"]}),
    );
    config(json!({"max_tokens": 5}), json!({"maxOutputTokens": 5}));
    config(
        json!({"max_tokens": 5, "max_completion_tokens": 6}),
        json!({"maxOutputTokens": 6}),
    );
    config(
        json!({"maxTokens": 5, "topP": 0.5}),
        json!({"maxOutputTokens": 5, "topP": 0.5}),
    );
    config(
        json!({"presence_penalty": 0.5, "frequency_penalty": -0.5}),
        json!({"presencePenalty": 0.5, "frequencyPenalty": -0.5}),
    );
    config(
        json!({"logprobs": true, "top_logprobs": 2}),
        json!({"responseLogprobs": true, "logprobs": 2}),
    );
    check(
        json!({"temperature": null, "stop": null, "tools": null}),
        json!({}),
    );
    check(json!({"service_tier": "auto"}), json!({}));
    check(
        json!({"service_tier": "default"}),
        json!({"serviceTier": "standard"}),
    );
    check(
        json!({"service_tier": "flex"}),
        json!({"serviceTier": "flex"}),
    );
}

#[test]
fn formats_of_the_answer() {
    let schema = json!({"type": "object"});
    check(json!({"response_format": {"type": "text"}}), json!({}));
    config(
        json!({"response_format": {"type": "json_object"}}),
        json!({"responseMimeType": "application/json"}),
    );
    config(
        json!({"response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": true, "schema": schema}}}),
        json!({"responseMimeType": "application/json", "responseJsonSchema": schema}),
    );
}

#[test]
fn thinking() {
    let budget = |tokens: i32| json!({"thinkingBudget": tokens});
    let level = |level: &str| json!({"thinkingLevel": level});
    for (model, effort, expected) in [
        ("gemini-2.5-flash", "none", budget(0)),
        ("gemini-2.5-flash", "minimal", budget(1024)),
        ("models/gemini-2.5-pro", "low", budget(1024)),
        ("gemini-2.5-flash", "medium", budget(8192)),
        ("gemini-2.5-flash", "high", budget(24576)),
        ("gemini-3-flash-preview", "minimal", level("MINIMAL")),
        ("gemini-3.1-pro-preview", "minimal", level("LOW")),
        ("gemini-3-flash-preview", "low", level("LOW")),
        ("gemini-3-flash-preview", "medium", level("MEDIUM")),
        ("gemini-3-flash-preview", "high", level("HIGH")),
        ("gemini-3-flash-preview", "none", budget(0)),
    ] {
        let call = read(&body(json!({"model": model, "reasoning_effort": effort})));
        let config = serde_json::to_value(call.request.generation_config.unwrap()).unwrap();
        assert_eq!(
            config,
            json!({"thinkingConfig": expected}),
            "{model} {effort}"
        );
    }
}

#[test]
fn what_only_google_has() {
    check(
        json!({"extra_body": {"google": {
            "cached_content": "cachedContents/a",
            "thinking_config": {"thinking_budget": 5, "includeThoughts": true},
            "safety_settings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        }}}),
        json!({
            "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
            "generationConfig": {"thinkingConfig": {"includeThoughts": true, "thinkingBudget": 5}},
            "cachedContent": "cachedContents/a",
        }),
    );
    config(
        json!({"reasoning_effort": "low", "extra_body": {"google": {"thinking_config": {"include_thoughts": true}}}}),
        json!({"thinkingConfig": {"includeThoughts": true, "thinkingLevel": "LOW"}}),
    );
    check(json!({"extra_body": {}}), json!({}));
}

#[test]
fn a_conversation_with_tools_passes_the_check() {
    let call = read(&body(json!({
        "model": "gemini-2.5-flash",
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                {"id": "b", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            ]},
            {"role": "tool", "tool_call_id": "a", "content": "1"},
            {"role": "tool", "tool_call_id": "b", "content": "2"},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}],
        "tool_choice": "auto", "reasoning_effort": "low", "temperature": 0.5, "n": 1, "stop": "x",
    })));
    let card = Cards::builtin().get("gemini-2.5-flash").unwrap();
    check_request(&Call::GenerateContent(&call.request), card, Version::V1Beta).unwrap();
}

#[test]
fn models_have_a_collection() {
    for (model, resource) in [
        ("gemini-2.5-flash", "models/gemini-2.5-flash"),
        ("models/gemini-2.5-flash", "models/gemini-2.5-flash"),
        ("tunedModels/mine", "tunedModels/mine"),
    ] {
        let call = read(&body(json!({"model": model})));
        assert_eq!(call.model, model);
        assert_eq!(call.request.model.as_deref(), Some(resource));
    }
}

#[test]
fn streaming() {
    let options = |call: super::ChatCall| (call.stream, call.include_usage);
    let read = |more| options(read(&body(more)));
    assert_eq!(read(json!({})), (false, false));
    assert_eq!(read(json!({"stream": true})), (true, false));
    let both = json!({"stream": true, "stream_options": {"include_usage": true}});
    assert_eq!(read(both), (true, true));
}

#[test]
fn fields_without_effect_are_named() {
    let call = read(&body(json!({
        "user": "ann", "store": false, "metadata": {"a": "b"}, "parallel_tool_calls": true,
        "verbosity": null, "logit_bias": {}, "modalities": ["text"],
    })));
    assert_eq!(
        call.ignored,
        ["user", "store", "metadata", "parallel_tool_calls"]
    );
}
