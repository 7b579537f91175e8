//! What a server or the way to it says when a call fails, as a problem of the catalogue.
//!
//! What is the operator's to mend, such as our key, is an internal error to the caller and a line
//! in the log.

use super::{gaps::Untranslatable, standing::Verdict};
use propus_client::Error;
use propus_failures::{
    Failure, Problem, Violation,
    cards::Medium,
    content::image_invalid::ImageInvalid,
    limits::context_too_long::ContextTooLong,
    models::model_not_found::ModelNotFound,
    quota::quota_shared_capacity::QuotaSharedCapacity,
    request::{
        invalid_argument_generic::InvalidArgumentGeneric, modality_unsupported::ModalityUnsupported,
    },
    service::{
        deadline_504::Deadline504,
        internal_500::Internal500,
        overloaded_503::{Overloaded503, Wording},
    },
};
use propus_wire::{
    Version,
    status::{Code, Detail, Status},
};
use serde_json::Value;
use std::time::{Duration, Instant};

/// What a call asked for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The model as the caller named it.
    pub(super) model: String,
    /// Whether the settings name another one for the server.
    pub(super) is_renamed: bool,
    /// The method as Google names it.
    pub(super) method: &'static str,
    /// When nobody waits any more.
    pub(super) until: Option<Instant>,
}

/// Why a call failed.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) problem: Problem,
    /// What it says of the server.
    pub(super) verdict: Verdict,
    /// Whether another server may do better.
    pub(super) elsewhere: bool,
    /// The server's filters refused the prompt, which is a reply and no error in the Gemini API.
    pub(super) is_blocked: bool,
}

impl Fault {
    /// The server is at fault.
    fn bad(problem: impl Into<Problem>) -> Self {
        Self {
            problem: problem.into(),
            verdict: Verdict::Bad,
            elsewhere: true,
            is_blocked: false,
        }
    }

    /// The server works; the call is at fault.
    pub(super) fn of_call(problem: impl Into<Problem>) -> Self {
        Self {
            problem: problem.into(),
            verdict: Verdict::Good,
            elsewhere: false,
            is_blocked: false,
        }
    }
}

/// A prompt that is too long, of which the server says no numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TooLong(String);

impl Failure for TooLong {
    fn name(&self) -> &'static str {
        "context-too-long"
    }

    fn status(&self) -> Status {
        // Google's older wording, which has no numbers either.
        let message = "The input token count exceeds the maximum number of tokens allowed.";
        Status::new(Code::InvalidArgument, message)
    }

    fn log(&self) -> Option<String> {
        Some(self.0.clone())
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        fault.problem
    }
}

/// The server has no capacity for us at the moment, and may have said for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Busy {
    /// The model as the caller named it.
    pub model: String,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
    /// The server's words, for the log.
    pub cause: String,
}

impl Failure for Busy {
    fn name(&self) -> &'static str {
        "quota-shared-capacity"
    }

    fn status(&self) -> Status {
        let status = QuotaSharedCapacity::Model(self.model.clone()).status();
        match self.retry_after {
            Some(retry_delay) => status.with(Detail::RetryInfo { retry_delay }),
            None => status,
        }
    }

    fn log(&self) -> Option<String> {
        Some(self.cause.clone())
    }
}

/// A problem that is the operator's, told to the log alone.
pub(super) fn internal(cause: impl Into<String>) -> Problem {
    let cause = Some(cause.into());
    Internal500 { cause }.into()
}

/// The problem of a call that is late already.
pub(super) fn late() -> Problem {
    let cause = Some("the deadline came before the call was sent".into());
    Deadline504 { cause }.into()
}

/// The fault of a call that got no good reply.
pub(super) fn of(error: &Error, asked: &Asked) -> Fault {
    if let Some(http) = error.http_status() {
        let retry_after = retry_after(error.header("retry-after"));
        let body = error.body().unwrap_or_default();
        return refused(http, body, retry_after, &error.message(), asked);
    }
    let cause = Some(told(error));
    if error.is_timeout() {
        let fault = Fault::bad(Deadline504 { cause });
        return match asked.until.is_some_and(|until| until <= Instant::now()) {
            // The caller's time was short, which says nothing of the server.
            true => Fault {
                verdict: Verdict::Unknown,
                elsewhere: false,
                ..fault
            },
            false => fault,
        };
    }
    match error.is_setup() {
        true => Fault::of_call(internal(told(error))),
        false => Fault::bad(unavailable(cause)),
    }
}

/// The fault of a stream in which the server says that it failed.
pub(super) fn in_stream(error: &Value, server: &str, asked: &Asked) -> Fault {
    let code = error.get("code").or_else(|| error.get("status_code"));
    let number = code.and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()));
    let http = number
        .and_then(|code| u16::try_from(code).ok())
        .unwrap_or(500);
    let body = serde_json::json!({ "error": error }).to_string();
    let message = format!(
        "{server} says in the stream: {}",
        Account::of(&body).message
    );
    refused(http, &body, None, &message, asked)
}

/// The problem of a stream that ended too early.
pub(super) fn cut(server: &str, what: &str) -> Problem {
    unavailable(Some(format!("the reply of {server} {what}")))
}

fn unavailable(cause: Option<String>) -> Problem {
    let wording = Wording::Unavailable;
    Overloaded503 { cause, wording }.into()
}

/// An error and its causes, in one line.
fn told(error: &Error) -> String {
    let mut words = error.message();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        words = format!("{words}: {error}");
        source = error.source();
    }
    words
}

/// Seconds are what servers send; a date would need their clock.
fn retry_after(header: Option<&str>) -> Option<Duration> {
    Duration::try_from_secs_f64(header?.trim().parse().ok()?).ok()
}

/// What a server says of an error, in any of its forms.
#[derive(Debug, Default)]
struct Account {
    message: String,
    kind: String,
    code: String,
    param: String,
    /// Of llama-server: the prompt and the context, in tokens.
    counts: Option<(u64, u64)>,
}

impl Account {
    /// Reads `{"error": {...}}`, `{"error": "text"}`, the flat form of older vLLM, `{"detail": ...}`
    /// of FastAPI, a list of one of these as Google's own layer sends it, or text.
    fn of(body: &str) -> Self {
        let Ok(json) = serde_json::from_str::<Value>(body) else {
            return Self {
                message: body.trim().to_owned(),
                ..Self::default()
            };
        };
        let json = json.get(0).unwrap_or(&json);
        let error = json.get("error").unwrap_or(json);
        let text = |name: &str| match error.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        let count = |name: &str| error.get(name).and_then(Value::as_u64);
        let message = match error {
            Value::String(text) => text.clone(),
            _ => [text("message"), text("detail"), text("error")]
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or_default(),
        };
        Self {
            message,
            kind: text("type"),
            code: text("code"),
            param: text("param"),
            counts: count("n_prompt_tokens").zip(count("n_ctx")),
        }
    }

    fn is(&self, code: &str) -> bool {
        self.code == code || self.kind == code
    }

    fn says(&self, words: &str) -> bool {
        self.message.to_ascii_lowercase().contains(words)
    }
}

/// The fault of a reply that is an error. `told` is its line for the log.
fn refused(
    http: u16,
    body: &str,
    retry_after: Option<Duration>,
    told: &str,
    asked: &Asked,
) -> Fault {
    let account = Account::of(body);
    let cause = || Some(told.to_owned());
    if let Some(problem) = too_long(&account) {
        return Fault::of_call(problem);
    }
    if is_filtered(&account) {
        return Fault {
            is_blocked: true,
            ..Fault::of_call(InvalidArgumentGeneric { cause: cause() })
        };
    }
    match http {
        401 | 403 => Fault::bad(internal(our_key(told))),
        400 if is_of_key(&account) => Fault::bad(internal(our_key(told))),
        402 => Fault::bad(internal(told)),
        404 => missing(&account, told, asked),
        408 | 504 | 524 => Fault::bad(Deadline504 { cause: cause() }),
        429 if account.is("insufficient_quota") => Fault::bad(internal(format!(
            "our account at the model's server is used up: {told}"
        ))),
        429 => Fault {
            verdict: Verdict::Good,
            ..Fault::bad(Busy {
                model: asked.model.clone(),
                retry_after,
                cause: told.to_owned(),
            })
        },
        400 | 413 | 415 | 422 => Fault::of_call(wrong(&account, told, asked)),
        502 | 503 | 520..=530 => Fault::bad(unavailable(cause())),
        // Ollama says so with 500, and templates that refuse a conversation do.
        500 if is_of_call(&account) => Fault::of_call(wrong(&account, told, asked)),
        500..=599 => Fault {
            // It may come again wherever the call goes.
            elsewhere: false,
            ..Fault::bad(internal(told))
        },
        _ => Fault::of_call(internal(told)),
    }
}

/// A model that is not there is the caller's matter only where the caller named it.
fn missing(account: &Account, told: &str, asked: &Asked) -> Fault {
    let is_of_model = account.says("model") || account.is("model_not_found");
    if is_of_model && !asked.is_renamed {
        return Fault::of_call(ModelNotFound {
            model: asked.model.clone(),
            version: Version::V1Beta,
            method: asked.method.into(),
            nearest: Vec::new(),
        });
    }
    let what = match is_of_model {
        true => "the model's server does not have it; check `model` of the engine",
        false => "there is no such API; check `base_url` of the engine",
    };
    Fault {
        verdict: Verdict::Good,
        ..Fault::bad(internal(format!("{what}: {told}")))
    }
}

/// The key is ours: the caller's own was good.
fn our_key(told: &str) -> String {
    format!("the model's server does not take our key; check `api_key` of the engine: {told}")
}

/// Google says with 400 that a key is wrong.
fn is_of_key(account: &Account) -> bool {
    account.is("invalid_api_key")
        || account.says("api key not valid")
        || account.says("api key expired")
        || account.says("api key not found")
}

fn is_filtered(account: &Account) -> bool {
    ["content_filter", "content_policy_violation"]
        .iter()
        .any(|code| account.is(code))
}

fn is_of_call(account: &Account) -> bool {
    [
        "roles must alternate",
        "image input is not supported",
        "audio input is not supported",
    ]
    .iter()
    .any(|words| account.says(words))
}

/// A request that the server finds fault with.
fn wrong(account: &Account, told: &str, asked: &Asked) -> Problem {
    let medium = |medium| ModalityUnsupported::Input {
        model: asked.model.clone(),
        medium,
        mime_type: String::new(),
    };
    if account.says("not a multimodal model") || account.says("image input is not supported") {
        return medium(Medium::Image).into();
    }
    if account.says("audio input is not supported") {
        return medium(Medium::Audio).into();
    }
    let speaks_of_image = account.says("image");
    if account.is("invalid_image") || speaks_of_image && account.says("cannot identify") {
        return ImageInvalid::Unprocessable.into();
    }
    match field(&account.param) {
        Some(field) => {
            let path = format!("GenerateContentRequest.{field}");
            let violations = vec![Violation::new(path, account.message.clone())];
            Untranslatable { violations }.into()
        }
        None => {
            let cause = Some(told.to_owned());
            InvalidArgumentGeneric { cause }.into()
        }
    }
}

/// The Gemini field of a field of OpenAI's, such as `messages[0].content`.
fn field(param: &str) -> Option<&'static str> {
    let first = param.split(['.', '[']).next()?;
    let fields = [
        ("messages", "contents"),
        ("tools", "tools"),
        ("tool_choice", "tool_config"),
        ("response_format", "generation_config.response_schema"),
        ("temperature", "generation_config.temperature"),
        ("top_p", "generation_config.top_p"),
        ("top_k", "generation_config.top_k"),
        ("n", "generation_config.candidate_count"),
        ("max_tokens", "generation_config.max_output_tokens"),
        (
            "max_completion_tokens",
            "generation_config.max_output_tokens",
        ),
        ("stop", "generation_config.stop_sequences"),
        ("seed", "generation_config.seed"),
        ("presence_penalty", "generation_config.presence_penalty"),
        ("frequency_penalty", "generation_config.frequency_penalty"),
        ("logprobs", "generation_config.response_logprobs"),
        ("top_logprobs", "generation_config.logprobs"),
        ("reasoning_effort", "generation_config.thinking_config"),
    ];
    fields
        .iter()
        .find(|(name, _)| *name == first)
        .map(|(_, field)| *field)
}

/// The problem of a prompt that is too long, or of an answer for which it leaves no room.
fn too_long(account: &Account) -> Option<Problem> {
    if let Some((tokens, limit)) = account.counts {
        return Some(ContextTooLong { tokens, limit }.into());
    }
    let is_said = account.is("context_length_exceeded")
        || account.is("exceed_context_size_error")
        || ["context length", "model length", "context size"]
            .iter()
            .any(|words| account.says(words));
    if !is_said {
        return None;
    }
    let limit = limit_in(&account.message).unwrap_or(0);
    let tokens = tokens_in(&account.message).unwrap_or(0);
    // The prompt alone would fit: the answer that is asked for does not.
    if tokens > 0 && limit > 0 && tokens < limit {
        let path = "GenerateContentRequest.generation_config.max_output_tokens";
        let rule = format!(
            "the prompt has {tokens} of at most {limit} tokens; the answer may have {} at most",
            limit - tokens
        );
        let violations = vec![Violation::new(path, rule)];
        return Some(Untranslatable { violations }.into());
    }
    match tokens > 0 && limit > 0 {
        true => Some(ContextTooLong { tokens, limit }.into()),
        false => Some(TooLong(account.message.clone()).into()),
    }
}

/// The context, in the words of OpenAI, vLLM and SGLang.
fn limit_in(message: &str) -> Option<u64> {
    [
        "maximum context length is ",
        "maximum context length of ",
        "maximum context length (",
        "maximum model length of ",
        "context length (",
    ]
    .iter()
    .find_map(|mark| number_after(message, mark))
}

/// The prompt, in the words of OpenAI, vLLM and SGLang.
fn tokens_in(message: &str) -> Option<u64> {
    let behind = [
        " in the messages",
        " tokens from the input messages",
        " input tokens",
    ];
    let before = [
        "messages resulted in ",
        "The input (",
        "Input length (",
        "prompt (length ",
        "requested ",
    ];
    let counted = behind.iter().find_map(|mark| number_before(message, mark));
    counted.or_else(|| before.iter().find_map(|mark| number_after(message, mark)))
}

fn number_after(text: &str, mark: &str) -> Option<u64> {
    let (_, rest) = text.split_once(mark)?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit());
    rest[..end.unwrap_or(rest.len())].parse().ok()
}

fn number_before(text: &str, mark: &str) -> Option<u64> {
    let (rest, _) = text.split_once(mark)?;
    let begin = rest.rfind(|letter: char| !letter.is_ascii_digit());
    rest[begin.map_or(0, |at| at + 1)..].parse().ok()
}

#[cfg(test)]
mod tests;
