//! Choosing the next token from the logits.
//!
//! The order is Gemini's: penalties, then top-k, then top-p over what is left, and at last a draw at
//! the temperature. Vocabularies are large (49,152 to 262,144 tokens) and this runs for every token
//! of every sequence on the one thread that feeds the processor: nothing here sorts a vocabulary, and
//! the loops over it are simple enough for the compiler to vectorise.

mod pick;

use crate::Token;
use pick::{Scored, best, best_with_mass, exponential, maximum, sum_of_exponentials};
use rand::Rng;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use std::collections::HashMap;
use toktrie::SimpleVob;

/// How tokens are chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// How much chance counts; 0 always takes the likeliest token.
    pub temperature: f32,
    /// Only the likeliest tokens that together have this probability; 1 for all.
    pub top_p: f32,
    /// Only this many of the likeliest tokens; 0 for all.
    pub top_k: usize,
    /// With a seed, a request that runs alone gives the same text each time.
    pub seed: Option<u32>,
    /// Taken once from the logit of each token that was already generated.
    pub presence_penalty: f32,
    /// Taken from the logit of a token for each time it was already generated.
    pub frequency_penalty: f32,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 1.0,
            top_p: 1.0,
            top_k: 0,
            seed: None,
            presence_penalty: 0.0,
            frequency_penalty: 0.0,
        }
    }
}

/// A token with its probability's logarithm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TokenLogprob {
    /// The token.
    pub token: Token,
    /// The natural logarithm of its probability, at temperature 1 and before all restrictions.
    pub logprob: f32,
}

/// The choices of one sequence: its chance, and what it has generated so far.
#[derive(Debug)]
pub(crate) struct Sampler {
    options: Sampling,
    random: ChaCha8Rng,
    generated: HashMap<Token, u32>,
}

/// Memory that samplers share, so that a step allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    logits: Vec<f32>,
    scored: Vec<Scored>,
}

impl Sampler {
    /// The sampler of one candidate. Candidates of one seed draw from different streams.
    pub(crate) fn new(options: Sampling, candidate: usize) -> Self {
        let seed = options.seed.map_or_else(rand::random, u64::from);
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(candidate as u64);
        Self {
            options,
            random,
            generated: HashMap::new(),
        }
    }

    /// Takes note of a token, for the penalties.
    pub(crate) fn accept(&mut self, token: Token) {
        if self.has_penalties() {
            *self.generated.entry(token).or_default() += 1;
        }
    }

    fn has_penalties(&self) -> bool {
        self.options.presence_penalty != 0.0 || self.options.frequency_penalty != 0.0
    }

    /// Chooses a token among those allowed; none if no token is allowed or has a finite logit.
    pub(crate) fn choose(
        &mut self,
        logits: &[f32],
        allowed: Option<&SimpleVob>,
        banned: &[Token],
        scratch: &mut Scratch,
    ) -> Option<Token> {
        scratch.logits.clear();
        scratch.logits.extend_from_slice(logits);
        let logits = &mut scratch.logits;
        self.penalise(logits);
        for token in banned {
            if let Some(logit) = logits.get_mut(*token as usize) {
                *logit = f32::NEG_INFINITY;
            }
        }
        if let Some(allowed) = allowed {
            restrict(logits, allowed);
        }
        let highest = maximum(logits);
        if !highest.is_finite() {
            return None;
        }
        if self.options.temperature <= 0.0 || self.options.top_k == 1 {
            return position(logits, highest);
        }
        if self.narrow(logits, highest, &mut scratch.scored) {
            self.draw(&scratch.scored, highest)
        } else {
            self.draw_from_all(logits, highest)
        }
    }

    fn penalise(&self, logits: &mut [f32]) {
        for (token, count) in &self.generated {
            if let Some(logit) = logits.get_mut(*token as usize) {
                *logit -= self.options.presence_penalty
                    + self.options.frequency_penalty * (*count as f32);
            }
        }
    }

    /// Applies top-k and top-p. False where neither leaves anything out.
    fn narrow(&self, logits: &[f32], highest: f32, scored: &mut Vec<Scored>) -> bool {
        let (top_k, top_p) = (self.options.top_k, self.options.top_p);
        let has_top_p = top_p < 1.0;
        if top_k > 0 && top_k < logits.len() {
            best(logits, top_k, scored);
            if has_top_p {
                let mass: f32 = scored
                    .iter()
                    .map(|one| exponential(one.logit - highest))
                    .sum();
                pick::keep_mass(scored, highest, top_p * mass);
            }
            return true;
        }
        if has_top_p {
            let mass = sum_of_exponentials(logits, highest, 1.0);
            best_with_mass(logits, highest, top_p * mass, scored);
        }
        has_top_p
    }

    fn draw(&mut self, scored: &[Scored], highest: f32) -> Option<Token> {
        let scale = self.options.temperature.recip();
        let weight = |one: &Scored| exponential((one.logit - highest) * scale);
        let total: f32 = scored.iter().map(weight).sum();
        let mut left = self.random.random::<f32>() * total;
        for one in scored {
            left -= weight(one);
            if left < 0.0 {
                return Some(one.token);
            }
        }
        // Only rounding leads here.
        scored.first().map(|one| one.token)
    }

    fn draw_from_all(&mut self, logits: &[f32], highest: f32) -> Option<Token> {
        let scale = self.options.temperature.recip();
        let total = sum_of_exponentials(logits, highest, scale);
        let mut left = self.random.random::<f32>() * total;
        for (token, logit) in logits.iter().enumerate() {
            // Most tokens weigh nothing: skip what is below a 10^-9th of the highest.
            let power = (logit - highest) * scale;
            if power < -20.0 {
                continue;
            }
            left -= exponential(power);
            if left < 0.0 {
                return Token::try_from(token).ok();
            }
        }
        position(logits, highest)
    }
}

/// The log probability of one token.
pub(crate) fn log_probability(logits: &[f32], token: Token) -> f32 {
    log_probabilities(logits, token, 0, &mut Scratch::default()).0
}

/// The log probability of `chosen`, and of the `top` likeliest tokens, best first.
pub(crate) fn log_probabilities(
    logits: &[f32],
    chosen: Token,
    top: usize,
    scratch: &mut Scratch,
) -> (f32, Vec<TokenLogprob>) {
    let highest = maximum(logits);
    let log_sum = highest + sum_of_exponentials(logits, highest, 1.0).ln();
    let log_probability = |logit: f32| (logit - log_sum).min(0.0);
    let own = logits
        .get(chosen as usize)
        .copied()
        .map_or(f32::NEG_INFINITY, log_probability);
    if top == 0 {
        return (own, Vec::new());
    }
    best(logits, top, &mut scratch.scored);
    let likeliest = scratch.scored.iter();
    let likeliest = likeliest
        .map(|one| TokenLogprob {
            token: one.token,
            logprob: log_probability(one.logit),
        })
        .collect();
    (own, likeliest)
}

/// Takes away what is not allowed.
fn restrict(logits: &mut [f32], allowed: &SimpleVob) {
    for (chunk, mut bits) in logits
        .chunks_mut(32)
        .zip(allowed.as_slice().iter().copied())
    {
        if bits == 0 {
            chunk.fill(f32::NEG_INFINITY);
            continue;
        }
        for logit in chunk {
            if bits & 1 == 0 {
                *logit = f32::NEG_INFINITY;
            }
            bits >>= 1;
        }
    }
}

fn position(logits: &[f32], value: f32) -> Option<Token> {
    let index = logits.iter().position(|logit| *logit == value)?;
    Token::try_from(index).ok()
}

#[cfg(test)]
mod tests;
