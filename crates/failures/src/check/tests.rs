//! Requests and what is said to them. The requests go through the strict parser first.

use super::*;
use crate::cards::{Cards, Profile};
use proptest::prelude::*;
use propus_wire::{
    Message, Mode, Surface,
    message::{Descriptor, Field, Kind, Label},
};
use serde_json::{Value, json};

const OK: &str = "";
const USER: &str = r#""contents":[{"role":"user","parts":[{"text":"hi"}]}]"#;

fn card(name: &str) -> Card {
    match name {
        "local" => Card::for_local("local", 8192),
        "local-embedding" => Card::for_local_embedding("local-embedding", 512),
        "guide" => Card::for_local("guide", 8192).under(Profile::May2025),
        "stand-in" => card("gemini-2.5-flash").served_by(&card("local")),
        "newest stand-in" => card("gemini-3.8-flash").served_by(&card("local")),
        "speech stand-in" => card("gemini-3.8-flash-tts").served_by(&card("local")),
        name => Cards::builtin().get(name).unwrap().clone(),
    }
}

fn read<T: Message>(json: &str) -> T {
    let mode = Mode::Strict(Surface::Modern);
    T::from_json(json.as_bytes(), mode).unwrap_or_else(|error| panic!("{error}: {json}"))
}

fn said(result: Result<(), Problem>) -> (String, &'static str) {
    match result {
        Ok(()) => (OK.into(), OK),
        Err(problem) => (problem.status().message, problem.name()),
    }
}

fn generate(model: &str, json: &str) -> (String, &'static str) {
    let request = read(json);
    said(check(
        &Call::GenerateContent(&request),
        &card(model),
        Version::V1Beta,
    ))
}

/// One row: model, body, message, failure.
type Row<'a> = (&'a str, &'a str, &'a str, &'a str);

fn all(rows: &[Row]) {
    for (model, json, message, name) in rows {
        assert_eq!(
            generate(model, json),
            ((*message).into(), *name),
            "{model}: {json}"
        );
    }
}

/// Rows whose body is a `generationConfig` beside one user turn.
fn configs(rows: &[Row]) {
    for (model, config, message, name) in rows {
        let json = format!(r#"{{{USER},"generationConfig":{config}}}"#);
        assert_eq!(
            generate(model, &json),
            ((*message).into(), *name),
            "{model}: {config}"
        );
    }
}

/// Rows whose body is a `responseSchema` with the MIME type of JSON.
fn schemas(rows: &[(&str, &str)]) {
    for (schema, message) in rows {
        let json = format!(
            r#"{{{USER},"generationConfig":{{"responseMimeType":"application/json","responseSchema":{schema}}}}}"#
        );
        let root = "* GenerateContentRequest.generation_config.response_schema";
        let expected: String = message
            .lines()
            .map(|line| format!("{root}{line}\n"))
            .collect();
        assert_eq!(generate("local", &json).0, expected, "{schema}");
    }
}

/// Rows whose body is a list of turns.
fn turns(rows: &[(&str, &str, &str)]) {
    for (model, contents, message) in rows {
        let json = format!(r#"{{"contents":{contents}}}"#);
        assert_eq!(generate(model, &json).0, *message, "{model}: {contents}");
    }
}

/// Rows whose body is a list of tools beside one user turn.
fn tools(rows: &[Row]) {
    for (model, tools, message, name) in rows {
        let json = format!(r#"{{{USER},"tools":{tools}}}"#);
        assert_eq!(
            generate(model, &json),
            ((*message).into(), *name),
            "{model}: {tools}"
        );
    }
}

#[test]
fn required_fields() {
    let missing = "missing-required-field";
    let contents = "* GenerateContentRequest.contents: contents is not specified\n";
    all(&[
        (
            "local",
            r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#,
            OK,
            OK,
        ),
        ("local", r#"{"contents":{"parts":{"text":"hi"}}}"#, OK, OK),
        ("local", r#"{"contents":[{"parts":[{"text":""}]}]}"#, OK, OK),
        ("local", "{}", contents, missing),
        ("local", r#"{"contents":[]}"#, contents, missing),
        (
            "local",
            r#"{"systemInstruction":{"parts":[{"text":"be kind"}]}}"#,
            contents,
            missing,
        ),
        (
            "local",
            r#"{"contents":[{"role":"user","parts":[]}]}"#,
            "* GenerateContentRequest.contents[0].parts: contents.parts must not be empty.\n",
            missing,
        ),
        (
            "local",
            r#"{"contents":[{"parts":[{"text":"a"},{}]}]}"#,
            "* GenerateContentRequest.contents[0].parts[1].data: required oneof field 'data' must have one initialized field\n",
            missing,
        ),
        (
            "local",
            r#"{"contents":[{"parts":[{"text":"a"}]},{"parts":[{"thought":true}]}]}"#,
            "* GenerateContentRequest.contents[1].parts[0].data: required oneof field 'data' must have one initialized field\n",
            missing,
        ),
        (
            "local",
            r#"{"contents":[{"parts":[{"text":"a"}]}],"systemInstruction":{"parts":[{}]}}"#,
            "* GenerateContentRequest.system_instruction.parts[0].data: required oneof field 'data' must have one initialized field\n",
            missing,
        ),
        (
            "local",
            r#"{"contents":[{"role":"user","parts":[{"functionResponse":{"response":{}}}]}]}"#,
            "* GenerateContentRequest.contents[0].parts[0].function_response.name: Name cannot be empty.\n",
            missing,
        ),
    ]);
}

#[test]
fn several_rules_in_one_message() {
    all(&[(
        "local",
        r#"{"contents":[{"parts":[]}],"safetySettings":[{"category":"HARM_CATEGORY_TOXICITY"}],
            "generationConfig":{"temperature":3.5,"presencePenalty":1,"topP":2}}"#,
        "* GenerateContentRequest.contents[0].parts: contents.parts must not be empty.\n\
         * GenerateContentRequest.safety_settings[0]: element predicate failed: $.category in (HarmCategory.HARM_CATEGORY_HATE_SPEECH, HarmCategory.HARM_CATEGORY_SEXUALLY_EXPLICIT, HarmCategory.HARM_CATEGORY_DANGEROUS_CONTENT, HarmCategory.HARM_CATEGORY_HARASSMENT, HarmCategory.HARM_CATEGORY_CIVIC_INTEGRITY)\n\
         * GenerateContentRequest.generation_config.temperature: temperature must be in the range [0.0, 2.0].\n\
         * GenerateContentRequest.generation_config.top_p: top_p must be in the range [0.0, 1.0].\n",
        "missing-required-field",
    )]);
}

#[test]
fn rules_come_before_other_faults() {
    // The penalty is found first, yet the range is what Google checks first.
    configs(&[(
        "gemini-2.5-flash",
        r#"{"responseLogprobs":true,"frequencyPenalty":1,"maxOutputTokens":-5}"#,
        "* GenerateContentRequest.generation_config.max_output_tokens: max_output_tokens must be positive.\n",
        "param-out-of-range",
    )]);
}

#[test]
fn ranges() {
    let name = "param-out-of-range";
    let hot = "* GenerateContentRequest.generation_config.temperature: temperature must be in the range [0.0, 2.0].\n";
    let top_p = "* GenerateContentRequest.generation_config.top_p: top_p must be in the range [0.0, 1.0].\n";
    let count = "* GenerateContentRequest.generation_config.candidate_count: candidate_count must be in the range [1, 8].\n";
    let top_k = "* GenerateContentRequest.generation_config.top_k: top_k must be positive.\n";
    let length = "* GenerateContentRequest.generation_config.max_output_tokens: max_output_tokens must be positive.\n";
    let stops = "* GenerateContentRequest.generation_config.stop_sequences: the number of stop_sequences must not exceed 5.\n";
    configs(&[
        ("local", r#"{"temperature":0}"#, OK, OK),
        ("local", r#"{"temperature":2}"#, OK, OK),
        ("local", r#"{"temperature":2.1}"#, hot, name),
        ("local", r#"{"temperature":-0.1}"#, hot, name),
        ("local", r#"{"temperature":"NaN"}"#, hot, name),
        ("gemini-2.5-flash", r#"{"temperature":3.5}"#, hot, name),
        ("gemini-3.8-flash", r#"{"temperature":3.5}"#, hot, name),
        (
            "gemini-3.8-flash",
            r#"{"temperature":0.7,"topK":5}"#,
            OK,
            OK,
        ),
        ("local", r#"{"topP":1}"#, OK, OK),
        ("local", r#"{"topP":2}"#, top_p, name),
        ("local", r#"{"topP":-1}"#, top_p, name),
        ("local", r#"{"topK":1000}"#, OK, OK),
        ("local", r#"{"topK":0}"#, top_k, name),
        ("local", r#"{"candidateCount":8}"#, OK, OK),
        ("gemini-2.5-flash", r#"{"candidateCount":8}"#, OK, OK),
        ("stand-in", r#"{"candidateCount":8}"#, OK, OK),
        ("local", r#"{"candidateCount":9}"#, count, name),
        ("gemini-2.5-flash", r#"{"candidateCount":9}"#, count, name),
        ("local", r#"{"candidateCount":0}"#, count, name),
        ("local", r#"{"maxOutputTokens":100000000}"#, OK, OK),
        ("local", r#"{"maxOutputTokens":0}"#, OK, OK),
        ("local", r#"{"maxOutputTokens":-1}"#, length, name),
        (
            "local",
            r#"{"stopSequences":["a","b","c","d","e"]}"#,
            OK,
            OK,
        ),
        (
            "local",
            r#"{"stopSequences":["a","b","c","d","e","f"]}"#,
            stops,
            name,
        ),
        ("local", r#"{"seed":-7}"#, OK, OK),
    ]);
}

#[test]
fn ranges_of_the_guide_of_2025() {
    let name = "param-out-of-range";
    configs(&[
        ("guide", r#"{"temperature":1,"candidateCount":8}"#, OK, OK),
        (
            "guide",
            r#"{"temperature":1.5}"#,
            "* GenerateContentRequest.generation_config.temperature: temperature must be in the range [0.0, 1.0].\n",
            name,
        ),
    ]);
}

#[test]
fn parameters_that_a_model_lacks() {
    let name = "param-unsupported-by-model";
    configs(&[
        (
            "local",
            r#"{"presencePenalty":1,"frequencyPenalty":-2}"#,
            OK,
            OK,
        ),
        (
            "stand-in",
            r#"{"presencePenalty":1,"responseLogprobs":true,"logprobs":5}"#,
            OK,
            OK,
        ),
        ("gemini-2.5-flash", r#"{"presencePenalty":0}"#, OK, OK),
        (
            "gemini-2.5-flash",
            r#"{"presencePenalty":1}"#,
            "Penalty is not enabled for models/gemini-2.5-flash",
            name,
        ),
        (
            "local",
            r#"{"presencePenalty":2.5}"#,
            "* GenerateContentRequest.generation_config.presence_penalty: presence_penalty must be in the range [-2.0, 2.0].\n",
            "param-out-of-range",
        ),
        (
            "local",
            r#"{"responseLogprobs":true,"logprobs":20}"#,
            OK,
            OK,
        ),
        ("local", r#"{"responseLogprobs":true}"#, OK, OK),
        (
            "gemini-2.5-flash",
            r#"{"responseLogprobs":true,"logprobs":0}"#,
            "Logprobs is not enabled for models/gemini-2.5-flash",
            name,
        ),
        (
            "local",
            r#"{"responseLogprobs":true,"logprobs":21}"#,
            "* GenerateContentRequest.generation_config.logprobs: logprobs must be in the range [0, 20].\n",
            "param-out-of-range",
        ),
        (
            "gemini-3.8-flash",
            r#"{"candidateCount":2}"#,
            "Multiple candidates is not enabled for this model",
            name,
        ),
    ]);
}

#[test]
fn parameters_that_exclude_each_other() {
    let name = "param-conflict";
    configs(&[
        (
            "gemini-2.5-flash",
            r#"{"logprobs":0}"#,
            "Logprobs can only be set when response_logprobs is true.",
            name,
        ),
        (
            "gemini-3-flash-preview",
            r#"{"thinkingConfig":{"thinkingBudget":5,"thinkingLevel":"LOW"}}"#,
            "You can only set only one of thinking budget and thinking level.",
            name,
        ),
        (
            "local",
            r#"{"responseMimeType":"application/json","responseSchema":{"type":"STRING"},"responseJsonSchema":{}}"#,
            "response_schema and response_json_schema are mutually exclusive.",
            name,
        ),
        ("local", r#"{"responseSchema":{"type":"STRING"}}"#, OK, OK),
        (
            "local",
            r#"{"responseJsonSchema":{"type":"string"}}"#,
            "response_mime_type must be set to `application/json` when response_json_schema is set.",
            name,
        ),
        (
            "local",
            r#"{"speechConfig":{"voiceConfig":{},"multi_speaker_voice_config":{}}}"#,
            "voice_config and multi_speaker_voice_config are mutually exclusive.",
            name,
        ),
    ]);
    let modes = [
        ("ANY", OK),
        ("VALIDATED", OK),
        ("AUTO", name),
        ("NONE", name),
    ];
    for (mode, expected) in modes {
        let json = format!(
            r#"{{{USER},"tools":[{{"functionDeclarations":[{{"name":"f"}}]}}],"toolConfig":{{"functionCallingConfig":{{"mode":"{mode}","allowedFunctionNames":["f"]}}}}}}"#
        );
        assert_eq!(generate("local", &json).1, expected, "{mode}");
    }
}

#[test]
fn thinking() {
    let name = "thinking-config-invalid";
    let budget = |budget: i32| format!(r#"{{"thinkingConfig":{{"thinkingBudget":{budget}}}}}"#);
    let level = |level: &str| format!(r#"{{"thinkingConfig":{{"thinkingLevel":"{level}"}}}}"#);
    let off = "Budget 0 is invalid. This model only works in thinking mode.";
    let no_level = "Thinking level is not supported for this model.";
    let no_budget = "Thinking budget is not supported for this model.";
    configs(&[
        ("local", &budget(0), OK, OK),
        ("local", &level("HIGH"), OK, OK),
        (
            "gemini-2.5-flash",
            r#"{"thinkingConfig":{"includeThoughts":true}}"#,
            OK,
            OK,
        ),
        ("gemini-2.5-flash", &budget(0), OK, OK),
        ("gemini-2.5-flash", &budget(-1), OK, OK),
        ("gemini-2.5-flash", &budget(24576), OK, OK),
        (
            "gemini-2.5-flash",
            &budget(24577),
            "The thinking budget 24577 is invalid. Please choose a value between 0 and 24576.",
            name,
        ),
        (
            "gemini-2.5-flash-lite",
            &budget(256),
            "The thinking budget 256 is invalid. Please choose a value between 512 and 24576.",
            name,
        ),
        ("gemini-2.5-flash-lite", &budget(0), OK, OK),
        ("gemini-2.5-pro", &budget(0), off, name),
        ("gemini-2.5-pro", &budget(128), OK, OK),
        ("gemini-2.5-flash", &level("LOW"), no_level, name),
        ("stand-in", &level("LOW"), no_level, name),
        ("gemini-3-flash-preview", &level("MINIMAL"), OK, OK),
        ("gemini-3-flash-preview", &budget(1000), OK, OK),
        (
            "gemini-3.8-flash",
            &level("MINIMAL"),
            "Thinking level MINIMAL is not supported for this model.",
            name,
        ),
        ("gemini-3.8-flash", &budget(1000), no_budget, name),
        ("gemini-3.8-flash", &budget(0), off, name),
        ("gemma-3-27b-it", &level("LOW"), no_level, name),
    ]);
}

#[test]
fn answer_formats() {
    let rule = "allowed mimetypes are `text/plain`, `application/json`, `application/xml`, `application/yaml` and `text/x.enum`.";
    let mime = format!("* GenerateContentRequest.generation_config.response_mime_type: {rule}\n");
    let no_enum = "* GenerateContentRequest.generation_config.response_schema.enum: should be non-empty for `text/x.enum`\n";
    configs(&[
        ("local", r#"{"responseMimeType":"text/plain"}"#, OK, OK),
        ("local", r#"{"responseMimeType":""}"#, OK, OK),
        (
            "local",
            r#"{"responseMimeType":"application/json"}"#,
            OK,
            OK,
        ),
        (
            "local",
            r#"{"responseMimeType":"image/png"}"#,
            &mime,
            "mime-unsupported",
        ),
        (
            "local",
            r#"{"responseMimeType":"text/x.enum"}"#,
            no_enum,
            "schema-unsupported",
        ),
        (
            "local",
            r#"{"responseMimeType":"text/x.enum","responseSchema":{"type":"STRING","enum":["a","b"]}}"#,
            OK,
            OK,
        ),
        (
            "local",
            r#"{"responseMimeType":"application/json","responseJsonSchema":{"type":"object"}}"#,
            OK,
            OK,
        ),
        (
            "gemma-3-27b-it",
            r#"{"responseMimeType":"application/json"}"#,
            "JSON mode is not enabled for models/gemma-3-27b-it",
            "model-feature-unsupported",
        ),
        ("local", r#"{"responseModalities":["TEXT"]}"#, OK, OK),
        (
            "local",
            r#"{"responseModalities":["TEXT","IMAGE"]}"#,
            "The requested combination of response modalities is not supported by the model. models/local accepts the following combination of response modalities:\n* TEXT\n",
            "modality-unsupported",
        ),
        (
            "gemini-2.5-flash-image",
            r#"{"responseModalities":["IMAGE","TEXT"]}"#,
            OK,
            OK,
        ),
        (
            "gemini-2.5-flash-preview-tts",
            r#"{"responseModalities":["TEXT"]}"#,
            "The requested combination of response modalities is not supported by the model. models/gemini-2.5-flash-preview-tts accepts the following combination of response modalities:\n* AUDIO\n",
            "modality-unsupported",
        ),
    ]);
}

#[test]
fn schema_rules() {
    schemas(&[
        (r#"{"type":"STRING"}"#, ""),
        (
            r#"{"type":"OBJECT","properties":{"a":{"type":"STRING"}},"required":["a"]}"#,
            "",
        ),
        (r#"{"anyOf":[{"type":"STRING"},{"type":"NULL"}]}"#, ""),
        (r#"{"type":"STRING","enum":["a"],"format":"enum"}"#, ""),
        (r#"{"type":"STRING","format":"date-time"}"#, ""),
        (r#"{"type":"INTEGER","format":"int32","minimum":1}"#, ""),
        (r#"{}"#, ".type: must be specified"),
        (r#"{"type":"TYPE_UNSPECIFIED"}"#, ".type: must be specified"),
        (
            r#"{"type":"OBJECT"}"#,
            ".properties: should be non-empty for OBJECT type",
        ),
        (r#"{"type":"ARRAY"}"#, ".items: missing field."),
        (
            r#"{"type":"STRING","properties":{"a":{"type":"STRING"}},"required":["a"]}"#,
            ".properties: only allowed for OBJECT type\n.required: only allowed for OBJECT type",
        ),
        (
            r#"{"type":"INTEGER","enum":["1"]}"#,
            ".enum: only allowed for STRING type",
        ),
        (
            r#"{"type":"STRING","enum":["a",""]}"#,
            ".enum[1]: cannot be empty",
        ),
        (
            r#"{"type":"STRING","format":"uri"}"#,
            ".format: only 'enum' and 'date-time' are supported for STRING type",
        ),
        (
            r#"{"type":"OBJECT","properties":{"a":{"type":"STRING"}},"required":["a","b"]}"#,
            ".required[1]: property is not defined",
        ),
        (
            r#"{"type":"OBJECT","properties":{"a":{"type":"ARRAY","items":{"anyOf":[{"type":"OBJECT"}]}},"b":{}}}"#,
            ".properties[\"a\"].items.any_of[0].properties: should be non-empty for OBJECT type\n.properties[\"b\"].type: must be specified",
        ),
    ]);
}

#[test]
fn schemas_have_a_depth() {
    let nested = |depth: usize| {
        let inner = (1..depth).fold(
            json!({"type": "STRING"}),
            |items, _| json!({"type": "ARRAY", "items": items}),
        );
        json!({
            "contents": [{"parts": [{"text": "hi"}]}],
            "generationConfig": {"responseMimeType": "application/json", "responseSchema": inner},
        })
        .to_string()
    };
    assert_eq!(generate("local", &nested(32)).1, OK);
    let (message, name) = generate("local", &nested(33));
    assert_eq!(name, "schema-too-complex");
    assert!(message.starts_with("A schema in GenerationConfig in the request exceeds"));
}

#[test]
fn functions_and_tools() {
    let form = |place: &str| {
        format!(
            "* GenerateContentRequest.{place}.name: Invalid function name. Must start with a letter or an underscore. Must be alphameric (a-z, A-Z, 0-9), underscores (_), dots (.) or dashes (-), with a maximum length of 64.\n"
        )
    };
    let first = form("tools[0].function_declarations[0]");
    let second = form("tools[0].function_declarations[1]");
    let long = format!(
        r#"[{{"functionDeclarations":[{{"name":"{}"}}]}}]"#,
        "a".repeat(65)
    );
    let fits = format!(
        r#"[{{"functionDeclarations":[{{"name":"{}"}}]}}]"#,
        "a".repeat(64)
    );
    let invalid = "function-name-invalid";
    tools(&[
        (
            "local",
            r#"[{"functionDeclarations":[{"name":"get_weather"},{"name":"a.b-c:d"}]}]"#,
            OK,
            OK,
        ),
        ("local", &fits, OK, OK),
        ("local", &long, &first, invalid),
        (
            "local",
            r#"[{"functionDeclarations":[{}]}]"#,
            &first,
            invalid,
        ),
        (
            "local",
            r#"[{"functionDeclarations":[{"name":"a"},{"name":"1a"}]}]"#,
            &second,
            invalid,
        ),
        (
            "local",
            r#"[{"functionDeclarations":[{"name":"get weather"}]}]"#,
            &first,
            invalid,
        ),
        (
            "local",
            r#"[{"functionDeclarations":[{"name":"a"}]},{"functionDeclarations":[{"name":"a"}]}]"#,
            "Duplicate function declaration found: a",
            invalid,
        ),
        (
            "local",
            r#"[{"functionDeclarations":[{"name":"a","parameters":{"type":"OBJECT","properties":{}}}]}]"#,
            "* GenerateContentRequest.tools[0].function_declarations[0].parameters.properties: should be non-empty for OBJECT type\n",
            "schema-unsupported",
        ),
        (
            "local",
            r#"[{"functionDeclarations":[{"name":"a","parametersJsonSchema":{"type":"object"}}]}]"#,
            OK,
            OK,
        ),
        (
            "gemma-3-27b-it",
            r#"[{"functionDeclarations":[{"name":"a"}]}]"#,
            "Function calling is not enabled for models/gemma-3-27b-it",
            "model-feature-unsupported",
        ),
        (
            "gemini-2.5-flash",
            r#"[{"googleSearch":{}},{"codeExecution":{}}]"#,
            OK,
            OK,
        ),
        (
            "stand-in",
            r#"[{"googleSearch":{}}]"#,
            "Search Grounding is not supported for models/gemini-2.5-flash",
            "model-feature-unsupported",
        ),
        (
            "local",
            r#"[{"urlContext":{}}]"#,
            "Url context is not supported for models/local",
            "model-feature-unsupported",
        ),
        (
            "gemini-2.5-flash",
            r#"[{"googleSearchRetrieval":{}}]"#,
            "Please use google_search field instead of google_search_retrieval field..",
            "tool-param-deprecated",
        ),
        (
            "gemini-2.5-flash",
            r#"[{"googleSearch":{}},{"functionDeclarations":[{"name":"a"}]}]"#,
            "Tool use with function calling is unsupported",
            "feature-conflict",
        ),
        (
            "gemini-3.8-flash",
            r#"[{"googleSearch":{}},{"functionDeclarations":[{"name":"a"}]}]"#,
            "Please enable tool_config.include_server_side_tool_invocations to use Built-in tools with Function calling.",
            "feature-conflict",
        ),
    ]);
}

#[test]
fn features_that_do_not_go_together() {
    let body = |tool: &str| {
        format!(
            r#"{{{USER},"tools":[{tool}],"generationConfig":{{"responseMimeType":"application/json"}}}}"#
        )
    };
    let function = body(r#"{"functionDeclarations":[{"name":"a"}]}"#);
    let search = body(r#"{"googleSearch":{}}"#);
    let name = "feature-conflict";
    all(&[
        ("local", &function, OK, OK),
        ("gemini-3.8-flash", &function, OK, OK),
        (
            "gemini-2.5-flash",
            &function,
            "Function calling with a response mime type: 'application/json' is unsupported",
            name,
        ),
        (
            "gemini-2.5-flash",
            &search,
            "Tool use with a response mime type: 'application/json' is unsupported",
            name,
        ),
        (
            "gemma-3-27b-it",
            r#"{"contents":[{"parts":[{"text":"a"}]}],"systemInstruction":{"parts":[{"text":"b"}]}}"#,
            "Developer instruction is not enabled for models/gemma-3-27b-it",
            "model-feature-unsupported",
        ),
        (
            "gemma-3-27b-it",
            r#"{"contents":[{"parts":[{"text":"a"}]}],"systemInstruction":{}}"#,
            OK,
            OK,
        ),
    ]);
}

#[test]
fn roles_and_the_last_turn() {
    let role = "Please use a valid role: user, model.";
    let last =
        "Please ensure that multiturn requests ends with a user role or a function response.";
    turns(&[
        ("local", r#"[{"role":"","parts":[{"text":"a"}]}]"#, OK),
        (
            "local",
            r#"[{"role":"model","parts":[{"text":"a"}]},{"role":"user","parts":[{"text":"b"}]}]"#,
            OK,
        ),
        (
            "local",
            r#"[{"role":"user","parts":[{"text":"a"}]},{"role":"user","parts":[{"text":"b"}]}]"#,
            OK,
        ),
        (
            "local",
            r#"[{"role":"system","parts":[{"text":"a"}]}]"#,
            role,
        ),
        (
            "local",
            r#"[{"role":"assistant","parts":[{"text":"a"}]}]"#,
            role,
        ),
        ("local", r#"[{"role":"User","parts":[{"text":"a"}]}]"#, role),
        (
            "local",
            r#"[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"b"}]}]"#,
            OK,
        ),
        (
            "gemini-2.5-flash",
            r#"[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"b"}]}]"#,
            OK,
        ),
        (
            "gemini-3.8-flash",
            r#"[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"b"}]}]"#,
            last,
        ),
    ]);
}

#[test]
fn calls_and_results() {
    let user = r#"{"role":"user","parts":[{"text":"a"}]}"#;
    let call = r#"{"role":"model","parts":[{"functionCall":{"name":"f"}}]}"#;
    let calls =
        r#"{"role":"model","parts":[{"functionCall":{"name":"f"}},{"functionCall":{"name":"g"}}]}"#;
    let result = r#"{"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}}]}"#;
    let result_2025 =
        r#"{"role":"function","parts":[{"functionResponse":{"name":"f","response":{}}}]}"#;
    let model = r#"{"role":"model","parts":[{"text":"b"}]}"#;
    let count = "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.";
    let call_place = "Please ensure that function call turn comes immediately after a user turn or after a function response turn.";
    let result_place =
        "Please ensure that function response turn comes immediately after a function call turn.";
    let last =
        "Please ensure that multiturn requests ends with a user role or a function response.";
    let list = |turns: &[&str]| format!("[{}]", turns.join(","));
    turns(&[
        ("local", &list(&[user, call, result]), OK),
        ("local", &list(&[user, call, result_2025]), OK),
        (
            "local",
            &list(&[user, call, result, call, result, model, user]),
            OK,
        ),
        ("local", &list(&[user, calls, result, result]), OK),
        ("local", &list(&[user, calls, result]), count),
        ("local", &list(&[user, call, user]), count),
        ("local", &list(&[user, call, result, result]), count),
        ("local", &list(&[user, call]), last),
        ("local", &list(&[call, result]), call_place),
        ("local", &list(&[user, model, call, result]), call_place),
        ("local", &list(&[user, result]), result_place),
        ("local", &list(&[result]), result_place),
    ]);
}

/// What only Google's models are strict about breaks no app that talks to a local one in their place.
#[test]
fn stand_ins_take_what_their_models_would_not() {
    let last = r#"[{"parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"b"}]}]"#;
    let empty = r#"[{"parts":[{"text":""}]}]"#;
    let unsigned = r#"[{"parts":[{"text":"a"}]},{"role":"model","parts":[{"functionCall":{"name":"f"}}]},{"parts":[{"functionResponse":{"name":"f"}}]}]"#;
    for contents in [last, empty, unsigned] {
        let body = format!(r#"{{"contents":{contents}}}"#);
        assert_ne!(generate("gemini-3.8-flash", &body).1, OK, "{contents}");
        assert_eq!(generate("newest stand-in", &body).1, OK, "{contents}");
    }
    let body = format!("{{{USER}}}");
    let strict = generate("gemini-3.8-flash-tts", &body);
    assert_eq!(strict.1, "modality-unsupported");
    assert_eq!(generate("speech stand-in", &body).1, OK);
}

#[test]
fn media() {
    let inline = |mime: &str| {
        format!(
            r#"{{"contents":[{{"parts":[{{"inlineData":{{"mimeType":"{mime}","data":"iVBORw0KGgo="}}}}]}}]}}"#
        )
    };
    let file = |mime: &str| {
        format!(
            r#"{{"contents":[{{"parts":[{{"fileData":{{"mimeType":"{mime}","fileUri":"x"}}}}]}}]}}"#
        )
    };
    let (mime, modality) = ("mime-unsupported", "modality-unsupported");
    all(&[
        ("local", &inline("text/plain"), OK, OK),
        ("local", &inline("text/markdown; charset=utf-8"), OK, OK),
        ("local", &inline("application/json"), OK, OK),
        ("gemini-2.5-flash", &inline("image/png"), OK, OK),
        ("gemini-2.5-flash", &inline("application/pdf"), OK, OK),
        ("gemini-2.5-flash", &file("video/mp4"), OK, OK),
        (
            "local",
            r#"{"contents":[{"parts":[{"fileData":{"fileUri":"x"}}]}]}"#,
            OK,
            OK,
        ),
        (
            "gemini-2.5-flash",
            &inline("png"),
            "Unsupported MIME type: png",
            mime,
        ),
        ("local", &inline(""), "Unsupported MIME type: ", mime),
        (
            "local",
            &inline("application/zip"),
            "Unsupported MIME type: application/zip",
            mime,
        ),
        (
            "local",
            &inline("image/png"),
            "Image input modality is not enabled for models/local",
            modality,
        ),
        (
            "stand-in",
            &file("audio/wav"),
            "Audio input modality is not enabled for models/gemini-2.5-flash",
            modality,
        ),
    ]);
}

#[test]
fn safety_categories() {
    let body = |category: &str| {
        format!(
            r#"{{{USER},"safetySettings":[{{"category":"{category}","threshold":"BLOCK_NONE"}}]}}"#
        )
    };
    for (category, expected) in [
        ("HARM_CATEGORY_HARASSMENT", OK),
        ("HARM_CATEGORY_CIVIC_INTEGRITY", OK),
        ("HARM_CATEGORY_UNSPECIFIED", "safety-settings-invalid"),
        ("HARM_CATEGORY_MEDICAL", "safety-settings-invalid"),
    ] {
        assert_eq!(generate("local", &body(category)).1, expected, "{category}");
    }
}

#[test]
fn counting() {
    let rows = [
        (r#"{"contents":[{"parts":[{"text":"a"}]}]}"#, OK),
        (
            "{}",
            "* CountTokensRequest.contents: contents is not specified\n",
        ),
        (
            r#"{"generateContentRequest":{"model":"models/x","contents":[{"parts":[{"text":"a"}]}]}}"#,
            OK,
        ),
        (
            r#"{"generateContentRequest":{"model":"models/x"}}"#,
            "* CountTokensRequest.generate_content_request.contents: contents is not specified\n",
        ),
        (
            r#"{"generateContentRequest":{"contents":[{"parts":[{"text":"a"}]}]}}"#,
            "* CountTokensRequest.generate_content_request.model: model is not specified\n",
        ),
        (
            r#"{"generateContentRequest":{"model":"x","contents":[{"parts":[{"text":"a"}]}]}}"#,
            "* CountTokensRequest.generate_content_request.model: unexpected model name format\n",
        ),
        (
            r#"{"contents":[{"parts":[{"text":"a"}]}],"generateContentRequest":{"model":"models/x","contents":[{"parts":[{"text":"a"}]}]}}"#,
            "contents and generate_content_request are mutually exclusive.",
        ),
        // Turns need not be in order to be counted.
        (
            r#"{"contents":[{"role":"user","parts":[{"functionResponse":{"name":"f"}}]}]}"#,
            OK,
        ),
    ];
    for (json, message) in rows {
        let request = read(json);
        let result = check(&Call::CountTokens(&request), &card("local"), Version::V1);
        assert_eq!(said(result).0, message, "{json}");
    }
}

#[test]
fn embedding() {
    let rows = [
        (r#"{"content":{"parts":[{"text":"a"}]}}"#, OK),
        (
            "{}",
            "* EmbedContentRequest.content: content is not specified\n",
        ),
        (
            r#"{"content":{}}"#,
            "* EmbedContentRequest.content.parts: contents.parts must not be empty.\n",
        ),
        (
            r#"{"content":{"parts":[{"text":""}]}}"#,
            "EmbedContentRequest.content contains an empty Part.",
        ),
        (
            r#"{"content":{"parts":[{"text":"a"}]},"outputDimensionality":0}"#,
            "* EmbedContentRequest.output_dimensionality: output_dimensionality must be positive.\n",
        ),
    ];
    for (json, message) in rows {
        let request = read(json);
        for model in ["gemini-embedding-001", "local-embedding"] {
            let result = check(&Call::EmbedContent(&request), &card(model), Version::V1);
            assert_eq!(said(result).0, message, "{json}");
        }
    }
}

#[test]
fn batches_of_embeddings() {
    let batch = |count: usize, model: &str| {
        let one = format!(r#"{{"model":"{model}","content":{{"parts":[{{"text":"a"}}]}}}}"#);
        format!(r#"{{"requests":[{}]}}"#, vec![one; count].join(","))
    };
    let rows = [
        (batch(100, "models/x"), OK),
        (
            batch(101, "models/x"),
            "* BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch\n",
        ),
        (
            batch(1, "x"),
            "* BatchEmbedContentsRequest.requests[0].model: unexpected model name format\n",
        ),
        (
            "{}".into(),
            "* BatchEmbedContentsRequest.requests: requests is not specified\n",
        ),
    ];
    for (json, message) in rows {
        let request = read(&json);
        let card = card("gemini-embedding-001");
        let result = check(&Call::BatchEmbedContents(&request), &card, Version::V1Beta);
        assert_eq!(said(result).0, message, "{json}");
    }
}

#[test]
fn models_have_methods_and_versions() {
    let request = read(&format!("{{{USER}}}"));
    let call = Call::GenerateContent(&request);
    let result = |name, version| said(check(&call, &card(name), version));
    assert_eq!(
        result("gemini-embedding-001", Version::V1),
        (
            "models/gemini-embedding-001 is not found for API version v1, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.".into(),
            "model-method-mismatch"
        )
    );
    assert_eq!(
        result("gemini-flash-latest", Version::V1).1,
        "model-not-found"
    );
    assert_eq!(result("gemini-2.5-flash", Version::V1).1, OK);
}

/// Any message of a type, made from its table of fields.
fn message(table: &'static Descriptor, depth: u32) -> BoxedStrategy<Value> {
    let most = if depth == 0 {
        0
    } else {
        table.fields.len().min(6)
    };
    let fields: Vec<&'static Field> = table.fields.iter().collect();
    prop::sample::subsequence(fields, 0..=most)
        .prop_flat_map(move |fields| {
            let fields = fields.into_iter();
            let pairs = fields.map(|field| (Just(field.json.to_owned()), value(field, depth - 1)));
            pairs.collect::<Vec<_>>()
        })
        .prop_map(|pairs| pairs.into_iter().collect())
        .boxed()
}

fn value(field: &Field, depth: u32) -> BoxedStrategy<Value> {
    let one = single(field.kind, depth);
    match field.label {
        Label::Singular => one,
        Label::Repeated => prop::collection::vec(one, 0..8)
            .prop_map(Value::from)
            .boxed(),
        Label::Map => prop::collection::vec(("[a-c]?", one), 0..3)
            .prop_map(|pairs| pairs.into_iter().collect())
            .boxed(),
    }
}

fn single(kind: Kind, depth: u32) -> BoxedStrategy<Value> {
    let texts = [
        "",
        "user",
        "model",
        "f",
        "é/ü",
        "models/x",
        "image/png",
        "text/x.enum",
        "a b",
    ];
    match kind {
        Kind::Int32 => any::<i32>().prop_map(Value::from).boxed(),
        Kind::Int64 => any::<i64>().prop_map(Value::from).boxed(),
        Kind::Float | Kind::Double => {
            prop_oneof![(-3.0..3.0f32).prop_map(Value::from), Just(json!("NaN"))].boxed()
        }
        Kind::Bool => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Bytes => Just(json!("aGk=")).boxed(),
        Kind::Duration => Just(json!("3s")).boxed(),
        Kind::Struct => Just(json!({"voiceConfig": {}, "a": [null]})).boxed(),
        Kind::Value => Just(json!({"type": ["string", "null"]})).boxed(),
        Kind::Enum(table) => {
            let names = table
                .values
                .iter()
                .map(|(name, _)| json!(name))
                .collect::<Vec<_>>();
            prop::sample::select(names).boxed()
        }
        Kind::Message(table) => message(table(), depth),
        _ => prop::sample::select(texts.to_vec())
            .prop_map(Value::from)
            .boxed(),
    }
}

/// Checks a message of one type; tells whether it could be read at all.
fn answers<T: Message>(json: &Value, card: &Card, call: fn(&T) -> Call<'_>) -> bool {
    let Ok(request) = T::from_json(json.to_string().as_bytes(), Mode::Lenient) else {
        return false;
    };
    let call = call(&request);
    for problem in findings(&call, card) {
        assert!(!problem.status().message.is_empty());
    }
    if let Err(problem) = check(&call, card, Version::V1Beta) {
        assert!(problem.status().code.http() >= 400 && !problem.name().is_empty());
    }
    true
}

fn models() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "local",
        "stand-in",
        "gemini-2.5-flash",
        "gemini-3.8-flash",
        "gemma-3-27b-it",
        "gemini-embedding-001",
    ])
}

proptest! {
    #[test]
    fn any_generation_gets_an_answer(
        json in message(GenerateContentRequest::descriptor(), 7),
        model in models(),
    ) {
        prop_assert!(answers(&json, &card(model), |request| Call::GenerateContent(request)), "{}", json);
    }

    #[test]
    fn any_count_gets_an_answer(
        json in message(CountTokensRequest::descriptor(), 7),
        model in models(),
    ) {
        prop_assert!(answers(&json, &card(model), |request| Call::CountTokens(request)), "{}", json);
    }

    #[test]
    fn any_embedding_gets_an_answer(
        one in message(EmbedContentRequest::descriptor(), 6),
        batch in message(BatchEmbedContentsRequest::descriptor(), 7),
        model in models(),
    ) {
        prop_assert!(answers(&one, &card(model), |request| Call::EmbedContent(request)), "{}", one);
        prop_assert!(answers(&batch, &card(model), |request| Call::BatchEmbedContents(request)), "{}", batch);
    }
}
