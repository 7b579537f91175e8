//! The thread that computes vectors, and the queue in front of it.

use super::EmbedError;
use crate::Token;
use crate::native::{Batch, NativeContext};
use propus_engines::Load;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

type Answer = Result<Vec<Vec<f32>>, EmbedError>;

/// Texts of one caller, and the vectors of those that are done.
struct Request {
    texts: Vec<Vec<Token>>,
    vectors: Vec<Vec<f32>>,
    answer: oneshot::Sender<Answer>,
}

impl Request {
    fn is_done(&self) -> bool {
        self.vectors.len() == self.texts.len()
    }
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Request>,
    running: usize,
    stopping: bool,
}

/// The requests of one embedder.
pub(super) struct Queue {
    limit: usize,
    state: Mutex<State>,
    changed: Condvar,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl Queue {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn submit(
        &self,
        texts: Vec<Vec<Token>>,
    ) -> Result<oneshot::Receiver<Answer>, EmbedError> {
        let (answer, receiver) = oneshot::channel();
        let mut state = self.state();
        if state.stopping {
            return Err(EmbedError::Stopped);
        }
        state.waiting.retain(|request| !request.answer.is_closed());
        if state.waiting.len() >= self.limit {
            return Err(EmbedError::Busy);
        }
        state.waiting.push_back(Request {
            texts,
            vectors: Vec::new(),
            answer,
        });
        self.changed.notify_all();
        Ok(receiver)
    }

    /// Moves what waits to `requests`; waits for something if that is empty. False to stop.
    fn take(&self, requests: &mut VecDeque<Request>) -> bool {
        let mut state = self.state();
        if requests.is_empty() {
            state.running = 0;
            let idle = |state: &mut State| state.waiting.is_empty() && !state.stopping;
            state = self
                .changed
                .wait_while(state, idle)
                .unwrap_or_else(PoisonError::into_inner);
        }
        // A few at a time: the others count as waiting.
        while requests.len() < 8 {
            let Some(request) = state.waiting.pop_front() else {
                break;
            };
            requests.push_back(request);
        }
        state.running = requests.len();
        !state.stopping
    }

    pub(super) fn stop(&self) {
        self.state().stopping = true;
        self.changed.notify_all();
    }

    pub(super) fn load(&self) -> Load {
        let state = self.state();
        Load {
            running: state.running,
            waiting: state.waiting.len(),
            waiting_limit: self.limit,
        }
    }
}

/// Owns the context.
pub(super) struct Worker {
    context: NativeContext,
    queue: Arc<Queue>,
    batch: Batch,
    most_tokens: usize,
    most_texts: usize,
}

impl Worker {
    pub(super) fn new(
        context: NativeContext,
        queue: Arc<Queue>,
        most_tokens: usize,
        most_texts: usize,
    ) -> Self {
        Self {
            context,
            queue,
            batch: Batch::default(),
            most_tokens,
            most_texts,
        }
    }

    pub(super) fn run(mut self) {
        let mut requests = VecDeque::new();
        while self.queue.take(&mut requests) {
            requests.retain(|request| !request.answer.is_closed());
            let computed = catch_unwind(AssertUnwindSafe(|| self.compute(&mut requests)));
            if !matches!(computed, Ok(true)) {
                tracing::error!("embedding failed");
                for request in requests.drain(..) {
                    let _ = request.answer.send(Err(EmbedError::Computation));
                }
            }
            answer_done(&mut requests);
        }
        self.queue.state().waiting.clear();
    }

    /// Computes as many texts as fit. False if that failed.
    fn compute(&mut self, requests: &mut VecDeque<Request>) -> bool {
        let places = self.fill_batch(requests);
        if places.is_empty() {
            return true;
        }
        self.context.clear();
        if self.context.decode(&mut self.batch).is_err() {
            return false;
        }
        for (sequence, request) in places.into_iter().enumerate() {
            let Some(vector) = self.context.embedding(sequence) else {
                return false;
            };
            requests[request].vectors.push(vector.to_vec());
        }
        true
    }

    /// The request of each sequence in the batch.
    fn fill_batch(&mut self, requests: &VecDeque<Request>) -> Vec<usize> {
        let mut places = Vec::new();
        self.batch.clear();
        for (index, request) in requests.iter().enumerate() {
            for text in &request.texts[request.vectors.len()..] {
                let full = self.batch.len() + text.len() > self.most_tokens;
                if full || places.len() == self.most_texts {
                    return places;
                }
                for (position, token) in text.iter().enumerate() {
                    self.batch.add(*token, position, places.len(), true);
                }
                places.push(index);
            }
        }
        places
    }
}

fn answer_done(requests: &mut VecDeque<Request>) {
    while requests.front().is_some_and(Request::is_done) {
        if let Some(request) = requests.pop_front() {
            // Nobody may wait any more.
            let _ = request.answer.send(Ok(request.vectors));
        }
    }
}
