//! Bodies and the exact messages that they give, and laws for random ones.

mod laws;
mod surfaces;

use super::{FaultKind, Violations, read};
use crate::{
    Message, Mode, Surface, Version,
    embed::{BatchEmbedContentsRequest, EmbedContentRequest},
    generate::{CountTokensRequest, GenerateContentRequest},
    status::{Code, Detail, FieldViolation, Status},
};
use std::time::{Duration, Instant};

const BETA: Version = Version::V1Beta;
const INVALID_JSON: &str = "Invalid JSON payload received. ";
const UNEXPLAINED: &str = "Request contains an invalid argument.";

fn generate(body: &[u8]) -> Result<GenerateContentRequest, Violations> {
    read(body, Surface::Modern, BETA)
}

/// Reads a body that is wrong; the message that goes back.
fn refusal(body: impl AsRef<[u8]>) -> String {
    match generate(body.as_ref()) {
        Ok(_) => panic!("{:?} is read", String::from_utf8_lossy(body.as_ref())),
        Err(violations) => Status::from(violations).message,
    }
}

/// Checks that a lax body is read as what a strict body says.
fn is_read_as(lax: impl AsRef<[u8]>, strict: &str) {
    let expected = GenerateContentRequest::from_json(strict.as_bytes(), Mode::Lenient).unwrap();
    let lax = lax.as_ref();
    assert_eq!(
        generate(lax),
        Ok(expected),
        "{}",
        String::from_utf8_lossy(lax)
    );
}

#[test]
fn syntax() {
    #[rustfmt::skip]
    let cases = [
        // No value where one is due.
        ("not json", "Unexpected token.\nnot json\n^"),
        ("model=gemini&contents=hello", "Unexpected token.\nmodel=gemini&content\n^"),
        ("{\"contents\": hello world}", "Unexpected token.\n{\"contents\": hello world}\n             ^"),
        ("{\"contents\": [}", "Unexpected token.\n}\n^"),
        ("{\"contents\": ,}", "Unexpected token.\n,}\n^"),
        ("{\"contents\": [,]}", "Unexpected token.\n,]}\n^"),
        ("{\"model\": NaN, \"contents\": []}", "Unexpected token.\n{\"model\": NaN, \"contents\": []}\n          ^"),
        ("{\"contents\": #1}", "Expected a value.\n#1}\n^"),
        ("{\"contents\":", "Unexpected end of string. Expected a value.\n\n^"),
        (" \n", "Unexpected end of string. Expected a value.\n\n^"),
        // Objects.
        ("{", "Unexpected end of string. Expected an object key or }.\n\n^"),
        ("{,}", "Expected an object key or }.\n{,}\n ^"),
        ("{5: 1}", "Expected an object key or }.\n{5: 1}\n ^"),
        ("{true: 1}", "Expected an object key or }.\n{true: 1}\n     ^"),
        ("{#: 1}", "Expected an object key or }.\n#: 1}\n^"),
        ("{not json", "Expected : between key:value pair.\n{not json\n     ^"),
        ("{\"contents\" []}", "Expected : between key:value pair.\n{\"contents\" []}\n            ^"),
        ("{model-name: 1}", "Expected : between key:value pair.\n{model-name: 1}\n      ^"),
        ("{\"contents\"", "Unexpected end of string. Expected : between key:value pair.\n\n^"),
        ("{\"model\": \"a\" \"b\"}", "Expected , or } after key:value pair.\n{\"model\": \"a\" \"b\"}\n              ^"),
        ("{\"model\": \"say \"hi\"\"}", "Expected , or } after key:value pair.\n{\"model\": \"say \"hi\"\"}\n                ^"),
        ("{\"model\": 'it's'}", "Expected , or } after key:value pair.\n{\"model\": 'it's'}\n              ^"),
        ("{\"model\": \"a\"", "Unexpected end of string. Expected , or } after key:value pair.\n\n^"),
        // Lists.
        ("{\"contents\": [", "Unexpected end of string. Expected a value or ] within an array.\n\n^"),
        ("{\"contents\": [#]}", "Expected a value or ] within an array.\n#]}\n^"),
        ("{\"contents\": [{} {}]}", "Expected , or ] after array value.\n{\"contents\": [{} {}]}\n                 ^"),
        ("{\"contents\": [{}", "Unexpected end of string. Expected , or ] after array value.\n\n^"),
        // Strings.
        ("{\"model\": \"abc", "Closing quote expected in string.\n\n^"),
        ("{\"model\": \"abc\\", "Closing quote expected in string.\n\\\n^"),
        ("{\"model\": \"\\u12", "Illegal hex string.\n\\u12\n^"),
        ("{\"model\": \"\\uzzzz\"}", "Invalid escape sequence.\n{\"model\": \"\\uzzzz\"}\n           ^"),
        ("{\"model\": \"\\ud83d\\uzzzz\"}", "Invalid escape sequence.\n{\"model\": \"\\ud83d\\uzzzz\"}\n           ^"),
        // Numbers.
        ("{\"model\": 01}", "Octal/hex numbers are not valid JSON values.\n{\"model\": 01}\n          ^"),
        ("{\"model\": -01}", "Octal/hex numbers are not valid JSON values.\n{\"model\": -01}\n          ^"),
        ("{\"model\": 0x10}", "Octal/hex numbers are not valid JSON values.\n{\"model\": 0x10}\n          ^"),
        ("{\"model\": 1-2}", "Unable to parse number.\n{\"model\": 1-2}\n          ^"),
        ("{\"model\": -}", "Unable to parse number.\n{\"model\": -}\n          ^"),
        ("{\"model\": 1e999}", "Number exceeds the range of double.\n{\"model\": 1e999}\n          ^"),
        ("-", "Unable to parse number.\n-\n^"),
        // The end.
        ("{} x", "Parsing terminated before end of input.\n{} x\n   ^"),
        ("{}{}", "Parsing terminated before end of input.\n{}{}\n  ^"),
    ];
    for (body, message) in cases {
        assert_eq!(refusal(body), format!("{INVALID_JSON}{message}"), "{body}");
    }
}

#[test]
fn an_excerpt_has_twenty_bytes_on_each_side() {
    let body = format!("{{\"{}\": 1, x}} and much that follows", "k".repeat(40));
    assert_eq!(
        refusal(&body),
        format!(
            "{INVALID_JSON}Expected : between key:value pair.\n{}\": 1, x}} and much that foll\n{}^",
            "k".repeat(13),
            " ".repeat(20)
        )
    );
}

#[test]
fn an_excerpt_that_would_cut_a_character_is_not_given() {
    assert_eq!(refusal("{\"ääääääääääääa\" 1}"), UNEXPLAINED);
    assert_ne!(refusal("{\"ääääääääääää\" 1}"), UNEXPLAINED);
}

#[test]
fn syntax_errors_and_wrong_fields_hide_each_other() {
    // The first pass ends with the syntax error.
    let found_at_once = refusal("{\"contentz\": 'a' 'b'}");
    assert!(found_at_once.contains("Expected , or }"), "{found_at_once}");
    // The first pass ends, without an error, after the wrong field.
    let found_later = refusal("{\"contentz\": 'a', \"model\": ");
    assert!(
        found_later.contains("\"contentz\": Cannot find field."),
        "{found_later}"
    );
    // The first pass waits for more digits, so the second one sees the wrong field first.
    let waits = refusal("{\"contentz\": 1");
    assert_eq!(
        waits,
        format!(
            "{INVALID_JSON}Unexpected end of string. Expected , or }} after key:value pair.\n1\n ^"
        )
    );
}

#[test]
fn lax_json_is_read() {
    let strict = r#"{"contents":[{"parts":[{"text":"hi"}]}],"model":"m"}"#;
    #[rustfmt::skip]
    let cases = [
        "{'contents':[{'parts':[{'text':'hi'}]}],'model':'m'}",
        "{contents:[{parts:[{text:\"hi\"}]}],model:\"m\"}",
        "{\"contents\":[{\"parts\":[{\"text\":\"hi\",},],},],\"model\":\"m\",}",
        "{\"contents\":[{\"parts\":[{\"text\":\"\\hi\"}]}],\"model\":\"m\"}\x0b\x0c",
        "\u{feff}{\"contents\":[{\"parts\":[{\"text\":\"hi\"}]}],\"model\":\"m\"}",
        "{\"contents\":[null,{\"parts\":[null,{\"text\":\"hi\"}]},null],\"model\":\"m\"}",
        "{\"contents\":[[[{\"parts\":[[{\"text\":\"hi\"}]]}],[]]],\"model\":\"m\"}",
    ];
    for case in cases {
        is_read_as(case, strict);
    }
    is_read_as("", "{}");
    is_read_as("{nullable: null}".replace("nullable", "model"), "{}");
    is_read_as("{model: 'a\nb\tc\\v'}", r#"{"model":"a\nb\tc\u000b"}"#);
    is_read_as("{model: 'it\\'s'}", r#"{"model":"it's"}"#);
    is_read_as(r#"{"model":"\ud83d\ude00",}"#, r#"{"model":"😀"}"#);
    is_read_as(r#"{"model":"\ud83dA\ude00"}"#, r#"{"model":"�A�"}"#);
    is_read_as(r#"{"model":"\ud83d\ud83d\ude00"}"#, r#"{"model":"�😀"}"#);
    is_read_as(
        b"{\"model\":\"caf\xe9 \xff\xfe!\"}",
        r#"{"model":"caf    !"}"#,
    );
    is_read_as(b"{\"model\":\"m\"}\xff", r#"{"model":"m"}"#);
    is_read_as(
        r#"{labels: {a: null, b: "x"}}"#,
        r#"{"labels":{"a":"","b":"x"}}"#,
    );
    is_read_as(
        "{generationConfig: {temperature: 1., topP: 00.5, topK: 40.0, candidateCount: 1e0}}",
        r#"{"generationConfig":{"temperature":1,"topP":0.5,"topK":40,"candidateCount":1}}"#,
    );
}

#[test]
fn scalars_are_read_as_laxly_as_google_does() {
    is_read_as(
        r#"{"generationConfig":{"topK":"40","temperature":"0.5","seed":7.0,"responseLogprobs":"yes"},
            "store":0,"safetySettings":[{"category":"harm-category-harassment","threshold":"4"}]}"#,
        r#"{"generationConfig":{"topK":40,"temperature":0.5,"seed":7,"responseLogprobs":true},
            "store":false,"safetySettings":[{"category":7,"threshold":"BLOCK_NONE"}]}"#,
    );
    is_read_as(
        "{contents: {parts: {inlineData: {data: 'aGVs\nbG8='}}}}",
        r#"{"contents":[{"parts":[{"inlineData":{"data":"aGVsbG8="}}]}]}"#,
    );
}

const CONTENT: &str = "type.googleapis.com/google.ai.generativelanguage.v1beta.Content";

/// Checks one fault, and that its detail has the place and the same words.
fn check(body: &str, field: &str, expected: &str) {
    let violation = FieldViolation {
        field: Some(field.to_owned()).filter(|field| !field.is_empty()),
        description: expected.to_owned(),
    };
    let status = Status::from(generate(body.as_bytes()).unwrap_err());
    let expected = Status::new(Code::InvalidArgument, expected).with(Detail::BadRequest {
        field_violations: vec![violation],
    });
    assert_eq!(status, expected, "{body}");
}

#[test]
fn unknown_names() {
    #[rustfmt::skip]
    let cases = [
        (r#"{"contentz": []}"#, "", r#"Unknown name "contentz": Cannot find field."#),
        (r#"{"stream": true, "contents": []}"#, "", r#"Unknown name "stream": Cannot find field."#),
        (r#"{"Contents": []}"#, "", r#"Unknown name "Contents": Cannot find field."#),
        (r#"{"foo": null}"#, "", r#"Unknown name "foo": Cannot find field."#),
        (r#"{"foo": {"bar": [{"baz": 1}]}}"#, "", r#"Unknown name "foo": Cannot find field."#),
        (r#"{"": 1}"#, "", r#"Unknown name "": Proto fields must have a name."#),
        (r#"{"say \"hi\"\n": 1}"#, "", "Unknown name \"say \"hi\"\n\": Cannot find field."),
        (r#"{"generationConfig": {"maxTokens": 5}}"#, "generation_config", r#"Unknown name "maxTokens" at 'generation_config': Cannot find field."#),
        (r#"{"contents": [{"parts": {"role": "user"}}]}"#, "contents[0].parts", r#"Unknown name "role" at 'contents[0].parts': Cannot find field."#),
        (r#"{"contents": {"parts": [{"text": "a"}], "rolle": "user"}}"#, "contents", r#"Unknown name "rolle" at 'contents': Cannot find field."#),
        (r#"{"contents": [{}, {"parts": [{}, {"inline_data": {"x": 1}}]}]}"#, "contents[1].parts[1].inline_data", r#"Unknown name "x" at 'contents[1].parts[1].inline_data': Cannot find field."#),
        (r#"{"tools": [{"functionDeclarations": [{"parameters": {"$schema": "x"}}]}]}"#, "tools[0].function_declarations[0].parameters", r#"Unknown name "$schema" at 'tools[0].function_declarations[0].parameters': Cannot find field."#),
        (r#"{"tools": [{"functionDeclarations": [{"parameters": {"properties": {"a": {}, "b": {"anyOf": [{"const": 1}]}}}}]}]}"#,
            "tools[0].function_declarations[0].parameters.properties[1].value.any_of[0]",
            r#"Unknown name "const" at 'tools[0].function_declarations[0].parameters.properties[1].value.any_of[0]': Cannot find field."#),
    ];
    for (body, field, message) in cases {
        check(body, field, &format!("{INVALID_JSON}{message}"));
    }
}

#[test]
fn lists_that_cannot_be() {
    #[rustfmt::skip]
    let cases = [
        ("[]", "", r#"Unknown name "": Root element must be a message."#),
        (r#"[{"contents": []}]"#, "", r#"Unknown name "": Root element must be a message."#),
        (r#""{}""#, "", r#"Unknown name "": Root element must be a message."#),
        ("null", "", r#"Unknown name "": Root element must be a message."#),
        ("17", "", r#"Unknown name "": Root element must be a message."#),
        (r#"{"model": ["a"]}"#, "", r#"Unknown name "model": Proto field is not repeating, cannot start list."#),
        (r#"{"systemInstruction": []}"#, "", r#"Unknown name "systemInstruction": Proto field is not repeating, cannot start list."#),
        (r#"{"generationConfig": {"responseSchema": {"type": ["string", "null"]}}}"#, "generation_config.response_schema",
            r#"Unknown name "type" at 'generation_config.response_schema': Proto field is not repeating, cannot start list."#),
        (r#"{"contents": [{"parts": [{"functionCall": {"args": []}}]}]}"#, "contents[0].parts[0].function_call",
            r#"Unknown name "args" at 'contents[0].parts[0].function_call': Proto field is not repeating, cannot start list."#),
    ];
    for (body, field, message) in cases {
        check(body, field, &format!("{INVALID_JSON}{message}"));
    }
    check(
        r#"{"generationConfig": {"responseSchema": {"properties": []}}}"#,
        "generation_config.response_schema",
        "Invalid value at 'generation_config.response_schema' (Map), Cannot bind a list to map for field 'properties'.",
    );
    let value = "generation_config.response_schema.properties[1].value";
    let body = r#"{"generationConfig": {"responseSchema": {"properties": {"a": {}, "required": ["a", {}]}}}}"#;
    assert_eq!(
        refusal(body),
        format!(
            "Invalid value at '{value}' (Map), Cannot have repeated items ('required') within a map.\n\
            {INVALID_JSON}Unknown name \"\" at '{value}': Proto fields must have a name.\n\
            {INVALID_JSON}Unknown name \"\" at '{value}': Proto fields must have a name."
        )
    );
}

#[test]
fn values_of_the_wrong_type() {
    let own = "type.googleapis.com/google.ai.generativelanguage.v1beta";
    let google = "type.googleapis.com/google.protobuf";
    #[rustfmt::skip]
    let cases = [
        // Messages.
        (r#"{"contents": "hello"}"#, "contents", format!("({CONTENT}), \"hello\"")),
        (r#"{"contents": [{}, "say \"hi\""]}"#, "contents[1]", format!("({CONTENT}), \"say \"hi\"\"")),
        (r#"{"systemInstruction": "Be brief."}"#, "system_instruction", format!("({CONTENT}), \"Be brief.\"")),
        (r#"{"contents": [{"parts": [true]}]}"#, "contents[0].parts[0]", format!("({own}.Part), true")),
        (r#"{"generationConfig": {"thinkingConfig": 5}}"#, "generation_config.thinking_config", format!("({own}.ThinkingConfig), 5")),
        (r#"{"tools": [{"googleSearch": "on"}]}"#, "tools[0].google_search", format!("({own}.Tool.GoogleSearch), \"on\"")),
        (r#"{"contents": [{"parts": [{"functionCall": {"args": "{}"}}]}]}"#, "contents[0].parts[0].function_call.args", format!("({google}.Struct), \"{{}}\"")),
        (r#"{"labels": "a"}"#, "labels", format!("({own}.GenerateContentRequest.LabelsEntry), \"a\"")),
        (r#"{"generationConfig": {"responseSchema": {"properties": 1}}}"#, "generation_config.response_schema.properties", format!("({own}.Schema.PropertiesEntry), 1")),
        (r#"{"generationConfig": {"responseSchema": {"properties": {"a": "string"}}}}"#, "generation_config.response_schema.properties[0].value", format!("({own}.Schema), \"string\"")),
        // Text.
        (r#"{"model": 5}"#, "model", "(TYPE_STRING), 5".into()),
        (r#"{"contents": [{"role": 1.50}]}"#, "contents[0].role", "(TYPE_STRING), 1.5".into()),
        (r#"{"contents": [{"parts": [{"text": 1e21}]}]}"#, "contents[0].parts[0].text", "(TYPE_STRING), 1e+21".into()),
        (r#"{"model": 0.1}"#, "model", "(TYPE_STRING), 0.1".into()),
        (r#"{"model": 123456789.123456789}"#, "model", "(TYPE_STRING), 123456789.12345679".into()),
        (r#"{"model": 0.00001}"#, "model", "(TYPE_STRING), 1e-05".into()),
        (r#"{"model": -18446744073709551616}"#, "model", "(TYPE_STRING), -1.8446744073709552e+19".into()),
        (r#"{"model": 18446744073709551615}"#, "model", "(TYPE_STRING), 18446744073709551615".into()),
        (r#"{"model": false}"#, "model", "(TYPE_STRING), false".into()),
        (r#"{"labels": {"a": "b", "c": 1}}"#, "labels[1].value", "(TYPE_STRING), 1".into()),
        (r#"{"generationConfig": {"stopSequences": ["a", 5]}}"#, "generation_config.stop_sequences[1]", "(TYPE_STRING), 5".into()),
        (r#"{"generationConfig": {"stopSequences": 5}}"#, "generation_config.stop_sequences", "(TYPE_STRING), 5".into()),
        // Numbers.
        (r#"{"generationConfig": {"maxOutputTokens": "abc"}}"#, "generation_config.max_output_tokens", "(TYPE_INT32), \"abc\"".into()),
        (r#"{"generationConfig": {"topK": 40.5}}"#, "generation_config.top_k", "(TYPE_INT32), 40.5".into()),
        (r#"{"generationConfig": {"topK": "1e3"}}"#, "generation_config.top_k", "(TYPE_INT32), \"1e3\"".into()),
        (r#"{"generationConfig": {"topK": " 5"}}"#, "generation_config.top_k", "(TYPE_INT32), \" 5\"".into()),
        (r#"{"generationConfig": {"seed": 2147483648}}"#, "generation_config.seed", "(TYPE_INT32), 2147483648".into()),
        (r#"{"generationConfig": {"topK": true}}"#, "generation_config.top_k", "(TYPE_INT32), true".into()),
        (r#"{"generationConfig": {"responseSchema": {"maxItems": 9223372036854775808}}}"#, "generation_config.response_schema.max_items", "(TYPE_INT64), 9223372036854775808".into()),
        (r#"{"generationConfig": {"temperature": "hot"}}"#, "generation_config.temperature", "(TYPE_FLOAT), \"hot\"".into()),
        (r#"{"generationConfig": {"temperature": 1e39}}"#, "generation_config.temperature", "(TYPE_FLOAT), 1e+39".into()),
        (r#"{"generationConfig": {"responseSchema": {"minimum": "low"}}}"#, "generation_config.response_schema.minimum", "(TYPE_DOUBLE), \"low\"".into()),
        // Truth.
        (r#"{"store": 2}"#, "store", "(TYPE_BOOL), 2".into()),
        (r#"{"store": "maybe"}"#, "store", "(TYPE_BOOL), \"maybe\"".into()),
        // Bytes.
        (r#"{"contents": [{"parts": [{"inlineData": {"data": "@@"}}]}]}"#, "contents[0].parts[0].inline_data.data", "(TYPE_BYTES), Base64 decoding failed for \"@@\"".into()),
        (r#"{"contents": [{"parts": [{"thoughtSignature": "a"}]}]}"#, "contents[0].parts[0].thought_signature", "(TYPE_BYTES), Base64 decoding failed for \"a\"".into()),
        (r#"{"contents": [{"parts": [{"thoughtSignature": 5}]}]}"#, "contents[0].parts[0].thought_signature", "(TYPE_BYTES), 5".into()),
        // Enums.
        (r#"{"safetySettings": [{"threshold": "X"}]}"#, "safety_settings[0].threshold", format!("({own}.SafetySetting.HarmBlockThreshold), \"X\"")),
        (r#"{"safetySettings": [{"category": 99}]}"#, "safety_settings[0].category", format!("({own}.HarmCategory), 99")),
        (r#"{"safetySettings": [{"category": ""}]}"#, "safety_settings[0].category", format!("({own}.HarmCategory), \"\"")),
        (r#"{"safetySettings": [{"category": 7.5}]}"#, "safety_settings[0].category", format!("({own}.HarmCategory), 7.5")),
        (r#"{"generationConfig": {"responseSchema": {"type": "text"}}}"#, "generation_config.response_schema.type", format!("({own}.Type), \"text\"")),
        (r#"{"generationConfig": {"responseModalities": ["text", "SMELL"]}}"#, "generation_config.response_modalities[1]", format!("({own}.GenerationConfig.Modality), \"SMELL\"")),
        // Durations.
        (r#"{"contents": [{"parts": [{"videoMetadata": {"startOffset": "5"}}]}]}"#, "contents[0].parts[0].video_metadata.start_offset",
            format!("({google}.Duration), Field 'startOffset', Illegal duration format; duration must end with 's'")),
        (r#"{"contents": [{"parts": [{"videoMetadata": {"end_offset": 5}}]}]}"#, "contents[0].parts[0].video_metadata.end_offset",
            format!("({google}.Duration), Field 'end_offset', Invalid data type for duration, value is 5")),
        (r#"{"contents": [{"parts": [{"videoMetadata": {"startOffset": "xs"}}]}]}"#, "contents[0].parts[0].video_metadata.start_offset",
            format!("({google}.Duration), Field 'startOffset', Invalid duration format, failed to parse seconds")),
        (r#"{"contents": [{"parts": [{"videoMetadata": {"startOffset": "1.xs"}}]}]}"#, "contents[0].parts[0].video_metadata.start_offset",
            format!("({google}.Duration), Field 'startOffset', Invalid duration format, failed to parse nano seconds")),
        (r#"{"contents": [{"parts": [{"videoMetadata": {"startOffset": "-1s"}}]}]}"#, "contents[0].parts[0].video_metadata.start_offset",
            format!("({google}.Duration), Field 'startOffset', Duration value exceeds limits")),
    ];
    for (body, field, what) in cases {
        check(body, field, &format!("Invalid value at '{field}' {what}"));
    }
}

#[test]
fn objects_in_place_of_scalars_and_second_members_of_a_oneof() {
    #[rustfmt::skip]
    let cases = [
        (r#"{"model": {}}"#, "", "Invalid value (model), Starting an object on a scalar field"),
        (r#"{"contents": [{"parts": [{"text": {"text": "a"}}]}]}"#, "contents[0].parts[0]", "Invalid value at 'contents[0].parts[0]' (text), Starting an object on a scalar field"),
        (r#"{"generationConfig": {"stopSequences": [{"a": 1}]}}"#, "generation_config.stop_sequences", "Invalid value at 'generation_config.stop_sequences' (stop_sequences), Starting an object on a scalar field"),
        (r#"{"contents": [{"parts": [{"text": "a", "inlineData": {}}]}]}"#, "contents[0].parts[0]", "Invalid value at 'contents[0].parts[0]' (oneof), oneof field 'data' is already set. Cannot set 'inlineData'"),
        (r#"{"contents": {"parts": {"inline_data": {}, "text": "a"}}}"#, "contents.parts", "Invalid value at 'contents.parts' (oneof), oneof field 'data' is already set. Cannot set 'text'"),
        (r#"{"contents": {"parts": {"toolCall": {}, "function_call": {"nonsense": 1}}}}"#, "contents.parts", "Invalid value at 'contents.parts' (oneof), oneof field 'data' is already set. Cannot set 'function_call'"),
    ];
    for (body, field, message) in cases {
        check(body, field, message);
    }
    let null = r#"{contents: {parts: {inline_data: null, text: "a", fileData: null}}}"#;
    is_read_as(null, r#"{"contents":[{"parts":[{"text":"a"}]}]}"#);
}

#[test]
fn lists_in_lists_have_the_index_before_them() {
    for (body, path) in [
        (
            r#"{"contents": [{}, [{"role": 5}]]}"#,
            "contents[0][0].role",
        ),
        (r#"{"contents": [[{"role": 5}]]}"#, "contents[0].role"),
        (r#"{"contents": [[{}], {"role": 5}]}"#, "contents[0].role"),
    ] {
        check(
            body,
            path,
            &format!("Invalid value at '{path}' (TYPE_STRING), 5"),
        );
    }
}

#[test]
fn all_faults_come_at_once_in_their_order() {
    let body = r#"{
        "zeta": 1,
        "generationConfig": {"topK": "x", "alpha": {"topK": "x"}, "temperature": {}},
        "contents": [{"parts": [{"text": 5, "inlineData": {}}], "role": ["a"]}, "b"],
        "safetySettings": {"category": "BANANA"}
    }"#;
    let at = "contents[0].parts[0]";
    let violations = [
        (None, format!("{INVALID_JSON}Unknown name \"zeta\": Cannot find field.")),
        (Some("generation_config.top_k"), "Invalid value at 'generation_config.top_k' (TYPE_INT32), \"x\"".into()),
        (Some("generation_config"), format!("{INVALID_JSON}Unknown name \"alpha\" at 'generation_config': Cannot find field.")),
        (Some("generation_config"), "Invalid value at 'generation_config' (temperature), Starting an object on a scalar field".into()),
        (Some("contents[0].parts[0].text"), format!("Invalid value at '{at}.text' (TYPE_STRING), 5")),
        (Some(at), format!("Invalid value at '{at}' (oneof), oneof field 'data' is already set. Cannot set 'inlineData'")),
        (Some("contents[0]"), format!("{INVALID_JSON}Unknown name \"role\" at 'contents[0]': Proto field is not repeating, cannot start list.")),
        (Some("contents[1]"), format!("Invalid value at 'contents[1]' ({CONTENT}), \"b\"")),
        (Some("safety_settings.category"), "Invalid value at 'safety_settings.category' (type.googleapis.com/google.ai.generativelanguage.v1beta.HarmCategory), \"BANANA\"".into()),
    ]
    .map(|(field, description)| FieldViolation { field: field.map(str::to_owned), description });
    let lines: Vec<_> = violations
        .iter()
        .map(|violation| violation.description.as_str())
        .collect();
    let expected = Status::new(Code::InvalidArgument, lines.join("\n")).with(Detail::BadRequest {
        field_violations: violations.to_vec(),
    });
    assert_eq!(
        Status::from(generate(body.as_bytes()).unwrap_err()),
        expected
    );
}

#[test]
fn other_messages_and_versions() {
    let v1 = read::<CountTokensRequest>(br#"{"contents": "a"}"#, Surface::Modern, Version::V1);
    assert_eq!(
        v1.unwrap_err().to_string(),
        "Invalid value at 'contents' (type.googleapis.com/google.ai.generativelanguage.v1.Content), \"a\""
    );
    let nested = br#"{"generateContentRequest": {"contents": [], "generationConfig": {"x": 1}}}"#;
    let nested = read::<CountTokensRequest>(nested, Surface::Modern, BETA);
    assert_eq!(
        nested.unwrap_err().to_string(),
        format!(
            "{INVALID_JSON}Unknown name \"x\" at 'generate_content_request.generation_config': Cannot find field."
        )
    );
    let embed = br#"{"content": {"parts": [{"text": "a"}]}, "taskType": "RETRIEVAL"}"#;
    let embed = read::<EmbedContentRequest>(embed, Surface::Modern, BETA);
    assert_eq!(
        embed.unwrap_err().to_string(),
        "Invalid value at 'task_type' (type.googleapis.com/google.ai.generativelanguage.v1beta.TaskType), \"RETRIEVAL\""
    );
    let batch = br#"{"requests": [{}, {"contents": []}]}"#;
    let batch = read::<BatchEmbedContentsRequest>(batch, Surface::Modern, BETA);
    assert_eq!(
        batch.unwrap_err().to_string(),
        format!("{INVALID_JSON}Unknown name \"contents\" at 'requests[1]': Cannot find field.")
    );
}

#[test]
fn nesting_ends_at_a_hundred() {
    let too_deep = |key: &str| {
        format!("{INVALID_JSON}Message too deep. Max recursion depth reached for key '{key}'")
    };
    assert_eq!(refusal("[".repeat(100_000)), too_deep(""));
    assert_eq!(refusal("{\"a\":".repeat(100_000)), too_deep("a"));
    assert_eq!(refusal("{\"contents\":[".repeat(100_000)), too_deep(""));
    let args = |depth: usize| {
        let (open, close) = ("{\"k\":".repeat(depth), "}".repeat(depth));
        let call = format!("{{\"functionCall\":{{\"args\":{open}1{close}}}}}");
        format!("{{\"contents\":[{{\"parts\":[{call}]}}]}}")
    };
    // Six levels are around the arguments. The typed parse takes 127 levels, the second walk 100.
    assert!(generate(args(121).as_bytes()).is_ok());
    assert_eq!(refusal(args(122)), too_deep("k"));
    let lax = |depth: usize| args(depth).replace("1", "1,");
    assert!(generate(lax(94).as_bytes()).is_ok());
    assert_eq!(refusal(lax(95)), too_deep("k"));
}

#[test]
fn garbage_is_refused_quickly_and_briefly() {
    // A debug build takes about 100 times as long as a release build.
    const SIZE: usize = if cfg!(debug_assertions) {
        1_000_000
    } else {
        10_000_000
    };
    let repeat = |text: &str| text.repeat(SIZE / text.len());
    let bodies = [
        repeat("x"),
        repeat("\\"),
        repeat("["),
        repeat(" "),
        format!("\"{}", repeat("\\u00")),
        format!("[{}]", repeat("0,")),
        format!("{{{}}}", repeat("\"a\":1,")),
        format!("{{\"contents\":[{}]}}", repeat("{\"parts\":5},")),
        format!("{{\"contents\":[{}]}}", repeat("[],")),
        format!("{{\"contents\":\"{}\"}}", repeat("é\u{1}")),
        format!("{{\"{}\":1}}", repeat("k")),
        format!("{{\"model\":{}}}", repeat("9")),
        format!("{{\"generationConfig\":{{{}}}}}", repeat("\"topK\":\"x\",")),
    ];
    let start = Instant::now();
    for body in &bodies {
        if let Err(violations) = generate(body.as_bytes()) {
            let reply = Status::from(violations).to_pretty();
            assert!(
                reply.len() < 8_000_000,
                "{} bytes for {:.20}",
                reply.len(),
                body
            );
        }
    }
    // Generous, because a debug build on a busy machine is slow; quadratic time would take hours.
    assert!(
        start.elapsed() < Duration::from_secs(120),
        "{:?}",
        start.elapsed()
    );
}

/// Kind, path and name of each fault of a body that is sent to v1 as it was in 2025.
fn kinds(body: &str) -> Vec<(FaultKind, String, Option<String>)> {
    let read = read::<GenerateContentRequest>(body.as_bytes(), Surface::LegacyV1, Version::V1);
    let Err(Violations::Fields(faults)) = read else {
        panic!("{read:?}");
    };
    let told = faults
        .into_iter()
        .map(|fault| (fault.kind, fault.path, fault.name));
    told.collect()
}

#[test]
fn faults_tell_their_kind() {
    use FaultKind::*;
    for (body, kind, path, name) in [
        (r#"{"tool": 1}"#, UnknownName, "", Some("tool")),
        (r#"{"tools": 1}"#, OtherVersion, "", Some("tools")),
        (
            r#"{"contents": [{"tools": 1}]}"#,
            UnknownName,
            "contents[0]",
            Some("tools"),
        ),
        (r#"{"contents": "Unknown name"}"#, Value, "contents", None),
        (
            r#"{"contents": [{"role": []}]}"#,
            Value,
            "contents[0]",
            Some("role"),
        ),
        (r#"[]"#, Value, "", None),
        (
            r#"{"contents": [{"parts": [{"inlineData": {"data": "*"}}]}]}"#,
            Base64,
            "contents[0].parts[0].inline_data.data",
            None,
        ),
        (
            r#"{"contents": [{"parts": [{"text": "", "inlineData": {}}]}]}"#,
            SetTwice,
            "contents[0].parts[0]",
            None,
        ),
    ] {
        let expected = vec![(kind, path.to_owned(), name.map(str::to_owned))];
        assert_eq!(kinds(body), expected, "{body}");
    }
}

#[test]
fn malformed_json_tells_its_place() {
    for (body, place) in [
        ("{\n  \"contents\": [\n    1 2]}", "2]}"),
        ("\u{feff}{\"contents\": 1 2}", "2}"),
        ("{\"contents\": \"é", ""),
    ] {
        let Err(Violations::Syntax { at, .. }) = generate(body.as_bytes()) else {
            panic!("{body}");
        };
        assert_eq!(&body[at..], place, "{body}");
    }
}
