//! The upstream: a Propus with its injector and, in front of it, what an injector cannot say. That is a 429
//! with a short `RetryInfo`, and calls that create something and must never be made twice.

use crate::{
    plan::marked,
    server::{made, small},
};
use axum::{
    Json, Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderValue, StatusCode};
use propus_server::{app, inject::Injector};
use serde::Serialize;
use serde_json::json;
use std::{
    collections::{HashMap, HashSet},
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

const QUOTA: &str = r#"{"error":{"code":429,"message":"You exceeded your current quota.\nPlease retry in 5ms.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"0.005s"}]}}"#;
const BUSY: &str = r#"{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}"#;

/// The longest body that is read for its plan, in bytes.
const LONGEST: usize = 1 << 20;

/// What the upstream has seen.
#[derive(Default)]
pub(crate) struct Seen(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    attempts: u64,
    calls: HashSet<String>,
    created: HashMap<String, u32>,
}

/// What the upstream has seen, in numbers.
#[derive(Serialize)]
pub(crate) struct Report {
    /// Requests of all kinds.
    pub(crate) attempts: u64,
    /// Calls by their ids.
    pub(crate) calls: usize,
    /// Calls that created something at least once.
    pub(crate) created: usize,
    /// Calls that created something more than once.
    pub(crate) created_twice: usize,
}

impl Seen {
    pub(crate) fn report(&self) -> Report {
        let seen = self.0.lock().unwrap();
        let twice = seen.created.values().filter(|times| **times > 1);
        Report {
            attempts: seen.attempts,
            calls: seen.calls.len(),
            created: seen.created.len(),
            created_twice: twice.count(),
        }
    }

    fn reset(&self) {
        *self.0.lock().unwrap() = Counts::default();
    }

    /// Counts an attempt; whether it is the first one of its call.
    fn note(&self, id: &str) -> bool {
        let mut seen = self.0.lock().unwrap();
        seen.attempts += 1;
        seen.calls.insert(id.to_owned())
    }

    fn note_created(&self, id: &str) {
        let mut seen = self.0.lock().unwrap();
        *seen.created.entry(id.to_owned()).or_default() += 1;
    }
}

/// The upstream for other programs: `GET /soak/report` and `POST /soak/reset` stand beside the API.
pub(crate) fn router() -> Router {
    let seen = Arc::new(Seen::default());
    let report = async |State(seen): State<Arc<Seen>>| Json(seen.report());
    let reset = async |State(seen): State<Arc<Seen>>| seen.reset();
    Router::new()
        .route("/soak/report", get(report))
        .route("/soak/reset", post(reset))
        .with_state(seen.clone())
        .fallback_service(router_of(seen))
}

/// The upstream, and who counts for it.
pub(crate) fn router_of(seen: Arc<Seen>) -> Router {
    let app = made(vec![small()], None, Some(Injector::default()));
    app::router(Arc::new(app)).layer(from_fn_with_state(seen, failing))
}

/// Lets the first attempt of a call fail as its prompt says. What holds no plan is answered and not counted.
async fn failing(State(seen): State<Arc<Seen>>, request: Request, next: Next) -> Response {
    let (mut head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let Some((id, cause)) = marked(&body) else {
        return next.run(Request::from_parts(head, body.into())).await;
    };
    let is_first = seen.note(&id);
    let fails = cause.filter(|_| is_first);
    if head.uri.path().ends_with("cachedContents") {
        return create(&seen, &id, fails.as_deref()).await;
    }
    match fails.as_deref() {
        None => {}
        Some("quota") => return refused(StatusCode::TOO_MANY_REQUESTS, QUOTA),
        Some(cause) => {
            if let Ok(value) = HeaderValue::from_str(cause) {
                head.headers.insert("x-propus-inject", value);
            }
        }
    }
    next.run(Request::from_parts(head, body.into())).await
}

fn refused(status: StatusCode, body: &'static str) -> Response {
    (status, [("content-type", "application/json")], body).into_response()
}

/// Creates something, unless it is refused before.
async fn create(seen: &Seen, id: &str, fails: Option<&str>) -> Response {
    match fails {
        Some("quota") => return refused(StatusCode::TOO_MANY_REQUESTS, QUOTA),
        Some("overloaded-503") => return refused(StatusCode::SERVICE_UNAVAILABLE, BUSY),
        _ => {}
    }
    seen.note_created(id);
    let created = Json(json!({"name": format!("cachedContents/{id}")}));
    match fails {
        None => created.into_response(),
        Some("internal-500") => (StatusCode::INTERNAL_SERVER_ERROR, "{}").into_response(),
        Some("proxy-page") => (StatusCode::BAD_GATEWAY, "<html></html>").into_response(),
        Some(cause) if cause.starts_with("slow") => {
            tokio::time::sleep(Duration::from_secs(1)).await;
            created.into_response()
        }
        Some(_) => {
            let reset = io::Error::new(io::ErrorKind::ConnectionReset, "soak");
            Body::from_stream(futures::stream::iter([Err::<Bytes, _>(reset)])).into_response()
        }
    }
}
