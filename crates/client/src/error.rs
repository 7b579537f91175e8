//! Why a call failed, or why a reply is not the answer that was asked for.

mod advice;
mod refusal;

pub(crate) use refusal::Refusal;

use crate::reply::NoAnswer;
use propus_failures::{
    Diagnosis, Problem, catalogue, diagnose,
    entry::Sure,
    recovery::{Fault, Outcome, Progress},
};
use propus_wire::{
    generate::{BlockReason, FinishReason},
    status::{Detail, FieldViolation, QuotaViolation, Status},
};
use std::{borrow::Cow, error::Error as StdError, fmt, sync::OnceLock, time::Duration};

/// Why a call failed. It says what happened and, on a line of its own, what may help; an API key
/// is never part of it.
///
/// ```
/// # propus_client::testing::example([propus_client::testing::refusal(429, "RESOURCE_EXHAUSTED",
/// #     "Resource has been exhausted (e.g. check quota).")], async |client| {
/// let error = client.models().get("gemini-flash-latest").await.unwrap_err();
/// assert_eq!(error.http_status(), Some(429));
/// assert!(error.is_retryable());
/// println!("{error}");
/// for cause in &error.diagnosis().causes {
///     println!("{}: {}", cause.failure, cause.summary);
/// }
/// # Ok(()) });
/// ```
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    /// Where the call went, as scheme, host and path prefix.
    server: Option<Box<str>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
    /// Made when it is asked for.
    diagnosis: OnceLock<Diagnosis>,
    /// How often the call was tried.
    attempts: u32,
}

#[derive(Debug)]
pub(crate) enum Kind {
    /// The client or the call was set up wrongly; nothing was sent.
    Setup {
        what: String,
        hint: Cow<'static, str>,
    },
    /// The request breaks a rule of the API; nothing was sent.
    Checked {
        problem: Problem,
        violations: Vec<FieldViolation>,
    },
    /// No connection came about.
    Connect,
    /// The time that the caller allowed is over.
    Timeout { allowed: Option<Duration> },
    /// The time that the caller allowed for the beginning of the reply is over.
    Late { allowed: Duration },
    /// The request could not be sent or its reply not begun.
    Exchange,
    /// The server answered with an error.
    Refused(Refusal),
    /// A reply that is not what the API sends.
    Unreadable { what: String, body: String },
    /// A reply that ended too early.
    Truncated { what: &'static str },
    /// A good reply without the answer that was asked for.
    NoAnswer(NoAnswer),
    /// Work behind the API that ended badly.
    Failed { what: String, status: Status },
    /// Work behind the API that is not done in the time that the caller allowed.
    Unfinished { what: String, allowed: Duration },
    /// The model goes on asking for functions.
    Calls { rounds: usize, last: String },
}

impl Error {
    /// Whether the time allowed by a timeout ran out. A server that gives up by itself says so by
    /// [`Error::status`] (`DEADLINE_EXCEEDED`).
    pub fn is_timeout(&self) -> bool {
        matches!(
            self.0.kind,
            Kind::Timeout { .. } | Kind::Late { .. } | Kind::Unfinished { .. }
        )
    }

    /// Whether no connection came about: nothing listens there, the name is unknown, TLS failed.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), propus_client::Error> {
    /// # let unused = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    /// let client = propus_client::Client::builder().base_url(format!("http://{unused}")).build()?;
    /// let error = client.models().list().await.unwrap_err();
    /// assert!(error.is_connect() && error.is_retryable());
    /// assert_eq!(error.failure(), Some("network-error"));
    /// # Ok(()) }
    /// ```
    pub fn is_connect(&self) -> bool {
        matches!(self.0.kind, Kind::Connect)
    }

    /// Whether the reply began and ended too early: the connection was cut, or a stream ended
    /// without a finish reason.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([events("data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"half\"}]}}]}\n\n")], async |client| {
    /// let chunks = client.model("gemini-flash-latest").stream("Why?").await?;
    /// let error = chunks.collect_reply().await.unwrap_err();
    /// assert!(error.is_truncated());
    /// assert_eq!(error.failure(), Some("stream-truncated"));
    /// # Ok(()) });
    /// ```
    pub fn is_truncated(&self) -> bool {
        matches!(self.0.kind, Kind::Truncated { .. })
    }

    /// Whether the client or the call was set up wrongly; nothing was sent.
    pub fn is_setup(&self) -> bool {
        matches!(self.0.kind, Kind::Setup { .. })
    }

    /// Whether the [check](crate::Builder::check) before sending found a fault; nothing was sent.
    pub fn is_checked(&self) -> bool {
        matches!(self.0.kind, Kind::Checked { .. })
    }

    /// Whether a reply came that is not what the API sends: a web page, or broken JSON.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([reply("200 OK", "text/html", "<html>Sign in to the network</html>")], async |client| {
    /// let error = client.models().get("gemini-flash-latest").await.unwrap_err();
    /// assert!(error.is_unreadable());
    /// assert!(error.message().ends_with("it is a web page"));
    /// # Ok(()) });
    /// ```
    pub fn is_unreadable(&self) -> bool {
        matches!(self.0.kind, Kind::Unreadable { .. })
    }

    /// Whether the server answered with an error.
    pub fn is_refused(&self) -> bool {
        matches!(self.0.kind, Kind::Refused(_))
    }

    /// Whether the error came behind the beginning of a stream, when HTTP had said 200.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([events("data: {\"candidates\":[{}]}\n\n{\"error\":{\"code\":503,\"message\":\"The model is overloaded.\",\"status\":\"UNAVAILABLE\"}}\n")], async |client| {
    /// let chunks = client.model("gemini-flash-latest").stream("Why?").await?;
    /// let error = chunks.collect_reply().await.unwrap_err();
    /// assert!(error.is_midway());
    /// assert_eq!(error.http_status(), Some(503));
    /// # Ok(()) });
    /// ```
    pub fn is_midway(&self) -> bool {
        self.refusal().is_some_and(|refusal| refusal.midway)
    }

    /// Whether a filter stopped the prompt or the answer.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#)], async |client| {
    /// let reply = client.model("gemini-flash-latest").generate("...").await?;
    /// let error = reply.text().unwrap_err();
    /// assert!(error.is_blocked());
    /// assert_eq!(error.failure(), Some("blocked-safety-prompt"));
    /// # Ok(()) });
    /// ```
    pub fn is_blocked(&self) -> bool {
        self.no_answer().is_some_and(NoAnswer::is_blocked)
    }

    /// Whether the answer ended because it came too close to known text.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"candidates":[{"finishReason":"RECITATION"}]}"#)], async |client| {
    /// let reply = client.model("gemini-flash-latest").generate("The whole song, please").await?;
    /// assert!(reply.text().unwrap_err().is_recitation());
    /// # Ok(()) });
    /// ```
    pub fn is_recitation(&self) -> bool {
        matches!(
            self.finish_reason(),
            Some(FinishReason::Recitation | FinishReason::ImageRecitation)
        )
    }

    /// Whether the answer ended at `maxOutputTokens` or the model's own limit.
    pub fn is_max_tokens(&self) -> bool {
        self.finish_reason() == Some(&FinishReason::MaxTokens)
    }

    /// Whether the model ended with nothing said, and nothing tells why.
    pub fn is_empty_answer(&self) -> bool {
        self.no_answer().is_some_and(NoAnswer::is_empty)
    }

    /// Whether the model went on asking for functions beyond the limit of rounds.
    pub fn is_call_limit(&self) -> bool {
        matches!(self.0.kind, Kind::Calls { .. })
    }

    /// Why the answer ended, where it is the answer that is wrong.
    pub fn finish_reason(&self) -> Option<&FinishReason> {
        self.no_answer()?.finish.as_ref()
    }

    /// Why the prompt was refused, if it was.
    pub fn block_reason(&self) -> Option<&BlockReason> {
        self.no_answer()?.block.as_ref()
    }

    /// The part of an answer that came before it ended too early.
    pub fn partial_text(&self) -> Option<&str> {
        self.no_answer()?.text.as_deref()
    }

    /// The failure's name in the catalogue, such as `quota-per-minute`: the best cause that is at
    /// least likely. `None` where nothing is.
    pub fn failure(&self) -> Option<&'static str> {
        match &self.0.kind {
            Kind::Setup { .. } | Kind::Calls { .. } => None,
            Kind::Checked { problem, .. } => Some(problem.name()),
            // The reasons of a reply say it; words could be the answer's own.
            Kind::NoAnswer(reply) => reply.failure,
            _ => self.cause().map(|cause| cause.failure).or(self.usual()),
        }
    }

    /// All that the catalogue says of it: causes, the best first, with why and what to do.
    pub fn diagnosis(&self) -> &Diagnosis {
        self.0.diagnosis.get_or_init(|| diagnose(&self.evidence()))
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        match &self.0.kind {
            Kind::Setup { .. } | Kind::Checked { .. } | Kind::Calls { .. } => false,
            Kind::Connect => self.failure() != Some("tls-error"),
            Kind::Timeout { .. } | Kind::Late { .. } | Kind::Exchange | Kind::Truncated { .. } => {
                true
            }
            Kind::Unreadable { .. } | Kind::Unfinished { .. } => false,
            Kind::Refused(refusal) => is_retryable(refusal.outcome().failure),
            Kind::NoAnswer(reply) => reply.failure.is_some_and(is_retryable),
            Kind::Failed { .. } => self.cause().is_some_and(|cause| cause.retry.retryable),
        }
    }

    /// How often the call was tried, where [retries](crate::Retries) are on.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How long the server asks to wait before the next try: by `RetryInfo`, by the header
    /// `Retry-After` in seconds or as a date, or in the words of its message.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_delay()
            .or_else(|| self.refusal()?.retry_after())
            .or_else(|| {
                let facts = &self.cause()?.facts;
                let seconds = facts.get("retry_after_seconds")?.as_f64()?;
                Duration::try_from_secs_f64(seconds).ok()
            })
    }

    /// The same by `RetryInfo` alone.
    pub fn retry_delay(&self) -> Option<Duration> {
        self.details().find_map(|detail| match detail {
            Detail::RetryInfo { retry_delay } => Some(*retry_delay),
            _ => None,
        })
    }

    /// Which fields of the request the server finds wrong.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([reply("400 Bad Request", "application/json", r#"{"error":{"code":400,"message":"Invalid value","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"contents[0]","description":"Invalid value"}]}]}}"#)], async |client| {
    /// let error = client.model("gemini-flash-latest").generate("hello").await.unwrap_err();
    /// for violation in error.field_violations() {
    ///     assert_eq!(violation.field.as_deref(), Some("contents[0]"));
    /// }
    /// # Ok(()) });
    /// ```
    pub fn field_violations(&self) -> &[FieldViolation] {
        let violations = self.details().find_map(|detail| match detail {
            Detail::BadRequest { field_violations } => Some(field_violations.as_slice()),
            _ => None,
        });
        match &self.0.kind {
            Kind::Checked { violations, .. } => violations,
            _ => violations.unwrap_or_default(),
        }
    }

    /// The quota that is used up: what is counted, which limit on it, and its value.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([reply("429 Too Many Requests", "application/json", r#"{"error":{"code":429,"message":"You exceeded your current quota.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/generate_content_free_tier_requests","quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier","quotaValue":"10"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34s"}]}}"#)], async |client| {
    /// let error = client.model("gemini-flash-latest").generate("hello").await.unwrap_err();
    /// assert_eq!(error.failure(), Some("quota-per-minute"));
    /// assert_eq!(error.quota().and_then(|quota| quota.quota_value.as_deref()), Some("10"));
    /// assert_eq!(error.retry_after().map(|wait| wait.as_secs()), Some(34));
    /// # Ok(()) });
    /// ```
    pub fn quota(&self) -> Option<&QuotaViolation> {
        self.details().find_map(|detail| match detail {
            Detail::QuotaFailure { violations } => violations.first(),
            _ => None,
        })
    }

    /// What the server calls the request, for asking its operators.
    pub fn request_id(&self) -> Option<&str> {
        self.refusal()?.request_id()
    }

    /// A header of a reply that was an error.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.refusal()?.headers.get(name)?.to_str().ok()
    }

    /// The API's own account, where the server gave one.
    pub fn status(&self) -> Option<&Status> {
        match &self.0.kind {
            Kind::Refused(refusal) => refusal.status.as_ref(),
            Kind::Failed { status, .. } => Some(status),
            _ => None,
        }
    }

    /// The HTTP status of a reply that was an error. For an error that came in a stream, when HTTP
    /// had said 200 before, it is the number in that error.
    pub fn http_status(&self) -> Option<u16> {
        Some(self.refusal()?.http.as_u16())
    }

    /// The reply as it came, where it was an error, could not be read or holds no answer.
    pub fn body(&self) -> Option<&str> {
        match &self.0.kind {
            Kind::Refused(refusal) => Some(&refusal.body),
            Kind::Unreadable { body, .. } => Some(body),
            Kind::NoAnswer(reply) => Some(&reply.json),
            _ => None,
        }
    }

    /// What happened, in one sentence or the server's own words.
    pub fn message(&self) -> String {
        let server = self.0.server.as_deref().unwrap_or("the server");
        match &self.0.kind {
            Kind::Setup { what, .. } => what.clone(),
            Kind::Checked { problem, .. } => {
                let status = problem.status();
                format!("not sent: {}", status.message.trim())
            }
            Kind::Connect => format!("could not connect to {server}"),
            Kind::Timeout {
                allowed: Some(time),
            } => {
                format!("no complete reply from {server} within {time:?}")
            }
            Kind::Timeout { allowed: None } => format!("no reply from {server} in time"),
            Kind::Late { allowed } => format!("no reply from {server} began within {allowed:?}"),
            Kind::Exchange => format!("the exchange with {server} failed"),
            Kind::Refused(refusal) => refusal.message(),
            Kind::Unreadable { what, .. } => format!("unexpected reply from {server}: {what}"),
            Kind::Truncated { what } => format!("incomplete reply from {server}: {what}"),
            Kind::NoAnswer(reply) => reply.message(),
            Kind::Failed { what, status } => {
                format!("{what} failed: {} {}", status.code.name(), status.message)
            }
            Kind::Unfinished { what, allowed } => format!("{what} after {allowed:?}"),
            Kind::Calls { rounds, last } => {
                format!("the model asks for `{last}` after {rounds} rounds of functions")
            }
        }
    }

    /// What may help: where the cause is known, the catalogue's advice that fits best.
    pub fn hint(&self) -> Option<String> {
        let own: Cow<'static, str> = match &self.0.kind {
            Kind::Setup { hint, .. } => hint.clone(),
            Kind::Calls { .. } => {
                "raise the limit of rounds, or say in the description when a function is of no use"
                    .into()
            }
            Kind::Unfinished { .. } => "allow more time, or ask again later".into(),
            Kind::Connect => "check the base URL, and that a server listens there".into(),
            Kind::Timeout { .. } | Kind::Late { .. } => {
                "allow more time, or ask for a shorter answer".into()
            }
            Kind::Unreadable { .. } => "check that the base URL leads to a Gemini API".into(),
            Kind::Exchange | Kind::Truncated { .. } => "try again".into(),
            Kind::NoAnswer(reply) => self.advice().map_or(reply.hint().into(), Cow::Owned),
            Kind::Failed { .. } | Kind::Checked { .. } => self.advice()?.into(),
            Kind::Refused(refusal) => return self.hint_on(refusal),
        };
        (!own.is_empty()).then(|| own.into_owned())
    }

    fn hint_on(&self, refusal: &Refusal) -> Option<String> {
        let wait = self.retry_after().filter(|_| self.is_retryable());
        let wait = wait.map(|delay| format!("try again in {delay:?}"));
        wait.or_else(|| self.advice()).or_else(|| refusal.hint())
    }

    fn advice(&self) -> Option<String> {
        advice::fitting(&self.cause()?.fix, &self.message()).map(str::to_owned)
    }

    /// The best cause, where it is at least likely.
    fn cause(&self) -> Option<&propus_failures::Cause> {
        let mut causes = self.diagnosis().causes.iter();
        match &self.0.kind {
            Kind::NoAnswer(reply) => causes.find(|cause| Some(cause.failure) == reply.failure),
            _ => causes.next().filter(|cause| cause.sure >= Sure::Likely),
        }
    }

    /// The failure of what this client sees by itself.
    fn usual(&self) -> Option<&'static str> {
        match &self.0.kind {
            Kind::Connect | Kind::Exchange => Some("network-error"),
            Kind::Timeout { .. } | Kind::Late { .. } => Some("client-timeout"),
            Kind::Truncated { .. } => Some("stream-truncated"),
            Kind::Unreadable { .. } => Some("base-url-wrong"),
            _ => None,
        }
    }

    /// What the diagnosis reads: as SDKs print it.
    fn evidence(&self) -> String {
        match &self.0.kind {
            Kind::Refused(refusal) => refusal.evidence(),
            Kind::NoAnswer(reply) => reply.evidence.clone(),
            Kind::Failed { status, .. } => status.to_pretty(),
            Kind::Checked { problem, .. } => problem.status().to_pretty(),
            // A key does not matter here, nor the address: both may look like something else.
            _ => {
                let mut words = self.message();
                let mut source = self.source();
                while let Some(error) = source {
                    words = format!("{words}: {error}");
                    source = error.source();
                }
                words
            }
        }
    }

    /// The time within which the reply should have begun, where it did not.
    pub(crate) fn late_after(&self) -> Option<Duration> {
        match self.0.kind {
            Kind::Late { allowed } => Some(allowed),
            _ => None,
        }
    }

    /// What an attempt that ended with this came to; `None` where another makes no sense.
    pub fn outcome(&self) -> Option<Outcome> {
        match &self.0.kind {
            Kind::Connect if self.failure() == Some("tls-error") => {
                Some(Outcome::of_fault(Fault::Certificate, Progress::NotSent))
            }
            Kind::Connect => Some(Outcome::of_fault(Fault::Connect, Progress::NotSent)),
            Kind::Timeout { .. } | Kind::Late { .. } => {
                Some(Outcome::of_fault(Fault::Timeout, Progress::Sent))
            }
            Kind::Exchange => Some(Outcome::of_fault(Fault::Reset, Progress::Sent)),
            Kind::Truncated { .. } => Some(Outcome::of_fault(Fault::Cut, Progress::Answered)),
            Kind::Unreadable { .. } => {
                Some(Outcome::of_fault(Fault::Unreadable, Progress::Answered))
            }
            Kind::Refused(refusal) => Some(refusal.outcome()),
            _ => None,
        }
    }

    fn details(&self) -> impl Iterator<Item = &Detail> {
        self.status().into_iter().flat_map(|status| &status.details)
    }

    fn refusal(&self) -> Option<&Refusal> {
        match &self.0.kind {
            Kind::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    fn no_answer(&self) -> Option<&NoAnswer> {
        match &self.0.kind {
            Kind::NoAnswer(reply) => Some(reply),
            _ => None,
        }
    }

    pub(crate) fn new(kind: Kind) -> Self {
        Self(Box::new(Inner {
            kind,
            server: None,
            source: None,
            diagnosis: OnceLock::new(),
            attempts: 1,
        }))
    }

    pub(crate) fn setup(what: impl Into<String>, hint: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Setup {
            what: what.into(),
            hint: hint.into(),
        })
    }

    pub(crate) fn checked(problem: Problem) -> Self {
        let violations = problem.violations().into_iter();
        let violations = violations.map(|violation| FieldViolation {
            field: violation.field().map(str::to_owned),
            description: violation.rule.trim().to_owned(),
        });
        Self::new(Kind::Checked {
            violations: violations.collect(),
            problem,
        })
    }

    pub(crate) fn after(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    pub(crate) fn at(mut self, server: &str) -> Self {
        self.0.server = Some(server.into());
        self
    }

    pub(crate) fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }
}

fn is_retryable(failure: &str) -> bool {
    let mut entries = catalogue::ENTRIES.iter();
    let entry = entries.find(|entry| entry.name == failure);
    entry.is_some_and(|entry| entry.retry.is_retryable())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())?;
        match self.hint() {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.0.source.as_deref()?;
        Some(source)
    }
}

/// The first line, cut to what a person reads.
pub(crate) fn beginning(text: &str) -> String {
    const LONGEST: usize = 200;
    let line = text.trim().lines().next().unwrap_or_default();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests;
