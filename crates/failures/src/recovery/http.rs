//! Errors that the service answers: which failure, what it concerns, and which wait it names.

use super::{
    course::{Course, Scope, entry},
    outcome::{Outcome, Progress},
};
use crate::{diagnose, entry::Sure};
use propus_wire::status::{Detail, Status};
use serde_json::Value;
use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

/// Enough of a body to recognise any error of the API, in bytes; what follows is a page or an answer.
const READ: usize = 16 * 1024;

impl Outcome {
    /// An answer with an error status. `retry_after` is what the header of that name
    /// [says](retry_after), which the Gemini API itself does not send but proxies do.
    ///
    /// ```
    /// use propus_failures::recovery::Outcome;
    /// use std::time::Duration;
    ///
    /// let outcome = Outcome::of_http(503, None, b"<html>Service Unavailable</html>");
    /// assert_eq!(outcome.failure, "overloaded-503");
    /// let outcome = Outcome::of_http(429, Some(Duration::from_secs(7)), b"");
    /// assert_eq!(outcome.failure, "quota-unspecified");
    /// assert_eq!(outcome.retry_after.map(|wait| wait.as_secs()), Some(7));
    /// ```
    pub fn of_http(http: u16, retry_after: Option<Duration>, body: &[u8]) -> Self {
        let text = text(body);
        let status = serde_json::from_str(&text).ok();
        let status = status.as_ref().and_then(Status::from_json);
        let mut outcome = recognised(http, &text);
        outcome.http = Some(http);
        if let Some(status) = &status {
            outcome.narrow(status);
        }
        let details = status.as_ref().map_or(&[][..], |status| &status.details);
        let named = details.iter().find_map(retry_info);
        outcome.retry_after = named
            .or_else(|| said(&text))
            .or(retry_after)
            .filter(|wait| !wait.is_zero());
        outcome
    }

    /// An error that came within a stream with status 200, as its own JSON, after so many chunks were
    /// passed on. Its own code counts.
    pub fn of_stream_error(body: &[u8], passed: u32) -> Self {
        let value: Option<Value> = serde_json::from_slice(body).ok();
        let code = value.as_ref().and_then(|value| {
            let error = value.get(0).unwrap_or(value).get("error")?;
            error.get("code")?.as_u64()
        });
        let progress = Progress::of_chunks(passed);
        let code = code.and_then(|code| u16::try_from(code).ok());
        match code.filter(|code| (400..600).contains(code)) {
            Some(code) => Self::of_http(code, None, body).at(progress),
            None => Self::known("stream-error-midway", Sure::Certain).at(progress),
        }
    }

    /// Widens or narrows what the failure concerns by what the error itself says.
    fn narrow(&mut self, status: &Status) {
        if self.scope == Scope::ProjectModel && is_of_all_models(&status.details) {
            self.scope = Scope::Project;
        }
        if self.failure == "spend-cap" && status.message.contains("billing account") {
            self.scope = Scope::Account;
        }
    }
}

/// The wait that the header `Retry-After` names, in seconds or as the date of HTTP when it ends. `now`
/// is the time when the answer came. Nothing where it is neither, or its date is over.
///
/// ```
/// use propus_failures::recovery::retry_after;
/// use std::time::{Duration, SystemTime};
///
/// let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_757);
/// assert_eq!(retry_after("7", now), Some(Duration::from_secs(7)));
/// let date = "Sun, 06 Nov 1994 08:49:37 GMT";
/// assert_eq!(retry_after(date, now), Some(Duration::from_secs(20)));
/// ```
pub fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    // Whole seconds by the standard, yet some servers send parts of them.
    if let Ok(seconds) = header.parse() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let end = httpdate::parse_http_date(header).ok()?;
    end.duration_since(now).ok()
}

/// The failure of an error with its status: the best cause that fits the status, else what the status
/// means by itself.
fn recognised(http: u16, text: &str) -> Outcome {
    let causes = diagnose::names_of(text);
    match causes
        .iter()
        .find(|(failure, sure)| fits(http, failure, *sure))
    {
        Some((failure, sure)) => Outcome::known(failure, *sure),
        None => Outcome::known(by_status(http), Sure::Possible),
    }
}

/// Whether a cause may come with a status. Words of an answer that is no error of the API, or of a
/// prompt that an error quotes, must not make a wrong request be repeated or a good one be given up.
fn fits(http: u16, failure: &str, sure: Sure) -> bool {
    let Some(course) = entry(failure).map(Course::of) else {
        return false;
    };
    match http {
        429 => failure.starts_with("quota-") || matches!(course, Course::Spent | Course::Minute),
        408 | 499 | 500.. => match course {
            Course::Busy => !failure.starts_with("quota-"),
            Course::Late => failure != "client-timeout",
            Course::Broken | Course::Again | Course::Final => false,
            _ => sure == Sure::Certain,
        },
        _ => matches!(
            course,
            Course::Request | Course::TooLong | Course::Refused | Course::Spent
        ),
    }
}

/// What a status means where the body says nothing.
fn by_status(http: u16) -> &'static str {
    match http {
        401 => "wrong-auth-scheme",
        402 => "prepay-depleted",
        403 => "permission-denied-generic",
        404 => "model-not-found",
        300..=399 | 405 => "base-url-wrong",
        413 => "payload-too-large",
        429 => "quota-unspecified",
        408 | 499 => "cancelled-499",
        501 => "model-feature-unsupported",
        503 => "overloaded-503",
        // 524 is Cloudflare's word for a server that did not answer in time.
        504 | 524 => "deadline-504",
        500.. => "internal-500",
        _ => "invalid-argument-generic",
    }
}

/// As much of a body as is read; what is no text stands as replacement characters.
fn text(body: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(&body[..body.len().min(READ)])
}

fn retry_info(detail: &Detail) -> Option<Duration> {
    match detail {
        Detail::RetryInfo { retry_delay } => Some(*retry_delay).filter(|delay| !delay.is_zero()),
        _ => None,
    }
}

/// The wait that the text names: "Please retry in 33.05s".
fn said(text: &str) -> Option<Duration> {
    const MARKS: [&str; 3] = ["retry in ", "Retry in ", "reset after "];
    let from = MARKS.iter().find_map(|mark| text.find(mark))?;
    let words = &text[from..];
    let end = words
        .char_indices()
        .nth(80)
        .map_or(words.len(), |(at, _)| at);
    let facts = diagnose::facts_of(&words[..end]);
    let seconds = facts.get("retry_after_seconds")?.as_f64()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// Whether a quota is counted for the project whatever the model: its name says `PerProject` and not
/// `PerModel`.
fn is_of_all_models(details: &[Detail]) -> bool {
    let whole = |id: &str| id.contains("PerProject") && !id.contains("PerModel");
    details.iter().any(|detail| match detail {
        Detail::QuotaFailure { violations } => violations.iter().any(|one| whole(&one.quota_id)),
        Detail::ErrorInfo { metadata, .. } => {
            metadata.get("quota_limit").is_some_and(|id| whole(id))
        }
        _ => false,
    })
}
