//! Many generations at once on one model.
//!
//! One thread owns the context. At every step it lets new requests in, computes a piece of the prompts
//! that are not done, and then one token for *all* running candidates in a single call; requests join
//! and leave between two steps.
//!
//! # Sharing of prompts
//!
//! Prompts are computed in blocks of [`BLOCK`] tokens. Running requests with the same beginning share
//! its blocks in memory, and of the first block that differs what is the same; finished blocks are
//! also copied out into a cache, from which later requests take them. Only prompts are shared, never
//! generated tokens, and at least the last token of a prompt is always computed.
//!
//! # What is repeatable
//!
//! The floating-point sums behind a token depend on how many tokens are computed together and on where
//! in memory they lie. A request with a seed that runs *alone* (nothing else runs while it does) gives
//! the same text every time on the same machine with the same number of threads, with or without the
//! cache: blocks have the same shape either way, memory is empty before and filled in the same order, and
//! it takes only those blocks from the cache that were themselves computed alone. Beside other requests
//! the same seed nearly always gives the same text too, but small differences can flip a choice.
//! [`Job::deterministic`] makes a request run alone, without the cache.

mod admit;
mod decode;
mod engine;
mod memory;
mod metrics;
mod prefill;
mod queue;
mod request;
mod swap;
#[cfg(test)]
mod tests;
mod text;

use crate::Token;
use crate::sampling::{Sampling, TokenLogprob};
use futures::Stream;
use llguidance::Matcher;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedReceiver;

pub use memory::BLOCK;
pub use metrics::Metrics;

pub(crate) use engine::{Engine, EngineOptions};
pub(crate) use queue::Limits;

use queue::Queue;

/// Most candidates of one request.
pub const MAX_CANDIDATES: usize = 8;

/// One request for text.
#[derive(Clone)]
pub struct Job {
    /// What to continue.
    pub prompt: Vec<Token>,
    /// How many answers to write, 1 to [`MAX_CANDIDATES`].
    pub candidates: usize,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// Most tokens of each answer.
    pub max_output_tokens: usize,
    /// Texts that end an answer. They are not part of it, but their tokens count as output.
    pub stop: Vec<String>,
    /// What the answer must look like.
    pub constraint: Option<Matcher>,
    /// Whether to report log probabilities, and of how many alternatives.
    pub logprobs: Option<usize>,
    /// Never end by the model's own end token; for measurements.
    pub ignore_end: bool,
    /// Run alone and without the prefix cache.
    pub deterministic: bool,
    /// After it nobody waits any more. A prompt that cannot be read by then, at the speed that was
    /// measured, is given up before it is read.
    pub until: Option<Instant>,
}

impl Job {
    /// A job with one candidate and nothing special.
    pub fn new(prompt: Vec<Token>, max_output_tokens: usize) -> Self {
        Self {
            prompt,
            candidates: 1,
            sampling: Sampling::default(),
            max_output_tokens,
            stop: Vec::new(),
            constraint: None,
            logprobs: None,
            ignore_end: false,
            deterministic: false,
            until: None,
        }
    }
}

/// Why a job was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// All sequences are taken and the queue is full.
    #[error("the model is busy: {running} candidates run and {waiting} wait")]
    Busy {
        /// Candidates that are being written.
        running: usize,
        /// Candidates that wait.
        waiting: usize,
    },
    /// The prompt can never fit.
    #[error("the prompt has {tokens} tokens, the context has room for {limit}")]
    PromptTooLong {
        /// The prompt's tokens.
        tokens: usize,
        /// Most tokens that a prompt may have.
        limit: usize,
    },
    /// The prompt has no token.
    #[error("the prompt is empty")]
    EmptyPrompt,
    /// The prompt holds a number that is no token of this model.
    #[error("{0} is not a token of this model")]
    UnknownToken(Token),
    /// More candidates than can run at once, or none.
    #[error("{candidates} candidates were asked for, 1 to {limit} are possible")]
    Candidates {
        /// The number asked for.
        candidates: usize,
        /// The number that is possible.
        limit: usize,
    },
    /// The engine has stopped.
    #[error("the engine has stopped")]
    Stopped,
}

/// Why a generation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenerationError {
    /// llama.cpp could not compute a batch.
    #[error("the computation failed with code {0}")]
    Computation(i32),
    /// The model's numbers are not numbers any more.
    #[error("the model gave no usable probabilities")]
    NoProbabilities,
    /// The constraint could not be followed.
    #[error("the constraint could not be followed: {0}")]
    Constraint(String),
    /// The prompt cannot be read in the time that is left.
    #[error(
        "{tokens} tokens of the prompt take about {needed:.1?} to read, and {left:.1?} are left"
    )]
    TooLate {
        /// Those that are not in memory.
        tokens: usize,
        /// How long they take at the speed that was measured.
        needed: Duration,
        /// How long somebody waits.
        left: Duration,
    },
    /// A defect of ours; the log says more.
    #[error("the engine had to be restarted")]
    Restarted,
    /// The model was dropped meanwhile.
    #[error("the engine has stopped")]
    Stopped,
}

/// Why a candidate ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FinishReason {
    /// The model ended it.
    Stop,
    /// A stop sequence came up.
    StopSequence,
    /// It has as many tokens as allowed.
    MaxTokens,
    /// The context has no room for more.
    ContextFull,
    /// The constraint allows nothing further: the answer is complete.
    ConstraintDone,
}

/// A generated token with its probability.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenLogprobs {
    /// The token that was chosen. One that the constraint left no choice about has 0.
    pub chosen: TokenLogprob,
    /// The likeliest tokens at its place, best first.
    pub top: Vec<TokenLogprob>,
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The prompt has been read.
    Prompt {
        /// Its tokens.
        tokens: usize,
        /// Those of them that had been computed before.
        cached_tokens: usize,
    },
    /// More text of a candidate.
    Text {
        /// Which candidate, from 0.
        candidate: usize,
        /// The text: whole characters, never a part of a stop sequence. It may be empty.
        text: String,
        /// The tokens that begin in it, where log probabilities were asked for.
        tokens: Vec<TokenLogprobs>,
    },
    /// A candidate is complete.
    Finished {
        /// Which candidate, from 0.
        candidate: usize,
        /// Why.
        reason: FinishReason,
        /// Its tokens, without the model's end token.
        tokens: usize,
    },
    /// The request failed; nothing follows.
    Failed(GenerationError),
}

/// A running request. Dropping it ends the work and frees its place at the next step.
#[derive(Debug)]
pub struct Generation {
    events: UnboundedReceiver<Event>,
}

impl Generation {
    /// The next event; none after the last.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// The next event, for threads outside of an async runtime.
    pub fn blocking_next(&mut self) -> Option<Event> {
        self.events.blocking_recv()
    }
}

impl Stream for Generation {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        self.events.poll_recv(context)
    }
}

/// The handle of the engine's thread. Dropping it stops the thread.
#[derive(Debug)]
pub(crate) struct Scheduler {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl Scheduler {
    /// Starts a thread for an engine.
    pub(crate) fn start(engine: Engine) -> std::io::Result<Self> {
        let queue = engine.queue();
        let thread = std::thread::Builder::new()
            .name("llama".into())
            .spawn(|| engine.run())?;
        Ok(Self {
            queue,
            thread: Some(thread),
        })
    }

    /// Queues a job.
    pub(crate) fn submit(&self, job: Job) -> Result<Generation, SubmitError> {
        let events = self.queue.submit(job)?;
        Ok(Generation { events })
    }

    /// What goes on.
    pub(crate) fn metrics(&self) -> Metrics {
        self.queue.metrics()
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        self.queue.stop();
        if let Some(thread) = self.thread.take() {
            // The engine catches its panics: there is no error to see here.
            let _ = thread.join();
        }
    }
}
