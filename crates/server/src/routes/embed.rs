//! `embedContent` and `batchEmbedContents`.

use crate::{
    accounts::Caller,
    app::App,
    pipeline::deadline::Deadline,
    quotas::Work,
    registry::Route,
    routes::{json, read},
};
use axum::{extract::Request, response::Response};
use propus_failures::{Call as Asked, Problem, check};
use propus_quota::Reservation;
use propus_wire::{
    Version,
    embed::{
        BatchEmbedContentsRequest, BatchEmbedContentsResponse, ContentEmbedding,
        EmbedContentRequest, EmbedContentResponse,
    },
    generate::GenerateContentRequest,
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
    let deadline = Deadline::of(&app.settings, request.headers());
    let caller = request.extensions().get::<Caller>().cloned();
    let (query, call) = read::<EmbedContentRequest>(app, version, request).await?;
    check(&Asked::EmbedContent(&call), &route.card, version)?;
    let embeddings = embed(app, &route, caller, deadline, vec![call]).await?;
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
    let deadline = Deadline::of(&app.settings, request.headers());
    let caller = request.extensions().get::<Caller>().cloned();
    let (query, call) = read::<BatchEmbedContentsRequest>(app, version, request).await?;
    check(&Asked::BatchEmbedContents(&call), &route.card, version)?;
    let embeddings = embed(app, &route, caller, deadline, call.requests).await?;
    let reply = BatchEmbedContentsResponse { embeddings };
    Ok(route.mark(json(&reply, &query)))
}

/// Embeds texts as far as the caller's quota allows: all or none.
pub async fn embed(
    app: &App,
    route: &Route,
    caller: Option<Caller>,
    deadline: Deadline,
    calls: Vec<EmbedContentRequest>,
) -> Result<Vec<ContentEmbedding>, Problem> {
    let reserved = match (&app.quotas, &caller) {
        (Some(quotas), Some(caller)) => {
            let mut tokens = Vec::with_capacity(calls.len());
            for call in &calls {
                let counted = GenerateContentRequest {
                    contents: call.content.iter().cloned().collect(),
                    ..Default::default()
                };
                let counted = deadline.bound(route.engine.count_tokens(counted)).await?;
                let count = counted.total_tokens.unwrap_or_default();
                tokens.push(u64::from(count.unsigned_abs()));
            }
            let (now, model) = ((app.settings.clock)(), &route.card.name);
            quotas.reserve(now, &caller.project, model, Work::Embed, &tokens)?
        }
        _ => Vec::new(),
    };
    let done = deadline.bound(route.engine.embed(calls)).await;
    if done.is_err() {
        reserved.into_iter().for_each(Reservation::cancel);
    }
    done
}
