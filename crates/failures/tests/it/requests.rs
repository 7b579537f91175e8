//! Requests as people send them: each broken one has its faults and no other, and good ones have none.
//!
//! The cases lie in `requests/`; how they are written is said at the top of each file.

use propus_failures::{Cards, Day, Finding, Sending, inspect, inspect::Level};
use propus_wire::{Surface, Version};

pub const BROKEN: &str = include_str!("requests/broken.txt");
pub const GOOD: &str = include_str!("requests/good.txt");

pub struct Case<'a> {
    pub name: &'a str,
    pub sending: Sending<'a>,
    pub body: &'a str,
    pub faults: Vec<String>,
}

pub fn cases(file: &str) -> Vec<Case<'_>> {
    let file = file.split("\n## ").skip(1);
    file.map(|case| {
        // A heading of the next cases may follow.
        let case = case.split("\n\n# ").next().unwrap_or(case);
        let (name, case) = case.split_once('\n').expect("a name and more");
        let (how, case) = case.split_once('\n').expect("a method and more");
        let (body, faults) = case.split_once("\n! ").unwrap_or((case, ""));
        Case {
            name,
            sending: sending(how),
            body: body.trim_end(),
            faults: faults
                .trim_end()
                .split("\n! ")
                .filter(|fault| !fault.is_empty())
                .map(|fault| fault.trim_end().to_owned())
                .collect(),
        }
    })
    .collect()
}

fn sending(how: &str) -> Sending<'_> {
    let [method, model, version] = how.split(' ').collect::<Vec<_>>()[..] else {
        panic!("no method, model and version: {how}");
    };
    let (version, surface) = match version {
        "v1" => (Version::V1, Surface::Modern),
        "v1-2025" => (Version::V1, Surface::LegacyV1),
        "v1beta" => (Version::V1Beta, Surface::Modern),
        other => panic!("no version: {other}"),
    };
    Sending {
        surface,
        ..Sending::new(method, model, version, Day::new(2026, 11, 1))
    }
}

/// A finding as the files write it.
fn written(finding: &Finding, body: &str) -> String {
    let mut written = match finding.level {
        Level::Error => finding.failure.to_owned(),
        Level::Warning => format!("warning: {}", finding.failure),
    };
    if let Some(field) = &finding.field {
        written += &format!(" @ {field}");
    }
    if let Some(place) = &finding.place {
        let text = body.get(place.clone()).expect("a place inside the body");
        written += &format!(" = {text}");
    }
    written.trim_end().to_owned()
}

/// The cases whose findings are others than expected, in words.
fn wrong(file: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for case in cases(file) {
        let found = inspect(case.body.as_bytes(), &case.sending, Cards::builtin());
        let written: Vec<_> = found
            .iter()
            .map(|finding| written(finding, case.body))
            .collect();
        if written != case.faults {
            let messages: Vec<_> = found.iter().map(|finding| &finding.message).collect();
            wrong.push(format!(
                "{}\n  expected {:#?}\n  found {written:#?}\n  saying {messages:#?}",
                case.name, case.faults
            ));
        }
    }
    wrong
}

#[test]
fn broken_requests_have_their_faults_and_no_other() {
    let wrong = wrong(BROKEN);
    assert!(wrong.is_empty(), "{}: {}", wrong.len(), wrong.join("\n"));
    assert!(cases(BROKEN).len() >= 80);
    let faulty = |case: &Case| !case.faults.is_empty();
    assert!(cases(BROKEN).iter().all(faulty), "a case without a fault");
}

#[test]
fn good_requests_have_no_fault() {
    let wrong = wrong(GOOD);
    assert!(wrong.is_empty(), "{}: {}", wrong.len(), wrong.join("\n"));
    assert!(cases(GOOD).len() >= 40);
}

/// What is found in a body that a program made.
#[track_caller]
fn check_made(how: &str, body: &str, expected: &str) {
    let found = inspect(body.as_bytes(), &sending(how), Cards::builtin());
    let [finding] = &found[..] else {
        panic!("{found:#?}");
    };
    let field = finding.field.as_deref().unwrap_or_default();
    assert_eq!(format!("{} @ {field}", finding.failure), expected);
}

#[test]
fn batches_of_more_than_a_hundred_texts_are_refused() {
    let one = r#"{"model": "models/gemini-embedding-001", "content": {"parts": [{"text": "Hi"}]}}"#;
    let how = "batchEmbedContents gemini-embedding-001 v1beta";
    let batch = |texts: usize| format!(r#"{{"requests": [{}]}}"#, vec![one; texts].join(", "));
    assert!(inspect(batch(100).as_bytes(), &sending(how), Cards::builtin()).is_empty());
    check_made(how, &batch(101), "batch-too-large @ requests");
}

#[test]
fn schemas_nested_too_deeply_are_refused() {
    let how = "generateContent gemini-2.5-flash v1beta";
    let contents = r#""contents": [{"parts": [{"text": "Hi"}]}]"#;
    let nested = |depth: usize, r#type: &str, inner: &str| {
        let start = format!(r#"{{"type": "{type}", "items": "#).repeat(depth);
        format!("{start}{inner}{}", "}".repeat(depth))
    };
    let schema = nested(80, "ARRAY", r#"{"type": "STRING"}"#);
    let json_schema = nested(80, "array", r#"{"type": "string"}"#);
    for (field, config) in [
        ("response_schema", format!(r#""responseSchema": {schema}"#)),
        (
            "response_json_schema",
            format!(r#""responseJsonSchema": {json_schema}"#),
        ),
    ] {
        check_made(
            how,
            &format!(
                r#"{{{contents}, "generationConfig": {{"responseMimeType": "application/json", {config}}}}}"#
            ),
            &format!("schema-too-complex @ generation_config.{field}"),
        );
    }
    for (field, parameters) in [
        ("parameters", format!(r#""parameters": {schema}"#)),
        (
            "parameters_json_schema",
            format!(r#""parametersJsonSchema": {json_schema}"#),
        ),
    ] {
        check_made(
            how,
            &format!(
                r#"{{{contents}, "tools": [{{"functionDeclarations": [{{"name": "f", {parameters}}}]}}]}}"#
            ),
            &format!("schema-too-complex @ tools[0].function_declarations[0].{field}"),
        );
    }
}
