//! `chat/completions`: a request becomes a `generateContent` request, and its reply a completion.
//!
//! Google's layer refuses OpenAI's fields that it does not know (seen: `store`, `metadata`, `seed`,
//! `frequency_penalty`). Clients send those without being asked, so we are milder: what the Gemini
//! API can do is done, what cannot matter to the answer is accepted and listed in
//! [`ChatCall::ignored`], and only what would silently change the answer's meaning is refused, in
//! Google's words.

use super::{
    extra_body,
    faults::Faults,
    functions,
    item::{self, Item},
    messages, settings,
};
use propus_failures::Problem;
use propus_wire::generate::GenerateContentRequest;

pub(crate) use super::{
    chunks::Chunker,
    reply::{Meta, reply},
};

/// What a caller of `chat/completions` asks.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ChatCall {
    /// The model as the caller wrote it; completions repeat it.
    pub(crate) model: String,
    /// What the model is asked; `request.model` is the resource name, `models/...`.
    pub(crate) request: GenerateContentRequest,
    /// Whether the completion is sent piece by piece.
    pub(crate) stream: bool,
    /// Whether a stream ends with the usage.
    pub(crate) include_usage: bool,
    /// Functions were declared by the fields of 2023, so calls are answered by those, too.
    pub(crate) legacy_functions: bool,
    /// Documented fields of OpenAI's that were set and have no effect here.
    pub(crate) ignored: Vec<&'static str>,
}

/// Fields that have an effect.
const USED: [&str; 23] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "tools",
    "tool_choice",
    "functions",
    "function_call",
    "response_format",
    "temperature",
    "top_p",
    "n",
    "stop",
    "max_tokens",
    "max_completion_tokens",
    "presence_penalty",
    "frequency_penalty",
    "seed",
    "logprobs",
    "top_logprobs",
    "reasoning_effort",
    "service_tier",
    "extra_body",
];

/// Fields about storing, billing, caching and style, which do not change what the answer means.
const IGNORED: [&str; 9] = [
    "user",
    "store",
    "metadata",
    "parallel_tool_calls",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prediction",
    "verbosity",
];

/// Fields that ask for something else than we can give; accepted only while they ask for nothing.
const REFUSED: [&str; 4] = ["logit_bias", "audio", "modalities", "web_search_options"];

/// Reads the body of `chat/completions`.
pub(crate) fn request(body: &[u8]) -> Result<ChatCall, Problem> {
    let json = item::parse(body)?;
    let faults = Faults::of("ChatCompletionsRequest");
    let call = call(&Item::root(&json, &faults));
    faults.into_result()?;
    Ok(call)
}

fn call(body: &Item<'_>) -> ChatCall {
    body.only(&[&USED, &IGNORED, &REFUSED]);
    refuse(body);
    let model = model(body);
    ChatCall {
        request: generate_content(body, &model),
        stream: flag(body, "stream"),
        include_usage: include_usage(body),
        legacy_functions: body.get("functions").is_some(),
        ignored: IGNORED
            .into_iter()
            .filter(|name| body.get(name).is_some())
            .collect(),
        model,
    }
}

fn generate_content(body: &Item<'_>, model: &str) -> GenerateContentRequest {
    let conversation = messages::conversation(body);
    let (tools, tool_config) = functions::tools(body);
    let extra = extra_body::google(body);
    GenerateContentRequest {
        model: Some(resource(model)),
        system_instruction: conversation.system,
        contents: conversation.contents,
        tools,
        tool_config,
        safety_settings: extra.safety_settings,
        generation_config: settings::generation_config(body, model, extra.thinking_config),
        cached_content: extra.cached_content,
        service_tier: service_tier(body),
        ..GenerateContentRequest::default()
    }
}

/// The resource name: a name without a slash is one of `models/`, says Google's reference.
pub(super) fn resource(model: &str) -> String {
    match model.contains('/') {
        true => model.into(),
        false => format!("models/{model}"),
    }
}

/// The model's name, which is required.
pub(super) fn model(body: &Item<'_>) -> String {
    let model = body.required("model").and_then(|item| item.text());
    model.unwrap_or_default().into()
}

fn refuse(body: &Item<'_>) {
    for name in REFUSED {
        if body
            .get(name)
            .is_some_and(|field| asks_for_something(&field))
        {
            body.unknown(name);
        }
    }
}

/// `{}`, `[]` and `["text"]` (the only modality of a chat) ask for nothing.
fn asks_for_something(field: &Item<'_>) -> bool {
    let text = |field: Item<'_>| field.value == "text";
    match field.value {
        serde_json::Value::Object(map) => !map.is_empty(),
        serde_json::Value::Array(_) => !field.list().into_iter().all(text),
        _ => true,
    }
}

fn include_usage(body: &Item<'_>) -> bool {
    let Some(options) = body.get("stream_options") else {
        return false;
    };
    options.object();
    options.only(&[&["include_usage", "include_obfuscation"]]);
    flag(&options, "include_usage")
}

/// `auto` leaves the tier open, and OpenAI's `default` is Google's `standard`.
fn service_tier(body: &Item<'_>) -> Option<String> {
    let tiers = [
        ("auto", None),
        ("default", Some("standard")),
        ("standard", Some("standard")),
        ("flex", Some("flex")),
        ("priority", Some("priority")),
    ];
    let tier = body.get("service_tier")?.word(&tiers)?;
    tier.map(str::to_owned)
}

fn flag(parent: &Item<'_>, name: &str) -> bool {
    parent
        .get(name)
        .and_then(|field| field.flag())
        .unwrap_or(false)
}
