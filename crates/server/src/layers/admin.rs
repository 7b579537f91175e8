//! Who administers: a token of its own, which is never a Gemini key.

use crate::{app::App, routes::admin::Refused};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::header;
use propus_wire::status::Code;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The administrator's token, kept as its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminToken([u8; 32]);

impl AdminToken {
    /// The token of this text.
    pub fn new(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }
}

/// The layer around the admin API. Hashes are compared, so that the time it takes tells nothing of the
/// token.
pub async fn require_token(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let Some(token) = &app.admin else {
        let message = "this server has no admin API: it runs without accounts";
        return Refused::new(Code::NotFound, message).into_response();
    };
    let given = request.headers().get(header::AUTHORIZATION);
    let given = given.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    match given {
        Some(given) if AdminToken::new(given.trim()) == *token => next.run(request).await,
        Some(_) => {
            Refused::new(Code::PermissionDenied, "this is not the admin token").into_response()
        }
        None => Refused::new(
            Code::Unauthenticated,
            "the admin API needs its own token, not an API key: send Authorization: Bearer TOKEN \
             (`propus serve` says where it is kept)",
        )
        .into_response(),
    }
}
