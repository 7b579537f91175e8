//! Texts as vectors: the body of `embeddings` and its reply.

use super::{
    gaps::Gaps,
    settings::{EmbeddingFormat, Settings},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use propus_failures::Problem;
use propus_wire::embed::{ContentEmbedding, EmbedContentRequest, TaskType};
use serde::Deserialize;
use serde_json::{Value, json};

/// One call of the server: texts that are asked for in the same way.
#[derive(Debug, PartialEq)]
pub(super) struct Batch {
    /// The places of its texts among all.
    pub(super) places: Vec<usize>,
    texts: Vec<String>,
    dimensions: Option<i32>,
}

/// Sorts texts into calls, or says every field that has no place in one.
pub(super) fn batches(
    calls: &[EmbedContentRequest],
    settings: &Settings,
) -> Result<Vec<Batch>, Problem> {
    let mut batches: Vec<Batch> = Vec::new();
    for (place, call) in calls.iter().enumerate() {
        let text = text(call, settings)?;
        let dimensions = call.output_dimensionality;
        match batches
            .iter_mut()
            .find(|batch| batch.dimensions == dimensions)
        {
            Some(batch) => {
                batch.places.push(place);
                batch.texts.push(text);
            }
            None => batches.push(Batch {
                places: vec![place],
                texts: vec![text],
                dimensions,
            }),
        }
    }
    Ok(batches)
}

impl Batch {
    /// The body of the call.
    pub(super) fn body(&self, model: &str, format: EmbeddingFormat) -> Value {
        let mut body = json!({
            "model": model,
            "input": self.texts,
            "encoding_format": match format {
                EmbeddingFormat::Float => "float",
                EmbeddingFormat::Base64 => "base64",
            },
        });
        if let Some(dimensions) = self.dimensions {
            body["dimensions"] = dimensions.into();
        }
        body
    }
}

fn text(call: &EmbedContentRequest, settings: &Settings) -> Result<String, Problem> {
    let gaps = Gaps::of("EmbedContentRequest", &settings.drop);
    let mut text = prefix(call, settings, &gaps);
    if call.title.is_some() {
        let rule = "this model reads titles only as part of the text";
        gaps.refuse("EmbedContentRequest.title", "title", rule);
    }
    if call.embed_content_config.is_some() {
        let rule = "this model has no such settings";
        gaps.refuse(
            "EmbedContentRequest.embedContentConfig",
            "embed_content_config",
            rule,
        );
    }
    let parts = call.content.iter().flat_map(|content| &content.parts);
    for (at, part) in parts.enumerate() {
        match &part.text {
            Some(words) => text.push_str(words),
            None => {
                let path = format!("content.parts[{at}]");
                gaps.refuse(
                    "EmbedContentRequest.content",
                    &path,
                    "only text can be embedded",
                );
            }
        }
    }
    gaps.into_result()?;
    Ok(text)
}

/// What the model's makers want before a text of this task.
fn prefix(call: &EmbedContentRequest, settings: &Settings, gaps: &Gaps<'_>) -> String {
    let task = match &call.task_type {
        None | Some(TaskType::Unspecified) => return String::new(),
        Some(task) => task.as_str(),
    };
    if let Some(prefix) = settings.task_prefixes.get(task) {
        return prefix.clone();
    }
    let rule = "this model makes the same vector for every task; leave it out";
    gaps.refuse("EmbedContentRequest.taskType", "task_type", rule);
    String::new()
}

#[derive(Deserialize)]
struct Vectors {
    data: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    index: Option<usize>,
    embedding: Written,
}

/// Servers may answer in the other form.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Numbers(Vec<f32>),
    Base64(String),
}

/// Reads a reply to so many texts, in their order. The error is for the log.
pub(super) fn read(reply: Value, count: usize) -> Result<Vec<ContentEmbedding>, String> {
    let reply: Vectors = serde_json::from_value(reply)
        .map_err(|error| format!("the vectors cannot be read: {error}"))?;
    let mut out = vec![None; count];
    for (at, vector) in reply.data.into_iter().enumerate() {
        let index = vector.index.unwrap_or(at);
        let place = out.get_mut(index);
        let place = place.ok_or_else(|| format!("there is a vector {index} of {count}"))?;
        let values = match vector.embedding {
            Written::Numbers(values) => values,
            Written::Base64(text) => unpacked(&text)?,
        };
        *place = Some(ContentEmbedding { values });
    }
    let all: Option<Vec<_>> = out.into_iter().collect();
    all.ok_or_else(|| format!("there are fewer vectors than the {count} texts"))
}

/// Little-endian 32-bit floats.
fn unpacked(text: &str) -> Result<Vec<f32>, String> {
    let bytes = STANDARD.decode(text);
    let bytes = bytes.map_err(|error| format!("a vector is not base64: {error}"))?;
    let (floats, rest) = bytes.as_chunks::<4>();
    match rest.is_empty() {
        true => Ok(floats
            .iter()
            .map(|four| f32::from_le_bytes(*four))
            .collect()),
        false => Err(format!(
            "a vector has {} bytes, which are no floats",
            bytes.len()
        )),
    }
}

#[cfg(test)]
mod tests;
