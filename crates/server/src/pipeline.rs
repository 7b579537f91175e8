//! The way of one call: check it, let an engine work, finish the reply.

pub mod deadline;
mod files;
mod finish;

use crate::{app::App, registry::Route};
use deadline::Deadline;
use futures::StreamExt;
use propus_engines::Chunks;
use propus_failures::{Call as Asked, Problem, check};
use propus_wire::{Version, generate::GenerateContentRequest};

/// A call whose model is known.
pub struct Call<'a> {
    /// The endpoint's version.
    pub version: Version,
    /// Who answers.
    pub route: &'a Route,
    /// What is asked.
    pub request: GenerateContentRequest,
    /// Until when.
    pub deadline: Deadline,
}

/// Carries out a call. Problems come before the first chunk where possible.
pub async fn run(app: &App, call: Call<'_>) -> Result<Chunks, Problem> {
    let Call {
        version,
        route,
        mut request,
        deadline,
    } = call;
    check(&Asked::GenerateContent(&request), &route.card, version)?;
    files::find(&request)?;
    request.model = Some(format!("models/{}", route.card.name));
    let stamp = finish::Stamp::new(app, route);
    let chunks = deadline.bound(route.engine.generate(request)).await?;
    let chunks = chunks.map(move |chunk| chunk.map(|chunk| stamp.on(chunk)));
    Ok(deadline.bound_chunks(chunks.boxed()))
}
