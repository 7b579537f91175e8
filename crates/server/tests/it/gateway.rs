//! The gateway from the outside: whole requests, with upstreams that are real servers.

mod lossless;
mod quotas;
mod reload;
mod repairs;
mod resources;
mod seen;
mod streams;
mod together;
pub(crate) mod upstream;

use crate::client::{Reply, Server};
use axum::body::Body;
use http::Request;
use propus_server::gateway::{Gateway, Settings};
use std::collections::BTreeMap;

pub(crate) const BODY: &str = r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#;
pub(crate) const UNARY: &str = "/v1beta/models/gemini-2.5-flash:generateContent";
pub(crate) const STREAM: &str = "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse";
pub(crate) const LIST: &str = "/v1beta/models/gemini-2.5-flash:streamGenerateContent";

/// A gateway by these settings; `here` is the server's own model.
pub(crate) fn gateway(settings: &str) -> Server {
    let settings: Settings = toml::from_str(settings).unwrap();
    let here = BTreeMap::from([("here".to_owned(), "small".to_owned())]);
    let gateway = Gateway::new(&settings, &here).unwrap();
    Server::changed(|app| app.gateway = Some(gateway))
}

/// A gateway in front of one upstream. Waits are as short as the policy's backoff makes them.
pub(crate) fn before(url: &str, more: &str) -> Server {
    gateway(&format!(
        "[engines.a]\nbase_url = '{url}'\napi_key = 'upstream-key'\n[models]\ndefault = 'a'\n\
         [recovery.backoff]\nfirst_seconds = 0.001\nmost_seconds = 0.002\n{more}"
    ))
}

/// A gateway that asks a second upstream when the first is silent for a while.
pub(crate) fn hedging(slow: &str, quick: &str) -> Server {
    gateway(&format!(
        "[engines.a]\nbase_url = '{slow}'\napi_key = 'k1'\n[engines.b]\nbase_url = '{quick}'\napi_key = 'k2'\n\
         [models]\ndefault = {{ routes = ['a'], fallbacks = ['b'] }}\n\
         [hedging]\nenabled = true\nafter_seconds = 0.05"
    ))
}

/// A call with more headers.
pub(crate) async fn ask(server: &Server, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = Request::post(path).header("x-goog-api-key", &server.key);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    server.send(request.body(Body::from(BODY)).unwrap()).await
}
