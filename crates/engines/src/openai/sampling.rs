//! Sampling, lengths and the form of the answer: `generationConfig`.

use super::{
    flavour::{NoThinking, OneOf},
    gaps::Gaps,
    media,
    request::Target,
    schema::json_schema,
    strict,
};
use propus_wire::generate::{
    GenerationConfig, MediaResolution, ResponseModality, ThinkingConfig, ThinkingLevel,
};
use serde_json::{Map, Number, Value, json};

type Body = Map<String, Value>;

/// Writes all of it.
pub(super) fn put(
    config: &GenerationConfig,
    target: &Target<'_>,
    gaps: &Gaps<'_>,
    body: &mut Body,
) {
    put_sampling(config, target, gaps, body);
    put_lengths(config, target, gaps, body);
    put_form(config, target, gaps, body);
    if let Some(thinking) = &config.thinking_config {
        put_thinking(thinking, target, gaps, body);
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

/// `responseMimeType` and the schemas.
fn put_form(config: &GenerationConfig, target: &Target<'_>, gaps: &Gaps<'_>, body: &mut Body) {
    look_at_two_schemas(config, gaps);
    match config.response_mime_type.as_deref() {
        Some("application/json") => {
            body.insert(
                "response_format".into(),
                json_format(schema(config), target),
            );
        }
        Some("text/x.enum") => put_one_of(config, target, gaps, body),
        None | Some("" | "text/plain") => look_at_schemas(config, gaps),
        Some(other) => {
            let rule = format!("answers of the type `{other}` cannot be asked of this model");
            refuse(gaps, "responseMimeType", "response_mime_type", &rule);
        }
    }
}

fn json_format(schema: Option<Value>, target: &Target<'_>) -> Value {
    let Some(mut schema) = schema else {
        return json!({ "type": "json_object" });
    };
    let is_strict = target.traits.strict && strict::close(&mut schema);
    let mut form = json!({ "name": "answer", "schema": schema });
    if is_strict {
        form["strict"] = json!(true);
    }
    json!({ "type": "json_schema", "json_schema": form })
}

fn schema(config: &GenerationConfig) -> Option<Value> {
    let own = config.response_schema.as_ref().map(json_schema);
    own.or_else(|| config.response_json_schema.clone())
        .or_else(|| config.private_response_json_schema.clone())
}

/// Of two forms one would be lost.
fn look_at_two_schemas(config: &GenerationConfig, gaps: &Gaps<'_>) {
    let own = config.response_schema.is_some();
    let json = config.response_json_schema.is_some();
    let rule = "another schema is set, too; keep one of them";
    if own && json {
        refuse(gaps, "responseJsonSchema", "response_json_schema", rule);
    }
    if (own || json) && config.private_response_json_schema.is_some() {
        refuse(gaps, "_responseJsonSchema", "_response_json_schema", rule);
    }
}

fn look_at_schemas(config: &GenerationConfig, gaps: &Gaps<'_>) {
    let rule = "a schema needs the response_mime_type `application/json`";
    if config.response_schema.is_some() {
        refuse(gaps, "responseSchema", "response_schema", rule);
    }
    if config.response_json_schema.is_some() {
        refuse(gaps, "responseJsonSchema", "response_json_schema", rule);
    }
    if config.private_response_json_schema.is_some() {
        refuse(gaps, "_responseJsonSchema", "_response_json_schema", rule);
    }
}

/// The answer is one of the schema's texts, without quotes around it.
fn put_one_of(config: &GenerationConfig, target: &Target<'_>, gaps: &Gaps<'_>, body: &mut Body) {
    let schema = schema(config).unwrap_or_default();
    let texts = schema["enum"].as_array().into_iter().flatten();
    let texts: Vec<_> = texts.filter_map(Value::as_str).collect();
    if texts.is_empty() {
        let rule = "`text/x.enum` needs a response_schema with the texts";
        return refuse(gaps, "responseMimeType", "response_mime_type", rule);
    }
    match target.traits.one_of {
        OneOf::Never => {
            let rule = "this model cannot be held to one of several texts";
            refuse(gaps, "responseMimeType", "response_mime_type", rule);
        }
        OneOf::Choice => {
            body.insert("structured_outputs".into(), json!({ "choice": texts }));
        }
        OneOf::Grammar => {
            // A JSON string is a literal of the grammar, too.
            let literals: Vec<_> = texts.iter().map(|text| json!(text).to_string()).collect();
            let grammar = format!("root ::= {}", literals.join(" | "));
            body.insert("grammar".into(), json!(grammar));
        }
        OneOf::Regex => {
            let literals: Vec<_> = texts.iter().map(|text| escaped(text)).collect();
            body.insert("regex".into(), json!(format!("({})", literals.join("|"))));
        }
    }
}

/// Text that a regular expression takes as it is.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        if r"\.+*?()|[]{}^$".contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// How long a model thinks. `includeThoughts` is kept when the reply is read.
fn put_thinking(thinking: &ThinkingConfig, target: &Target<'_>, gaps: &Gaps<'_>, body: &mut Body) {
    if let Some(effort) = thinking.thinking_level.as_ref().and_then(effort_of_level) {
        match target.traits.effort {
            true => {
                body.insert("reasoning_effort".into(), json!(effort));
            }
            false => {
                let rule = "this model's server cannot be told how long to think";
                let path = "generation_config.thinking_config.thinking_level";
                gaps.refuse("ThinkingConfig.thinkingLevel", path, rule);
            }
        }
    }
    match thinking.thinking_budget {
        // -1 leaves it to the model.
        None | Some(..0) => {}
        Some(0) => put_no_thinking(target, gaps, body),
        Some(budget) => put_budget(budget, target, gaps, body),
    }
}

fn put_no_thinking(target: &Target<'_>, gaps: &Gaps<'_>, body: &mut Body) {
    match target.traits.no_thinking {
        NoThinking::Effort => {
            body.insert("reasoning_effort".into(), json!("none"));
        }
        NoThinking::Template => {
            let switch = json!({ "enable_thinking": false });
            body.insert("chat_template_kwargs".into(), switch);
        }
        NoThinking::Never => refuse_budget(gaps),
    }
}

/// Where there is no field for a number of tokens, the effort is that to which Google's table for
/// OpenAI's clients gives this budget: low up to 1024, medium up to 8192, then high.
fn put_budget(budget: i32, target: &Target<'_>, gaps: &Gaps<'_>, body: &mut Body) {
    if let Some(field) = target.traits.thinking_budget {
        body.insert(field.into(), json!(budget));
    } else if target.traits.effort {
        let effort = match budget {
            ..=1024 => "low",
            1025..=8192 => "medium",
            _ => "high",
        };
        body.insert("reasoning_effort".into(), json!(effort));
    } else {
        refuse_budget(gaps);
    }
}

fn refuse_budget(gaps: &Gaps<'_>) {
    let rule = "this model's server cannot be told how long to think";
    let path = "generation_config.thinking_config.thinking_budget";
    gaps.refuse("ThinkingConfig.thinkingBudget", path, rule);
}

fn effort_of_level(level: &ThinkingLevel) -> Option<&'static str> {
    match level {
        ThinkingLevel::Minimal => Some("minimal"),
        ThinkingLevel::Low => Some("low"),
        ThinkingLevel::Medium => Some("medium"),
        ThinkingLevel::High => Some("high"),
        _ => None,
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

fn refuse(gaps: &Gaps<'_>, field: &str, name: &str, rule: &str) {
    let row = format!("GenerationConfig.{field}");
    gaps.refuse(&row, &format!("generation_config.{name}"), rule);
}

/// A float with as many digits as it has, instead of those of the double next to it.
fn shortest(value: f32) -> Value {
    let double = value.to_string().parse().ok().and_then(Number::from_f64);
    double.map_or(Value::Null, Value::Number)
}
