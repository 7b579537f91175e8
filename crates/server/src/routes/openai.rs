//! `/v1beta/openai/`: chat completions, embeddings and models for clients of OpenAI's API.

use crate::{
    app::App,
    layers::render::Streams,
    openai::{chat, embeddings, models},
    pipeline::{self, Asking, Call},
    registry::Route,
    routes::{
        body,
        generate::{apart, whole},
    },
};
use axum::{
    Json,
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use http::{HeaderValue, Method, header};
use propus_engines::Chunks;
use propus_failures::{Call as Asked, Problem, check};
use propus_wire::{
    Version,
    frame::Frame,
    generate::GenerateContentResponse,
    path::{Resource, bare_model},
};
use rand::{Rng, distr::Alphanumeric};
use serde_json::Value;
use std::{convert::Infallible, time::UNIX_EPOCH};

/// OpenAI's paths exist in this version only.
const VERSION: Version = Version::V1Beta;

/// Answers a path below `/v1beta/openai/`; `None` where there is no such path.
pub async fn dispatch(
    app: &App,
    rest: &str,
    verb: Method,
    request: Request,
) -> Option<Result<Response, Problem>> {
    match (rest, verb) {
        ("chat/completions", Method::POST) => Some(complete(app, request).await),
        ("embeddings", Method::POST) => Some(embed(app, request).await),
        ("models", Method::GET) => Some(Ok(list(app))),
        (path, Method::GET) => {
            let name = path.strip_prefix("models/")?;
            Some(
                app.registry
                    .get(VERSION, bare_model(name))
                    .map(|model| Json(models::model(&model)).into_response()),
            )
        }
        _ => None,
    }
}

fn list(app: &App) -> Response {
    Json(models::list(&app.registry.list(VERSION))).into_response()
}

async fn embed(app: &App, request: Request) -> Result<Response, Problem> {
    let asking = Asking::of(app, &request);
    let call = embeddings::request(&body(app, request).await?)?;
    let route = route(app, &call.model, "batchEmbedContents")?;
    check(
        &Asked::BatchEmbedContents(&call.request),
        &route.card,
        VERSION,
    )?;
    let mut tokens = 0;
    for one in &call.request.requests {
        let counted = pipeline::embed::prompt(one);
        let count = route.engine.count_tokens(counted).await?.total_tokens;
        tokens += count.unwrap_or(0).unsigned_abs();
    }
    let calls = call.request.requests.clone();
    let vectors = pipeline::embed::run(app, &route, &asking, calls).await?;
    let reply = embeddings::reply(&call, &vectors, Some(tokens));
    Ok(route.mark(Json(reply).into_response()))
}

fn route(app: &App, model: &str, method: &str) -> Result<Route, Problem> {
    let resource = Resource {
        collection: "models",
        name: bare_model(model).into(),
    };
    app.registry.find(VERSION, &resource, method)
}

async fn complete(app: &App, request: Request) -> Result<Response, Problem> {
    let asking = Asking::of(app, &request);
    let mut call = chat::request(&body(app, request).await?)?;
    let route = route(app, &call.model, "generateContent")?;
    let request = std::mem::take(&mut call.request);
    let chunks = pipeline::run(
        app,
        Call {
            version: VERSION,
            route: &route,
            request,
            asking,
        },
    )
    .await?;
    Ok(route.mark(completion(app, &call, chunks).await?))
}

/// Writes a reply as a call wants it: whole or as events.
pub async fn completion(
    app: &App,
    call: &chat::ChatCall,
    mut chunks: Chunks,
) -> Result<Response, Problem> {
    let meta = meta(app, call);
    let mut response = if call.stream {
        let first = chunks.next().await.transpose()?;
        let written = chat::Chunker::new(meta, call.include_usage);
        streamed(events(written, first, chunks))
    } else {
        Json(chat::reply(&whole(chunks).await?, &meta)).into_response()
    };
    // What has no meaning here is said, not dropped.
    let ignored = call.ignored.join(", ");
    if let Some(names) = HeaderValue::from_str(&ignored)
        .ok()
        .filter(|names| !names.is_empty())
    {
        response.headers_mut().insert("x-propus-ignored", names);
    }
    Ok(response)
}

fn meta(app: &App, call: &chat::ChatCall) -> chat::Meta {
    let letters = rand::rng().sample_iter(Alphanumeric).map(char::from);
    let now = (app.settings.clock)().duration_since(UNIX_EPOCH);
    chat::Meta {
        id: letters.take(22).collect(),
        created: now.map_or(0, |since| since.as_secs()),
        model: call.model.clone(),
        legacy_functions: call.legacy_functions,
    }
}

fn streamed(events: impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static) -> Response {
    let kind = HeaderValue::from_static("text/event-stream");
    let mut response = ([(header::CONTENT_TYPE, kind)], Body::from_stream(events)).into_response();
    response.extensions_mut().insert(Streams);
    response
}

/// An error behind events; OpenAI's clients look for `error` in one.
pub fn late_error(problem: &Problem) -> Bytes {
    let text = problem.status().to_json().to_string();
    Frame::Events.chunk(text.as_bytes(), false)
}

/// Events in OpenAI's manner, which end with `[DONE]`; the Gemini API has no such mark.
fn events(
    mut written: chat::Chunker,
    first: Option<GenerateContentResponse>,
    rest: Chunks,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let event = |value: &Value| Ok(Frame::Events.chunk(value.to_string().as_bytes(), false));
    async_stream::stream! {
        let mut chunks = futures::stream::iter(first.map(Ok)).chain(rest);
        while let Some(chunk) = chunks.next().await {
            match chunk {
                Ok(chunk) => {
                    for value in written.chunk(&chunk) {
                        yield event(&value);
                    }
                }
                Err(problem) => {
                    apart().await;
                    yield Ok(late_error(&problem));
                    return;
                }
            }
        }
        for value in written.finish() {
            yield event(&value);
        }
        yield Ok(Bytes::from_static(b"data: [DONE]\n\n"));
    }
}
