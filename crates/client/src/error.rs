//! Why a call failed.

use propus_wire::status::{Code, Detail, Status};
use reqwest::StatusCode;
use serde_json::Value;
use std::{error::Error as StdError, fmt, time::Duration};

/// Why a call failed. It says what happened and, on a line of its own, what may help; an API key
/// is never part of it.
///
/// ```no_run
/// # async fn example(client: propus_client::Client) -> Result<(), propus_client::Error> {
/// match client.models().get("gemini-flash-latest").await {
///     Ok(model) => println!("{:?}", model.display_name),
///     Err(error) if error.is_connect() => eprintln!("nobody is there"),
///     Err(error) => eprintln!("{error}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    /// Where the call went, as scheme, host and path prefix.
    server: Option<Box<str>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

#[derive(Debug)]
pub(crate) enum Kind {
    /// The client or the call was set up wrongly; nothing was sent.
    Setup { what: String, hint: &'static str },
    /// No connection came about.
    Connect,
    /// The time that the caller allowed is over.
    Timeout { allowed: Option<Duration> },
    /// The request could not be sent or its reply not begun.
    Exchange,
    /// The server answered with an error.
    Refused(Refusal),
    /// A reply that is not what the API sends.
    Unreadable { what: String, body: String },
    /// A reply that ended too early.
    Truncated { what: &'static str },
}

/// An error that the server sent.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) http: StatusCode,
    pub(crate) content_type: String,
    pub(crate) body: String,
    /// Absent where the body is not the API's envelope.
    pub(crate) status: Option<Status>,
}

impl Error {
    /// Whether the time allowed by `timeout` ran out. A server that gives up by itself says so by
    /// [`Error::status`] (`DEADLINE_EXCEEDED`).
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, Kind::Timeout { .. })
    }

    /// Whether no connection came about: nothing listens there, the name is unknown, TLS failed.
    pub fn is_connect(&self) -> bool {
        matches!(self.0.kind, Kind::Connect)
    }

    /// Whether the reply began and ended too early: the connection was cut, or a stream ended
    /// without a finish reason.
    pub fn is_truncated(&self) -> bool {
        matches!(self.0.kind, Kind::Truncated { .. })
    }

    /// Whether the client or the call was set up wrongly; nothing was sent.
    pub fn is_setup(&self) -> bool {
        matches!(self.0.kind, Kind::Setup { .. })
    }

    /// Whether a reply came that is not what the API sends.
    pub fn is_unreadable(&self) -> bool {
        matches!(self.0.kind, Kind::Unreadable { .. })
    }

    /// The API's own account, where the server gave one.
    pub fn status(&self) -> Option<&Status> {
        self.refusal()?.status.as_ref()
    }

    /// The HTTP status of a reply that was an error. For an error that came in a stream, when HTTP
    /// had said 200 before, it is the number in that error.
    pub fn http_status(&self) -> Option<u16> {
        Some(self.refusal()?.http.as_u16())
    }

    /// The reply as it came, where it was an error or could not be read.
    pub fn body(&self) -> Option<&str> {
        match &self.0.kind {
            Kind::Refused(refusal) => Some(&refusal.body),
            Kind::Unreadable { body, .. } => Some(body),
            _ => None,
        }
    }

    /// How long the server asks to wait before the next try.
    pub fn retry_delay(&self) -> Option<Duration> {
        let details = self.status()?.details.iter();
        details.into_iter().find_map(|detail| match detail {
            Detail::RetryInfo { retry_delay } => Some(*retry_delay),
            _ => None,
        })
    }

    /// What happened, in one sentence or the server's own words.
    pub fn message(&self) -> String {
        let server = self.0.server.as_deref().unwrap_or("the server");
        match &self.0.kind {
            Kind::Setup { what, .. } => what.clone(),
            Kind::Connect => format!("could not connect to {server}"),
            Kind::Timeout {
                allowed: Some(time),
            } => {
                format!("no complete reply from {server} within {time:?}")
            }
            Kind::Timeout { allowed: None } => format!("no reply from {server} in time"),
            Kind::Exchange => format!("the exchange with {server} failed"),
            Kind::Refused(refusal) => refusal.message(),
            Kind::Unreadable { what, .. } => format!("unexpected reply from {server}: {what}"),
            Kind::Truncated { what } => format!("incomplete reply from {server}: {what}"),
        }
    }

    /// What may help.
    pub fn hint(&self) -> Option<String> {
        let hint = match &self.0.kind {
            Kind::Setup { hint, .. } => hint,
            Kind::Connect => "check the base URL, and that a server listens there",
            Kind::Timeout { .. } => "allow more time, or ask for a shorter answer",
            Kind::Refused(refusal) => return refusal.hint(self.retry_delay()),
            Kind::Unreadable { .. } => "check that the base URL leads to a Gemini API",
            Kind::Exchange | Kind::Truncated { .. } => "try again",
        };
        (!hint.is_empty()).then(|| hint.to_owned())
    }

    fn refusal(&self) -> Option<&Refusal> {
        match &self.0.kind {
            Kind::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    pub(crate) fn new(kind: Kind) -> Self {
        Self(Box::new(Inner {
            kind,
            server: None,
            source: None,
        }))
    }

    pub(crate) fn setup(what: impl Into<String>, hint: &'static str) -> Self {
        Self::new(Kind::Setup {
            what: what.into(),
            hint,
        })
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

impl Refusal {
    /// Reads the body of a reply that HTTP calls an error.
    pub(crate) fn read(http: StatusCode, content_type: &str, body: String) -> Self {
        let json = serde_json::from_str::<Value>(&body).ok();
        Self {
            http,
            content_type: content_type.to_owned(),
            status: json.as_ref().and_then(Status::from_json),
            body,
        }
    }

    /// Reads an event of a stream; `None` where it is not an error.
    pub(crate) fn in_stream(text: &str, json: &Value) -> Option<Self> {
        let error = json.get("error").filter(|error| !error.is_null())?;
        let status = Status::from_json(json);
        let number = error.get("code").and_then(Value::as_u64);
        let number = number.and_then(|code| StatusCode::from_u16(code.try_into().ok()?).ok());
        let named = status
            .as_ref()
            .and_then(|status| StatusCode::from_u16(status.code.http()).ok());
        Some(Self {
            http: number
                .or(named)
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            content_type: String::new(),
            body: text.to_owned(),
            status,
        })
    }

    fn message(&self) -> String {
        let http = self.http.as_u16();
        if let Some(status) = &self.status {
            return format!("{http} {}: {}", status.code.name(), status.message.trim());
        }
        let reason = self.http.canonical_reason().unwrap_or("unknown status");
        let body = self.body.trim();
        if body.is_empty() {
            return format!("{http} {reason}: the reply is empty");
        }
        if self.content_type.starts_with("text/html") || body.starts_with('<') {
            return format!("{http} {reason}: the reply is a web page");
        }
        format!("{http} {reason}: {}", beginning(body))
    }

    fn hint(&self, delay: Option<Duration>) -> Option<String> {
        let Some(status) = &self.status else {
            return self.hint_of_stranger().map(str::to_owned);
        };
        let hint = match status.code {
            Code::ResourceExhausted | Code::Unavailable if delay.is_some() => {
                return Some(format!("try again in {:?}", delay.unwrap_or_default()));
            }
            Code::InvalidArgument if names_key(status) => {
                "check the API key; GOOGLE_API_KEY counts before GEMINI_API_KEY"
            }
            Code::Unauthenticated => "give an API key, such as by GOOGLE_API_KEY",
            Code::PermissionDenied => "check that the API key is right and may be used for this",
            Code::NotFound => "list the models to see the names that this server knows",
            Code::ResourceExhausted => "try again later, or use another model or key",
            Code::Unavailable | Code::Internal | Code::Unknown | Code::Aborted => {
                "try again in a moment"
            }
            Code::DeadlineExceeded => "allow more time, or send a shorter prompt",
            _ => return None,
        };
        Some(hint.to_owned())
    }

    /// The reply is not in the API's form: something else may have sent it.
    fn hint_of_stranger(&self) -> Option<&'static str> {
        match self.http.as_u16() {
            300..=399 => Some("redirects are not followed: give the final base URL"),
            404 | 405 => Some("check the base URL: it stands before `/v1beta`"),
            413 => Some("the request is too large for the server or a proxy before it"),
            407 | 502..=504 | 520..=530 => {
                Some("a proxy may stand between here and the server; try again in a moment")
            }
            _ => None,
        }
    }
}

fn names_key(status: &Status) -> bool {
    status.message.to_ascii_lowercase().contains("api key")
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
mod tests {
    use super::*;

    fn check(http: u16, content_type: &str, body: &str, expected: &str) {
        let http = StatusCode::from_u16(http).expect("a test names a status that exists");
        let refusal = Refusal::read(http, content_type, body.to_owned());
        let error = Error::new(Kind::Refused(refusal)).at("http://here");
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn an_error_says_what_happened_and_what_helps() {
        check(
            404,
            "application/json",
            r#"{"error":{"code":404,"message":"models/x is not found.","status":"NOT_FOUND"}}"#,
            "404 NOT_FOUND: models/x is not found.\nhint: list the models to see the names that this server knows",
        );
        check(
            429,
            "application/json",
            r#"[{"error":{"code":429,"message":"slow\n","status":"RESOURCE_EXHAUSTED","details":[
                {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"7s"}]}}]"#,
            "429 RESOURCE_EXHAUSTED: slow\nhint: try again in 7s",
        );
        check(
            404,
            "text/html; charset=UTF-8",
            "<!DOCTYPE html><p>404",
            "404 Not Found: the reply is a web page\nhint: check the base URL: it stands before `/v1beta`",
        );
        check(418, "text/plain", "tea\npot", "418 I'm a teapot: tea");
        check(500, "", "", "500 Internal Server Error: the reply is empty");
    }

    #[test]
    fn errors_in_a_stream_are_told_from_chunks() {
        let read = |text: &str| {
            let json = serde_json::from_str(text).expect("a test writes JSON");
            Refusal::in_stream(text, &json)
        };
        assert!(read(r#"{"candidates":[]}"#).is_none());
        assert!(read(r#"{"error":null}"#).is_none());
        let refusal = read(r#"{"error":{"message":"m","status":"UNAVAILABLE"}}"#);
        assert_eq!(refusal.map(|refusal| refusal.http.as_u16()), Some(503));
        let refusal = read(r#"{"error":{"message":"m","code":599}}"#).expect("an error");
        assert_eq!((refusal.http.as_u16(), refusal.status), (599, None));
        let refusal = read(r#"{"error":"oops"}"#).expect("an error");
        assert_eq!(refusal.http.as_u16(), 500);
    }
}
