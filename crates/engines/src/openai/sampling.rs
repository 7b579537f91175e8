//! `generationConfig`: sampling and lengths, and what cannot be asked.

use super::{form, gaps::Gaps, media, request::Target, thinking};
use propus_wire::generate::{GenerationConfig, MediaResolution, ResponseModality};
use serde_json::{Map, Number, Value, json};

pub(super) type Body = Map<String, Value>;

/// Writes all of it.
pub(super) fn put(
    config: &GenerationConfig,
    target: &Target<'_>,
    gaps: &Gaps<'_>,
    body: &mut Body,
) {
    put_sampling(config, target, gaps, body);
    put_lengths(config, target, gaps, body);
    form::put(config, target, gaps, body);
    if let Some(thinking) = &config.thinking_config {
        thinking::put(thinking, target, gaps, body);
    }
    look(config, gaps);
}

fn put_sampling(config: &GenerationConfig, target: &Target<'_>, gaps: &Gaps<'_>, body: &mut Body) {
    let reals = [
        ("temperature", config.temperature),
        ("top_p", config.top_p),
        ("presence_penalty", config.presence_penalty),
        ("frequency_penalty", config.frequency_penalty),
    ];
    for (name, value) in reals {
        if let Some(value) = value {
            body.insert(name.into(), shortest(value));
        }
    }
    if let Some(seed) = config.seed {
        body.insert("seed".into(), json!(seed));
    }
    match config.top_k {
        Some(top_k) if target.traits.top_k => {
            body.insert("top_k".into(), json!(top_k));
        }
        Some(_) => refuse(
            gaps,
            "topK",
            "top_k",
            "this model's server does not know it",
        ),
        None => {}
    }
    if config.response_logprobs == Some(true) {
        body.insert("logprobs".into(), json!(true));
    }
    if let Some(count) = config.logprobs {
        body.insert("top_logprobs".into(), json!(count));
    }
}

fn put_lengths(config: &GenerationConfig, target: &Target<'_>, gaps: &Gaps<'_>, body: &mut Body) {
    if let Some(longest) = config.max_output_tokens {
        body.insert(target.traits.max_tokens.into(), json!(longest));
    }
    if !config.stop_sequences.is_empty() {
        body.insert("stop".into(), json!(config.stop_sequences));
    }
    match config.candidate_count {
        None | Some(1) => {}
        Some(count) if target.traits.candidates => {
            body.insert("n".into(), json!(count));
        }
        Some(_) => {
            let rule = "this model's server gives one answer to a request";
            refuse(gaps, "candidateCount", "candidate_count", rule);
        }
    }
}

/// How finely images are looked at.
pub(super) fn detail(
    config: &GenerationConfig,
    target: &Target<'_>,
    gaps: &Gaps<'_>,
) -> Option<&'static str> {
    let resolution = config.media_resolution.as_ref()?;
    let detail = media::detail(resolution);
    let is_said = *resolution != MediaResolution::Unspecified;
    if is_said && (detail.is_none() || !target.traits.detail) {
        let rule = "this model cannot be told how finely to look at media";
        refuse(gaps, "mediaResolution", "media_resolution", rule);
    }
    detail
}

fn look(config: &GenerationConfig, gaps: &Gaps<'_>) {
    let is_text = |one: &ResponseModality| {
        matches!(one, ResponseModality::Text | ResponseModality::Unspecified)
    };
    if !config.response_modalities.iter().all(is_text) {
        let rule = "this model answers with text alone";
        refuse(gaps, "responseModalities", "response_modalities", rule);
    }
    let asked = [
        (
            "enableEnhancedCivicAnswers",
            "enable_enhanced_civic_answers",
            config.enable_enhanced_civic_answers == Some(true),
        ),
        (
            "speechConfig",
            "speech_config",
            config.speech_config.is_some(),
        ),
        ("imageConfig", "image_config", config.image_config.is_some()),
        (
            "audioTranscriptionConfig",
            "audio_transcription_config",
            config.audio_transcription_config.is_some(),
        ),
    ];
    for (field, name, is_asked) in asked {
        if is_asked {
            refuse(gaps, field, name, "this model cannot do that");
        }
    }
}

/// Notes a field of `generationConfig`.
pub(super) fn refuse(gaps: &Gaps<'_>, field: &str, name: &str, rule: &str) {
    let row = format!("GenerationConfig.{field}");
    gaps.refuse(&row, &format!("generation_config.{name}"), rule);
}

/// A float with as many digits as it has, instead of those of the double next to it.
fn shortest(value: f32) -> Value {
    let double = value.to_string().parse().ok().and_then(Number::from_f64);
    double.map_or(Value::Null, Value::Number)
}
