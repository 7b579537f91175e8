//! When cells run out: the youngest requests are set aside and come back when there is room.

use super::GenerationError;
use super::admit::HEADROOM;
use super::engine::Engine;
use super::request::{Candidate, Request};
use std::sync::atomic::Ordering::Relaxed;

/// A request without places, and a copy of what was in them.
pub(super) struct SetAside {
    pub(super) request: Request,
    /// The prompt's cells; none if it was still being read and will be read again.
    prompt: Option<Vec<u8>>,
    /// Of each unfinished candidate, what came after the prompt.
    tails: Vec<(usize, Vec<u8>)>,
}

impl SetAside {
    fn needed_cells(&self) -> usize {
        let prompt = self.request.job.prompt.len();
        let writing = self
            .request
            .candidates
            .iter()
            .filter(|candidate| !candidate.is_finished());
        let tails: usize = writing.map(|candidate| candidate.position - prompt).sum();
        prompt + tails
    }
}

impl Engine {
    /// Sees that there are cells for the next step. False if even setting others aside did not help.
    pub(super) fn make_room(&mut self) -> bool {
        while self.free_cells() < self.wanted_cells() {
            if self.running.len() > 1 {
                self.set_aside_youngest();
            } else if !self.end_longest() {
                return false;
            }
        }
        true
    }

    /// The context had no cell where the books said so: that should not be. Makes room.
    pub(super) fn give_way(&mut self) {
        tracing::warn!("the context has fewer free cells than expected");
        match self.running.len() {
            0 => (),
            1 => self.fail(0, GenerationError::Computation(1)),
            // The tokens of this step are lost with the batch: nothing that writes can go on.
            _ => self.fail_all_writing(),
        }
    }

    fn fail_all_writing(&mut self) {
        for index in (0..self.running.len()).rev() {
            if !self.running[index].is_reading() {
                self.fail(index, GenerationError::Computation(1));
            }
        }
    }

    /// Nothing could move: prompts block each other. The youngest gives way.
    pub(super) fn untangle(&mut self) {
        match self.running.len() {
            0 => (),
            // Alone it fits, unless the books are wrong.
            1 => self.fail(0, GenerationError::Computation(1)),
            _ => self.set_aside_youngest(),
        }
    }

    /// Ends the longest answer of the only request. False if none is being written.
    fn end_longest(&mut self) -> bool {
        let candidates = self
            .running
            .first()
            .map(|request| request.candidates.iter());
        let writing = candidates
            .into_iter()
            .flatten()
            .filter(|candidate| !candidate.is_finished());
        let longest = writing.max_by_key(|candidate| candidate.position);
        let Some(index) = longest.map(|candidate| candidate.index) else {
            return false;
        };
        self.end_for_lack_of_room(0, index);
        true
    }

    fn set_aside_youngest(&mut self) {
        let Some(mut request) = self.running.pop() else {
            return;
        };
        self.queue.counters.set_aside.fetch_add(1, Relaxed);
        let reading = request.is_reading();
        let prompt = request.job.prompt.len();
        let copy = (!reading)
            .then(|| self.memory.save(request.sequences[0], 0..prompt))
            .flatten();
        let tails: Vec<_> = written(&request)
            .map(|candidate| (candidate.index, candidate.sequence, candidate.position))
            .filter_map(|(index, sequence, end)| {
                Some((index, self.memory.save(sequence, prompt..end)?))
            })
            .collect();
        let complete = reading || (copy.is_some() && tails.len() == written(&request).count());
        self.memory.release(
            std::mem::take(&mut request.sequences),
            request.held_blocks(),
        );
        request.held = 0;
        if reading {
            (request.done, request.cached) = (0, 0);
        }
        if complete {
            self.aside.push_front(SetAside {
                request,
                prompt: copy,
                tails,
            });
        } else {
            self.queue.release(request.job.candidates);
            request.send(super::Event::Failed(GenerationError::Computation(1)));
        }
    }

    /// Brings back those that were set aside, as far as there is room.
    pub(super) fn resume(&mut self) {
        while let Some(first) = self.aside.front() {
            let candidates = first.request.job.candidates;
            let needed = first.needed_cells() + candidates * HEADROOM;
            let fits = self.running.is_empty()
                || (needed <= self.unreserved_cells()
                    && candidates <= self.memory.free_sequences());
            if !fits {
                return;
            }
            if let Some(aside) = self.aside.pop_front() {
                self.bring_back(aside);
            }
        }
    }

    fn bring_back(&mut self, aside: SetAside) {
        let SetAside {
            mut request,
            prompt,
            tails,
        } = aside;
        self.moved = true;
        let Some(sequences) = self.memory.take_sequences(request.job.candidates) else {
            self.aside.push_front(SetAside {
                request,
                prompt,
                tails,
            });
            return;
        };
        request.sequences = sequences;
        request.alone = false;
        for candidate in &mut request.candidates {
            candidate.sequence = request.sequences[candidate.index];
        }
        let whole = prompt.is_none_or(|bytes| self.memory.restore(&bytes, &request.sequences))
            && tails.iter().all(|(index, bytes)| {
                self.memory
                    .restore(bytes, &[request.candidates[*index].sequence])
            });
        self.nobody_is_alone();
        // It is older than all that run.
        self.running.insert(0, request);
        if !whole {
            // What was shared before does not fit any more without sharing.
            let count = self.running[0].candidates.len();
            (0..count).for_each(|candidate| self.end_for_lack_of_room(0, candidate));
        }
    }
}

/// Candidates with something of their own in memory.
fn written(request: &Request) -> impl Iterator<Item = &Candidate> {
    let prompt = request.job.prompt.len();
    let candidates = request.candidates.iter();
    candidates.filter(move |candidate| !candidate.is_finished() && candidate.position > prompt)
}
