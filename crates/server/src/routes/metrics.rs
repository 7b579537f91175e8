//! `GET /metrics`: what the server counts of itself.

use crate::{app::App, layers::render::Failed, metrics::Format};
use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::header;
use propus_failures::service::internal_500::Internal500;
use std::sync::Arc;

/// The text, as Prometheus or OpenMetrics write it; the `Accept` header says which.
pub async fn text(State(app): State<Arc<App>>, request: Request) -> Response {
    let accept = request.headers().get(header::ACCEPT);
    let accept = accept.and_then(|accept| accept.to_str().ok());
    let format = Format::accepted(accept.unwrap_or_default());
    match app.metrics.text(&app, format) {
        Ok(text) => ([(header::CONTENT_TYPE, format.content_type())], text).into_response(),
        Err(error) => {
            let cause = Some(format!("the metrics cannot be written: {error}"));
            Failed(Internal500 { cause }.into()).into_response()
        }
    }
}
