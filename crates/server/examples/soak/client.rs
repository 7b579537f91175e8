//! The calls through `propus-client` alone.

use crate::{
    plan::{Plan, What},
    server::ANSWER,
    tally::Came,
};
use propus_client::{Backoff, Client, Error, Policy, Reply, Retries};
use propus_failures::recovery::Share;
use propus_wire::{
    caches::CachedContent,
    generate::{Content, FinishReason},
};
use std::time::Duration;

/// A client that may do what the gateway of this run may: short waits, answers of nothing asked again, and
/// more time for a reply that did not begin in time.
pub(crate) fn patient(url: &str) -> Client {
    let policy = Policy {
        backoff: Backoff {
            first: Duration::from_millis(20),
            most: Duration::from_millis(100),
        },
        replies: 1,
        budget: Some(Share::gateway()),
        ..Policy::sdk()
    };
    Client::builder()
        .base_url(url)
        .first_byte_timeout(Duration::from_millis(300))
        .retries(Retries::custom(policy).unwrap())
        .build()
        .unwrap()
}

pub(crate) async fn send(client: &Client, plan: &Plan) -> Came {
    let model = client.model("small");
    let came = match plan.what {
        What::Whole => model.generate(plan.prompt()).await.and_then(judged),
        What::Stream => streamed(client, plan).await.and_then(judged),
        What::Create => create(client, plan).await,
    };
    came.unwrap_or_else(|error| {
        Came::Error(format!("{error}, after {} attempts", error.attempts()))
    })
}

async fn streamed(client: &Client, plan: &Plan) -> Result<Reply, Error> {
    let chunks = client.model("small").stream(plan.prompt()).await?;
    chunks.collect_reply().await
}

/// Whether an answer is whole. One without text is an error where it is read.
fn judged(reply: Reply) -> Result<Came, Error> {
    let is_whole = reply.text()? == ANSWER && reply.finish_reason() == Some(&FinishReason::Stop);
    Ok(if is_whole {
        Came::Answer
    } else {
        Came::Silence
    })
}

async fn create(client: &Client, plan: &Plan) -> Result<Came, Error> {
    let cache = CachedContent {
        model: Some("small".into()),
        contents: vec![Content::text("user", plan.prompt())],
        ..CachedContent::default()
    };
    let created = client.caches().create(cache).await?;
    Ok(match created.name {
        Some(_) => Came::Answer,
        None => Came::Silence,
    })
}
