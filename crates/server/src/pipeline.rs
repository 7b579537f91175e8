//! The way of one call: check it, let an engine work, finish the reply.

pub mod deadline;
pub mod embed;
mod files;
mod finish;
mod window;

use crate::{
    accounts::Caller,
    app::App,
    metrics::Record,
    quotas::{Needed, Reserved, Work},
    registry::Route,
};
use axum::extract::Request;
use deadline::Deadline;
use futures::StreamExt;
use propus_engines::Chunks;
use propus_failures::{Call as Asked, Problem, check, limits::context_too_long::ContextTooLong};
use propus_wire::{Version, generate::GenerateContentRequest};
use std::iter;

/// A call whose model is known.
pub struct Call<'a> {
    /// The endpoint's version.
    pub version: Version,
    /// Who answers.
    pub route: &'a Route,
    /// What is asked.
    pub request: GenerateContentRequest,
    /// By whom, and until when.
    pub asking: Asking,
}

/// Who asks, and until when.
#[derive(Clone, Debug)]
pub struct Asking {
    /// Nobody in particular where no key is needed.
    pub caller: Option<Caller>,
    /// When an answer is of no use any more.
    pub deadline: Deadline,
    /// What becomes known of the request.
    pub record: Record,
}

impl Asking {
    /// What a request's headers and the key's layer tell; its body is not read.
    pub fn of(app: &App, request: &Request) -> Self {
        Self {
            caller: request.extensions().get::<Caller>().cloned(),
            deadline: Deadline::of(&app.settings, request.headers()),
            record: Record::of(request),
        }
    }

    /// Counts prompts against the caller's quota, all or none; nothing where none counts.
    async fn reserve(
        &self,
        app: &App,
        route: &Route,
        work: Work,
        prompts: impl IntoIterator<Item = GenerateContentRequest>,
    ) -> Result<Reserved, Problem> {
        let (Some(quotas), Some(caller)) = (&app.quotas, &self.caller) else {
            return Ok(Reserved::default());
        };
        let mut needed = Vec::new();
        for prompt in prompts {
            let output = most_output(&prompt);
            let input = self.deadline.bound(counted(route, prompt)).await?;
            needed.push(Needed { input, output });
        }
        let (now, model) = ((app.settings.clock)(), &route.card.name);
        let project = &caller.project;
        let reserved = quotas.reserve(now, project, model, work, &needed).await;
        match &reserved {
            Ok(reserved) => self.record.priced(reserved.price()),
            Err(problem) => app.metrics.quota_refused(problem),
        }
        if work == Work::Embed {
            // Its reply tells no tokens.
            self.record
                .input(needed.iter().map(|needed| needed.input).sum());
        }
        reserved
    }
}

/// The tokens of a prompt.
async fn counted(route: &Route, prompt: GenerateContentRequest) -> Result<u64, Problem> {
    let counted = route.engine.count_tokens(prompt).await?;
    Ok(u64::from(
        counted.total_tokens.unwrap_or_default().unsigned_abs(),
    ))
}

/// The most tokens that all answers may have, where the request says it.
pub(crate) fn most_output(request: &GenerateContentRequest) -> Option<u64> {
    let config = request.generation_config.as_ref()?;
    let positive = |count: i32| u64::try_from(count).ok().filter(|count| *count > 0);
    let candidates = config.candidate_count.and_then(positive).unwrap_or(1);
    Some(positive(config.max_output_tokens?)? * candidates)
}

/// A problem in the words of the profile.
fn said(app: &App, problem: Problem) -> Problem {
    match problem.downcast_ref::<ContextTooLong>() {
        Some(too_long) => too_long.said(app.registry.cards().profile()),
        None => problem,
    }
}

/// Carries out a call. Problems come before the first chunk where possible.
pub async fn run(app: &App, call: Call<'_>) -> Result<Chunks, Problem> {
    let Call {
        version,
        route,
        mut request,
        asking,
    } = call;
    asking.record.answered_by(&route.card.name);
    check(&Asked::GenerateContent(&request), &route.card, version)?;
    files::find(&request, app.registry.cards().profile())?;
    let fits = window::fits(route, &request);
    asking
        .deadline
        .bound(fits)
        .await
        .map_err(|problem| said(app, problem))?;
    request.model = Some(format!("models/{}", route.card.name));
    let stamp = finish::Stamp::new(app, route);
    let prompt = iter::once_with(|| request.clone());
    let reserved = asking.reserve(app, route, Work::Generate, prompt).await?;
    let deadline = asking.deadline;
    let chunks = match deadline
        .bound(route.engine.generate(request, deadline.until()))
        .await
    {
        Ok(chunks) => reserved.settled_by(chunks),
        Err(problem) => {
            reserved.cancel().await;
            return Err(said(app, problem));
        }
    };
    let chunks = chunks.map(move |chunk| chunk.map(|chunk| stamp.on(chunk)));
    Ok(asking.record.watch(deadline.bound_chunks(chunks.boxed())))
}
