//! Replies and errors as evidence: the catalogue names their cause, so that doctor and diagnosis say
//! the same.

use crate::{Probe, network, text};
use propus_client::{Error, transport};
use propus_failures::{Cause, diagnose, entry::Sure};
use serde_json::Value;

/// The longest reply that is read; a list of models has a few hundred KiB.
const LONGEST: usize = 8 << 20;

/// A reply, read whole.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    reason: &'static str,
    pub(crate) head: Head,
    pub(crate) body: String,
}

/// The headers that tell who answered and when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    pub(crate) date: Option<String>,
    pub(crate) content_type: String,
    pub(crate) location: Option<String>,
    pub(crate) has_length: bool,
    /// `Server` and `Via`, for people.
    pub(crate) hints: Vec<String>,
}

impl Head {
    pub(crate) fn of(reply: &transport::Reply) -> Self {
        let text = |name| reply.header(name).map(text::beginning);
        let hints = ["server", "via", "x-cache"].into_iter();
        Self {
            date: text("date"),
            content_type: text("content-type").unwrap_or_default(),
            location: text("location"),
            has_length: reply.header("content-length").is_some(),
            hints: hints
                .filter_map(|name| Some(format!("{name}: {}", text(name)?)))
                .collect(),
        }
    }

    /// `; server: x, via: y`, or nothing.
    pub(crate) fn told(&self) -> String {
        match self.hints.is_empty() {
            true => String::new(),
            false => format!("; {}", self.hints.join(", ")),
        }
    }
}

impl Reply {
    pub(crate) async fn read(reply: transport::Reply) -> Result<Self, Error> {
        let status = reply.status();
        let head = Head::of(&reply);
        Ok(Self {
            status: status.as_u16(),
            reason: status.canonical_reason().unwrap_or_default(),
            head,
            body: reply.text(LONGEST).await?,
        })
    }

    pub(crate) fn is_success(&self) -> bool {
        self.status == 200
    }

    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }

    /// What the diagnosis reads: as the SDKs print an error, the status and the body.
    pub(crate) fn evidence(&self) -> String {
        format!("{} {}\n{}", self.status, self.reason, self.body)
    }

    /// What happened, for people.
    pub(crate) fn told(&self) -> String {
        let line = format!("{} {}", self.status, self.reason);
        let json = self.json();
        // An array of one is the form of streams.
        let error = json.as_ref().and_then(|json| {
            let json = json.get(0).unwrap_or(json);
            json.get("error")
        });
        if let Some(message) = error.and_then(|error| error.get("message")?.as_str()) {
            let status = error.and_then(|error| error.get("status")?.as_str());
            let status = status.unwrap_or(self.reason);
            return format!("{} {status}: {}", self.status, text::beginning(message));
        }
        if let Some(location) = &self.head.location {
            return format!("{line}: it leads to {}", before_query(location));
        }
        match self.body.trim() {
            "" => format!("{line}, with an empty body"),
            body if is_page(body) => format!("{line}: a web page in place of the API's JSON"),
            body => format!("{line}: {}", text::beginning(body)),
        }
    }
}

fn before_query(address: &str) -> &str {
    address.split(['?', '#']).next().unwrap_or_default()
}

/// Whether a body is HTML.
pub(crate) fn is_page(body: &str) -> bool {
    let body = body
        .trim_start()
        .get(..9)
        .unwrap_or_default()
        .to_lowercase();
    body.starts_with("<!doctype") || body.starts_with("<html")
}

/// An error of the client with its causes, for the diagnosis and for people.
pub(crate) fn told(error: &Error) -> String {
    let mut words = error.message();
    if let Some(source) = std::error::Error::source(error) {
        let cause = network::chain(source);
        words = format!("{words}: {cause}");
    }
    words
}

/// The best cause of evidence.
pub(crate) fn cause(evidence: &str) -> Option<Cause> {
    diagnose(evidence).causes.into_iter().next()
}

/// A failed probe whose failure and advice are those of the evidence. `otherwise` counts where the
/// evidence says nothing certain or likely.
pub(crate) fn failing(
    probe: &'static str,
    tried: &str,
    seen: impl Into<String>,
    evidence: &str,
    otherwise: Option<&'static str>,
) -> Probe {
    let cause = cause(evidence);
    let mut found = Probe::fail(probe, tried, seen);
    let surely = cause.as_ref().filter(|cause| cause.sure >= Sure::Likely);
    if let Some(replacement) = surely.and_then(replacement) {
        found = found.advise(format!("use `{replacement}`"));
    }
    let failure = surely.map(|cause| cause.failure).or(otherwise);
    match failure.or(cause.map(|cause| cause.failure)) {
        Some(failure) => found.is(failure),
        None => found,
    }
}

/// What is recommended in place of a model that is gone.
fn replacement(cause: &Cause) -> Option<&str> {
    cause.facts.get("replacement")?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, reason: &'static str, body: &str) -> Reply {
        Reply {
            status,
            reason,
            head: Head::default(),
            body: body.to_owned(),
        }
    }

    #[test]
    fn replies_are_told_in_a_line() {
        let json = r#"[{"error":{"code":400,"message":"API key\nnot valid.","status":"INVALID_ARGUMENT"}}]"#;
        for (status, reason, body, expected) in [
            (
                400,
                "Bad Request",
                json,
                "400 INVALID_ARGUMENT: API key not valid.",
            ),
            (
                404,
                "Not Found",
                "<!DOCTYPE html>",
                "404 Not Found: a web page in place of the API's JSON",
            ),
            (404, "Not Found", "", "404 Not Found, with an empty body"),
            (502, "Bad Gateway", "x\ny", "502 Bad Gateway: x y"),
        ] {
            assert_eq!(reply(status, reason, body).told(), expected);
        }
    }

    #[test]
    fn failures_are_those_of_the_diagnosis() {
        let retired = r#"404 Not Found
            {"error":{"code":404,"message":"models/gemini-1.5-flash is not found for API version v1beta, or is not supported for generateContent.","status":"NOT_FOUND"}}"#;
        let probe = failing("model", "a call", "404", retired, None);
        assert_eq!(probe.failure, Some("model-retired"));
        assert!(
            probe.advice[0].starts_with("use `gemini-"),
            "{:?}",
            probe.advice
        );
        let probe = failing(
            "models",
            "a call",
            "404",
            "nothing known",
            Some("base-url-wrong"),
        );
        assert_eq!(probe.failure, Some("base-url-wrong"));
    }
}
