//! What the engine has done and how fast.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// A look at the engine.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Metrics {
    /// Candidates that are being written.
    pub running: usize,
    /// Candidates that wait.
    pub waiting: usize,
    /// Cells of the context that are in use.
    pub cells_used: usize,
    /// Cells that there are.
    pub cells: usize,
    /// Bytes of the prefix cache.
    pub cache_bytes: usize,
    /// Prompt tokens computed since the start.
    pub prompt_tokens: u64,
    /// Prompt tokens that were shared or came from the cache.
    pub cached_tokens: u64,
    /// Tokens generated since the start.
    pub generated_tokens: u64,
    /// Tokens of prompts per second while prompts are computed, over the last few seconds of it.
    pub prompt_speed: f64,
    /// Tokens generated per second while there is something to generate, likewise.
    pub decode_speed: f64,
    /// Requests that were put aside for lack of cells.
    pub set_aside: u64,
    /// Steps that failed.
    pub failures: u64,
}

/// The numbers behind [`Metrics`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(super) cells: AtomicUsize,
    pub(super) cells_used: AtomicUsize,
    pub(super) cache_bytes: AtomicUsize,
    pub(super) cached_tokens: AtomicU64,
    pub(super) set_aside: AtomicU64,
    pub(super) failures: AtomicU64,
    pub(super) prompt: Speed,
    pub(super) decode: Speed,
}

impl Counters {
    pub(super) fn snapshot(&self, running: usize, waiting: usize) -> Metrics {
        Metrics {
            running,
            waiting,
            cells_used: self.cells_used.load(Relaxed),
            cells: self.cells.load(Relaxed),
            cache_bytes: self.cache_bytes.load(Relaxed),
            prompt_tokens: self.prompt.total.load(Relaxed),
            cached_tokens: self.cached_tokens.load(Relaxed),
            generated_tokens: self.decode.total.load(Relaxed),
            prompt_speed: self.prompt.per_second(),
            decode_speed: self.decode.per_second(),
            set_aside: self.set_aside.load(Relaxed),
            failures: self.failures.load(Relaxed),
        }
    }
}

/// Tokens per second of work. Only the engine's thread writes it.
#[derive(Debug, Default)]
pub(crate) struct Speed {
    total: AtomicU64,
    recent_tokens: AtomicU64,
    recent_micros: AtomicU64,
}

impl Speed {
    /// How much work the average looks back on.
    const WINDOW: u64 = 4_000_000;

    pub(super) fn add(&self, tokens: usize, time: Duration) {
        self.total.fetch_add(tokens as u64, Relaxed);
        let mut tokens = self.recent_tokens.load(Relaxed) + tokens as u64;
        let micros = u64::try_from(time.as_micros()).unwrap_or(Self::WINDOW);
        let mut micros = self.recent_micros.load(Relaxed).saturating_add(micros);
        if micros > Self::WINDOW {
            (tokens, micros) = (tokens / 2, micros / 2);
        }
        self.recent_tokens.store(tokens, Relaxed);
        self.recent_micros.store(micros, Relaxed);
    }

    /// 0 before the first work.
    pub(super) fn per_second(&self) -> f64 {
        let micros = self.recent_micros.load(Relaxed);
        if micros == 0 {
            return 0.0;
        }
        self.recent_tokens.load(Relaxed) as f64 * 1e6 / micros as f64
    }
}
