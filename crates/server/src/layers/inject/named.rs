//! What a request names: its model and its method, on every surface.

use crate::{app::App, inject::MODEL, routes};
use axum::{body::Body, extract::Request};
use http::{Method, Uri};
use propus_failures::Problem;
use propus_wire::path::{Path, bare_model};
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;

/// The model that a request names, which on OpenAI's paths stands in the body.
pub(super) async fn with_model(
    app: &App,
    request: Request,
) -> Result<(Request, Option<String>), Problem> {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow)]
        model: Option<Cow<'a, str>>,
    }
    match Path::parse(request.uri().path()) {
        Some(Path::Method(_, resource, _)) => {
            let name = resource.name.into_owned();
            Ok((request, Some(name)))
        }
        Some(Path::Model(_, name)) => {
            let name = name.into_owned();
            Ok((request, Some(name)))
        }
        Some(Path::OpenAi(_, rest)) if request.method() == Method::GET => {
            let name = rest.strip_prefix("models/").map(bare_model);
            let name = name.map(str::to_owned);
            Ok((request, name))
        }
        Some(Path::OpenAi(..)) => {
            let (head, body) = request.into_parts();
            let body = routes::body(app, Request::new(body)).await?;
            let named = serde_json::from_slice::<Named<'_>>(&body).ok();
            let name = named.and_then(|named| named.model);
            let name = name.map(|name| bare_model(&name).to_owned());
            Ok((Request::from_parts(head, Body::from(body)), name))
        }
        Some(Path::Models(_)) | None => Ok((request, None)),
    }
}

/// The method as a rule names it.
pub(super) fn method(request: &Request) -> Cow<'_, str> {
    match Path::parse(request.uri().path()) {
        Some(Path::Method(_, _, method)) => method,
        Some(Path::Models(_)) => "models.list".into(),
        Some(Path::Model(..)) => "models.get".into(),
        Some(Path::OpenAi(_, rest)) => match rest.as_ref() {
            "models" => "models.list".into(),
            path if path.starts_with("models/") => "models.get".into(),
            _ => rest,
        },
        None => "".into(),
    }
}

/// The same request to a model that can answer it, where its own is only the name of a failure.
pub(super) async fn in_place(app: &App, request: Request) -> Result<Request, Problem> {
    match Path::parse(request.uri().path()) {
        Some(Path::Method(version, resource, method)) if resource.name.starts_with(MODEL) => {
            let query = request.uri().query().unwrap_or_default();
            let address = |able: &str| {
                let path = format!("/{}/models/{able}:{method}", version.segment());
                format!("{path}?{query}").parse().ok()
            };
            let uri = able(app, &method).and_then(address);
            Ok(with_uri(request, uri))
        }
        Some(Path::OpenAi(_, rest)) if request.method() == Method::POST => {
            let method = match rest.as_ref() {
                "embeddings" => "batchEmbedContents",
                _ => "generateContent",
            };
            let able = able(app, method).map(str::to_owned);
            let (head, body) = request.into_parts();
            let body = routes::body(app, Request::new(body)).await?;
            let renamed = able.and_then(|able| renamed(&body, able));
            let body = renamed.map_or(Body::from(body), Body::from);
            Ok(Request::from_parts(head, body))
        }
        _ => Ok(request),
    }
}

/// The first model of this server that has a method.
fn able<'a>(app: &'a App, method: &str) -> Option<&'a str> {
    let mut own = app.registry.own();
    let able = own.find(|model| model.card.has_method(method));
    able.map(|model| model.name.as_str())
}

fn with_uri(mut request: Request, uri: Option<Uri>) -> Request {
    if let Some(uri) = uri {
        *request.uri_mut() = uri;
    }
    request
}

/// The same body with another model; nothing where its own is no failure.
fn renamed(body: &[u8], able: String) -> Option<String> {
    let mut body: Value = serde_json::from_slice(body).ok()?;
    let model = body.get_mut("model")?;
    if !bare_model(model.as_str()?).starts_with(MODEL) {
        return None;
    }
    *model = able.into();
    Some(body.to_string())
}
