//! What this server is, and whether it is well.

use crate::{app::App, quotas::Quotas};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::json;
use std::sync::Arc;

/// `GET /`: what this is and where to go on.
pub async fn index(State(app): State<Arc<App>>) -> Response {
    let models: Vec<_> = app.registry.own().map(|model| model.name.clone()).collect();
    Json(json!({
        "name": "propus",
        "version": env!("CARGO_PKG_VERSION"),
        "what": "the Gemini API (v1 and v1beta) from this machine",
        "models": models,
        "try": "POST /v1beta/models/gemini-flash-latest:generateContent with the header x-goog-api-key",
        "help": { "diagnose": "POST /propus/v1/diagnose", "check": "POST /propus/v1/check?model=NAME" },
        "health": { "alive": "/healthz", "ready": "/readyz" },
        "docs": "propus --help, and the README of the project",
    }))
    .into_response()
}

/// `GET /healthz`: the process answers.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the engines take work; 503 while a queue is full. Whether the shared store of quotas
/// answers is told, and is no reason not to be ready.
pub async fn ready(State(app): State<Arc<App>>) -> Response {
    let engines: Vec<_> = app.registry.loads().collect();
    let full = engines
        .iter()
        .any(|(_, load)| load.waiting_limit > 0 && load.waiting >= load.waiting_limit);
    let status = if full {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    };
    let engines: serde_json::Map<_, _> = engines
        .into_iter()
        .map(|(name, load)| {
            (
                name,
                json!({ "running": load.running, "waiting": load.waiting }),
            )
        })
        .collect();
    let mut state = json!({ "ready": !full, "engines": engines });
    if let Some(answers) = app.quotas.as_ref().and_then(Quotas::store_answers) {
        state["quotaStore"] = json!(if answers { "connected" } else { "away" });
    }
    (status, Json(state)).into_response()
}
