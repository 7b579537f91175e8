//! Letting requests in, first come, first served.

use super::Job;
use super::engine::Engine;
use super::memory::{BLOCK, block_keys};
use super::request::Request;

/// Cells that a candidate should have before it starts, so that it is not set aside at once.
pub(super) const HEADROOM: usize = 32;

impl Engine {
    /// Lets in as many waiting requests as fit.
    pub(super) fn admit(&mut self) {
        // Those that were set aside were here first.
        while self.aside.is_empty() && self.admit_one() {}
    }

    fn admit_one(&mut self) -> bool {
        let Some(waiting) = self.queue.take_if(|job| self.fits(job)) else {
            return false;
        };
        let Some(sequences) = self.memory.take_sequences(waiting.job.candidates) else {
            // `fits` has counted them.
            return false;
        };
        let alone = self.running.is_empty();
        self.nobody_is_alone();
        // Of a running state no part can be shared.
        let shares = !waiting.job.deterministic && !self.model.has_running_state();
        self.running
            .push(Request::new(waiting, sequences, alone, shares));
        self.moved = true;
        true
    }

    pub(super) fn nobody_is_alone(&mut self) {
        self.running
            .iter_mut()
            .for_each(|request| request.alone = false);
    }

    fn fits(&self, job: &Job) -> bool {
        if self.running.is_empty() {
            // Whatever could be submitted fits into an empty context.
            return true;
        }
        let runs_alone = |request: &Request| request.job.deterministic;
        if job.deterministic || self.running.iter().any(runs_alone) {
            return false;
        }
        job.candidates <= self.memory.free_sequences() && self.has_cells_for(job)
    }

    fn has_cells_for(&self, job: &Job) -> bool {
        let growth = job.candidates * HEADROOM.min(job.max_output_tokens + 1);
        let free = self.unreserved_cells();
        // The hashes are only worth it where they decide.
        if job.prompt.len() + growth <= free {
            return true;
        }
        let keys = block_keys(&job.prompt);
        let shared = keys
            .iter()
            .take_while(|key| self.memory.is_live(key))
            .count()
            * BLOCK;
        job.prompt.len() - shared + growth <= free
    }

    /// Free cells that no prompt will need.
    pub(super) fn unreserved_cells(&self) -> usize {
        let reading = self.running.iter().filter(|request| request.is_reading());
        let unread: usize = reading.map(Request::unread).sum();
        self.free_cells().saturating_sub(unread)
    }
}
