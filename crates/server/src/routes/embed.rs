//! `embedContent` and `batchEmbedContents`.

use crate::{
    app::App,
    pipeline::{self, Asking},
    routes::{json, read},
};
use axum::{extract::Request, response::Response};
use propus_failures::{Call as Asked, Problem, check};
use propus_wire::{
    Version,
    embed::{
        BatchEmbedContentsRequest, BatchEmbedContentsResponse, EmbedContentRequest,
        EmbedContentResponse,
    },
    path::Resource,
};

/// `POST /{version}/{model}:embedContent`
pub async fn one(
    app: &App,
    version: Version,
    resource: &Resource<'_>,
    request: Request,
) -> Result<Response, Problem> {
    let route = app.registry.find(version, resource, "embedContent")?;
    let asking = Asking::of(app, &request);
    let (query, call) = read::<EmbedContentRequest>(app, version, request).await?;
    check(&Asked::EmbedContent(&call), &route.card, version)?;
    let embeddings = pipeline::embed::run(app, &route, &asking, vec![call]).await?;
    let embedding = embeddings.into_iter().next();
    let reply = EmbedContentResponse { embedding };
    Ok(route.mark(json(&reply, &query)))
}

/// `POST /{version}/{model}:batchEmbedContents`
pub async fn batch(
    app: &App,
    version: Version,
    resource: &Resource<'_>,
    request: Request,
) -> Result<Response, Problem> {
    let route = app.registry.find(version, resource, "batchEmbedContents")?;
    let asking = Asking::of(app, &request);
    let (query, call) = read::<BatchEmbedContentsRequest>(app, version, request).await?;
    check(&Asked::BatchEmbedContents(&call), &route.card, version)?;
    let embeddings = pipeline::embed::run(app, &route, &asking, call.requests).await?;
    let reply = BatchEmbedContentsResponse { embeddings };
    Ok(route.mark(json(&reply, &query)))
}
