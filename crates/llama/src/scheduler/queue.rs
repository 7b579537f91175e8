//! Where requests wait: between the threads that submit and the one that computes.

use super::metrics::{Counters, Metrics};
use super::{Event, Job, MAX_CANDIDATES, SubmitError};
use crate::Token;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A job that waits.
pub(crate) struct Waiting {
    pub(super) job: Job,
    pub(super) events: UnboundedSender<Event>,
}

/// What never changes about an engine, and decides whether a job can be taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Most candidates that run at once.
    pub(crate) sequences: usize,
    /// Most candidates that wait.
    pub(crate) waiting: usize,
    /// Most tokens of one sequence.
    pub(crate) sequence_tokens: usize,
    /// Tokens in the vocabulary.
    pub(crate) vocabulary: usize,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    running: usize,
    stopping: bool,
}

/// The waiting requests of one engine.
pub(crate) struct Queue {
    limits: Limits,
    state: Mutex<State>,
    changed: Condvar,
    pub(super) counters: Counters,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Queue {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: Mutex::default(),
            changed: Condvar::new(),
            counters: Counters::default(),
        }
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a job, or says at once why not.
    pub(super) fn submit(&self, job: Job) -> Result<UnboundedReceiver<Event>, SubmitError> {
        self.check(&job)?;
        let (events, receiver) = unbounded_channel();
        let mut state = self.state();
        if state.stopping {
            return Err(SubmitError::Stopped);
        }
        state.waiting.retain(|waiting| !waiting.events.is_closed());
        let waiting = candidates(&state.waiting);
        if state.running + waiting + job.candidates > self.limits.sequences + self.limits.waiting {
            return Err(SubmitError::Busy {
                running: state.running,
                waiting,
            });
        }
        state.waiting.push_back(Waiting { job, events });
        self.changed.notify_all();
        Ok(receiver)
    }

    fn check(&self, job: &Job) -> Result<(), SubmitError> {
        let limits = &self.limits;
        let most = MAX_CANDIDATES.min(limits.sequences);
        if job.candidates == 0 || job.candidates > most {
            return Err(SubmitError::Candidates {
                candidates: job.candidates,
                limit: most,
            });
        }
        if job.prompt.is_empty() {
            return Err(SubmitError::EmptyPrompt);
        }
        // Each candidate needs a cell of its own beside the prompt.
        let limit = limits.sequence_tokens.saturating_sub(job.candidates);
        if job.prompt.len() > limit {
            return Err(SubmitError::PromptTooLong {
                tokens: job.prompt.len(),
                limit,
            });
        }
        let unknown = |token: &&Token| **token as usize >= limits.vocabulary;
        match job.prompt.iter().find(unknown) {
            Some(token) => Err(SubmitError::UnknownToken(*token)),
            None => Ok(()),
        }
    }

    /// Waits until there is something to do. False when the engine is to stop.
    pub(super) fn wait(&self) -> bool {
        let idle = |state: &mut State| state.waiting.is_empty() && !state.stopping;
        let state = self
            .changed
            .wait_while(self.state(), idle)
            .unwrap_or_else(PoisonError::into_inner);
        !state.stopping
    }

    /// Whether the engine is to stop.
    pub(super) fn is_stopping(&self) -> bool {
        self.state().stopping
    }

    /// Takes the first job if `fits` says so. Those whose callers have gone are dropped.
    pub(super) fn take_if(&self, fits: impl FnOnce(&Job) -> bool) -> Option<Waiting> {
        let mut state = self.state();
        state.waiting.retain(|waiting| !waiting.events.is_closed());
        if !fits(&state.waiting.front()?.job) {
            return None;
        }
        let taken = state.waiting.pop_front()?;
        state.running += taken.job.candidates;
        Some(taken)
    }

    /// Gives back the places of candidates that were taken with their job.
    pub(super) fn release(&self, candidates: usize) {
        let mut state = self.state();
        state.running = state.running.saturating_sub(candidates);
    }

    /// Tells the engine to stop.
    pub(super) fn stop(&self) {
        self.state().stopping = true;
        self.changed.notify_all();
    }

    /// Refuses all that comes and takes out all that waits.
    pub(super) fn close(&self) -> Vec<Waiting> {
        let mut state = self.state();
        state.stopping = true;
        state.running = 0;
        state.waiting.drain(..).collect()
    }

    pub(super) fn metrics(&self) -> Metrics {
        let state = self.state();
        self.counters
            .snapshot(state.running, candidates(&state.waiting))
    }
}

fn candidates(waiting: &VecDeque<Waiting>) -> usize {
    waiting.iter().map(|waiting| waiting.job.candidates).sum()
}
