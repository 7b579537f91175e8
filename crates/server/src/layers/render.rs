//! The only place where a problem becomes Google-shaped HTTP, plus our headers and the log line.

use axum::{
    body::Body,
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, Uri, header};
use propus_failures::Problem;
use propus_wire::{frame::Frame, path};
use std::time::Instant;

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
    let mut response = next.run(request).await;
    let problem = response.extensions_mut().remove::<Problem>();
    if let Some(problem) = &problem {
        write_problem(&mut response, problem, frame);
    }
    if response.extensions().get::<Foreign>().is_none() {
        write_google_headers(&mut response, began);
    }
    line.write(&response, problem.as_ref(), began);
    response
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

    fn write(self, response: &Response, problem: Option<&Problem>, began: Instant) {
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
