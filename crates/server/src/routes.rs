//! From a path to a reply.

pub mod about;
pub mod admin;
pub mod embed;
pub mod generate;
pub mod inject;
pub mod metrics;
pub mod models;
pub mod not_found;
pub mod openai;
pub mod ours;
pub mod query;

use crate::{
    app::App,
    gateway,
    layers::{render::Failed, shed::Place},
};
use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderValue, Method, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use propus_failures::{
    Problem,
    limits::payload_too_large::PayloadTooLarge,
    request::{self as failures, invalid_argument_generic::InvalidArgumentGeneric},
};
use propus_wire::{
    Message, Version, integer_enums,
    path::{Path, Resource},
    request,
};
use query::Query;
use serde_json::Value;
use std::{error::Error, sync::Arc};

/// Answers everything below `/v1` and `/v1beta`: by other servers where the gateway has them, else here.
pub async fn dispatch(app: &Arc<App>, request: Request) -> Response {
    let request = match gateway::answer(app, request).await {
        Ok(response) => return response,
        Err(request) => request,
    };
    let path = request.uri().path().to_owned();
    match Box::pin(here(app, request)).await {
        Some(reply) => reply.unwrap_or_else(|problem| Failed(problem).into_response()),
        None => not_found::page(&path),
    }
}

/// Answers what this server's own models can; none where the API has no such path.
pub async fn here(app: &App, request: Request) -> Option<Result<Response, Problem>> {
    let uri = request.uri().clone();
    let query = uri.query().unwrap_or_default();
    Some(match (Path::parse(uri.path()), request.method().clone()) {
        (Some(Path::Models(version)), Method::GET) => models::list(app, version, query),
        (Some(Path::Model(version, name)), Method::GET) => models::get(app, version, &name, query),
        (Some(Path::Method(version, resource, name)), Method::POST) => {
            method(app, version, &resource, &name, request).await
        }
        (Some(Path::OpenAi(_, rest)), verb) => openai::dispatch(app, &rest, verb, request).await?,
        _ => return None,
    })
}

/// Calls a model's method.
async fn method(
    app: &App,
    version: Version,
    resource: &Resource<'_>,
    method: &str,
    request: Request,
) -> Result<Response, Problem> {
    match method {
        "generateContent" => generate::unary(app, version, resource, request).await,
        "streamGenerateContent" => generate::stream(app, version, resource, request).await,
        "countTokens" => generate::count_tokens(app, version, resource, request).await,
        "embedContent" => embed::one(app, version, resource, request).await,
        "batchEmbedContents" => embed::batch(app, version, resource, request).await,
        _ => Err(app.registry.no_such_method(version, resource, method)),
    }
}

/// Reads a whole body, up to the limit.
pub async fn body(app: &App, request: Request) -> Result<Bytes, Problem> {
    let place = request.extensions().get::<Place>().cloned();
    body_held(app, request.into_body(), place.as_ref()).await
}

/// The same, with the room that it takes counted in a place.
pub async fn body_held(app: &App, body: Body, place: Option<&Place>) -> Result<Bytes, Problem> {
    let limit = app.settings.body_limit;
    let mut body = Limited::new(body, limit);
    let mut pieces: Vec<Bytes> = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| unreadable(error.as_ref(), limit))?;
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        place.iter().try_for_each(|place| place.hold(piece.len()))?;
        pieces.push(piece);
    }
    Ok(match pieces.len() {
        1 => pieces.remove(0),
        _ => pieces.concat().into(),
    })
}

fn unreadable(error: &(dyn Error + 'static), limit: usize) -> Problem {
    if is_too_long(error) {
        let limit = limit as u64;
        return PayloadTooLarge { limit }.into();
    }
    // A broken gzip stream or a client that went away.
    invalid(format!("the body cannot be read: {error}"))
}

/// A fault for which Google has no words.
pub fn invalid(cause: String) -> Problem {
    InvalidArgumentGeneric { cause: Some(cause) }.into()
}

fn is_too_long(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Reads a request's query and body as the method's message.
pub async fn read<T: Message>(
    app: &App,
    version: Version,
    request: Request,
) -> Result<(Query, T), Problem> {
    let query = Query::read(request.uri().query().unwrap_or_default())?;
    let body = body(app, request).await?;
    let surface = app.settings.surface(version);
    let message = request::read(&body, surface, version).map_err(failures::refused)?;
    Ok((query, message))
}

/// Writes a reply as the query asks for: pretty unless told otherwise, enums by name or number.
pub fn json<T: Message + serde::Serialize>(reply: &T, query: &Query) -> Response {
    let mut body = text(reply, query);
    if query.pretty {
        body.push(b'\n');
    }
    let kind = HeaderValue::from_static("application/json; charset=UTF-8");
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

/// The JSON text of a message.
pub fn text<T: Message + serde::Serialize>(reply: &T, query: &Query) -> Vec<u8> {
    let written = if query.integer_enums {
        let mut value = serde_json::to_value(reply).unwrap_or(Value::Null);
        integer_enums::apply(T::descriptor(), &mut value);
        write(&value, query.pretty)
    } else {
        write(reply, query.pretty)
    };
    // A message holds only text, numbers and lists: writing it to memory cannot fail.
    written.unwrap_or_default()
}

fn write<T: serde::Serialize>(value: &T, pretty: bool) -> serde_json::Result<Vec<u8>> {
    if pretty {
        serde_json::to_vec_pretty(value)
    } else {
        serde_json::to_vec(value)
    }
}
