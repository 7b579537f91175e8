//! The error envelope: code, message, status and typed details.
//!
//! Google writes errors as pretty-printed JSON with the keys code, message, status, details in that
//! order, no `details` key when there is none, and `<`, `>` as escapes.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

use crate::scalar::{duration_in, duration_text};

/// Canonical codes, with Google's names and HTTP numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// 499
    Cancelled,
    /// 400
    InvalidArgument,
    /// 400
    FailedPrecondition,
    /// 400
    OutOfRange,
    /// 401
    Unauthenticated,
    /// 403
    PermissionDenied,
    /// 404
    NotFound,
    /// 409
    Aborted,
    /// 409
    AlreadyExists,
    /// 429
    ResourceExhausted,
    /// 500
    Internal,
    /// 500
    Unknown,
    /// 501
    Unimplemented,
    /// 503
    Unavailable,
    /// 504
    DeadlineExceeded,
}

impl Code {
    const ALL: [(Code, &'static str, u16); 15] = [
        (Code::Cancelled, "CANCELLED", 499),
        (Code::InvalidArgument, "INVALID_ARGUMENT", 400),
        (Code::FailedPrecondition, "FAILED_PRECONDITION", 400),
        (Code::OutOfRange, "OUT_OF_RANGE", 400),
        (Code::Unauthenticated, "UNAUTHENTICATED", 401),
        (Code::PermissionDenied, "PERMISSION_DENIED", 403),
        (Code::NotFound, "NOT_FOUND", 404),
        (Code::Aborted, "ABORTED", 409),
        (Code::AlreadyExists, "ALREADY_EXISTS", 409),
        (Code::ResourceExhausted, "RESOURCE_EXHAUSTED", 429),
        (Code::Internal, "INTERNAL", 500),
        (Code::Unknown, "UNKNOWN", 500),
        (Code::Unimplemented, "UNIMPLEMENTED", 501),
        (Code::Unavailable, "UNAVAILABLE", 503),
        (Code::DeadlineExceeded, "DEADLINE_EXCEEDED", 504),
    ];

    fn row(self) -> (Code, &'static str, u16) {
        Self::ALL[self as usize]
    }

    /// The name in `error.status`.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// The HTTP status.
    pub fn http(self) -> u16 {
        self.row().2
    }

    /// Reads the name in `error.status`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|row| row.1 == name).map(|row| row.0)
    }
}

/// What went wrong, as the API says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// The canonical code.
    pub code: Code,
    /// For people.
    pub message: String,
    /// For programs.
    pub details: Vec<Detail>,
}

impl Status {
    /// A status without details.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: Vec::new(),
        }
    }

    /// Adds a detail.
    #[must_use]
    pub fn with(mut self, detail: Detail) -> Self {
        self.details.push(detail);
        self
    }

    /// The envelope `{"error": {...}}`.
    pub fn to_json(&self) -> Value {
        let mut error = json!({
            "code": self.code.http(),
            "message": self.message,
            "status": self.code.name(),
        });
        if !self.details.is_empty() {
            error["details"] = self.details.iter().map(Detail::to_json).collect();
        }
        json!({ "error": error })
    }

    /// The body of a unary reply: two-space indents and a final newline.
    pub fn to_pretty(&self) -> String {
        let mut text = serde_json::to_string_pretty(&self.to_json()).unwrap_or_default();
        text.push('\n');
        escape_angles(&text)
    }

    /// The body on `streamGenerateContent` without `alt=sse` and on `/v1beta/openai/`: a list of one.
    pub fn to_pretty_list(&self) -> String {
        format!("[{}]\n", self.to_pretty())
    }

    /// The one line that ends a stream which had begun. `{"error":` comes first, without spaces:
    /// google-genai tests for just that.
    pub fn to_line(&self) -> String {
        escape_angles(&self.to_json().to_string())
    }

    /// Reads an envelope; a list of one is unwrapped.
    pub fn from_json(value: &Value) -> Option<Self> {
        let value = match value {
            Value::Array(list) => list.first()?,
            other => other,
        };
        let error = value.get("error")?;
        let message = error.get("message")?.as_str()?.to_owned();
        let named = error.get("status").and_then(Value::as_str);
        let code = named
            .and_then(Code::from_name)
            .or_else(|| by_http(error.get("code")?.as_u64()?))?;
        let details = error.get("details").and_then(Value::as_array);
        let details = details.into_iter().flatten().map(Detail::from_json);
        Some(Self {
            code,
            message,
            details: details.collect(),
        })
    }
}

fn by_http(http: u64) -> Option<Code> {
    let row = Code::ALL.iter().find(|row| u64::from(row.2) == http);
    row.map(|row| row.0)
}

/// `<` and `>` occur in JSON only inside strings, where Google escapes them.
fn escape_angles(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e")
}

/// A typed detail of an error.
#[derive(Clone, Debug, PartialEq)]
pub enum Detail {
    /// Why, for programs.
    ErrorInfo {
        /// Such as `API_KEY_INVALID`.
        reason: String,
        /// Mostly `googleapis.com`; left out where it is empty.
        domain: String,
        /// Facts by name.
        metadata: IndexMap<String, String>,
    },
    /// The message again, in a language.
    LocalizedMessage {
        /// Such as `en-US`.
        locale: String,
        /// The text.
        message: String,
    },
    /// Which fields are wrong.
    BadRequest {
        /// One for each fault.
        field_violations: Vec<FieldViolation>,
    },
    /// Which quotas are used up.
    QuotaFailure {
        /// One for each quota.
        violations: Vec<QuotaViolation>,
    },
    /// Where to read on.
    Help {
        /// One for each page.
        links: Vec<Link>,
    },
    /// How long to wait.
    RetryInfo {
        /// From the reply on.
        retry_delay: Duration,
    },
    /// A detail of another type, as it was received.
    Other(Value),
}

/// A fault in a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldViolation {
    /// Path of the message that holds the fault, snake_case; absent at the top level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is wrong.
    pub description: String,
}

/// A quota that is used up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QuotaViolation {
    /// What is counted.
    pub quota_metric: String,
    /// Which limit on it.
    pub quota_id: String,
    /// For which model and place.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub quota_dimensions: IndexMap<String, String>,
    /// The limit; Google leaves it out when it is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota_value: Option<String>,
}

/// A page to read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// What it is about.
    pub description: String,
    /// Where it is.
    pub url: String,
}

const PREFIX: &str = "type.googleapis.com/google.rpc.";

impl Detail {
    /// An `ErrorInfo` of the domain `googleapis.com`.
    pub fn error_info(reason: &str, metadata: &[(&str, &str)]) -> Self {
        Self::ErrorInfo {
            reason: reason.into(),
            domain: "googleapis.com".into(),
            metadata: metadata
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
        }
    }

    /// The message again in US English, as Google sends it behind an `ErrorInfo`.
    pub fn localized(message: &str) -> Self {
        Self::LocalizedMessage {
            locale: "en-US".into(),
            message: message.into(),
        }
    }

    /// With `@type`, as it is sent.
    pub fn to_json(&self) -> Value {
        match self {
            Self::ErrorInfo {
                reason,
                domain,
                metadata,
            } => {
                let mut info = json!({
                    "@type": format!("{PREFIX}ErrorInfo"),
                    "reason": reason,
                });
                if !domain.is_empty() {
                    info["domain"] = json!(domain);
                }
                if !metadata.is_empty() {
                    info["metadata"] = json!(metadata);
                }
                info
            }
            Self::LocalizedMessage { locale, message } => json!({
                "@type": format!("{PREFIX}LocalizedMessage"),
                "locale": locale,
                "message": message,
            }),
            Self::BadRequest { field_violations } => json!({
                "@type": format!("{PREFIX}BadRequest"),
                "fieldViolations": field_violations,
            }),
            Self::QuotaFailure { violations } => json!({
                "@type": format!("{PREFIX}QuotaFailure"),
                "violations": violations,
            }),
            Self::Help { links } => json!({ "@type": format!("{PREFIX}Help"), "links": links }),
            Self::RetryInfo { retry_delay } => json!({
                "@type": format!("{PREFIX}RetryInfo"),
                "retryDelay": duration_text(*retry_delay),
            }),
            Self::Other(value) => value.clone(),
        }
    }

    /// Reads a detail; one that does not fit its type is kept as [`Detail::Other`].
    pub fn from_json(value: &Value) -> Self {
        Self::typed(value).unwrap_or_else(|| Self::Other(value.clone()))
    }

    fn typed(value: &Value) -> Option<Self> {
        let text = |name: &str| Some(value.get(name)?.as_str()?.to_owned());
        match value.get("@type")?.as_str()?.strip_prefix(PREFIX)? {
            "ErrorInfo" => Some(Self::ErrorInfo {
                reason: text("reason")?,
                domain: text("domain").unwrap_or_default(),
                metadata: read(value.get("metadata")).unwrap_or_default(),
            }),
            "LocalizedMessage" => Some(Self::LocalizedMessage {
                locale: text("locale")?,
                message: text("message")?,
            }),
            "BadRequest" => Some(Self::BadRequest {
                field_violations: read(value.get("fieldViolations"))?,
            }),
            "QuotaFailure" => Some(Self::QuotaFailure {
                violations: read(value.get("violations"))?,
            }),
            "Help" => Some(Self::Help {
                links: read(value.get("links"))?,
            }),
            "RetryInfo" => Some(Self::RetryInfo {
                retry_delay: duration_in(&text("retryDelay")?)?,
            }),
            _ => None,
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(value: Option<&Value>) -> Option<T> {
    serde_json::from_value(value?.clone()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_their_own_order() {
        for (place, row) in Code::ALL.iter().enumerate() {
            assert_eq!(row.0 as usize, place);
        }
    }

    #[test]
    fn an_envelope_survives_its_json() {
        let status = Status::new(
            Code::PermissionDenied,
            "Requests from referer <empty> are blocked.",
        )
        .with(Detail::error_info(
            "API_KEY_HTTP_REFERRER_BLOCKED",
            &[("httpReferrer", "<empty>")],
        ))
        .with(Detail::RetryInfo {
            retry_delay: Duration::from_millis(12_500),
        });
        let text = status.to_pretty();
        assert!(text.contains("referer \\u003cempty\\u003e are"));
        assert!(text.contains("\"retryDelay\": \"12.5s\""));
        let back = Status::from_json(&serde_json::from_str(&text).unwrap());
        assert_eq!(back, Some(status));
    }

    #[test]
    fn an_empty_domain_is_left_out() {
        let info = Detail::ErrorInfo {
            reason: "X".into(),
            domain: String::new(),
            metadata: IndexMap::new(),
        };
        let json = info.to_json();
        assert_eq!(json.get("domain"), None);
        assert_eq!(Detail::from_json(&json), info);
    }

    #[test]
    fn no_details_means_no_key() {
        let text = Status::new(Code::Internal, "x").to_pretty();
        assert_eq!(
            text,
            "{\n  \"error\": {\n    \"code\": 500,\n    \"message\": \"x\",\n    \"status\": \"INTERNAL\"\n  }\n}\n"
        );
    }
}
