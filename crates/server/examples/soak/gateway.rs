//! The calls through the gateway.

use crate::{
    plan::{Plan, What},
    server::made,
    tally::Came,
};
use axum::{Router, body::Body, extract::Request};
use http_body_util::BodyExt;
use propus_server::{
    app::router,
    gateway::{Gateway, Settings},
};
use serde_json::json;
use std::{collections::BTreeMap, sync::Arc};
use tower::ServiceExt;

/// What this run sets besides: times that suit an upstream on the same machine.
const HURRIED: &str = "
[recovery.backoff]
first_seconds = 0.02
most_seconds = 0.1
";

/// The gateway of this run.
pub(crate) fn in_front(url: &str, key: &str) -> Router {
    by_settings(&format!(
        "[engines.upstream]\nbase_url = '{url}'\napi_key = '{key}'\nfirst_byte_timeout_seconds = 0.3\n\
         [models]\ndefault = 'upstream'\n{HURRIED}"
    ))
}

/// A gateway without keys of its own.
pub(crate) fn by_settings(settings: &str) -> Router {
    let settings: Settings = toml::from_str(settings).unwrap();
    let gateway = Gateway::new(&settings, &BTreeMap::new()).unwrap();
    router(Arc::new(made(Vec::new(), Some(gateway), None)))
}

pub(crate) async fn send(router: Router, plan: &Plan) -> Came {
    let body = json!({"contents": [{"parts": [{"text": plan.prompt()}]}]});
    let request = Request::post(path(plan)).body(Body::from(body.to_string()));
    let response = router.oneshot(request.unwrap()).await.unwrap();
    let (status, repairs) = (
        response.status(),
        response.headers().get("x-propus-repairs").cloned(),
    );
    let text = match response.into_body().collect().await {
        Ok(body) => String::from_utf8_lossy(&body.to_bytes()).into_owned(),
        Err(_) => return Came::Error("the connection broke".into()),
    };
    let told = format!("{status} {repairs:?} {text}");
    match plan.what {
        _ if text.contains("\"error\"") || !status.is_success() => Came::Error(told),
        What::Create if text.contains("cachedContents/") => Came::Answer,
        What::Create => Came::Silence,
        _ if text.contains("STOP") && text.contains("old.") => Came::Answer,
        // An answer without text is an honest reply of the upstream's.
        _ if text.contains("STOP") => Came::Error(told),
        _ => Came::Silence,
    }
}

fn path(plan: &Plan) -> &'static str {
    match plan.what {
        What::Whole => "/v1beta/models/small:generateContent",
        What::Stream => "/v1beta/models/small:streamGenerateContent?alt=sse",
        What::Create => "/v1beta/cachedContents",
    }
}
