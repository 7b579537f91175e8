//! The only place where a problem becomes Google-shaped HTTP, plus our headers and the log line.

mod line;

use crate::{
    app::App,
    metrics::{End, REQUEST_ID, Record},
};
use axum::{
    body::{Body, HttpBody},
    extract::Request,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, Uri, header};
use http_body::SizeHint;
use propus_failures::Problem;
use propus_wire::{frame::Frame, path};
use std::{
    pin::Pin,
    sync::Arc,
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
pub async fn render<F>(
    app: &Arc<App>,
    mut request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response
where
    F: Future<Output = Response>,
{
    let frame = frame_of(request.uri());
    let record = Record::open(&request, (app.settings.clock)());
    request.extensions_mut().insert(record.clone());
    // Dropped before there is an answer, the client is gone.
    let open = Open(Some((record.clone(), app.clone())));
    let mut response = next(request).await;
    let problem = response.extensions_mut().remove::<Problem>();
    if let Some(problem) = &problem {
        write_problem(&mut response, problem, frame);
    }
    record.answered(response.status(), response.headers(), problem.as_ref());
    if response.extensions().get::<Foreign>().is_none() {
        write_google_headers(&mut response, record.began());
        if let Some(id) = record.id() {
            response.headers_mut().insert(REQUEST_ID, id);
        }
    }
    open.until_sent(response)
}

/// A request that has not ended. Dropped so, its client went away, which stopped the work.
struct Open(Option<(Record, Arc<App>)>);

impl Open {
    /// A whole body is as good as sent; the end of a stream is still to come.
    fn until_sent(mut self, response: Response) -> Response {
        if response.extensions().get::<Streams>().is_none() {
            self.close(End::Done);
            return response;
        }
        let (open, began) = (self, false);
        response.map(|body| Body::new(Watched { body, open, began }))
    }

    fn first_byte(&self) {
        if let Some((record, _)) = &self.0 {
            record.first_byte();
        }
    }

    /// Tells the end once: to the counters and to the log.
    fn close(&mut self, end: End) {
        if let Some((record, app)) = self.0.take() {
            let facts = record.close(end);
            app.metrics.ended(&facts);
            line::write(&facts, app.settings.log_answers);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.close(End::Gone);
    }
}

/// A stream whose end is noticed.
struct Watched {
    body: Body,
    open: Open,
    began: bool,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(_))) if !self.began => {
                self.began = true;
                self.open.first_byte();
            }
            Poll::Ready(None) => self.open.close(End::Done),
            Poll::Ready(Some(Err(_))) => self.open.close(End::Broken),
            _ => {}
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
    // A router has counted the bytes of the empty body.
    headers.remove(header::CONTENT_LENGTH);
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
