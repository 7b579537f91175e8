//! Who administers: a token of its own, which is never a Gemini key.

use crate::{app::App, layers::origin::Peer, routes::admin::Refused};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, header};
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

/// The layer around the metrics: who calls on this machine itself needs no token.
pub async fn require_nearness(state: State<Arc<App>>, request: Request, next: Next) -> Response {
    match is_near(request.headers(), request.extensions().get::<Peer>()) {
        true => next.run(request).await,
        false => require_token(state, request, next).await,
    }
}

/// Headers of a request that somebody on this machine passes on: a proxy, or a browser for a page of
/// somebody else.
const PASSED_ON: [&str; 5] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-real-ip",
    "origin",
];

fn is_near(headers: &HeaderMap, peer: Option<&Peer>) -> bool {
    let local = peer.is_some_and(|Peer(address)| address.ip().to_canonical().is_loopback());
    local && PASSED_ON.iter().all(|name| !headers.contains_key(*name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn only_this_machine_is_near() {
        let near = |address: &str, header: Option<&'static str>| {
            let value = HeaderValue::from_static("x");
            let headers = header.map(|name| (http::HeaderName::from_static(name), value));
            let peer = Peer(address.parse().unwrap());
            is_near(&headers.into_iter().collect(), Some(&peer))
        };
        for address in [
            "127.0.0.1:9",
            "127.8.0.1:9",
            "[::1]:9",
            "[::ffff:127.0.0.1]:9",
        ] {
            assert!(near(address, None), "{address}");
        }
        for address in ["10.0.0.1:9", "[::2]:9", "[::ffff:10.0.0.1]:9"] {
            assert!(!near(address, None), "{address}");
        }
        for header in PASSED_ON {
            assert!(!near("127.0.0.1:9", Some(header)), "{header}");
        }
        assert!(!is_near(&HeaderMap::new(), None));
    }
}
