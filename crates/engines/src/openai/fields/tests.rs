use super::*;
use crate::openai::{
    flavour::Flavour,
    gaps::Untranslatable,
    request::{self, Target},
};
use propus_failures::Problem;
use propus_wire::{
    Message, Mode,
    embed::EmbedContentRequest,
    generate::GenerateContentRequest,
    message::{Descriptor, Field, Kind, Label},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// All fields below a message, as far as something of them is sent.
fn walk(descriptor: &'static Descriptor, visit: &mut impl FnMut(&'static str, &'static Field)) {
    fn inner(
        descriptor: &'static Descriptor,
        seen: &mut BTreeSet<&'static str>,
        visit: &mut impl FnMut(&'static str, &'static Field),
    ) {
        if !seen.insert(descriptor.name) {
            return;
        }
        for field in descriptor.fields {
            visit(descriptor.name, field);
            let fate = row(&name(descriptor.name, field)).map(|row| row.fate);
            if let (Kind::Message(below), Some(Sent(_) | Reply(_))) = (&field.kind, fate) {
                inner(below(), seen, visit);
            }
        }
    }
    inner(descriptor, &mut BTreeSet::new(), visit);
}

fn name(message: &str, field: &Field) -> String {
    format!("{message}.{}", field.json)
}

#[test]
fn every_field_has_its_row_and_every_row_its_field() {
    let mut known = BTreeSet::new();
    let mut visit = |message: &'static str, field: &'static Field| {
        let name = name(message, field);
        assert!(row(&name).is_some(), "no row says what becomes of {name}");
        known.insert(name);
    };
    walk(GenerateContentRequest::descriptor(), &mut visit);
    walk(EmbedContentRequest::descriptor(), &mut visit);
    for row in ROWS {
        assert!(known.contains(row.field), "{} is no field", row.field);
    }
    let names: BTreeSet<_> = ROWS.iter().map(|row| row.field).collect();
    assert_eq!(names.len(), ROWS.len(), "a field has two rows");
}

/// A request that uses every message once, at the place that `place` says.
fn base() -> Value {
    json!({
        "model": "models/m",
        "systemInstruction": { "parts": [{ "text": "s" }] },
        "contents": [
            { "role": "user", "parts": [
                { "text": "hi" },
                { "inlineData": { "mimeType": "image/png", "data": "AAAA" } },
            ] },
            { "role": "model", "parts": [
                { "functionCall": { "id": "i", "name": "f", "args": { "a": "b" } } },
                { "functionCall": { "id": "j", "name": "f", "args": { "a": "b" } } },
            ] },
            { "role": "user", "parts": [
                { "functionResponse": { "name": "f", "response": { "r": 1 } } },
            ] },
            { "role": "model", "parts": [{ "text": "so" }] },
            { "role": "user", "parts": [{ "text": "go on" }] },
        ],
        "tools": [{ "functionDeclarations": [{ "name": "f", "parameters": {
            "type": "OBJECT",
            "properties": { "a": { "type": "STRING" }, "b": { "type": "STRING" } },
        } }] }],
        "toolConfig": { "functionCallingConfig": {} },
        "generationConfig": { "thinkingConfig": {} },
    })
}

/// Where the base has a message.
fn place(message: &str, field: &str) -> &'static str {
    match (message, field) {
        ("GenerateContentRequest", _) => "",
        ("Content", _) => "/contents/0",
        // Only models think.
        ("Part", "thought") => "/contents/3/parts/0",
        ("Part", _) => "/contents/0/parts/0",
        ("Blob", _) => "/contents/0/parts/1/inlineData",
        ("FileData", _) => "/contents/0/parts/1/fileData",
        ("FunctionCall", _) => "/contents/1/parts/0/functionCall",
        ("FunctionResponse", _) => "/contents/2/parts/0/functionResponse",
        ("Tool", _) => "/tools/0",
        ("FunctionDeclaration", _) => "/tools/0/functionDeclarations/0",
        ("Schema", _) => "/tools/0/functionDeclarations/0/parameters",
        ("ToolConfig", _) => "/toolConfig",
        ("FunctionCallingConfig", _) => "/toolConfig/functionCallingConfig",
        ("GenerationConfig", _) => "/generationConfig",
        ("ThinkingConfig", _) => "/generationConfig/thinkingConfig",
        _ => panic!("say where {message} stands in the base"),
    }
}

/// A value that asks for something.
fn sample(name: &str, field: &Field) -> Value {
    let one = match name {
        "GenerateContentRequest.serviceTier" => json!("flex"),
        "GenerationConfig.candidateCount" => json!(2),
        "GenerationConfig.responseMimeType" => json!("application/json"),
        "Blob.mimeType" => json!("image/jpeg"),
        "Blob.data" => json!("BBBB"),
        "FileData.mimeType" => json!("text/plain"),
        "FileData.fileUri" => json!("https://example.com/other.png"),
        "FunctionResponse.id" => json!("j"),
        "FunctionCallingConfig.mode" => json!("ANY"),
        "FunctionDeclaration.behavior" => json!("NON_BLOCKING"),
        "Schema.type" => json!("STRING"),
        "Schema.propertyOrdering" => return json!(["b", "a"]),
        "Schema.items" | "Schema.anyOf" | "Schema.properties" => json!({ "type": "STRING" }),
        _ => match &field.kind {
            Kind::String => json!("x"),
            Kind::Int32 | Kind::Int64 => json!(1),
            Kind::Float | Kind::Double => json!(0.5),
            Kind::Bool => json!(true),
            Kind::Bytes => json!("AAAA"),
            Kind::Duration => json!("1s"),
            Kind::Timestamp => json!("2026-11-30T00:00:00Z"),
            Kind::Struct | Kind::Value => json!({ "a": 1 }),
            Kind::Enum(values) => json!(values.values[1].0),
            Kind::Message(_) => json!({}),
        },
    };
    match field.label {
        Label::Singular => one,
        Label::Repeated => json!([one]),
        Label::Map => json!({ "k": one }),
    }
}

fn body(request: &Value, flavour: Flavour) -> Result<String, Problem> {
    let target = Target {
        traits: flavour.traits(),
        model: "m",
        stream: true,
        fetch_images: true,
        detail: None,
        dropped: &[],
    };
    let request = GenerateContentRequest::from_json(request.to_string().as_bytes(), Mode::Lenient);
    // In text, since the order of properties matters.
    request::body(&request.unwrap(), &target).map(|body| body.to_string())
}

/// What a request says without the field and with it.
fn pair(message: &str, field: &Field) -> (Value, Value) {
    let mut without = base();
    if message == "FileData" {
        let file = json!({ "mimeType": "image/png", "fileUri": "https://example.com/a.png" });
        without["contents"][0]["parts"][1] = json!({ "fileData": file });
    }
    let mut with = without.clone();
    let at = with.pointer_mut(place(message, field.json)).unwrap();
    if field.oneof.is_some() {
        *at = json!({});
    }
    at[field.json] = sample(&name(message, field), field);
    (without, with)
}

#[test]
fn no_field_is_lost_in_silence() {
    let mut checked = 0;
    walk(
        GenerateContentRequest::descriptor(),
        &mut |message, field| {
            let name = name(message, field);
            let fate = row(&name).unwrap().fate;
            // Their own fields are checked.
            let is_below = matches!(field.kind, Kind::Message(_)) && message != "Schema";
            if matches!(fate, Silent(_) | Reply(_)) || matches!(fate, Sent(_)) && is_below {
                return;
            }
            for flavour in Flavour::ALL {
                let (without, with) = pair(message, field);
                let Ok(without) = body(&without, flavour) else {
                    assert_eq!(message, "FileData", "the base is refused by {flavour:?}");
                    continue;
                };
                checked += 1;
                match body(&with, flavour) {
                    Ok(with) => {
                        assert_ne!(fate, Refused, "{name} is not refused for {flavour:?}");
                        assert_ne!(with, without, "{name} is lost for {flavour:?}");
                    }
                    Err(problem) => assert_names(&problem, field, &name),
                }
            }
        },
    );
    assert!(checked > 400, "{checked}");
}

#[track_caller]
fn assert_names(problem: &Problem, field: &Field, name: &str) {
    assert_eq!(problem.status().code.http(), 400);
    let refused: &Untranslatable = problem.downcast_ref().unwrap();
    let path = &refused.violations[0].path;
    let is_named = path.contains(field.name) || path.ends_with("function_response");
    // A part of an address or of media is refused as a whole.
    let is_whole = name.starts_with("Blob.") || name.starts_with("FileData.");
    assert!(is_named || is_whole, "{name} is refused as {path}");
}

#[test]
fn what_the_operator_lets_go_is_dropped() {
    let mut request = base();
    request["generationConfig"]["topK"] = json!(3);
    assert!(body(&request, Flavour::Openai).is_err());
    let call = GenerateContentRequest::from_json(request.to_string().as_bytes(), Mode::Lenient);
    let target = Target {
        traits: Flavour::Openai.traits(),
        model: "m",
        stream: true,
        fetch_images: false,
        detail: None,
        dropped: &["GenerationConfig.topK".to_owned()],
    };
    let body = request::body(&call.unwrap(), &target).unwrap();
    assert!(body.get("top_k").is_none());
}
