//! `embeddings`: texts become a `batchEmbedContents` request, and vectors a list of embeddings.

use super::{
    chat,
    faults::Faults,
    item::{self, Item},
    logprobs::shortest,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use propus_failures::Problem;
use propus_wire::{
    embed::{BatchEmbedContentsRequest, ContentEmbedding, EmbedContentRequest},
    generate::{Content, Part},
};
use serde_json::{Value, json};

/// What a caller of `embeddings` asks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EmbeddingsCall {
    /// The model as the caller wrote it; the reply repeats it.
    pub(crate) model: String,
    /// One request for each text, in their order.
    pub(crate) request: BatchEmbedContentsRequest,
    /// How vectors are written.
    pub(crate) encoding: Encoding,
}

/// How a vector is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// A list of numbers.
    #[default]
    Float,
    /// Little-endian 32-bit floats in base64, which OpenAI's libraries ask for by themselves.
    Base64,
}

/// Reads the body of `embeddings`. That a batch is empty or too
/// large is for the check of the request to say.
pub(crate) fn request(body: &[u8]) -> Result<EmbeddingsCall, Problem> {
    let json = item::parse(body)?;
    let faults = Faults::of("EmbeddingsRequest");
    let call = call(&Item::root(&json, &faults));
    faults.into_result()?;
    Ok(call)
}

/// Writes the vectors of a call. The Gemini API does not say how many tokens they cost, and OpenAI's
/// clients insist on a number: it is 0 where nobody counted.
pub(crate) fn reply(
    call: &EmbeddingsCall,
    vectors: &[ContentEmbedding],
    prompt_tokens: Option<u32>,
) -> Value {
    let tokens = prompt_tokens.unwrap_or(0);
    let vectors = vectors.iter().enumerate();
    let data: Vec<_> = vectors
        .map(|(index, vector)| embedding(index, vector, call.encoding))
        .collect();
    json!({
        "object": "list",
        "data": data,
        "model": call.model,
        "usage": { "prompt_tokens": tokens, "total_tokens": tokens },
    })
}

fn call(body: &Item<'_>) -> EmbeddingsCall {
    body.only(&[&["model", "input", "encoding_format", "dimensions", "user"]]);
    let model = chat::model(body);
    let resource = chat::resource(&model);
    let dimensions = body.get("dimensions").and_then(|item| item.integer());
    let request = |text: &str| EmbedContentRequest {
        model: Some(resource.clone()),
        content: Some(Content {
            parts: vec![Part::text(text)],
            role: None,
        }),
        output_dimensionality: dimensions,
        ..EmbedContentRequest::default()
    };
    let requests = texts(body).into_iter().map(request).collect();
    EmbeddingsCall {
        request: BatchEmbedContentsRequest {
            model: Some(resource.clone()),
            requests,
        },
        encoding: encoding(body).unwrap_or_default(),
        model,
    }
}

fn encoding(body: &Item<'_>) -> Option<Encoding> {
    let formats = [("float", Encoding::Float), ("base64", Encoding::Base64)];
    body.get("encoding_format")?.word(&formats)
}

fn texts<'a>(body: &Item<'a>) -> Vec<&'a str> {
    let Some(input) = body.required("input") else {
        return Vec::new();
    };
    let items = input.list();
    if items.iter().any(is_token) {
        input.wrong("token arrays are not supported; send the text itself.");
        return Vec::new();
    }
    items.iter().filter_map(|item| item.text()).collect()
}

/// Tokens are numbers of OpenAI's vocabulary: one list, or a list of lists.
fn is_token(item: &Item<'_>) -> bool {
    let is_list_of_numbers = |list: &Vec<Value>| list.iter().all(Value::is_number);
    item.value.is_number() || item.value.as_array().is_some_and(is_list_of_numbers)
}

fn embedding(index: usize, embedding: &ContentEmbedding, encoding: Encoding) -> Value {
    let written: Value = match encoding {
        Encoding::Float => embedding.values.iter().copied().map(shortest).collect(),
        Encoding::Base64 => packed(&embedding.values).into(),
    };
    json!({ "object": "embedding", "embedding": written, "index": index })
}

fn packed(values: &[f32]) -> String {
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    STANDARD.encode(bytes)
}
