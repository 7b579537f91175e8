use super::*;
use crate::openai::flavour::Flavour::{self, *};
use proptest::prelude::*;
use propus_wire::{
    Message, Mode,
    generate::{Content, FunctionCall, FunctionResponse, Part},
};

fn written(request: &Value, flavour: Flavour) -> Result<Value, Problem> {
    let call = GenerateContentRequest::from_json(request.to_string().as_bytes(), Mode::Lenient);
    translated(&call.unwrap(), flavour)
}

fn translated(call: &GenerateContentRequest, flavour: Flavour) -> Result<Value, Problem> {
    let target = Target {
        traits: flavour.traits(),
        model: "m",
        stream: false,
        fetch_images: false,
        detail: None,
        dropped: &[],
    };
    body(call, &target)
}

#[track_caller]
fn check_messages(contents: Value, flavour: Flavour, expected: Value) {
    let body = written(&json!({ "contents": contents }), flavour).unwrap();
    assert_eq!(body["messages"], expected);
}

#[test]
fn turns_become_messages() {
    check_messages(
        json!([
            { "parts": [{ "text": "a" }, { "text": "b" }] },
            { "role": "model", "parts": [{ "text": "why", "thought": true }, { "text": "c" }] },
            { "role": "user", "parts": [{ "text": "see" }, { "inlineData": { "mimeType": "image/png", "data": "AAAA" } }] },
        ]),
        LlamaServer,
        json!([
            { "role": "user", "content": "ab" },
            { "role": "assistant", "content": "c", "reasoning_content": "why" },
            { "role": "user", "content": [
                { "type": "text", "text": "see" },
                { "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } },
            ] },
        ]),
    );
}

#[test]
fn parallel_calls_get_ids_from_their_places() {
    check_messages(
        json!([
            { "role": "user", "parts": [{ "text": "a" }] },
            { "role": "model", "parts": [
                { "functionCall": { "name": "f", "args": { "x": 1 } } },
                { "functionCall": { "name": "g" } },
                { "functionCall": { "id": "own", "name": "f", "args": { "x": 2 } } },
            ] },
            { "role": "user", "parts": [
                { "functionResponse": { "name": "g", "response": { "result": "G" } } },
                { "functionResponse": { "id": "own", "name": "f", "response": { "result": "2" } } },
                { "functionResponse": { "name": "f", "response": { "result": "1" } } },
                { "text": "and?" },
            ] },
        ]),
        Vllm,
        json!([
            { "role": "user", "content": "a" },
            { "role": "assistant", "content": null, "tool_calls": [
                { "id": "call_1_0", "type": "function", "function": { "name": "f", "arguments": "{\"x\":1}" } },
                { "id": "call_1_1", "type": "function", "function": { "name": "g", "arguments": "{}" } },
                { "id": "own", "type": "function", "function": { "name": "f", "arguments": "{\"x\":2}" } },
            ] },
            { "role": "tool", "tool_call_id": "call_1_1", "name": "g", "content": "{\"result\":\"G\"}" },
            { "role": "tool", "tool_call_id": "own", "name": "f", "content": "{\"result\":\"2\"}" },
            { "role": "tool", "tool_call_id": "call_1_0", "name": "f", "content": "{\"result\":\"1\"}" },
            { "role": "user", "content": "and?" },
        ]),
    );
}

#[test]
fn media_go_where_they_can() {
    #[track_caller]
    fn check(flavour: Flavour, mime_type: &str, expected: Option<Value>) {
        let part = json!({ "inlineData": { "mimeType": mime_type, "data": "aGk=" } });
        let body = written(&json!({ "contents": { "parts": [part] } }), flavour);
        let content = body.ok().map(|body| body["messages"][0]["content"].clone());
        assert_eq!(content, expected, "{flavour:?} {mime_type}");
    }
    let audio = |format: &str| {
        let audio = json!({ "data": "aGk=", "format": format });
        Some(json!([{ "type": "input_audio", "input_audio": audio }]))
    };
    check(Openai, "audio/mpeg", audio("mp3"));
    check(Vllm, "audio/wav", audio("wav"));
    check(Openai, "audio/ogg", None);
    check(Ollama, "audio/wav", None);
    let video = json!({ "url": "data:video/mp4;base64,aGk=" });
    check(
        Sglang,
        "video/mp4",
        Some(json!([{ "type": "video_url", "video_url": video }])),
    );
    check(Openai, "video/mp4", None);
    let file =
        json!({ "filename": "document.pdf", "file_data": "data:application/pdf;base64,aGk=" });
    check(
        Openai,
        "application/pdf",
        Some(json!([{ "type": "file", "file": file }])),
    );
    check(Vllm, "application/pdf", None);
    check(Other, "text/plain", Some(json!("hi")));
}

#[test]
fn addresses_are_not_passed_on_unasked() {
    let file =
        json!({ "fileData": { "mimeType": "image/png", "fileUri": "http://10.0.0.1/a.png" } });
    let problem = written(&json!({ "contents": { "parts": [file] } }), Vllm).unwrap_err();
    assert_eq!(
        problem.field().as_deref(),
        Some("contents[0].parts[0].file_data")
    );
}

fn with_tools(calling: Value) -> Value {
    json!({
        "contents": { "parts": [{ "text": "a" }] },
        "tools": [{ "functionDeclarations": [
            { "name": "f", "description": "F.", "parameters": { "type": "OBJECT", "properties": {
                "b": { "type": "STRING", "nullable": true },
                "a": { "type": "INTEGER", "minimum": 1 },
            }, "required": ["a"], "propertyOrdering": ["a", "b"] } },
            { "name": "g", "parametersJsonSchema": { "type": "object" }, "response": { "type": "STRING" } },
            { "name": "h" },
        ] }],
        "toolConfig": { "functionCallingConfig": calling },
    })
}

#[test]
fn functions_are_declared() {
    let body = written(&with_tools(json!({})), Vllm).unwrap();
    assert!(body.get("tool_choice").is_none());
    let functions: Vec<_> = (0..3).map(|at| &body["tools"][at]["function"]).collect();
    assert_eq!(
        functions[0].to_string(),
        r#"{"name":"f","description":"F.","parameters":{"type":"object","properties":{"a":{"type":"integer","minimum":1},"b":{"type":["string","null"]}},"required":["a"]}}"#
    );
    assert_eq!(functions[1]["description"], r#"Returns: {"type":"string"}"#);
    assert_eq!(functions[1]["parameters"], json!({ "type": "object" }));
    assert_eq!(
        functions[2]["parameters"],
        json!({ "type": "object", "properties": {} })
    );
}

#[test]
fn calling_is_forced_forbidden_or_narrowed() {
    #[track_caller]
    fn check(flavour: Flavour, calling: Value, choice: Value, names: &[&str]) {
        let body = written(&with_tools(calling.clone()), flavour).unwrap();
        let choice_of_body = body.get("tool_choice").cloned().unwrap_or_default();
        assert_eq!(choice_of_body, choice, "{flavour:?} {calling}");
        let tools = body
            .get("tools")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let declared: Vec<_> = tools
            .iter()
            .map(|tool| tool["function"]["name"].as_str().unwrap())
            .collect();
        assert_eq!(declared, names, "{flavour:?} {calling}");
    }
    let all = ["f", "g", "h"];
    let f = json!({ "type": "function", "function": { "name": "f" } });
    check(Vllm, json!({ "mode": "AUTO" }), Value::Null, &all);
    check(Vllm, json!({ "mode": "ANY" }), json!("required"), &all);
    check(Vllm, json!({ "mode": "NONE" }), json!("none"), &all);
    check(Ollama, json!({ "mode": "NONE" }), Value::Null, &[]);
    check(
        Openai,
        json!({ "mode": "ANY", "allowedFunctionNames": ["f"] }),
        f,
        &["f"],
    );
    let one = json!({ "mode": "ANY", "allowedFunctionNames": ["f"] });
    check(LlamaServer, one, json!("required"), &["f"]);
    let two = json!({ "mode": "ANY", "allowedFunctionNames": ["h", "f"] });
    check(Sglang, two, json!("required"), &["f", "h"]);
    let fitting = json!({ "mode": "VALIDATED", "allowedFunctionNames": ["g"] });
    check(LlamaServer, fitting, json!("auto"), &["g"]);
}

#[test]
fn calling_that_a_server_cannot_keep_is_refused() {
    #[track_caller]
    fn check(flavour: Flavour, calling: Value, field: &str) {
        let problem = written(&with_tools(calling), flavour).unwrap_err();
        let expected = format!("tool_config.function_calling_config.{field}");
        assert_eq!(problem.field(), Some(expected));
    }
    check(Ollama, json!({ "mode": "ANY" }), "mode");
    check(Vllm, json!({ "mode": "VALIDATED" }), "mode");
    check(
        Vllm,
        json!({ "allowedFunctionNames": ["f"] }),
        "allowed_function_names",
    );
    let unknown = json!({ "mode": "ANY", "allowedFunctionNames": ["z"] });
    check(Vllm, unknown, "allowed_function_names");
}

#[track_caller]
fn check_config(flavour: Flavour, config: Value, expected: Value) {
    let request = json!({ "contents": { "parts": [{ "text": "a" }] }, "generationConfig": config });
    let mut body = written(&request, flavour).unwrap();
    let map = body.as_object_mut().unwrap();
    map.remove("model");
    map.remove("messages");
    assert_eq!(body, expected, "{flavour:?}");
}

#[test]
fn sampling_and_lengths_keep_their_digits() {
    check_config(
        Vllm,
        json!({
            "temperature": 0.7, "topP": 0.95, "topK": 40, "seed": 7, "candidateCount": 2,
            "maxOutputTokens": 100, "stopSequences": ["x"], "presencePenalty": 0.1,
            "frequencyPenalty": -0.2, "responseLogprobs": true, "logprobs": 3,
        }),
        json!({
            "temperature": 0.7, "top_p": 0.95, "top_k": 40, "seed": 7, "n": 2,
            "max_tokens": 100, "stop": ["x"], "presence_penalty": 0.1,
            "frequency_penalty": -0.2, "logprobs": true, "top_logprobs": 3,
        }),
    );
    let longest = json!({ "maxOutputTokens": 100 });
    check_config(Openai, longest, json!({ "max_completion_tokens": 100 }));
}

#[test]
fn thinking_is_said_in_each_servers_way() {
    let budget = |tokens: i32| json!({ "thinkingConfig": { "thinkingBudget": tokens } });
    check_config(Openai, budget(0), json!({ "reasoning_effort": "none" }));
    let off = json!({ "chat_template_kwargs": { "enable_thinking": false } });
    check_config(Sglang, budget(0), off);
    check_config(Vllm, budget(500), json!({ "thinking_token_budget": 500 }));
    check_config(Ollama, budget(500), json!({ "reasoning_effort": "low" }));
    check_config(Ollama, budget(9000), json!({ "reasoning_effort": "high" }));
    check_config(Other, budget(-1), json!({}));
    let level = json!({ "thinkingConfig": { "thinkingLevel": "HIGH", "includeThoughts": true } });
    check_config(Openai, level, json!({ "reasoning_effort": "high" }));
}

#[test]
fn forms_are_asked_for() {
    let json_mode = json!({ "responseMimeType": "application/json" });
    check_config(
        Other,
        json_mode,
        json!({ "response_format": { "type": "json_object" } }),
    );
    let schema = json!({
        "responseMimeType": "application/json",
        "responseSchema": { "type": "ARRAY", "items": { "type": "INTEGER", "enum": ["1", "2"] }, "maxItems": "3" },
    });
    let expected =
        json!({ "type": "array", "maxItems": 3, "items": { "type": "integer", "enum": [1, 2] } });
    check_config(
        Ollama,
        schema,
        json!({ "response_format": { "type": "json_schema", "json_schema": { "name": "answer", "schema": expected } } }),
    );
    let object = json!({
        "responseMimeType": "application/json",
        "responseSchema": { "type": "OBJECT", "properties": { "a": { "type": "STRING" } }, "required": ["a"] },
    });
    let closed = json!({ "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a"], "additionalProperties": false });
    let strict = json!({ "name": "answer", "schema": closed, "strict": true });
    check_config(
        Openai,
        object,
        json!({ "response_format": { "type": "json_schema", "json_schema": strict } }),
    );
    let one_of = json!({
        "responseMimeType": "text/x.enum",
        "responseSchema": { "type": "STRING", "enum": ["a.b", "say \"c\""] },
    });
    let choice = json!({ "choice": ["a.b", "say \"c\""] });
    check_config(
        Vllm,
        one_of.clone(),
        json!({ "structured_outputs": choice }),
    );
    let grammar = r#"root ::= "a.b" | "say \"c\"""#;
    check_config(LlamaServer, one_of.clone(), json!({ "grammar": grammar }));
    check_config(Sglang, one_of, json!({ "regex": r#"(a\.b|say "c")"# }));
}

#[test]
fn all_gaps_are_said_at_once() {
    let request = json!({
        "contents": { "parts": [{ "text": "a" }] },
        "tools": [{ "googleSearch": {} }],
        "safetySettings": [{ "category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH" }],
        "generationConfig": { "topK": 1 },
    });
    let problem = written(&request, Openai).unwrap_err();
    let violations = problem.violations();
    let fields: Vec<_> = violations.iter().filter_map(|one| one.field()).collect();
    assert_eq!(
        fields,
        [
            "tools[0].google_search",
            "generation_config.top_k",
            "safety_settings[0].threshold"
        ]
    );
    let off = json!({
        "contents": { "parts": [{ "text": "a" }] },
        "safetySettings": [{ "category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF" }],
    });
    assert!(written(&off, Openai).is_ok());
}

/// A conversation of texts and calls, each call answered in the next turn.
fn conversation() -> impl Strategy<Value = Vec<Content>> {
    let args = prop::collection::btree_map("[a-z]{1,3}", ".{0,5}", 0..3);
    let args = args.prop_map(|map| map.into_iter().map(|(k, v)| (k, json!(v))).collect());
    let calls = prop::collection::vec(("[a-c]", args), 0..3);
    prop::collection::vec((".{1,8}", ".{0,8}", calls), 1..5).prop_map(|rounds| {
        let rounds = rounds.into_iter().enumerate();
        rounds
            .flat_map(|(round, (question, answer, calls))| turns(round, question, answer, calls))
            .collect()
    })
}

fn turns(
    round: usize,
    question: String,
    answer: String,
    calls: Vec<(String, Map<String, Value>)>,
) -> Vec<Content> {
    let turn = |role: &str, parts: Vec<Part>| Content {
        role: Some(role.into()),
        parts,
    };
    let mut model: Vec<_> = (!answer.is_empty())
        .then(|| Part::text(answer))
        .into_iter()
        .collect();
    let mut results = Vec::new();
    for (at, (name, args)) in calls.into_iter().enumerate() {
        let id = Some(format!("{round}/{at}"));
        results.push(Part {
            function_response: Some(FunctionResponse {
                id: id.clone(),
                name: Some(name.clone()),
                response: Some(args.clone()),
                ..FunctionResponse::default()
            }),
            ..Part::default()
        });
        model.push(Part {
            function_call: Some(FunctionCall {
                id,
                name: Some(name),
                args: Some(args),
            }),
            ..Part::default()
        });
    }
    let turns = [
        turn("user", vec![Part::text(question)]),
        turn("model", model),
        turn("user", results),
    ];
    turns
        .into_iter()
        .filter(|turn| !turn.parts.is_empty())
        .collect()
}

/// The way back, as any reader of OpenAI's messages understands them.
fn read_back(messages: &Value) -> Vec<Content> {
    let mut contents: Vec<Content> = Vec::new();
    for message in messages.as_array().unwrap() {
        let struct_in = |text: &Value| serde_json::from_str(text.as_str().unwrap()).ok();
        let text = |value: &Value| value.as_str().map(|text| text.to_owned());
        let mut parts = Vec::new();
        if message["role"] == "tool" {
            parts.push(Part {
                function_response: Some(FunctionResponse {
                    id: text(&message["tool_call_id"]),
                    name: text(&message["name"]),
                    response: struct_in(&message["content"]),
                    ..FunctionResponse::default()
                }),
                ..Part::default()
            });
            let last = contents.last_mut().unwrap();
            if last
                .parts
                .iter()
                .any(|part| part.function_response.is_some())
            {
                last.parts.append(&mut parts);
                continue;
            }
        } else {
            parts.extend(text(&message["content"]).map(Part::text));
        }
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            parts.push(Part {
                function_call: Some(FunctionCall {
                    id: text(&call["id"]),
                    name: text(&call["function"]["name"]),
                    args: struct_in(&call["function"]["arguments"]),
                }),
                ..Part::default()
            });
        }
        let role = if message["role"] == "assistant" {
            "model"
        } else {
            "user"
        };
        contents.push(Content {
            role: Some(role.into()),
            parts,
        });
    }
    contents
}

proptest! {
    /// Nothing of a conversation is lost on the way there and back.
    #[test]
    fn conversations_come_back(contents in conversation()) {
        let call = GenerateContentRequest {
            contents: contents.clone(),
            ..GenerateContentRequest::default()
        };
        let body = translated(&call, Other).unwrap();
        prop_assert_eq!(read_back(&body["messages"]), contents);
    }
}
