//! The likeliest of many tokens, without sorting them all.

use crate::Token;
use std::cmp::Ordering;

/// A token with its logit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scored {
    pub(super) logit: f32,
    pub(super) token: Token,
}

/// Better first; of equals the one with the lower number, so that the order never depends on chance.
fn order(a: &Scored, b: &Scored) -> Ordering {
    b.logit.total_cmp(&a.logit).then(a.token.cmp(&b.token))
}

/// The `count` best tokens with a finite logit, best first.
pub(super) fn best(logits: &[f32], count: usize, into: &mut Vec<Scored>) {
    // Collect whatever beats the worst of the best so far, and cut back now and then.
    let room = (4 * count).max(256);
    let mut bar = f32::NEG_INFINITY;
    into.clear();
    for (token, logit) in (0..).zip(logits) {
        if *logit > bar {
            into.push(Scored {
                logit: *logit,
                token,
            });
            if into.len() >= room {
                into.select_nth_unstable_by(count - 1, order);
                into.truncate(count);
                bar = into[count - 1].logit;
            }
        }
    }
    into.sort_unstable_by(order);
    into.truncate(count);
}

/// The best tokens, best first, until their exponentials reach `mass`.
pub(super) fn best_with_mass(logits: &[f32], highest: f32, mass: f32, into: &mut Vec<Scored>) {
    // Nearly always the tokens within a few powers of e of the best suffice.
    for reach in [3.0, 7.0, 12.0, f32::INFINITY] {
        above(logits, highest - reach, into);
        let collected: f32 = into
            .iter()
            .map(|one| exponential(one.logit - highest))
            .sum();
        if collected >= mass {
            break;
        }
    }
    into.sort_unstable_by(order);
    keep_mass(into, highest, mass);
}

fn above(logits: &[f32], bar: f32, into: &mut Vec<Scored>) {
    into.clear();
    let tokens = (0..).zip(logits).filter(|(_, logit)| **logit > bar);
    into.extend(tokens.map(|(token, logit)| Scored {
        logit: *logit,
        token,
    }));
}

/// Keeps the first tokens until their exponentials reach `mass`; always one.
pub(super) fn keep_mass(scored: &mut Vec<Scored>, highest: f32, mass: f32) {
    let mut sum = 0.0;
    let enough = scored.iter().position(|one| {
        sum += exponential(one.logit - highest);
        sum >= mass
    });
    if let Some(last) = enough {
        scored.truncate(last + 1);
    }
}

/// The highest number; not-a-numbers do not count.
pub(super) fn maximum(numbers: &[f32]) -> f32 {
    // Sixteen maxima side by side, which the compiler keeps in one register.
    let mut lanes = [f32::NEG_INFINITY; 16];
    let chunks = numbers.chunks_exact(16);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, number) in lanes.iter_mut().zip(chunk) {
            *lane = if *number > *lane { *number } else { *lane };
        }
    }
    lanes
        .iter()
        .chain(rest)
        .copied()
        .fold(f32::NEG_INFINITY, f32::max)
}

/// The sum of `e^((x - highest) * scale)`.
pub(super) fn sum_of_exponentials(numbers: &[f32], highest: f32, scale: f32) -> f32 {
    let mut lanes = [0f32; 16];
    let chunks = numbers.chunks_exact(16);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, number) in lanes.iter_mut().zip(chunk) {
            *lane += exponential((number - highest) * scale);
        }
    }
    let rest: f32 = rest
        .iter()
        .map(|number| exponential((number - highest) * scale))
        .sum();
    lanes.iter().sum::<f32>() + rest
}

/// `e^x` for x up to 0, to about seven digits; not-a-numbers give 0.
///
/// The library's function is exact and cannot be vectorised: over a vocabulary it takes ten times
/// as long.
#[inline(always)]
pub(super) fn exponential(x: f32) -> f32 {
    // e^x = 2^n * e^r with n whole and |r| up to ln(2)/2.
    let x = if x > -87.0 { x } else { -87.0 };
    let n = (x * std::f32::consts::LOG2_E + 127.5).floor() - 127.0;
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let series = 1.0
        + r * (1.0
            + r * (0.5
                + r * (0.166_666_66 + r * (0.041_666_47 + r * (8.333_458e-3 + r * 1.392_6e-3)))));
    let power = f32::from_bits(((n as i32 + 127) << 23).cast_unsigned());
    let result = series * power;
    if x > -87.0 { result } else { 0.0 }
}
