//! Reading prompts: whole blocks from others or from the cache, the rest by computing it.

use super::engine::Engine;
use super::memory::BLOCK;
use super::request::{Candidate, Request};
use super::{Event, GenerationError, Job};
use crate::native::DecodeError;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// A request's index, and how many tokens of its prompt the next call computes.
type Reading = (usize, usize);

impl Engine {
    /// Reads on in the prompts, until so many tokens are computed that the running candidates should
    /// have their turn.
    pub(super) fn read_prompts(&mut self) {
        self.give_up_late();
        let mut budget = self.options.prompt_chunk;
        while budget > 0 {
            let readings = self.plan_readings(budget);
            let computed: usize = readings.iter().map(|(_, length)| length).sum();
            if computed == 0 {
                return;
            }
            match self.compute(&readings) {
                Ok(()) => budget = budget.saturating_sub(computed),
                Err(DecodeError::NoCells) => return,
                Err(DecodeError::Failed(code)) => {
                    // From the last, so that the indices before stay right.
                    for (index, _) in readings.into_iter().rev() {
                        self.fail(index, GenerationError::Computation(code));
                    }
                }
            }
        }
    }

    /// Gives up new requests whose prompts cannot be read in time even if nobody else were there; what
    /// others have computed takes no time.
    fn give_up_late(&mut self) {
        for index in (0..self.running.len()).rev() {
            if self.running[index].is_timed {
                continue;
            }
            while self.take_block(index, 0) {}
            self.running[index].is_timed = true;
            if let Some(error) =
                self.lateness(&self.running[index].job, self.running[index].unread())
            {
                self.fail(index, error);
            }
        }
    }

    fn lateness(&self, job: &Job, tokens: usize) -> Option<GenerationError> {
        let left = job.until?.saturating_duration_since(Instant::now());
        let speed = self.queue.counters.prompt.per_second();
        let needed = Duration::try_from_secs_f64(tokens as f64 / speed).ok()?;
        // A little slower than measured can still be in time.
        (needed.mul_f64(0.8) > left).then_some(GenerationError::TooLate {
            tokens,
            needed,
            left,
        })
    }

    /// What the next call computes: of several prompts, because few are as long as a processor could
    /// compute at once. In the order of their indices.
    fn plan_readings(&mut self, budget: usize) -> Vec<Reading> {
        let most = budget.min(BLOCK);
        let (mut readings, mut tokens, mut cells): (Vec<Reading>, _, _) = (Vec::new(), 0, 0);
        for index in self.readers() {
            while self.take_block(index, cells) || self.share_beginning(index) {}
            let request = &self.running[index];
            let left = request.unread();
            // After a shared beginning, up to where the next block begins.
            let length = left.min(BLOCK - request.done % BLOCK);
            let growth = if left == length {
                request.job.candidates
            } else {
                0
            };
            let fits = self.free_cells() >= cells + length + growth;
            let first = readings.is_empty();
            if first && !fits {
                return readings;
            }
            let waits = self.shares_soon(index, &readings);
            if fits && !waits && (first || tokens + length <= most) {
                readings.push((index, length));
                tokens += length;
                cells += length + growth;
            }
            if tokens >= most {
                break;
            }
        }
        readings.sort_unstable();
        readings
    }

    /// Requests whose prompts are not done: the one with the least left first, so that short ones need
    /// not wait for long ones; at every fourth step the oldest, so that long ones come to an end.
    fn readers(&self) -> Vec<usize> {
        let mut readers: Vec<usize> = (0..self.running.len())
            .filter(|index| self.running[*index].is_reading())
            .collect();
        if !self.turn.is_multiple_of(4) {
            readers.sort_by_key(|index| self.running[*index].unread());
        }
        readers
    }

    /// Whether a prompt goes on as one of these does, so that it can share that in a moment.
    fn shares_soon(&self, index: usize, readings: &[Reading]) -> bool {
        let reader = &self.running[index];
        let after = |(other, length): &Reading| {
            let other = &self.running[*other];
            common_tokens(reader, other, other.done + length) >= MIN_SHARED
        };
        readings.iter().any(after)
    }

    /// Takes over the next block if somebody has it. `planned` cells are spoken for.
    fn take_block(&mut self, index: usize, planned: usize) -> bool {
        let has_room = self.free_cells() >= planned + BLOCK;
        let request = &mut self.running[index];
        let Some(key) = next_block(request).map(|block| request.keys[block]) else {
            return false;
        };
        let (block, sequence) = (request.held, request.sequences[0]);
        let taken = self.memory.share_block(&key, block, sequence)
            || (has_room
                && self.memory.is_cached(&key, request.alone)
                && self.memory.restore_block(&key, sequence));
        if taken {
            request.held += 1;
            self.note_taken(index, BLOCK);
        }
        taken
    }

    /// Shares the beginning of the next block with a running request whose prompt goes on in the same
    /// way: few prompts have a block in common, but most begin with the same template and system
    /// instruction. Never for a request that runs alone, as this changes the shape of blocks.
    fn share_beginning(&mut self, index: usize) -> bool {
        let reader = &self.running[index];
        let lenders = self.running.iter().enumerate();
        let longest = lenders
            .filter(|(other, _)| *other != index)
            .map(|(_, lender)| {
                let common = common_tokens(reader, lender, lender.done);
                (common, lender.sequences[0])
            })
            .max_by_key(|(length, _)| *length)
            .filter(|(length, _)| *length >= MIN_SHARED);
        let Some((length, lender)) = longest else {
            return false;
        };
        let (start, sequence) = (reader.done, reader.sequences[0]);
        self.memory
            .context
            .share(lender, sequence, start..start + length);
        self.note_taken(index, length);
        true
    }

    /// Counts tokens of a prompt that did not have to be computed.
    fn note_taken(&mut self, index: usize, tokens: usize) {
        let request = &mut self.running[index];
        request.done += tokens;
        request.cached += tokens;
        let counter = &self.queue.counters.cached_tokens;
        counter.fetch_add(tokens as u64, Relaxed);
        self.moved = true;
    }

    /// Computes the next tokens of prompts. Without tokens of running candidates: a block of a request
    /// that runs alone must have the same shape whenever it is computed. A processor loses little by
    /// that, as a block fills it.
    fn compute(&mut self, readings: &[Reading]) -> Result<(), DecodeError> {
        let started = Instant::now();
        self.batch.clear();
        let mut outputs = Vec::new();
        for (index, length) in readings.iter().copied() {
            let request = &self.running[index];
            let (start, end) = (request.done, request.done + length);
            let last = end == request.job.prompt.len();
            for position in start..end {
                let output = last && position + 1 == end;
                let token = request.job.prompt[position];
                let place = self
                    .batch
                    .add(token, position, request.sequences[0], output);
                if output {
                    outputs.push((index, place));
                }
            }
        }
        self.memory.context.decode(&mut self.batch)?;
        self.moved = true;
        let computed = self.batch.len();
        for (index, length) in readings.iter().copied() {
            self.note_block(index, length);
            self.running[index].done += length;
        }
        self.queue.counters.prompt.add(computed, started.elapsed());
        // From the last: a request that fails here is taken out.
        for (index, place) in outputs.into_iter().rev() {
            self.start_candidates(index, place);
        }
        Ok(())
    }

    /// Holds and caches a block that has just been computed.
    fn note_block(&mut self, index: usize, length: usize) {
        let request = &mut self.running[index];
        let block = request.held;
        let completes = request.done + length == (block + 1) * BLOCK;
        if !completes || block >= request.keys.len() {
            return;
        }
        let (key, sequence) = (request.keys[block], request.sequences[0]);
        request.held += 1;
        self.memory.keep_block(&key, block, sequence, request.alone);
    }

    /// Begins the answers, all from the same logits.
    fn start_candidates(&mut self, index: usize, output: usize) {
        let request = &mut self.running[index];
        let first = request.sequences[0];
        for sequence in &request.sequences[1..] {
            self.memory.context.share_all(first, *sequence);
        }
        let candidates = request.sequences.iter().enumerate();
        request.candidates = candidates
            .map(|(index, sequence)| Candidate::new(&request.job, index, *sequence))
            .collect();
        let (tokens, cached_tokens) = (request.job.prompt.len(), request.cached);
        request.send(Event::Prompt {
            tokens,
            cached_tokens,
        });
        let outputs: Vec<_> = (0..request.candidates.len())
            .map(|candidate| (index, candidate, output))
            .collect();
        self.advance(&outputs);
    }
}

/// Fewer tokens in common are computed again.
const MIN_SHARED: usize = 8;

/// How many of the reader's next tokens, within a block and before the block's and the prompt's last,
/// are the same in the first `held` tokens of another request's prompt; none where it may not share, or
/// stands within a block.
fn common_tokens(reader: &Request, other: &Request, held: usize) -> usize {
    let done = reader.done;
    if !reader.shares || !done.is_multiple_of(BLOCK) {
        return 0;
    }
    let (mine, theirs) = (&reader.job.prompt, &other.job.prompt[..held]);
    let end = (done + BLOCK).min(mine.len()) - 1;
    match theirs.get(done..) {
        Some(next) if theirs[..done] == mine[..done] => {
            let pairs = mine[done..end].iter().zip(next);
            pairs.take_while(|(a, b)| a == b).count()
        }
        _ => 0,
    }
}

/// The number of the next block, where a request stands at the beginning of one that can be shared.
fn next_block(request: &Request) -> Option<usize> {
    let stands_at_block = request.done == request.held * BLOCK;
    (stands_at_block && request.held < request.keys.len()).then_some(request.held)
}
