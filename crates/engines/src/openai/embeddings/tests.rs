use super::*;
use propus_wire::{Message, Mode};

fn call(json: Value) -> EmbedContentRequest {
    EmbedContentRequest::from_json(json.to_string().as_bytes(), Mode::Lenient).unwrap()
}

fn text_call(text: &str, dimensions: Option<i32>) -> EmbedContentRequest {
    EmbedContentRequest {
        output_dimensionality: dimensions,
        ..call(json!({ "content": { "parts": [{ "text": text }] } }))
    }
}

#[test]
fn texts_of_one_form_go_together() {
    let calls = [
        text_call("a", None),
        text_call("b", Some(8)),
        text_call("c", None),
    ];
    let batches = batches(&calls, &Settings::default()).unwrap();
    let places: Vec<_> = batches.iter().map(|batch| batch.places.clone()).collect();
    assert_eq!(places, [vec![0, 2], vec![1]]);
    assert_eq!(
        batches[1].body("m", EmbeddingFormat::Base64),
        json!({ "model": "m", "input": ["b"], "encoding_format": "base64", "dimensions": 8 })
    );
}

#[test]
fn a_task_needs_its_prefix() {
    let call = call(json!({
        "content": { "parts": [{ "text": "a" }] },
        "taskType": "RETRIEVAL_QUERY",
    }));
    let calls = std::slice::from_ref(&call);
    let problem = batches(calls, &Settings::default()).unwrap_err();
    assert_eq!(problem.field().as_deref(), Some("task_type"));
    let settings = Settings {
        task_prefixes: [("RETRIEVAL_QUERY".into(), "query: ".into())].into(),
        ..Settings::default()
    };
    assert_eq!(batches(calls, &settings).unwrap()[0].texts, ["query: a"]);
}

#[test]
fn what_is_no_text_is_refused() {
    #[track_caller]
    fn check(json: Value, field: &str) {
        let problem = batches(&[call(json)], &Settings::default()).unwrap_err();
        assert_eq!(problem.field().as_deref(), Some(field));
    }
    let image = json!({ "inlineData": { "mimeType": "image/png", "data": "AAAA" } });
    check(
        json!({ "content": { "parts": [image] } }),
        "content.parts[0]",
    );
    check(json!({ "title": "t" }), "title");
    check(
        json!({ "embedContentConfig": { "a": 1 } }),
        "embed_content_config",
    );
}

#[test]
fn vectors_come_in_either_form_and_any_order() {
    let reply = json!({ "object": "list", "data": [
        { "object": "embedding", "index": 1, "embedding": "AACAPwAAAMA=" },
        { "object": "embedding", "index": 0, "embedding": [0.5, 0.25] },
    ], "model": "m", "usage": { "prompt_tokens": 2, "total_tokens": 2 } });
    let vectors = read(reply, 2).unwrap();
    assert_eq!(vectors[0].values, [0.5, 0.25]);
    assert_eq!(vectors[1].values, [1.0, -2.0]);
}

#[test]
fn replies_that_do_not_fit_are_told() {
    #[track_caller]
    fn check(reply: Value, expected: &str) {
        let error = read(reply, 1).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    check(json!({}), "missing field `data`");
    check(json!({ "data": [] }), "fewer vectors than the 1");
    check(
        json!({ "data": [{ "index": 3, "embedding": [] }] }),
        "a vector 3 of 1",
    );
    check(json!({ "data": [{ "embedding": "AAA=" }] }), "2 bytes");
    check(json!({ "data": [{ "embedding": "%" }] }), "not base64");
}
