//! Embeddings and the list of models.

use crate::openai::{
    embeddings::{self, Encoding},
    models,
};
use propus_wire::{embed::ContentEmbedding, models::Model};
use serde_json::{Value, json};

fn check(body: Value, expected: Value, encoding: Encoding) {
    let call = embeddings::request(body.to_string().as_bytes()).unwrap();
    assert_eq!(serde_json::to_value(&call.request).unwrap(), expected);
    assert_eq!(call.encoding, encoding);
}

#[test]
fn requests() {
    let one = |text: &str| json!({"model": "models/e", "content": {"parts": [{"text": text}]}});
    let batch = |requests: Value| json!({"model": "models/e", "requests": requests});
    check(
        json!({"model": "e", "input": "a"}),
        batch(json!([one("a")])),
        Encoding::Float,
    );
    check(
        json!({"model": "models/e", "input": ["a", "b"], "encoding_format": "base64", "user": "ann"}),
        batch(json!([one("a"), one("b")])),
        Encoding::Base64,
    );
    let mut short = one("a");
    short["outputDimensionality"] = json!(2);
    check(
        json!({"model": "e", "input": ["a"], "dimensions": 2}),
        batch(json!([short])),
        Encoding::Float,
    );
    check(
        json!({"model": "e", "input": []}),
        json!({"model": "models/e"}),
        Encoding::Float,
    );
}

#[test]
fn replies() {
    let call = |format: &str| {
        let body = json!({"model": "e", "input": ["a", "b"], "encoding_format": format});
        embeddings::request(body.to_string().as_bytes()).unwrap()
    };
    let vectors = [vec![0.1, -1.0], vec![]].map(|values| ContentEmbedding { values });
    assert_eq!(
        embeddings::reply(&call("float"), &vectors, Some(3)),
        json!({
            "object": "list",
            "data": [
                {"object": "embedding", "embedding": [0.1, -1.0], "index": 0},
                {"object": "embedding", "embedding": [], "index": 1},
            ],
            "model": "e",
            "usage": {"prompt_tokens": 3, "total_tokens": 3},
        })
    );
    let packed = embeddings::reply(&call("base64"), &vectors, None);
    // The bytes of 0.1f32 and -1.0f32, little-endian: cd cc cc 3d 00 00 80 bf.
    assert_eq!(packed["data"][0]["embedding"], "zczMPQAAgL8=");
    assert_eq!(packed["data"][1]["embedding"], "");
    assert_eq!(packed["usage"]["total_tokens"], 0);
}

#[test]
fn lists_of_models() {
    let model = Model {
        name: Some("models/a".into()),
        display_name: Some("A".into()),
        ..Model::default()
    };
    let written =
        json!({"id": "models/a", "object": "model", "owned_by": "google", "display_name": "A"});
    assert_eq!(models::model(&model), written);
    assert_eq!(
        models::list(&[model]),
        json!({"object": "list", "data": [written]})
    );
    assert_eq!(models::list(&[]), json!({"object": "list", "data": []}));
}
