//! A request that has been let in, and its candidates.

use super::memory::{BLOCK, BlockKey, block_keys};
use super::queue::Waiting;
use super::text::OutputText;
use super::{Event, FinishReason, Job, TokenLogprobs};
use crate::Token;
use crate::sampling::Sampler;
use llguidance::Matcher;
use std::collections::VecDeque;
use tokio::sync::mpsc::UnboundedSender;

/// A request with its places in memory.
pub(super) struct Request {
    pub(super) job: Job,
    pub(super) events: UnboundedSender<Event>,
    /// One for each candidate; the first holds the prompt while it is computed.
    pub(super) sequences: Vec<usize>,
    /// The keys of the prompt's blocks.
    pub(super) keys: Vec<BlockKey>,
    /// Whether it may share what others have computed.
    pub(super) shares: bool,
    /// How many of them are held, from the first.
    pub(super) held: usize,
    /// How much of the prompt is in memory.
    pub(super) done: usize,
    /// How much of it did not have to be computed.
    pub(super) cached: usize,
    /// Empty until the prompt is done.
    pub(super) candidates: Vec<Candidate>,
    /// Whether nothing else has run since it was let in.
    pub(super) alone: bool,
    /// Whether it was asked whether the prompt can be read in time.
    pub(super) is_timed: bool,
}

impl Request {
    pub(super) fn new(waiting: Waiting, sequences: Vec<usize>, alone: bool, shares: bool) -> Self {
        let Waiting { job, events } = waiting;
        let keys = if shares {
            block_keys(&job.prompt)
        } else {
            Vec::new()
        };
        Self {
            job,
            events,
            sequences,
            keys,
            shares,
            held: 0,
            done: 0,
            cached: 0,
            candidates: Vec::new(),
            alone,
            is_timed: false,
        }
    }

    /// Whether the prompt is still being computed.
    pub(super) fn is_reading(&self) -> bool {
        self.candidates.is_empty()
    }

    /// The tokens of the prompt that are not in memory yet.
    pub(super) fn unread(&self) -> usize {
        self.job.prompt.len() - self.done
    }

    /// Whether every candidate has ended.
    pub(super) fn is_finished(&self) -> bool {
        !self.is_reading() && self.candidates.iter().all(Candidate::is_finished)
    }

    /// Whether nobody listens any more.
    pub(super) fn is_abandoned(&self) -> bool {
        self.events.is_closed()
    }

    /// Cells that are not in blocks.
    pub(super) fn own_cells(&self) -> usize {
        let tails = self
            .candidates
            .iter()
            .map(|candidate| candidate.own_cells(self.done));
        self.done - self.held * BLOCK + tails.sum::<usize>()
    }

    /// The blocks that it holds.
    pub(super) fn held_blocks(&self) -> &[BlockKey] {
        &self.keys[..self.held]
    }

    pub(super) fn send(&self, event: Event) {
        // Nobody may listen any more; the next step sees to that.
        let _ = self.events.send(event);
    }
}

/// One answer.
pub(super) struct Candidate {
    pub(super) index: usize,
    pub(super) sequence: usize,
    /// Tokens in memory, the prompt's included.
    pub(super) position: usize,
    /// Tokens chosen and not yet computed.
    pub(super) pending: VecDeque<Token>,
    /// Tokens chosen so far.
    pub(super) generated: usize,
    pub(super) sampler: Sampler,
    pub(super) matcher: Option<Matcher>,
    pub(super) output: OutputText,
    /// Log probabilities of tokens whose text is held, with the place of their first byte.
    pub(super) unsent: VecDeque<(usize, TokenLogprobs)>,
    pub(super) finished: Option<FinishReason>,
}

impl Candidate {
    pub(super) fn new(job: &Job, index: usize, sequence: usize) -> Self {
        Self {
            index,
            sequence,
            position: job.prompt.len(),
            pending: VecDeque::new(),
            generated: 0,
            sampler: Sampler::new(job.sampling.clone(), index),
            // Deep: clones share caches behind a lock.
            matcher: job.constraint.as_ref().map(Matcher::deep_clone),
            output: OutputText::new(&job.stop),
            unsent: VecDeque::new(),
            finished: None,
        }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.finished.is_some()
    }

    fn own_cells(&self, prompt: usize) -> usize {
        if self.is_finished() {
            0
        } else {
            self.position - prompt
        }
    }
}
