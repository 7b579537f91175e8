//! Looks at an exchange as it goes by.
//!
//! A request is read before it is passed on: handlers refuse many without reading them, and who replays
//! looks for the body. Of a reply nothing is held back, every piece is passed on at once.

use super::{
    exchange::{Chunk, End, Exchange, Octets},
    recorder::Recorder,
    secrets,
};
use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use futures::{StreamExt, stream};
use http::{HeaderMap, Method, header, request};
use http_body_util::{BodyExt, BodyStream, StreamBody};
use hyper::body::{Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::time::Instant;

/// The headers of a request that say how it was made. None of them holds a key.
const REQUEST_HEADERS: [&str; 6] = [
    "content-type",
    "accept",
    "user-agent",
    "x-goog-api-client",
    "x-server-timeout",
    "x-propus-inject",
];
/// Headers of a reply that belong to the connection or to the moment.
const PASSING: [&str; 5] = [
    "connection",
    "date",
    "keep-alive",
    "transfer-encoding",
    "upgrade",
];

/// An exchange before it is written: keys are still in it, so it cannot be shown.
pub(super) struct Captured {
    secrets: Vec<Vec<u8>>,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Kept,
    status: u16,
    ms: u64,
    reply_headers: Vec<(String, String)>,
    reply: Kept,
}

/// A body's pieces, up to a limit.
struct Kept {
    pieces: Vec<(u64, Bytes)>,
    size: usize,
    limit: usize,
    /// How it ended; until then nobody knows.
    end: Option<End>,
}

type Polled = Option<Result<Frame<Bytes>, axum::Error>>;

/// The layer.
pub(super) async fn capture(
    State(recorder): State<Recorder>,
    request: Request,
    next: Next,
) -> Response {
    if !is_recorded(&request) {
        return next.run(request).await;
    }
    let began = Instant::now();
    let limit = recorder.limits().body;
    let (mut head, sent) = request.into_parts();
    let (heard, sent) = hear(sent, limit, began).await;
    let mut captured = Box::new(Captured::of(&head, heard, limit));
    // What is recorded is not compressed.
    head.headers.remove(header::ACCEPT_ENCODING);
    let response = next.run(Request::from_parts(head, sent)).await;
    captured.answered(&response, began);
    let (head, body) = response.into_parts();
    let told = Told {
        inner: body,
        captured: Some(captured),
        recorder,
        began,
    };
    Response::from_parts(head, Body::new(told))
}

/// Reads a request's body up to the limit, and gives it back as it was.
async fn hear(mut body: Body, limit: usize, began: Instant) -> (Kept, Body) {
    let mut kept = Kept::new(limit);
    let mut read = Vec::new();
    while kept.end.is_none() {
        let polled = body.frame().await;
        kept.look(&polled, body.is_end_stream(), began);
        read.extend(polled);
    }
    let given = match &read[..] {
        [] => Some(Body::empty()),
        [Ok(only)] if kept.end == Some(End::Whole) => only.data_ref().cloned().map(Body::from),
        _ => None,
    };
    let given = given.unwrap_or_else(|| {
        let rest = BodyStream::new(body);
        Body::new(StreamBody::new(stream::iter(read).chain(rest)))
    });
    (kept, given)
}

/// Health is no exchange, our own paths may tell keys, and browsers ask before they call.
fn is_recorded(request: &Request) -> bool {
    let path = request.uri().path();
    request.method() != Method::OPTIONS
        && !path.starts_with("/propus/")
        && !["/healthz", "/readyz"].contains(&path)
}

impl Captured {
    fn of(head: &request::Parts, body: Kept, limit: usize) -> Self {
        let query = head.uri.query().unwrap_or_default();
        let is_chosen = |name: &str| REQUEST_HEADERS.contains(&name);
        Self {
            secrets: secrets::of(&head.headers, query),
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: secrets::without(query),
            headers: written(&head.headers, is_chosen),
            body,
            status: 0,
            ms: 0,
            reply_headers: Vec::new(),
            reply: Kept::new(limit),
        }
    }

    fn answered(&mut self, response: &Response, began: Instant) {
        let is_lasting =
            |name: &str| !PASSING.contains(&name) && !name.starts_with("access-control-");
        self.status = response.status().as_u16();
        self.ms = since(began);
        self.reply_headers = written(response.headers(), is_lasting);
        let has_length = response.headers().contains_key(header::CONTENT_LENGTH);
        // The length of a whole body is added further out.
        if let Some(length) = response.body().size_hint().exact()
            && !has_length
        {
            let name = header::CONTENT_LENGTH.to_string();
            self.reply_headers.push((name, length.to_string()));
        }
    }

    /// How many bytes of bodies it holds.
    pub(super) fn size(&self) -> usize {
        self.reply.size + self.body.size
    }

    /// The same as it is written, without keys.
    pub(super) fn into_exchange(self) -> Exchange {
        let known = &self.secrets;
        let pairs = |pairs: Vec<(String, String)>| {
            let hidden = pairs
                .into_iter()
                .map(|(name, value)| (name, secrets::hidden(&value, known)));
            hidden.collect()
        };
        let body = hidden(self.body.pieces, known).into_iter();
        let chunks = hidden(self.reply.pieces, known).into_iter();
        Exchange {
            method: self.method,
            path: secrets::hidden(&self.path, known),
            query: secrets::hidden(&self.query, known),
            headers: pairs(self.headers),
            body: Octets(body.flat_map(|(_, bytes)| bytes).collect()),
            body_end: self.body.end.unwrap_or_default(),
            status: self.status,
            ms: self.ms,
            reply_headers: pairs(self.reply_headers),
            chunks: chunks
                .map(|(ms, data)| Chunk {
                    ms,
                    data: Octets(data),
                })
                .collect(),
            end: self.reply.end.unwrap_or(End::Left),
        }
    }
}

/// Pieces without keys, even where a key lies in two of them.
fn hidden(pieces: Vec<(u64, Bytes)>, known: &[Vec<u8>]) -> Vec<(u64, Bytes)> {
    let mut whole = Vec::with_capacity(pieces.iter().map(|(_, bytes)| bytes.len()).sum());
    for (_, bytes) in &pieces {
        whole.extend_from_slice(bytes);
    }
    secrets::hide(&mut whole, known);
    let mut rest = Bytes::from(whole);
    let cut = pieces.iter();
    cut.map(|(ms, bytes)| (*ms, rest.split_to(bytes.len())))
        .collect()
}

fn written(headers: &HeaderMap, is_wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let wanted = headers.iter().filter(|(name, _)| is_wanted(name.as_str()));
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    wanted
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect()
}

fn since(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

impl Kept {
    fn new(limit: usize) -> Self {
        Self {
            pieces: Vec::new(),
            size: 0,
            limit,
            end: None,
        }
    }

    /// Keeps what came, and how it ended.
    fn look(&mut self, polled: &Polled, is_last: bool, began: Instant) {
        match polled {
            Some(Ok(frame)) => {
                if let Some(bytes) = frame.data_ref().filter(|bytes| !bytes.is_empty()) {
                    self.keep(bytes, since(began));
                }
                if is_last {
                    self.ends(End::Whole);
                }
            }
            Some(Err(_)) => self.ends(End::Broken),
            None => self.ends(End::Whole),
        }
    }

    fn keep(&mut self, bytes: &Bytes, ms: u64) {
        if self.end == Some(End::Long) {
            return;
        }
        let room = self.limit - self.size;
        let part = bytes.slice(..bytes.len().min(room));
        if part.len() < bytes.len() {
            self.end = Some(End::Long);
        }
        if !part.is_empty() {
            self.size += part.len();
            self.pieces.push((ms, part));
        }
    }

    fn ends(&mut self, end: End) {
        self.end.get_or_insert(end);
    }
}

/// A reply's body, as it is sent. When it is over, or nobody wants the rest, the exchange is recorded.
struct Told {
    inner: Body,
    captured: Option<Box<Captured>>,
    recorder: Recorder,
    began: Instant,
}

impl Told {
    fn hand_over(&mut self, end: End) {
        if let Some(mut captured) = self.captured.take() {
            captured.reply.ends(end);
            self.recorder.take(captured);
        }
    }
}

impl HttpBody for Told {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Polled> {
        let polled = ready!(Pin::new(&mut self.inner).poll_frame(context));
        let is_last = self.inner.is_end_stream();
        let began = self.began;
        if let Some(captured) = &mut self.captured {
            captured.reply.look(&polled, is_last, began);
            if captured.reply.end.is_some_and(|end| end != End::Long) {
                self.hand_over(End::Whole);
            }
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let end = match self.inner.is_end_stream() {
            true => End::Whole,
            false => End::Left,
        };
        self.hand_over(end);
    }
}
