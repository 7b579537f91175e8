//! Compression of replies, where the caller takes it.

use crate::layers::render::{Foreign, Streams};
use axum::{body::Body, extract::Request, response::Response};
use http::{HeaderMap, header};
use std::{convert::Infallible, future::ready};
use tower::{Layer, ServiceExt, service_fn};
use tower_http::compression::{
    CompressionLayer, Predicate,
    predicate::{NotForContentType, SizeAbove},
};

/// Shorter bodies are not worth it, in bytes.
const WORTH: u16 = 256;

/// What a caller takes.
pub struct Accepted(HeaderMap);

impl Accepted {
    /// As the request says.
    pub fn by(request: &Request) -> Self {
        let mut accepted = HeaderMap::new();
        for value in request.headers().get_all(header::ACCEPT_ENCODING) {
            accepted.append(header::ACCEPT_ENCODING, value.clone());
        }
        Self(accepted)
    }

    /// Compresses a reply. Streams are not compressed: a chunk must leave at once. Nor is what another server
    /// has answered, which stays as it came.
    pub async fn compress(self, response: Response) -> Response {
        let extensions = response.extensions();
        if extensions.get::<Streams>().is_some() || extensions.get::<Foreign>().is_some() {
            return response;
        }
        let mut request = http::Request::new(());
        *request.headers_mut() = self.0;
        let layer = CompressionLayer::new()
            .gzip(true)
            .compress_when(SizeAbove::new(WORTH).and(NotForContentType::SSE));
        let mut response = Some(response);
        let answered = layer.layer(service_fn(move |_| {
            ready(Ok::<_, Infallible>(response.take().unwrap_or_default()))
        }));
        let compressed = answered.oneshot(request).await;
        compressed
            .unwrap_or_else(|never| match never {})
            .map(Body::new)
    }
}
