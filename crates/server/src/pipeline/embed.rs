//! The way of texts to vectors: count them, embed them.

use super::Asking;
use crate::{app::App, quotas::Work, registry::Route};
use propus_failures::Problem;
use propus_wire::{
    embed::{ContentEmbedding, EmbedContentRequest},
    generate::GenerateContentRequest,
};

/// Embeds texts as far as the caller's quota allows: all or none.
pub async fn run(
    app: &App,
    route: &Route,
    asking: &Asking,
    calls: Vec<EmbedContentRequest>,
) -> Result<Vec<ContentEmbedding>, Problem> {
    asking.record.answered_by(&route.card.name);
    let prompts = calls.iter().map(prompt);
    let reserved = asking.reserve(app, route, Work::Embed, prompts).await?;
    let done = asking.deadline.bound(route.engine.embed(calls)).await;
    if done.is_err() {
        reserved.cancel().await;
    }
    done
}

/// What is to be embedded, as a prompt whose tokens can be counted.
pub fn prompt(call: &EmbedContentRequest) -> GenerateContentRequest {
    GenerateContentRequest {
        contents: call.content.iter().cloned().collect(),
        ..Default::default()
    }
}
