//! `generateContent`, `streamGenerateContent` and `countTokens`.

use crate::{
    app::App,
    layers::render::Streams,
    pipeline::{self, Asking, Call, deadline::Deadline},
    routes::{json, query::Query, read, text},
};
use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use http::{HeaderValue, header};
use propus_engines::Chunks;
use propus_failures::{Call as Asked, Problem, check};
use propus_wire::{
    Version,
    frame::Frame,
    generate::{CountTokensRequest, GenerateContentRequest, GenerateContentResponse},
    path::Resource,
};
use std::{convert::Infallible, time::Duration};

/// `POST /{version}/{model}:generateContent`
pub async fn unary(
    app: &App,
    version: Version,
    resource: &Resource<'_>,
    request: Request,
) -> Result<Response, Problem> {
    let route = app.registry.find(version, resource, "generateContent")?;
    let asking = Asking::of(app, &request);
    let (query, request) = read::<GenerateContentRequest>(app, version, request).await?;
    let chunks = pipeline::run(
        app,
        Call {
            version,
            route: &route,
            request,
            asking,
        },
    )
    .await?;
    let reply = whole(chunks).await?;
    Ok(route.mark(json(&reply, &query)))
}

/// Adds a stream up to the reply that a unary call gets.
pub async fn whole(mut chunks: Chunks) -> Result<GenerateContentResponse, Problem> {
    let mut reply = GenerateContentResponse::default();
    while let Some(chunk) = chunks.next().await {
        reply.absorb(chunk?);
    }
    Ok(reply)
}

/// `POST /{version}/{model}:streamGenerateContent`
pub async fn stream(
    app: &App,
    version: Version,
    resource: &Resource<'_>,
    request: Request,
) -> Result<Response, Problem> {
    let route = app
        .registry
        .find(version, resource, "streamGenerateContent")?;
    let asking = Asking::of(app, &request);
    let (query, request) = read::<GenerateContentRequest>(app, version, request).await?;
    let mut chunks = pipeline::run(
        app,
        Call {
            version,
            route: &route,
            request,
            asking,
        },
    )
    .await?;
    // Wait for the first chunk: until then a failure still has its own status code.
    let first = chunks.next().await.transpose()?;
    let frame = if query.events {
        Frame::Events
    } else {
        Frame::List
    };
    let body = Body::from_stream(framed(frame, query, first, chunks));
    let kind = HeaderValue::from_static(frame.content_type());
    let mut response = ([(header::CONTENT_TYPE, kind)], body).into_response();
    response.extensions_mut().insert(Streams);
    Ok(route.mark(response))
}

/// Writes chunks into their frame. A late problem is the last thing written.
fn framed(
    frame: Frame,
    mut query: Query,
    first: Option<GenerateContentResponse>,
    rest: Chunks,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    // An event is one line.
    query.pretty &= frame == Frame::List;
    async_stream::stream! {
        let mut began = false;
        let mut chunks = futures::stream::iter(first.map(Ok)).chain(rest);
        while let Some(chunk) = chunks.next().await {
            match chunk {
                Ok(chunk) => yield Ok(frame.chunk(&text(&chunk, &query), !began)),
                Err(problem) => {
                    apart().await;
                    yield Ok(frame.late_error(&problem.status()));
                    return;
                }
            }
            began = true;
        }
        yield Ok(frame.end(began));
    }
}

/// Lets what was written leave first. @google/genai looks at each network chunk by itself and
/// misses an error that shares one with an event (measured with 3.1.0).
pub async fn apart() {
    tokio::time::sleep(Duration::from_millis(5)).await;
}

/// `POST /{version}/{model}:countTokens`
pub async fn count_tokens(
    app: &App,
    version: Version,
    resource: &Resource<'_>,
    request: Request,
) -> Result<Response, Problem> {
    let route = app.registry.find(version, resource, "countTokens")?;
    let deadline = Deadline::of(&app.settings, request.headers());
    let (query, call) = read::<CountTokensRequest>(app, version, request).await?;
    check(&Asked::CountTokens(&call), &route.card, version)?;
    let counted = call
        .generate_content_request
        .unwrap_or(GenerateContentRequest {
            contents: call.contents,
            ..Default::default()
        });
    let reply = deadline.bound(route.engine.count_tokens(counted)).await?;
    Ok(route.mark(json(&reply, &query)))
}
