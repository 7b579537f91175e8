//! Corrections: they help, they come to an end, and they leave good requests alone.

use crate::requests::{BROKEN, GOOD, cases};
use propus_failures::{
    Cards,
    amend::{Change, Kind, amend},
    inspect,
};
use serde_json::{Value, json};

fn amended(body: &str, sending: &propus_failures::Sending) -> (Value, Vec<Change>) {
    let mut value: Value = json5::from_str(body).expect("a JSON body");
    let changes = amend(&mut value, sending, Cards::builtin(), &Kind::ALL);
    (value, changes)
}

#[test]
fn good_requests_are_left_alone() {
    for case in cases(GOOD) {
        let before: Value = json5::from_str(case.body).expect("a JSON body");
        let (after, changes) = amended(case.body, &case.sending);
        assert_eq!(changes, [], "{}", case.name);
        assert_eq!(after, before, "{}", case.name);
    }
}

#[test]
fn corrections_help_and_come_to_an_end() {
    let (mut mended, mut all) = (0, 0);
    let mut wrong = Vec::new();
    for case in cases(BROKEN) {
        if json5::from_str::<Value>(case.body).is_err() {
            continue;
        }
        all += 1;
        let count = |body: &[u8]| inspect(body, &case.sending, Cards::builtin()).len();
        let (once, changes) = amended(case.body, &case.sending);
        let left = count(once.to_string().as_bytes());
        // A fault in a name hides those behind it, so one more may come to light.
        if changes.is_empty() != (left == count(case.body.as_bytes())) && left > 0 {
            wrong.push(format!("{}: {left} left, {changes:?}\n{once}", case.name));
        }
        let mut again = once.clone();
        let more = amend(&mut again, &case.sending, Cards::builtin(), &Kind::ALL);
        assert_eq!(more, [], "{}: twice, in {once}", case.name);
        mended += u32::from(left == 0);
    }
    eprintln!("{mended} of {all} requests are good after their correction");
    assert!(wrong.len() <= 3, "{}", wrong.join("\n"));
    assert!(mended * 10 > all * 4, "{mended} of {all}");
}

#[track_caller]
fn check(method: &str, model: &str, body: Value, expected: Value) {
    use propus_failures::{Day, Sending};
    use propus_wire::Version;
    let day = Day::new(2026, 11, 1);
    let sending = Sending::new(method, model, Version::V1Beta, day);
    let (after, changes) = amended(&body.to_string(), &sending);
    assert_eq!(after, expected, "{changes:#?}");
}

#[test]
fn fields_go_where_they_belong() {
    check(
        "generateContent",
        "gemini-2.5-flash",
        json!({"contents": "Hi", "temperature": 0.5, "max_tokens": 10, "system": "Be brief",
            "generation-config": {"top_p": 0.9}}),
        json!({"contents": {"parts": [{"text": "Hi"}]}, "system": "Be brief",
            "generationConfig": {"top_p": 0.9, "temperature": 0.5, "maxOutputTokens": 10}}),
    );
}

#[test]
fn turns_of_other_apis_become_geminis() {
    check(
        "generateContent",
        "gemini-3-flash-preview",
        json!({"contents": [
            {"role": "system", "parts": [{"text": "Be brief"}]},
            {"role": "User", "parts": [{"text": "Weather?"}]},
            {"role": "assistant", "parts": [{"text": "Let me see"}]},
            {"role": "assistant", "parts": [{"functionCall": {"name": "get weather", "args": {}}}]},
            {"role": "tool", "parts": [{"functionResponse": {"name": "get weather", "response": {}}}]}],
            "tools": [{"functionDeclarations": [{"name": "get weather"}]}]}),
        json!({"contents": [
            {"role": "user", "parts": [{"text": "Weather?"}]},
            {"role": "model", "parts": [{"text": "Let me see"},
                {"functionCall": {"name": "get_weather", "args": {}},
                    "thoughtSignature": "skip_thought_signature_validator"}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "get_weather", "response": {}}}]}],
            "tools": [{"functionDeclarations": [{"name": "get_weather"}]}],
            "systemInstruction": {"parts": [{"text": "Be brief"}]}}),
    );
}

#[test]
fn a_json_schema_moves_to_its_field_and_a_mixture_is_cut() {
    let schema = json!({"type": "object", "additionalProperties": false,
        "properties": {"a": {"type": ["string", "null"]}}, "required": ["a"]});
    check(
        "generateContent",
        "gemini-2.5-flash",
        json!({"contents": [{"parts": [{"text": "Hi"}]}], "generationConfig": {"responseSchema": schema}}),
        json!({"contents": [{"parts": [{"text": "Hi"}]}], "generationConfig": {
            "responseJsonSchema": schema, "responseMimeType": "application/json"}}),
    );
    check(
        "generateContent",
        "gemini-2.5-flash",
        json!({"contents": [{"parts": [{"text": "Hi"}]}], "tools": [{"functionDeclarations": [{"name": "f",
            "parameters": {"type": "OBJECT", "additionalProperties": false, "required": ["a", "z"],
                "properties": {"a": {"$ref": "#/$defs/A"}, "b": {"type": "ARRAY"}},
                "$defs": {"A": {"type": ["STRING", "null"], "const": "x"}}}}]}]}),
        json!({"contents": [{"parts": [{"text": "Hi"}]}], "tools": [{"functionDeclarations": [{"name": "f",
            "parameters": {"type": "OBJECT", "required": ["a"],
                "properties": {"a": {"type": "STRING", "nullable": true, "enum": ["x"]},
                    "b": {"type": "ARRAY", "items": {"type": "STRING"}}}}}]}]}),
    );
}

#[test]
fn numbers_are_moved_into_their_ranges() {
    check(
        "generateContent",
        "gemini-2.5-pro",
        json!({"contents": [{"parts": [{"text": "Hi"}]}], "generationConfig": {"temperature": 7, "topP": -0.5,
            "thinkingConfig": {"thinkingBudget": 100000, "thinkingLevel": "HIGH"},
            "stopSequences": ["a", "b", "c", "d", "e", "f"]}}),
        json!({"contents": [{"parts": [{"text": "Hi"}]}], "generationConfig": {"temperature": 2, "topP": 0.0,
            "thinkingConfig": {"thinkingBudget": 32768},
            "stopSequences": ["a", "b", "c", "d", "e"]}}),
    );
}
