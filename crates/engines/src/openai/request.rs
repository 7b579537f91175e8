//! A Gemini request as the body of `chat/completions`.

use super::{flavour::Traits, gaps::Gaps, messages, sampling, tools};
use propus_failures::Problem;
use propus_wire::generate::{GenerateContentRequest, HarmBlockThreshold};
use serde_json::{Map, Value, json};

/// For whom a request is written.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) traits: &'a Traits,
    /// The model's name there.
    pub(super) model: &'a str,
    /// Whether the reply comes piece by piece.
    pub(super) stream: bool,
    /// Whether the server may fetch images from addresses that callers name.
    pub(super) fetch_images: bool,
    /// How finely images are looked at, where the request says it and the server heeds it.
    pub(super) detail: Option<&'static str>,
    /// Rows of the table of fields that the operator lets go.
    pub(super) dropped: &'a [String],
}

/// Writes the body, or says every field that has no place in it.
pub(super) fn body(call: &GenerateContentRequest, target: &Target<'_>) -> Result<Value, Problem> {
    let gaps = Gaps::of("GenerateContentRequest", target.dropped);
    let config = call.generation_config.clone().unwrap_or_default();
    let target = &Target {
        detail: sampling::detail(&config, target, &gaps),
        ..*target
    };
    let mut body = Map::new();
    body.insert("model".into(), json!(target.model));
    body.insert(
        "messages".into(),
        messages::messages(call, target, &gaps).into(),
    );
    tools::put(call, target, &gaps, &mut body);
    sampling::put(&config, target, &gaps, &mut body);
    put_account(call, target, &gaps, &mut body);
    look(call, &gaps);
    if target.stream {
        body.insert("stream".into(), json!(true));
        body.insert("stream_options".into(), json!({ "include_usage": true }));
    }
    gaps.into_result()?;
    Ok(body.into())
}

/// What is about billing and storing.
fn put_account(
    call: &GenerateContentRequest,
    target: &Target<'_>,
    gaps: &Gaps<'_>,
    body: &mut Map<String, Value>,
) {
    let has_account = target.traits.account;
    let rule = "this model's server knows no such thing";
    let tier = call.service_tier.as_deref().unwrap_or_default();
    match (tier, has_account) {
        ("", _) | ("standard", false) => {}
        ("standard", true) => {
            body.insert("service_tier".into(), json!("default"));
        }
        ("flex" | "priority", true) => {
            body.insert("service_tier".into(), json!(tier));
        }
        _ => gaps.refuse("GenerateContentRequest.serviceTier", "service_tier", rule),
    }
    match (call.store, has_account) {
        (Some(store), true) => {
            body.insert("store".into(), json!(store));
        }
        (Some(true), false) => gaps.refuse("GenerateContentRequest.store", "store", rule),
        _ => {}
    }
    match (call.labels.is_empty(), has_account) {
        (true, _) => {}
        (false, true) => {
            body.insert("metadata".into(), json!(call.labels));
        }
        (false, false) => gaps.refuse("GenerateContentRequest.labels", "labels", rule),
    }
}

fn look(call: &GenerateContentRequest, gaps: &Gaps<'_>) {
    for (at, setting) in call.safety_settings.iter().enumerate() {
        // A server without filters blocks nothing, which is what these ask for.
        let is_met = matches!(
            setting.threshold,
            None | Some(
                HarmBlockThreshold::None
                    | HarmBlockThreshold::Off
                    | HarmBlockThreshold::Unspecified
            )
        );
        if !is_met {
            gaps.refuse(
                "GenerateContentRequest.safetySettings",
                &format!("safety_settings[{at}].threshold"),
                "this model has no filters of that kind; only BLOCK_NONE and OFF can be kept",
            );
        }
    }
    if call.cached_content.is_some() {
        let rule = "this model's server has no caches that can be named";
        gaps.refuse(
            "GenerateContentRequest.cachedContent",
            "cached_content",
            rule,
        );
    }
    if call.continuation_token.is_some() {
        let rule = "this model cannot go on where another reply ended";
        gaps.refuse(
            "GenerateContentRequest.continuationToken",
            "continuation_token",
            rule,
        );
    }
}

/// Arguments and results are JSON in text.
pub(super) fn text_of_struct(map: Option<&Map<String, Value>>) -> String {
    map.map_or_else(|| "{}".to_owned(), |map| json!(map).to_string())
}

#[cfg(test)]
mod tests;
