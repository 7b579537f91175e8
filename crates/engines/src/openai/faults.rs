//! What a server or the way to it says when a call fails, as a problem of the catalogue.
//!
//! What is the operator's to mend, such as our key, is an internal error to the caller and a line
//! in the log.

mod account;
mod lengths;

use super::{gaps::Untranslatable, standing::Verdict};
use account::Account;
use lengths::too_long;
use propus_client::Error;
use propus_failures::{
    Failure, Problem, Violation,
    cards::Medium,
    content::image_invalid::ImageInvalid,
    models::model_not_found::ModelNotFound,
    quota::quota_shared_capacity::QuotaSharedCapacity,
    recovery,
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
    status::{Detail, Status},
};
use serde_json::Value;
use std::time::{Duration, Instant, SystemTime};

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
        let retry_after = error.header("retry-after");
        let retry_after =
            retry_after.and_then(|wait| recovery::retry_after(wait, SystemTime::now()));
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

#[cfg(test)]
mod tests;
