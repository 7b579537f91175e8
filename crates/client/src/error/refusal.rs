//! An error that the server sent, before a reply or within a stream.

use super::beginning;
use http::{HeaderMap, StatusCode, header};
use propus_failures::recovery::{self, Outcome};
use propus_wire::status::{Code, Detail, Status};
use serde_json::Value;
use std::time::{Duration, SystemTime};

/// Headers by which servers and what stands before them name a request, the surest first.
const NAMES: [&str; 5] = [
    "x-request-id",
    "x-goog-request-id",
    "x-cloud-trace-context",
    "cf-ray",
    "x-amzn-requestid",
];

/// An error that the server sent.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) http: StatusCode,
    /// Those of the reply; none where the error came in a stream.
    pub(crate) headers: HeaderMap,
    /// What the header `Retry-After` said when it came.
    retry_after: Option<Duration>,
    pub(crate) body: String,
    /// Absent where the body is not the API's envelope.
    pub(crate) status: Option<Status>,
    /// Whether a stream had begun before.
    pub(crate) midway: bool,
}

impl Refusal {
    /// Reads the body of a reply that HTTP calls an error.
    pub(crate) fn read(http: StatusCode, headers: HeaderMap, body: String) -> Self {
        let json = serde_json::from_str::<Value>(&body).ok();
        let wait = headers.get(header::RETRY_AFTER);
        let wait = wait.and_then(|wait| wait.to_str().ok());
        Self {
            http,
            retry_after: wait.and_then(|wait| recovery::retry_after(wait, SystemTime::now())),
            headers,
            status: json.as_ref().and_then(Status::from_json),
            body,
            midway: false,
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
            headers: HeaderMap::new(),
            retry_after: None,
            body: text.to_owned(),
            status,
            midway: true,
        })
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The wait that the header `Retry-After` named, counted from when it came.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// By the typed detail, or else by a header.
    pub(crate) fn request_id(&self) -> Option<&str> {
        let details = self.status.iter().flat_map(|status| &status.details);
        let told = details.into_iter().find_map(|detail| match detail {
            Detail::Other(other) => other.get("requestId")?.as_str(),
            _ => None,
        });
        told.or_else(|| NAMES.iter().find_map(|name| self.header(name)))
    }

    /// What an attempt that ended with this came to.
    pub(crate) fn outcome(&self) -> Outcome {
        match self.midway {
            true => Outcome::of_stream_error(self.body.as_bytes(), 0),
            false => Outcome::of_http(self.http.as_u16(), self.retry_after, self.body.as_bytes()),
        }
    }

    /// As the SDKs print an error: the status and the body.
    pub(crate) fn evidence(&self) -> String {
        let reason = self.http.canonical_reason().unwrap_or_default();
        format!("{} {reason}\n{}", self.http.as_u16(), self.body)
    }

    pub(crate) fn message(&self) -> String {
        let http = self.http.as_u16();
        if let Some(status) = &self.status {
            return format!("{http} {}: {}", status.code.name(), status.message.trim());
        }
        let reason = self.http.canonical_reason().unwrap_or("unknown status");
        let body = self.body.trim();
        if body.is_empty() {
            return format!("{http} {reason}: the reply is empty");
        }
        if self.is_page() {
            return format!("{http} {reason}: the reply is a web page");
        }
        format!("{http} {reason}: {}", beginning(body))
    }

    fn is_page(&self) -> bool {
        let content_type = self.header("content-type").unwrap_or_default();
        content_type.starts_with("text/html") || self.body.trim_start().starts_with('<')
    }

    /// What may help where the catalogue does not know the cause.
    pub(crate) fn hint(&self) -> Option<String> {
        let Some(status) = &self.status else {
            return self.hint_of_stranger().map(str::to_owned);
        };
        let hint = match status.code {
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
