//! Cross-origin calls from browsers: every origin may call, as with Google.

use http::{HeaderName, Method, header};
use std::time::Duration;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer, ExposeHeaders};

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
        .expose_headers(ExposeHeaders::list(exposed()))
        .max_age(Duration::from_secs(3600))
        .vary([header::ORIGIN])
}

/// Headers that a page's script may read.
fn exposed() -> [HeaderName; 7] {
    [
        "x-propus-failure",
        "x-propus-model",
        "x-propus-repairs",
        "x-propus-nearest",
        "x-propus-replay",
        "x-goog-upload-url",
        "x-request-id",
    ]
    .map(HeaderName::from_static)
}
