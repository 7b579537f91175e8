//! The only place where a problem becomes Google-shaped HTTP, plus our headers and the log line.

use axum::{
    body::{Body, HttpBody},
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, Uri, header};
use http_body::SizeHint;
use propus_failures::Problem;
use propus_wire::{frame::Frame, path};
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

/// Lets handlers and layers return a problem; [`render`] writes it.
#[derive(Debug)]
pub struct Failed(pub Problem);

impl<P: Into<Problem>> From<P> for Failed {
    fn from(problem: P) -> Self {
        Self(problem.into())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status_of(&self.0);
        response.extensions_mut().insert(self.0);
        response
    }
}

/// Marks a response whose body is written piece by piece; it must not wait in a compressor.
#[derive(Clone, Copy, Debug)]
pub struct Streams;

/// Marks a response that stands for somebody else's, so that it has none of Google's headers.
#[derive(Clone, Copy, Debug)]
pub struct Foreign;

fn status_of(problem: &Problem) -> StatusCode {
    let http = problem.status().code.http();
    StatusCode::from_u16(http).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// How an error must look on a path: only streaming methods and the OpenAI paths differ.
pub fn frame_of(uri: &Uri) -> Frame {
    if uri.path().contains("/openai/") {
        return Frame::List;
    }
    if !uri.path().ends_with("streamGenerateContent") {
        return Frame::Json;
    }
    let query = path::query(uri.query().unwrap_or_default());
    let wants_events = query
        .filter(|(name, _)| name == "alt" || name == "$alt")
        .any(|(_, value)| value.split(';').any(|word| word == "sse"));
    if wants_events {
        Frame::Events
    } else {
        Frame::List
    }
}

/// The layer.
pub async fn render(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let frame = frame_of(request.uri());
    let line = LogLine::of(&request);
    // Dropped before there is an answer, the client is gone.
    let gone = Gone(Some((line, began)));
    let mut response = next.run(request).await;
    let problem = response.extensions_mut().remove::<Problem>();
    if let Some(problem) = &problem {
        write_problem(&mut response, problem, frame);
    }
    if response.extensions().get::<Foreign>().is_none() {
        write_google_headers(&mut response, began);
    }
    gone.answered(response, problem.as_ref())
}

/// Logs a client that went away before it had its answer: dropping it stopped the work.
struct Gone(Option<(LogLine, Instant)>);

impl Gone {
    /// Logs an answer; the end of a stream is still to come.
    fn answered(mut self, response: Response, problem: Option<&Problem>) -> Response {
        let Some((line, began)) = self.0.take() else {
            return response;
        };
        line.write(&response, problem, began);
        if response.extensions().get::<Streams>().is_none() {
            return response;
        }
        let gone = Self(Some((line, began)));
        response.map(|body| Body::new(Watched { body, gone }))
    }
}

impl Drop for Gone {
    fn drop(&mut self) {
        if let Some((LogLine { method, path }, began)) = self.0.take() {
            let (ms, failure) = (began.elapsed().as_millis(), "cancelled-499");
            tracing::info!(%method, path, status = 499, ms, failure, "the client went away");
        }
    }
}

/// A stream whose end is noticed.
struct Watched {
    body: Body,
    gone: Gone,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(None | Some(Err(_))) = &polled {
            self.gone.0 = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn write_problem(response: &mut Response, problem: &Problem, frame: Frame) {
    *response.body_mut() = Body::from(frame.error(&problem.status()));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(frame.content_type()),
    );
    headers.insert("x-propus-failure", HeaderValue::from_static(problem.name()));
    for (name, value) in problem.headers() {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}

fn write_google_headers(response: &mut Response, began: Instant) {
    let timing = format!("gfet4t7; dur={}", began.elapsed().as_millis());
    let headers = response.headers_mut();
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-xss-protection", "0"),
        ("x-frame-options", "SAMEORIGIN"),
        ("server", "scaffolding on HTTPServer2"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for value in ["Origin", "X-Origin", "Referer"] {
        headers.append(header::VARY, HeaderValue::from_static(value));
    }
    if let Ok(value) = HeaderValue::from_str(&timing) {
        headers.insert("server-timing", value);
    }
}

/// What is logged of a request: never its query, which may hold a key, and never its text.
struct LogLine {
    method: http::Method,
    path: String,
}

impl LogLine {
    fn of(request: &Request) -> Self {
        Self {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
        }
    }

    fn write(&self, response: &Response, problem: Option<&Problem>, began: Instant) {
        let Self { method, path } = self;
        let status = response.status().as_u16();
        let ms = began.elapsed().as_millis();
        let Some(problem) = problem else {
            tracing::debug!(%method, path, status, ms, "answered");
            return;
        };
        let (failure, log) = (problem.name(), problem.log());
        if status >= 500 {
            tracing::warn!(%method, path, status, ms, failure, log, "failed");
        } else {
            tracing::info!(%method, path, status, ms, failure, log, "refused");
        }
    }
}
