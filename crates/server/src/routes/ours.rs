//! What Google's API does not have: `/propus/v1/diagnose` and `/propus/v1/check`.

use crate::{app::App, layers::render::Failed, pipeline::deadline::seconds, routes};
use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use propus_failures::{Problem, Sending, advise, diagnose, inspect, inspect::METHODS};
use propus_wire::Version;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// `POST /propus/v1/diagnose`: the body is evidence of any form; so is `{"evidence": "..."}`.
pub async fn diagnosis(State(app): State<Arc<App>>, request: Request) -> Response {
    let body = match routes::body(&app, request).await {
        Ok(body) => body,
        Err(problem) => return Failed(problem).into_response(),
    };
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wrapped {
        evidence: String,
    }
    let text = match serde_json::from_slice::<Wrapped>(&body) {
        Ok(wrapped) => wrapped.evidence,
        Err(_) => String::from_utf8_lossy(&body).into_owned(),
    };
    Json(diagnose(&text)).into_response()
}

/// `POST /propus/v1/check?model=M&method=generateContent&version=v1beta`: the body is a request. With
/// `advice=true` also what Google's rules for prompts say, with `timeout=S` what comes of the client's.
pub async fn check(State(app): State<Arc<App>>, request: Request) -> Response {
    let reply = findings(&app, request).await;
    reply.unwrap_or_else(|problem| Failed(problem).into_response())
}

async fn findings(app: &App, request: Request) -> Result<Response, Problem> {
    let (mut model, mut method, mut version) =
        (None, "generateContent".to_owned(), Version::V1Beta);
    let (mut advice, mut timeout) = (false, None);
    let query = request.uri().query().unwrap_or_default().to_owned();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match (name.as_ref(), value.as_ref()) {
            ("model", name) => model = Some(name.to_owned()),
            ("method", name) if METHODS.contains(&name) => method = name.to_owned(),
            ("version", "v1") => version = Version::V1,
            ("version", "v1beta") => version = Version::V1Beta,
            ("advice", "true" | "false") => advice = value == "true",
            ("timeout", text) if seconds(text).is_some() => timeout = seconds(text),
            ("method" | "version" | "advice" | "timeout", value) => {
                return Err(routes::invalid(format!("`{name}={value}` is not possible")));
            }
            ("key", _) => (),
            (other, _) => return Err(routes::invalid(format!("there is no parameter `{other}`"))),
        }
    }
    let Some(model) = model else {
        return Err(routes::invalid("the parameter `model` is missing".into()));
    };
    let body = routes::body(app, request).await?;
    let day = app.registry.today();
    let sending = Sending {
        surface: app.settings.surface(version),
        count: Some(|request| propus_tokens::count_request(request).tokens),
        timeout,
        ..Sending::new(&method, &model, version, day)
    };
    let cards = app.registry.cards();
    let mut reply = json!({ "findings": inspect(&body, &sending, cards) });
    if advice {
        reply["advice"] = json!(advise(&body, &sending, cards));
    }
    Ok(Json(reply).into_response())
}
