//! What answers a call: the [`Engine`] trait, and the engines that need no local model.

pub mod google;
pub mod openai;
pub mod scripted;
pub mod secret;

use async_trait::async_trait;
use futures::stream::BoxStream;
use propus_failures::Problem;
use propus_wire::{
    embed::{ContentEmbedding, EmbedContentRequest},
    generate::{CountTokensResponse, GenerateContentRequest, GenerateContentResponse},
};
use std::time::Instant;

/// Chunks of a reply. They add up to the unary reply by
/// [`GenerateContentResponse::absorb`]; the last one of each candidate carries a finish reason.
/// Dropping the stream stops the work.
pub type Chunks = BoxStream<'static, Result<GenerateContentResponse, Problem>>;

/// What does the work behind the API. Requests that reach it were checked against the model's card.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Answers a conversation. Fails before the first chunk where it can. After `until` nobody waits any
    /// more: an engine that knows that it will be later fails at once.
    async fn generate(
        &self,
        call: GenerateContentRequest,
        until: Option<Instant>,
    ) -> Result<Chunks, Problem>;

    /// Counts the tokens of a request's prompt.
    async fn count_tokens(
        &self,
        call: GenerateContentRequest,
    ) -> Result<CountTokensResponse, Problem>;

    /// Turns texts into vectors, in their order.
    async fn embed(
        &self,
        calls: Vec<EmbedContentRequest>,
    ) -> Result<Vec<ContentEmbedding>, Problem>;

    /// How much it has to do, for the health page and metrics.
    fn load(&self) -> Load {
        Load::default()
    }
}

/// How much an engine has to do.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// Calls being worked on.
    pub running: usize,
    /// Calls waiting for a place.
    pub waiting: usize,
    /// Most calls that may wait; beyond it a call fails as overloaded.
    pub waiting_limit: usize,
}
