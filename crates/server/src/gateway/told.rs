//! What is told to the caller: a reply as it came, or a problem of our own.

use crate::layers::render::{Failed as Rendered, Foreign, Streams};
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use propus_engines::google::Broken;
use propus_failures::{
    Failure, Problem,
    recovery::{HEADER, Outcome, Repairs},
};
use propus_wire::status::{Code, Detail, Status};
use std::convert::Infallible;

/// A failed attempt: what it came to, and what the caller would hear of it.
#[derive(Clone, Debug)]
pub(super) struct Failed {
    pub outcome: Outcome,
    pub told: Told,
}

/// What the caller hears.
#[derive(Clone, Debug)]
pub(super) enum Told {
    /// The upstream's own reply.
    Passed(Passed),
    /// A problem that arose here.
    Own(Problem),
}

/// A whole reply with the pieces in which it came.
#[derive(Clone, Debug)]
pub(super) struct Passed {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub pieces: Vec<Bytes>,
}

impl Failed {
    /// A problem that arose here.
    pub fn own(problem: Problem) -> Self {
        let status = problem.status();
        let outcome = Outcome::named(problem.name());
        let mut outcome =
            outcome.unwrap_or_else(|| Outcome::of_http(status.code.http(), None, b""));
        outcome.http = Some(status.code.http());
        outcome.retry_after = status.details.iter().find_map(|detail| match detail {
            Detail::RetryInfo { retry_delay } => Some(*retry_delay).filter(|wait| !wait.is_zero()),
            _ => None,
        });
        Self {
            outcome,
            told: Told::Own(problem),
        }
    }

    /// An exchange that did not come to its end.
    pub fn broken(broken: Broken) -> Self {
        let Broken { outcome, cause } = broken;
        Self {
            told: Told::Own(Unserved::of(&outcome, cause).into()),
            outcome,
        }
    }

    /// The reply for the caller.
    pub fn response(&self) -> Response {
        match &self.told {
            Told::Own(problem) => Rendered(problem.clone()).into_response(),
            Told::Passed(passed) => {
                let mut response = passed.clone().into_response();
                if !passed.status.is_success() {
                    let failure = HeaderValue::from_static(self.outcome.failure);
                    response.headers_mut().insert("x-propus-failure", failure);
                }
                response
            }
        }
    }

    /// For the log.
    pub fn cause(&self) -> Option<String> {
        match &self.told {
            Told::Own(problem) => problem.log(),
            Told::Passed(_) => None,
        }
    }

    #[cfg(test)]
    pub fn example() -> Self {
        Self::own(propus_failures::service::internal_500::Internal500 { cause: None }.into())
    }
}

impl Passed {
    /// The reply as it came.
    pub fn into_response(mut self) -> Response {
        let body = match self.pieces.len() {
            0 => Body::empty(),
            1 => Body::from(self.pieces.remove(0)),
            _ => Body::from_stream(stream::iter(self.pieces).map(Ok::<_, Infallible>)),
        };
        passed(self.status, self.headers, body)
    }

    /// The body in one piece.
    pub fn whole(&self) -> Bytes {
        match &self.pieces[..] {
            [one] => one.clone(),
            pieces => pieces.concat().into(),
        }
    }
}

/// A reply of an upstream's. It gets none of the headers that make ours look like Google's.
pub(super) fn passed(status: StatusCode, headers: HeaderMap, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response.extensions_mut().insert(Foreign);
    response
}

/// The same with a body that goes on while it is read.
pub(super) fn streamed(status: StatusCode, mut headers: HeaderMap, body: Body) -> Response {
    headers.remove(header::CONTENT_LENGTH);
    let mut response = passed(status, headers, body);
    response.extensions_mut().insert(Streams);
    response
}

/// Says in a reply what was done for it; nothing where nothing was.
pub(super) fn mark(response: &mut Response, repairs: &Repairs) {
    if repairs.is_empty() {
        return;
    }
    tracing::debug!(%repairs, status = response.status().as_u16(), "recovered");
    if let Ok(value) = HeaderValue::from_str(&repairs.to_string()) {
        response
            .headers_mut()
            .insert(HeaderName::from_static(HEADER), value);
    }
}

/// The upstream did not serve: the connection, the time or the form of its reply.
#[derive(Debug)]
pub(super) struct Unserved {
    failure: &'static str,
    cause: String,
}

impl Unserved {
    pub fn of(outcome: &Outcome, cause: String) -> Self {
        Self {
            failure: outcome.failure,
            cause,
        }
    }
}

impl Failure for Unserved {
    fn name(&self) -> &'static str {
        self.failure
    }

    fn status(&self) -> Status {
        let (code, message) = match self.failure {
            "client-timeout" => (
                Code::DeadlineExceeded,
                "The service behind this gateway did not answer in time.",
            ),
            "stream-truncated" => (
                Code::Unavailable,
                "The answer broke off: the stream ended without a finish reason. What came so far is not the whole answer.",
            ),
            "stream-parse-error" => (
                Code::Internal,
                "The service behind this gateway sent something that is not the API's.",
            ),
            "tls-error" => (
                Code::Unavailable,
                "The certificate of the service behind this gateway is not trusted.",
            ),
            "empty-response" => (Code::Unavailable, "The answer is empty."),
            _ => (
                Code::Unavailable,
                "The service behind this gateway could not be reached, or the connection to it broke off.",
            ),
        };
        Status::new(code, message)
    }

    fn log(&self) -> Option<String> {
        Some(self.cause.clone())
    }
}
