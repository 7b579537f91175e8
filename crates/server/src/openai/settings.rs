//! Sampling, lengths and the form of the answer.

use super::{item::Item, thinking};
use propus_wire::generate::{GenerationConfig, ThinkingConfig};
use serde_json::Value;

/// Reads `generationConfig`; `None` where the body sets nothing of it.
pub(super) fn generation_config(
    body: &Item<'_>,
    model: &str,
    thinking: Option<ThinkingConfig>,
) -> Option<GenerationConfig> {
    let real = |name| body.get(name).and_then(|item| item.real());
    let integer = |name| body.get(name).and_then(|item| item.integer());
    let format = response_format(body);
    // Both are read, so that a fault in either is found; the newer name counts.
    let (newer, older) = (integer("max_completion_tokens"), integer("max_tokens"));
    let config = GenerationConfig {
        candidate_count: integer("n"),
        stop_sequences: stop_sequences(body),
        max_output_tokens: newer.or(older),
        temperature: real("temperature"),
        top_p: real("top_p"),
        seed: integer("seed"),
        presence_penalty: real("presence_penalty"),
        frequency_penalty: real("frequency_penalty"),
        response_mime_type: format.mime_type,
        response_json_schema: format.schema,
        response_logprobs: body.get("logprobs").and_then(|item| item.flag()),
        logprobs: integer("top_logprobs"),
        thinking_config: thinking::config(body, model, thinking),
        ..GenerationConfig::default()
    };
    (config != GenerationConfig::default()).then_some(config)
}

fn stop_sequences(body: &Item<'_>) -> Vec<String> {
    let stop = body.get("stop").map(|item| item.list()).unwrap_or_default();
    stop.iter()
        .filter_map(|item| item.text())
        .map(str::to_owned)
        .collect()
}

#[derive(Default)]
struct Format {
    mime_type: Option<String>,
    schema: Option<Value>,
}

fn response_format(body: &Item<'_>) -> Format {
    let Some(format) = body.get("response_format") else {
        return Format::default();
    };
    format.only(&[&["type", "json_schema"]]);
    let schema = match kind(&format) {
        None | Some(Kind::Text) => return Format::default(),
        Some(Kind::JsonObject) => None,
        Some(Kind::JsonSchema) => json_schema(&format),
    };
    Format {
        mime_type: Some("application/json".into()),
        schema,
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    JsonObject,
    JsonSchema,
}

const KINDS: [(&str, Kind); 3] = [
    ("text", Kind::Text),
    ("json_object", Kind::JsonObject),
    ("json_schema", Kind::JsonSchema),
];

fn kind(format: &Item<'_>) -> Option<Kind> {
    format.object()?;
    format.required("type")?.word(&KINDS)
}

/// A format without a schema asks for any JSON.
fn json_schema(format: &Item<'_>) -> Option<Value> {
    let holder = format.required("json_schema")?;
    holder.object()?;
    holder.only(&[&["name", "description", "schema", "strict"]]);
    let schema = holder.get("schema")?;
    schema.object().cloned().map(Value::Object)
}
