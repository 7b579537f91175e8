use super::pick::{best, exponential};
use super::*;

fn sampling(change: impl FnOnce(&mut Sampling)) -> Sampling {
    let mut sampling = Sampling {
        seed: Some(7),
        ..Sampling::default()
    };
    change(&mut sampling);
    sampling
}

/// The tokens that come up in 400 draws.
#[track_caller]
fn check(logits: &[f32], change: impl FnOnce(&mut Sampling), expected: &[Token]) {
    let mut sampler = Sampler::new(sampling(change), 0);
    let mut scratch = Scratch::default();
    let mut seen: Vec<Token> = (0..400)
        .filter_map(|_| sampler.choose(logits, None, &[], &mut scratch))
        .collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, expected);
}

const LOGITS: [f32; 5] = [1.0, 3.0, 2.5, -1.0, 0.0];

#[test]
fn temperature_0_takes_the_likeliest() {
    check(&LOGITS, |s| s.temperature = 0.0, &[1]);
    check(&[f32::NAN, 1.0, 2.0], |s| s.temperature = 0.0, &[2]);
}

#[test]
fn all_tokens_come_up_where_nothing_narrows() {
    check(&LOGITS, |_| (), &[0, 1, 2, 3, 4]);
}

#[test]
fn top_k_keeps_the_first_few() {
    check(&LOGITS, |s| s.top_k = 2, &[1, 2]);
    check(&LOGITS, |s| s.top_k = 1, &[1]);
    check(&LOGITS, |s| s.top_k = 50, &[0, 1, 2, 3, 4]);
}

#[test]
fn top_p_keeps_the_first_that_reach_it() {
    check(&LOGITS, |s| s.top_p = 0.5, &[1]);
    check(&LOGITS, |s| s.top_p = 0.6, &[1, 2]);
    check(&LOGITS, |s| s.top_p = 0.0, &[1]);
}

#[test]
fn top_p_counts_within_top_k() {
    // Of the two best the first has 62 %.
    check(&LOGITS, |s| (s.top_k, s.top_p) = (2, 0.6), &[1]);
    check(&LOGITS, |s| (s.top_k, s.top_p) = (2, 0.7), &[1, 2]);
}

#[test]
fn one_without_finite_logits_gives_nothing() {
    check(&[f32::NAN, f32::NEG_INFINITY], |_| (), &[]);
    check(&[], |_| (), &[]);
}

#[test]
fn penalties_count_what_was_generated() {
    let choose = |presence, frequency, accepted: &[Token]| {
        let options = sampling(|s| {
            (s.temperature, s.presence_penalty, s.frequency_penalty) = (0.0, presence, frequency);
        });
        let mut sampler = Sampler::new(options, 0);
        accepted.iter().for_each(|token| sampler.accept(*token));
        sampler.choose(&LOGITS, None, &[], &mut Scratch::default())
    };
    assert_eq!(choose(0.4, 0.0, &[1, 1, 1]), Some(1));
    assert_eq!(choose(0.6, 0.0, &[1]), Some(2));
    assert_eq!(choose(0.0, 0.3, &[1]), Some(1));
    assert_eq!(choose(0.0, 0.3, &[1, 1]), Some(2));
}

#[test]
fn only_allowed_tokens_are_chosen() {
    let mut allowed = SimpleVob::alloc(5);
    allowed.allow_token(3);
    allowed.allow_token(4);
    let mut sampler = Sampler::new(sampling(|s| s.temperature = 0.0), 0);
    let mut scratch = Scratch::default();
    assert_eq!(
        sampler.choose(&LOGITS, Some(&allowed), &[], &mut scratch),
        Some(4)
    );
    assert_eq!(
        sampler.choose(&LOGITS, Some(&allowed), &[4], &mut scratch),
        Some(3)
    );
}

#[test]
fn seeds_repeat_and_candidates_differ() {
    let draws = |candidate| {
        let mut sampler = Sampler::new(sampling(|_| ()), candidate);
        let mut scratch = Scratch::default();
        (0..40)
            .map(|_| sampler.choose(&LOGITS, None, &[], &mut scratch))
            .collect::<Vec<_>>()
    };
    assert_eq!(draws(0), draws(0));
    assert_ne!(draws(0), draws(1));
}

#[test]
fn log_probabilities_are_of_the_raw_logits() {
    let (own, top) = log_probabilities(&LOGITS, 2, 2, &mut Scratch::default());
    let total: f32 = LOGITS.iter().map(|logit| logit.exp()).sum();
    assert!((own - (2.5 - total.ln())).abs() < 1e-5);
    assert_eq!(top.iter().map(|one| one.token).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(top[1].logprob, own);
}

#[test]
fn the_best_are_found_among_many() {
    let logits: Vec<f32> = (0..20_000).map(|i| ((i * 7919) % 20_011) as f32).collect();
    let mut expected: Vec<_> = (0..)
        .zip(&logits)
        .map(|(i, l)| (*l as u32, i))
        .collect::<Vec<(u32, Token)>>();
    expected.sort_unstable_by(|a, b| b.cmp(a));
    let mut found = Vec::new();
    best(&logits, 40, &mut found);
    assert!(
        found
            .iter()
            .map(|one| one.token)
            .eq(expected[..40].iter().map(|one| one.1))
    );
}

#[test]
fn the_exponential_is_close() {
    for step in 0..8600 {
        let x = -(step as f32) / 100.0;
        let (ours, exact) = (exponential(x), x.exp());
        assert!((ours - exact).abs() <= 3e-7 * exact, "{x}: {ours} {exact}");
    }
    assert_eq!(exponential(f32::NEG_INFINITY), 0.0);
    assert_eq!(exponential(f32::NAN), 0.0);
}
