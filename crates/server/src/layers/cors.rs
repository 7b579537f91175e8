//! Cross-origin calls from browsers: every origin may call, as with Google.

use axum::{extract::Request, response::Response};
use http::{HeaderName, HeaderValue, Method, header};
use std::{convert::Infallible, future::ready, time::Duration};
use tower::{Layer, ServiceExt, service_fn};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer, ExposeHeaders};

/// Headers that a page's script may read.
const EXPOSED: &str = "x-propus-failure,x-propus-model,x-propus-repairs,x-propus-nearest,x-propus-replay,\
                       x-goog-upload-url,x-request-id";

/// The layer. `vary` is Google's own list and is set by `render`.
pub fn layer() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::mirror_request())
        .allow_headers(AllowHeaders::mirror_request())
        .allow_methods([
            Method::GET,
            Method::POST,
            Method::PATCH,
            Method::DELETE,
            Method::PUT,
        ])
        .expose_headers(ExposeHeaders::list(
            EXPOSED.split(',').map(HeaderName::from_static),
        ))
        .max_age(Duration::from_secs(3600))
        .vary([header::ORIGIN])
}

/// What the layer does, around a function. A call that no page makes has two headers set and no more.
pub async fn around<F>(request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let headers = request.headers();
    if request.method() == Method::OPTIONS {
        return crossed(bare(&request), Response::default()).await;
    }
    if headers.contains_key(header::ORIGIN) {
        let asked = bare(&request);
        return crossed(asked, next(request).await).await;
    }
    let mut response = next(request).await;
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    let exposed = HeaderValue::from_static(EXPOSED);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    response
}

/// The head of a request, as far as the layer looks at it.
fn bare(request: &Request) -> http::Request<()> {
    let mut bare = http::Request::new(());
    *bare.method_mut() = request.method().clone();
    *bare.headers_mut() = request.headers().clone();
    bare
}

/// A reply with the layer's marks; a question of a browser has a reply of the layer's own.
async fn crossed(asked: http::Request<()>, response: Response) -> Response {
    let mut response = Some(response);
    let answered = layer().layer(service_fn(move |_| {
        ready(Ok::<_, Infallible>(response.take().unwrap_or_default()))
    }));
    let crossed = answered.oneshot(asked).await;
    crossed.unwrap_or_else(|never| match never {})
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[tokio::test]
    async fn a_call_of_no_page_is_marked_as_the_layer_would() {
        let reply = || {
            let mut response = Response::new(Body::empty());
            response
                .headers_mut()
                .insert(header::VARY, HeaderValue::from_static("x"));
            response
        };
        let by_layer = crossed(http::Request::new(()), reply()).await;
        let by_hand = around(Request::new(Body::empty()), async |_| reply()).await;
        assert_eq!(by_layer.headers(), by_hand.headers());
        assert_eq!(by_hand.headers().len(), 3);
    }
}
