//! Cases: a body and what becomes of it.

mod embeddings_and_models;
mod refused;
mod replies;
mod requests;
mod robust;
mod streams;

use super::chat::{self, ChatCall, Meta};
use propus_wire::{Message, Mode, generate::GenerateContentResponse};
use serde_json::{Value, json};

/// Reads a body that is right.
fn read(body: &Value) -> ChatCall {
    chat::request(body.to_string().as_bytes()).unwrap_or_else(|problem| panic!("{body}\n{problem}"))
}

fn response(json: &Value) -> GenerateContentResponse {
    GenerateContentResponse::from_json(json.to_string().as_bytes(), Mode::Lenient).unwrap()
}

fn meta() -> Meta {
    Meta {
        id: "r1".into(),
        created: 7,
        model: "gemini-2.5-flash".into(),
        legacy_functions: false,
    }
}

/// A text to say, as the only message.
fn hi() -> Value {
    json!([{ "role": "user", "content": "hi" }])
}

/// `{"model": "m", "messages": [hi]}` with more fields, which win.
fn body(more: Value) -> Value {
    let mut body = json!({ "model": "m", "messages": hi() });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}
