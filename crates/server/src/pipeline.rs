//! The way of one call: check it, let an engine work, finish the reply.

pub mod deadline;
mod files;
mod finish;

use crate::{
    accounts::Caller,
    app::App,
    quotas::{self, Work},
    registry::Route,
};
use deadline::Deadline;
use futures::StreamExt;
use propus_engines::Chunks;
use propus_failures::{Call as Asked, Problem, check};
use propus_quota::Reservation;
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
    /// Who asks; nobody in particular where no key is needed.
    pub caller: Option<Caller>,
}

/// Carries out a call. Problems come before the first chunk where possible.
pub async fn run(app: &App, call: Call<'_>) -> Result<Chunks, Problem> {
    let Call {
        version,
        route,
        mut request,
        deadline,
        caller,
    } = call;
    check(&Asked::GenerateContent(&request), &route.card, version)?;
    files::find(&request)?;
    request.model = Some(format!("models/{}", route.card.name));
    let stamp = finish::Stamp::new(app, route);
    let reserved = match (&app.quotas, &caller) {
        (Some(quotas), Some(caller)) => {
            let counted = route.engine.count_tokens(request.clone());
            let tokens = deadline
                .bound(counted)
                .await?
                .total_tokens
                .unwrap_or_default();
            let (now, model) = ((app.settings.clock)(), &route.card.name);
            let tokens = [u64::from(tokens.unsigned_abs())];
            quotas.reserve(now, &caller.project, model, Work::Generate, &tokens)?
        }
        _ => Vec::new(),
    };
    let chunks = match deadline.bound(route.engine.generate(request)).await {
        Ok(chunks) => quotas::settled(chunks, reserved),
        Err(problem) => {
            reserved.into_iter().for_each(Reservation::cancel);
            return Err(problem);
        }
    };
    let chunks = chunks.map(move |chunk| chunk.map(|chunk| stamp.on(chunk)));
    Ok(deadline.bound_chunks(chunks.boxed()))
}
