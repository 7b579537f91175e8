//! The engine's thread: one step after the other, until the model is dropped.

use super::memory::{BLOCK, Memory};
use super::queue::{Limits, Queue};
use super::request::Request;
use super::swap::SetAside;
use super::{Event, GenerationError};
use crate::native::{Batch, ContextOptions, NativeContext, NativeModel};
use crate::sampling::Scratch;
use crate::tokenizer::Tokenizer;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// How an engine works.
#[derive(Clone, Debug)]
pub(crate) struct EngineOptions {
    /// The context; one of its sequences is for the engine itself.
    pub(crate) context: ContextOptions,
    /// What may be submitted.
    pub(crate) limits: Limits,
    /// Most bytes of the prefix cache.
    pub(crate) cache_bytes: usize,
    /// Prompt tokens computed between two steps of the running candidates.
    pub(crate) prompt_chunk: usize,
}

/// Everything that the engine's thread owns.
pub(crate) struct Engine {
    pub(super) model: Arc<NativeModel>,
    pub(super) tokenizer: Arc<Tokenizer>,
    pub(super) options: EngineOptions,
    pub(super) queue: Arc<Queue>,
    pub(super) memory: Memory,
    /// Oldest first.
    pub(super) running: Vec<Request>,
    /// Requests that had to make room, oldest first.
    pub(super) aside: VecDeque<SetAside>,
    pub(super) batch: Batch,
    pub(super) scratch: Scratch,
    /// Counts steps.
    pub(super) turn: usize,
    /// Whether the current step has computed anything.
    pub(super) moved: bool,
}

impl Engine {
    /// Makes the context. None if llama.cpp could not; it logs why.
    pub(crate) fn new(
        model: Arc<NativeModel>,
        tokenizer: Arc<Tokenizer>,
        options: EngineOptions,
    ) -> Option<Self> {
        let memory = memory(&model, &options)?;
        let mut limits = options.limits;
        limits.sequence_tokens = limits.sequence_tokens.min(memory.context.cells());
        let queue = Arc::new(Queue::new(limits));
        queue.counters.cells.store(memory.context.cells(), Relaxed);
        Some(Self {
            model,
            tokenizer,
            options,
            queue,
            memory,
            running: Vec::new(),
            aside: VecDeque::new(),
            batch: Batch::default(),
            scratch: Scratch::default(),
            turn: 0,
            moved: false,
        })
    }

    /// Where its requests wait.
    pub(crate) fn queue(&self) -> Arc<Queue> {
        Arc::clone(&self.queue)
    }

    /// Works until it is told to stop.
    pub(crate) fn run(mut self) {
        while self.has_work() {
            if catch_unwind(AssertUnwindSafe(|| self.step())).is_ok() {
                continue;
            }
            tracing::error!("the engine panicked; its requests fail and it starts again");
            self.fail_all(&GenerationError::Restarted);
            if !self.start_again() {
                tracing::error!("the engine could not start again and has stopped");
                break;
            }
        }
        self.fail_all(&GenerationError::Stopped);
        for waiting in self.queue.close() {
            let _ = waiting.events.send(Event::Failed(GenerationError::Stopped));
        }
    }

    /// Waits for work. False when it is to stop.
    fn has_work(&mut self) -> bool {
        if !self.running.is_empty() || !self.aside.is_empty() {
            return !self.queue.is_stopping();
        }
        self.memory.clear();
        self.publish();
        self.queue.wait()
    }

    fn step(&mut self) {
        self.turn = self.turn.wrapping_add(1);
        self.moved = false;
        #[cfg(test)]
        super::tests::panic_if_asked();
        self.drop_abandoned();
        self.resume();
        self.admit();
        self.read_prompts();
        self.decode();
        self.drop_finished();
        if !self.moved {
            self.untangle();
        }
        self.publish();
    }

    fn drop_abandoned(&mut self) {
        self.drop_where(Request::is_abandoned);
        let queue = &self.queue;
        self.aside.retain(|aside| {
            let stays = !aside.request.is_abandoned();
            if !stays {
                queue.release(aside.request.job.candidates);
            }
            stays
        });
    }

    pub(super) fn drop_finished(&mut self) {
        self.drop_where(Request::is_finished);
    }

    fn drop_where(&mut self, condition: impl Fn(&Request) -> bool) {
        for index in (0..self.running.len()).rev() {
            if condition(&self.running[index]) {
                self.remove(index);
                self.moved = true;
            }
        }
    }

    /// Takes a request out and gives back what it held.
    fn remove(&mut self, index: usize) -> Request {
        let mut request = self.running.remove(index);
        self.memory.release(
            std::mem::take(&mut request.sequences),
            request.held_blocks(),
        );
        self.queue.release(request.job.candidates);
        request
    }

    /// Ends a request with an error.
    pub(super) fn fail(&mut self, index: usize, error: GenerationError) {
        tracing::warn!(%error, "a generation failed");
        self.queue.counters.failures.fetch_add(1, Relaxed);
        self.remove(index).send(Event::Failed(error));
        self.moved = true;
    }

    fn fail_all(&mut self, error: &GenerationError) {
        let aside = self.aside.drain(..).map(|aside| aside.request);
        for request in self.running.drain(..).chain(aside) {
            self.queue.release(request.job.candidates);
            request.send(Event::Failed(error.clone()));
        }
    }

    /// A new context, after a panic left the old one in an unknown state.
    fn start_again(&mut self) -> bool {
        self.queue.counters.failures.fetch_add(1, Relaxed);
        let fresh = catch_unwind(AssertUnwindSafe(|| memory(&self.model, &self.options)));
        let Ok(Some(memory)) = fresh else {
            return false;
        };
        self.memory = memory;
        true
    }

    /// The cells in use.
    pub(super) fn used_cells(&self) -> usize {
        let own: usize = self.running.iter().map(Request::own_cells).sum();
        self.memory.live_blocks() * BLOCK + own
    }

    /// The cells that are free now.
    pub(super) fn free_cells(&self) -> usize {
        self.memory
            .context
            .cells()
            .saturating_sub(self.used_cells())
    }

    fn publish(&self) {
        let counters = &self.queue.counters;
        counters.cells_used.store(self.used_cells(), Relaxed);
        counters
            .cache_bytes
            .store(self.memory.cache_bytes(), Relaxed);
    }
}

fn memory(model: &Arc<NativeModel>, options: &EngineOptions) -> Option<Memory> {
    let context = NativeContext::new(Arc::clone(model), &options.context)?;
    Some(Memory::new(
        context,
        options.limits.sequences,
        options.cache_bytes,
    ))
}
