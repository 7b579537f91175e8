//! One token for every running candidate, in one call.

use super::engine::Engine;
use super::request::{Candidate, Request};
use super::{Event, FinishReason, GenerationError, Job, TokenLogprobs};
use crate::Token;
use crate::native::DecodeError;
use crate::sampling::{Scratch, TokenLogprob, log_probabilities};
use crate::tokenizer::Tokenizer;
use std::time::Instant;
use tokio::sync::mpsc::UnboundedSender;

/// A request's index, a candidate's index, and the batch index whose logits are its next token's.
pub(super) type Output = (usize, usize, usize);

impl Engine {
    /// Computes the pending tokens of all candidates and chooses the next ones.
    pub(super) fn decode(&mut self) {
        let started = Instant::now();
        if !self.make_room() {
            return;
        }
        let outputs = self.fill_batch();
        if self.batch.is_empty() {
            return;
        }
        match self.memory.context.decode(&mut self.batch) {
            Ok(()) => {
                self.moved = true;
                let before = self.generated();
                self.advance(&outputs);
                let new = self.generated().saturating_sub(before);
                self.queue.counters.decode.add(new, started.elapsed());
            }
            Err(DecodeError::NoCells) => self.give_way(),
            Err(DecodeError::Failed(code)) => self.fail_writers(code),
        }
    }

    fn generated(&self) -> usize {
        let candidates = self.running.iter().flat_map(|request| &request.candidates);
        candidates.map(|candidate| candidate.generated).sum()
    }

    /// Most pending tokens that a candidate may feed at once.
    fn share_of_batch(&self) -> usize {
        let candidates = self.running.iter().flat_map(|request| &request.candidates);
        let writing = candidates
            .filter(|candidate| !candidate.is_finished())
            .count();
        (self.options.context.batch / writing.max(1)).max(1)
    }

    /// The tokens that the next call will compute.
    pub(super) fn wanted_cells(&self) -> usize {
        let share = self.share_of_batch();
        let candidates = self.running.iter().flat_map(|request| &request.candidates);
        candidates
            .map(|candidate| candidate.pending.len().min(share))
            .sum()
    }

    /// Puts pending tokens into the batch and says whose logits will come of it.
    fn fill_batch(&mut self) -> Vec<Output> {
        let share = self.share_of_batch();
        let mut outputs = Vec::new();
        self.batch.clear();
        for (request_index, request) in self.running.iter_mut().enumerate() {
            for candidate in &mut request.candidates {
                let count = candidate.pending.len().min(share);
                let complete = count == candidate.pending.len();
                for (fed, token) in candidate.pending.drain(..count).enumerate() {
                    let output = complete && fed + 1 == count;
                    let index =
                        self.batch
                            .add(token, candidate.position + fed, candidate.sequence, output);
                    if output {
                        outputs.push((request_index, candidate.index, index));
                    }
                }
                candidate.position += count;
            }
        }
        outputs
    }

    /// Chooses the next token of each of these candidates.
    pub(super) fn advance(&mut self, outputs: &[Output]) {
        let mut failed: Vec<(usize, GenerationError)> = Vec::new();
        for (request_index, candidate, output) in outputs.iter().copied() {
            if failed
                .last()
                .is_some_and(|(index, _)| *index == request_index)
            {
                continue;
            }
            if let Err(error) = self.advance_one(request_index, candidate, output) {
                failed.push((request_index, error));
            }
        }
        // From the last, so that the indices before stay right.
        for (index, error) in failed.into_iter().rev() {
            self.fail(index, error);
        }
    }

    fn advance_one(
        &mut self,
        request: usize,
        candidate: usize,
        output: usize,
    ) -> Result<(), GenerationError> {
        let Some(logits) = self.memory.context.logits(output) else {
            return Err(GenerationError::NoProbabilities);
        };
        let Request {
            job,
            events,
            candidates,
            done,
            ..
        } = &mut self.running[request];
        let candidate = &mut candidates[candidate];
        let mut writer = Writer {
            job,
            events,
            tokenizer: &self.tokenizer,
            limit: self.queue.limits().sequence_tokens,
            scratch: &mut self.scratch,
            text: String::new(),
            tokens: Vec::new(),
        };
        writer.choose(candidate, logits)?;
        if candidate.is_finished() {
            // The others go on; what is only its own can go at once.
            let (sequence, prompt) = (candidate.sequence, *done);
            self.memory.context.forget_from(sequence, prompt);
        }
        Ok(())
    }

    /// Ends a candidate that has no room left.
    pub(super) fn end_for_lack_of_room(&mut self, request: usize, candidate: usize) {
        let Request {
            job,
            events,
            candidates,
            done,
            ..
        } = &mut self.running[request];
        let candidate = &mut candidates[candidate];
        let mut writer = Writer {
            job,
            events,
            tokenizer: &self.tokenizer,
            limit: 0,
            scratch: &mut self.scratch,
            text: String::new(),
            tokens: Vec::new(),
        };
        writer.finish(candidate, FinishReason::ContextFull);
        self.memory.context.forget_from(candidate.sequence, *done);
        self.moved = true;
    }

    fn fail_writers(&mut self, code: i32) {
        for index in (0..self.running.len()).rev() {
            if !self.running[index].is_reading() {
                self.fail(index, GenerationError::Computation(code));
            }
        }
    }
}

/// Chooses tokens for a candidate and sends what can be shown.
struct Writer<'a> {
    job: &'a Job,
    events: &'a UnboundedSender<Event>,
    tokenizer: &'a Tokenizer,
    /// Most tokens of a sequence.
    limit: usize,
    scratch: &'a mut Scratch,
    text: String,
    tokens: Vec<TokenLogprobs>,
}

impl Writer<'_> {
    fn choose(&mut self, candidate: &mut Candidate, logits: &[f32]) -> Result<(), GenerationError> {
        if self.job.max_output_tokens == 0 {
            self.finish(candidate, FinishReason::MaxTokens);
            return Ok(());
        }
        // Only before the first token: later ones were followed by what they force.
        if candidate.generated == 0 && self.force(candidate)? {
            self.send(candidate);
            return Ok(());
        }
        let Some(token) = self.sample(candidate, logits)? else {
            self.finish(candidate, FinishReason::ConstraintDone);
            return Ok(());
        };
        if self.tokenizer.is_end(token) && !self.job.ignore_end {
            self.finish(candidate, FinishReason::Stop);
            return Ok(());
        }
        let logprobs = self.logprobs(logits, token);
        self.take(candidate, token, logprobs)?;
        self.force(candidate)?;
        self.send(candidate);
        Ok(())
    }

    /// The next token; none where the constraint has come to its end.
    fn sample(
        &mut self,
        candidate: &mut Candidate,
        logits: &[f32],
    ) -> Result<Option<Token>, GenerationError> {
        let banned = if self.job.ignore_end {
            self.tokenizer.ends()
        } else {
            &[]
        };
        let Some(matcher) = &mut candidate.matcher else {
            let token = candidate.sampler.choose(logits, None, banned, self.scratch);
            return token.map(Some).ok_or(GenerationError::NoProbabilities);
        };
        if matcher.is_stopped() && !matcher.is_error() {
            return Ok(None);
        }
        let allowed = matcher.compute_mask().map_err(constraint_error)?;
        match candidate
            .sampler
            .choose(logits, Some(&allowed), banned, self.scratch)
        {
            Some(token) => Ok(Some(token)),
            None if matcher.is_accepting().unwrap_or(false) => Ok(None),
            None => Err(GenerationError::Constraint("no token fits".into())),
        }
    }

    /// Takes the tokens that the constraint leaves no choice about. False if there are none.
    fn force(&mut self, candidate: &mut Candidate) -> Result<bool, GenerationError> {
        let Some(matcher) = candidate
            .matcher
            .as_mut()
            .filter(|_| candidate.finished.is_none())
        else {
            return Ok(false);
        };
        let forced = matcher.compute_ff_tokens();
        for token in &forced {
            if candidate.is_finished() || self.tokenizer.is_end(*token) {
                break;
            }
            let certain = TokenLogprob {
                token: *token,
                logprob: 0.0,
            };
            let logprobs = TokenLogprobs {
                chosen: certain,
                top: Vec::new(),
            };
            self.take(candidate, *token, self.job.logprobs.map(|_| logprobs))?;
        }
        Ok(!forced.is_empty())
    }

    fn logprobs(&mut self, logits: &[f32], token: Token) -> Option<TokenLogprobs> {
        let top = self.job.logprobs?;
        let (logprob, top) = log_probabilities(logits, token, top, self.scratch);
        Some(TokenLogprobs {
            chosen: TokenLogprob { token, logprob },
            top,
        })
    }

    /// Adds a token to the answer, and ends it if the token does.
    fn take(
        &mut self,
        candidate: &mut Candidate,
        token: Token,
        logprobs: Option<TokenLogprobs>,
    ) -> Result<(), GenerationError> {
        candidate.sampler.accept(token);
        candidate.generated += 1;
        if let Some(logprobs) = logprobs {
            candidate
                .unsent
                .push_back((candidate.output.generated(), logprobs));
        }
        let progress = candidate.output.push(self.tokenizer.bytes(token));
        self.text.push_str(&progress.text);
        let mut constraint_done = false;
        if let Some(matcher) = &mut candidate.matcher {
            matcher.consume_token(token).map_err(constraint_error)?;
            constraint_done = matcher.is_stopped();
        }
        let full = candidate.position + candidate.pending.len() + 1 > self.limit;
        let reason = match () {
            () if progress.stopped => Some(FinishReason::StopSequence),
            () if constraint_done => Some(FinishReason::ConstraintDone),
            () if candidate.generated >= self.job.max_output_tokens => {
                Some(FinishReason::MaxTokens)
            }
            () if full => Some(FinishReason::ContextFull),
            () => None,
        };
        match reason {
            Some(reason) => self.finish(candidate, reason),
            None => candidate.pending.push_back(token),
        }
        Ok(())
    }

    /// Sends what can be shown, with the tokens that begin in it.
    fn send(&mut self, candidate: &mut Candidate) {
        while let Some((start, _)) = candidate.unsent.front() {
            if *start >= candidate.output.given() {
                break;
            }
            self.tokens
                .extend(candidate.unsent.pop_front().map(|(_, token)| token));
        }
        if self.text.is_empty() && self.tokens.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.text);
        let tokens = std::mem::take(&mut self.tokens);
        // Nobody may listen any more; the next step sees to that.
        let _ = self.events.send(Event::Text {
            candidate: candidate.index,
            text,
            tokens,
        });
    }

    fn finish(&mut self, candidate: &mut Candidate, reason: FinishReason) {
        if candidate.is_finished() {
            return;
        }
        self.text.push_str(&candidate.output.finish());
        self.send(candidate);
        candidate.finished = Some(reason);
        candidate.pending.clear();
        let (index, tokens) = (candidate.index, candidate.generated);
        let _ = self.events.send(Event::Finished {
            candidate: index,
            reason,
            tokens,
        });
    }
}

fn constraint_error(error: impl std::fmt::Display) -> GenerationError {
    GenerationError::Constraint(error.to_string())
}
