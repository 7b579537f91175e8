//! Answers from a recording.

use super::{
    HEADER,
    exchange::{Chunk, End, Exchange},
    find::{Found, Index},
    load::{self, Recorded, ReplayError},
    secrets,
};
use crate::{layers::cors, routes::about};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use propus_wire::status::{Code, Status};
use std::{io, path::Path, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, sleep_until};
use tower_http::decompression::RequestDecompressionLayer;

/// The longest request that is looked up, in bytes; the server takes none that is longer.
const LONGEST: usize = 100 * 1024 * 1024;
/// The longest pause between two chunks where time does not matter. Some pause must stay: clients that look
/// at each piece from the network by itself would see two where there was one.
const PAUSE: Duration = Duration::from_millis(5);

/// How a recording is answered from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Replies take as long as they took; else they come at once.
    pub paced: bool,
}

/// A recording to answer from.
#[derive(Debug)]
pub struct Replay {
    recorded: Vec<Recorded>,
    index: Index,
}

impl Replay {
    /// Reads a recording.
    pub fn load(path: &Path) -> Result<Self, ReplayError> {
        let recorded = load::load(path)?;
        let index = Index::new(&recorded);
        Ok(Self { recorded, index })
    }

    /// How many exchanges it has; never none.
    pub fn exchanges(&self) -> usize {
        self.recorded.len()
    }

    /// A router that answers from it; no key is needed.
    pub fn router(self, options: Options) -> Router {
        Router::new()
            .route("/healthz", get(about::alive))
            .fallback(answer)
            .with_state((Arc::new(self), options))
            .layer(RequestDecompressionLayer::new().pass_through_unaccepted(true))
            .layer(cors::layer())
    }
}

async fn answer(
    State((replay, options)): State<(Arc<Replay>, Options)>,
    request: Request,
) -> Response {
    let began = Instant::now();
    let (head, body) = request.into_parts();
    let body = match to_bytes(body, LONGEST).await {
        Ok(body) => body,
        Err(error) => {
            let message = format!("the body cannot be read: {error}");
            return refused(Code::InvalidArgument, message);
        }
    };
    let query = head.uri.query().unwrap_or_default();
    // What was hidden in the recording is hidden here, too, or it would not be the same.
    let known = secrets::of(&head.headers, query);
    let path = secrets::hidden(head.uri.path(), &known);
    let mut body = Vec::from(body);
    secrets::hide(&mut body, &known);
    let line_of = |at: usize| replay.recorded[at].line;
    let method = head.method.as_str();
    let found = match replay.index.find(method, &path, query, &body, line_of) {
        Ok(found) => found,
        Err(message) => return refused(Code::NotFound, message),
    };
    let (how, at) = match found {
        Found::Exact(at) => ("exact", at),
        Found::Next(at) => ("next", at),
    };
    let Recorded { line, exchange } = &replay.recorded[at];
    if options.paced {
        sleep_until(began + Duration::from_millis(exchange.ms)).await;
    }
    let mut response = response(exchange, options, began);
    let shown = format!("{how}; line {line}");
    if let Ok(shown) = HeaderValue::from_str(&shown) {
        response.headers_mut().insert(HEADER, shown);
    }
    response
}

/// Says that a recording has no answer, in the form of Google's errors.
fn refused(code: Code, message: String) -> Response {
    let status = StatusCode::from_u16(code.http()).unwrap_or(StatusCode::BAD_REQUEST);
    let kind = HeaderValue::from_static("application/json; charset=UTF-8");
    let body = Status::new(code, message).to_pretty();
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}

fn response(exchange: &Exchange, options: Options, began: Instant) -> Response {
    let body = body(exchange.chunks.clone(), exchange.end, options, began);
    let mut response = Response::new(body);
    // Loading has checked them.
    if let Ok(status) = StatusCode::from_u16(exchange.status) {
        *response.status_mut() = status;
    }
    for (name, value) in &exchange.reply_headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// The chunks as they came. What did not come to its end breaks off.
fn body(chunks: Vec<Chunk>, end: End, options: Options, began: Instant) -> Body {
    if chunks.is_empty() && end == End::Whole {
        return Body::empty();
    }
    Body::from_stream(async_stream::stream! {
        let mut last = None;
        for chunk in chunks {
            let ms = chunk.ms;
            if options.paced {
                sleep_until(began + Duration::from_millis(ms)).await;
            } else if let Some(before) = last {
                let pause = Duration::from_millis(ms.saturating_sub(before));
                sleep(pause.min(PAUSE)).await;
            }
            last = Some(ms);
            yield Ok(chunk.data.0);
        }
        if end != End::Whole {
            if last.is_some() {
                // Else what came before would be lost with the connection.
                sleep(PAUSE).await;
            }
            yield Err(io::Error::new(io::ErrorKind::ConnectionReset, "recorded so"));
        }
    })
}
