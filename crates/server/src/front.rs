//! What stands around the routes, as functions that call each other.
//!
//! They are no layers of the router, which copies and boxes each of its layers anew for every request.

use crate::{
    app::App,
    layers::{compress, cors, inject, key, render, shed},
    routes,
};
use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use http::header;
use propus_failures::service::internal_500::Internal500;
use std::{any::Any, panic::AssertUnwindSafe, sync::Arc};
use tower::ServiceExt;

/// The application, and the router for all but plain calls of the API.
pub(crate) struct Front {
    pub app: Arc<App>,
    pub others: Router,
}

/// Answers any request. From here on inwards: bytes are compressed and marked for browsers, a problem becomes
/// Google's bytes, and a panic becomes a problem.
pub(crate) async fn answer(State(front): State<Arc<Front>>, request: Request) -> Response {
    let accepted = compress::Accepted::by(&request);
    let marked = cors::around(request, |request| {
        render::render(&front.app, request, |request| caught(front.routed(request)))
    });
    accepted.compress(marked.await).await
}

impl Front {
    async fn routed(&self, request: Request) -> Response {
        if is_plain(&request) {
            return api(State(self.app.clone()), request).await;
        }
        let answered = self.others.clone().oneshot(request).await;
        answered.unwrap_or_else(|never| match never {})
    }
}

/// Whether it is a call of the API whose body needs no unpacking.
fn is_plain(request: &Request) -> bool {
    let is_packed = request.headers().contains_key(header::CONTENT_ENCODING);
    request.uri().path().starts_with("/v1") && !is_packed
}

/// Everything below `/v1` and `/v1beta`. Load is shed outside the quota: what is refused costs nobody a unit.
pub(crate) async fn api(State(app): State<Arc<App>>, request: Request) -> Response {
    shed::shed(&app, request, |request| {
        key::require_key(&app, request, |request| {
            // What answers is large: on the heap it is moved no more.
            inject::inject(&app, request, |request| {
                Box::pin(routes::dispatch(&app, request))
            })
        })
    })
    .await
}

/// A panic becomes a problem.
async fn caught(answering: impl Future<Output = Response>) -> Response {
    let answered = AssertUnwindSafe(answering).catch_unwind().await;
    answered.unwrap_or_else(panicked)
}

fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let text = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("unknown");
    let cause = Some(format!("panic: {text}"));
    render::Failed(Internal500 { cause }.into()).into_response()
}
