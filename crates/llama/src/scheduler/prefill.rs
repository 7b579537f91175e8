//! Reading prompts: whole blocks from others or from the cache, the rest by computing it.

use super::engine::Engine;
use super::memory::BLOCK;
use super::request::{Candidate, Request};
use super::{Event, GenerationError};
use crate::native::DecodeError;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

impl Engine {
    /// Reads on in the prompts, until so many tokens are computed that the running candidates should
    /// have their turn.
    pub(super) fn read_prompts(&mut self) {
        let mut budget = self.options.prompt_chunk;
        while budget > 0 {
            let Some(index) = self.next_reader() else {
                return;
            };
            match self.read_on(index) {
                Some(computed) => budget = budget.saturating_sub(computed),
                None => return,
            }
        }
    }

    /// The prompt with the least left, so that short ones need not wait for long ones; at every fourth
    /// step the oldest, so that long ones come to an end.
    fn next_reader(&self) -> Option<usize> {
        let readers = self
            .running
            .iter()
            .enumerate()
            .filter(|(_, request)| request.is_reading());
        let left = |request: &Request| request.job.prompt.len() - request.done;
        match self.turn % 4 {
            0 => readers.map(|(index, _)| index).next(),
            _ => readers
                .min_by_key(|(_, request)| left(request))
                .map(|(index, _)| index),
        }
    }

    /// Reads one block and gives the number of tokens computed; none if there is no room.
    fn read_on(&mut self, index: usize) -> Option<usize> {
        if self.take_block(index) || self.share_beginning(index) {
            return Some(0);
        }
        let request = &self.running[index];
        let left = request.job.prompt.len() - request.done;
        // After a shared beginning, up to where the next block begins.
        let length = left.min(BLOCK - request.done % BLOCK);
        let growth = if left == length {
            request.job.candidates
        } else {
            0
        };
        if self.free_cells() < length + growth {
            return None;
        }
        match self.compute(index, length) {
            Ok(()) => Some(length),
            Err(DecodeError::NoCells) => None,
            Err(DecodeError::Failed(code)) => {
                self.fail(index, GenerationError::Computation(code));
                Some(length)
            }
        }
    }

    /// Takes over the next block if somebody has it.
    fn take_block(&mut self, index: usize) -> bool {
        let has_room = self.free_cells() >= BLOCK;
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
            request.done += BLOCK;
            request.cached += BLOCK;
            self.queue
                .counters
                .cached_tokens
                .fetch_add(BLOCK as u64, Relaxed);
            self.moved = true;
        }
        taken
    }

    /// Shares the beginning of the next block with a running request whose prompt goes on in the same
    /// way: few prompts have a block in common, but most begin with the same template and system
    /// instruction. Never for a request that runs alone, as this changes the shape of blocks.
    fn share_beginning(&mut self, index: usize) -> bool {
        let reader = &self.running[index];
        if !reader.shares || reader.done % BLOCK != 0 {
            return false;
        }
        // The block's last token stays: a block that is complete belongs to those that hold it.
        let end = (reader.done + BLOCK).min(reader.job.prompt.len()) - 1;
        let wanted = &reader.job.prompt[reader.done..end];
        let common = |lender: &Request| {
            let lent = lender.job.prompt[..lender.done].get(reader.done..)?;
            let before = lender.job.prompt[..reader.done] == reader.job.prompt[..reader.done];
            let same = wanted.iter().zip(lent).take_while(|(a, b)| a == b).count();
            (before && same >= MIN_SHARED).then_some((same, lender.sequences[0]))
        };
        let others = self.running.iter().enumerate();
        let lenders = others.filter(|(other, _)| *other != index);
        let longest = lenders
            .filter_map(|(_, lender)| common(lender))
            .max_by_key(|(length, _)| *length);
        let Some((length, lender)) = longest else {
            return false;
        };
        let request = &mut self.running[index];
        let start = request.done;
        request.done += length;
        request.cached += length;
        let sequence = request.sequences[0];
        self.memory
            .context
            .share(lender, sequence, start..start + length);
        self.queue
            .counters
            .cached_tokens
            .fetch_add(length as u64, Relaxed);
        self.moved = true;
        true
    }

    /// Computes the next tokens of a prompt. They go alone, without tokens of other sequences: a
    /// block must have the same shape whenever it is computed. A processor loses little by that, as
    /// a block fills it.
    fn compute(&mut self, index: usize, length: usize) -> Result<(), DecodeError> {
        let started = Instant::now();
        let request = &mut self.running[index];
        let (start, end) = (request.done, request.done + length);
        let last = end == request.job.prompt.len();
        self.batch.clear();
        for position in start..end {
            let output = last && position + 1 == end;
            let token = request.job.prompt[position];
            self.batch
                .add(token, position, request.sequences[0], output);
        }
        self.memory.context.decode(&mut self.batch)?;
        self.moved = true;
        self.note_block(index, length);
        self.running[index].done = end;
        self.queue.counters.prompt.add(length, started.elapsed());
        if last {
            self.start_candidates(index, length - 1);
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

/// The number of the next block, where a request stands at the beginning of one that can be shared.
fn next_block(request: &Request) -> Option<usize> {
    let stands_at_block = request.done == request.held * BLOCK;
    (stands_at_block && request.held < request.keys.len()).then_some(request.held)
}
