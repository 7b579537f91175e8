//! What the documentation of the ledger promises, without a look at how it is done.

use crate::{NOON, ask, rpm};
use proptest::prelude::*;
use propus_quota::{Exhausted, Ledger, Limits, Unit, Window};
use std::time::Duration;

/// When a caller is admitted who asks again as soon as a refusal allows, and otherwise after the
/// gaps.
fn eager(limits: &Limits, tokens: u64, gaps: &[u64], until: u64) -> Vec<u64> {
    let (ledger, mut now) = (Ledger::new(), NOON);
    let mut gaps = gaps.iter().cycle();
    let mut admitted = Vec::new();
    while now < NOON + until {
        match ask(&ledger, now, limits, tokens) {
            Ok(_) => {
                admitted.push(now);
                now += gaps.next().unwrap();
            }
            Err(refused) => now += u64::try_from(refused.wait().as_millis()).unwrap(),
        }
    }
    admitted
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_60_seconds_hold_more_than_the_limit(
        limit in 1..200_u64,
        gaps in prop::collection::vec(0..2_000_u64, 1..50),
    ) {
        let admitted = eager(&rpm(limit), 1, &gaps, 600_000);
        for (first, next) in admitted.iter().zip(admitted.iter().skip(limit as usize)) {
            prop_assert!(next - first > 60_000);
        }
    }

    #[test]
    fn an_eager_caller_gets_99_percent(limit in 1..300_u64, gap in 0..5_u64, tokens in 1..90_u64) {
        let hours = 1;
        let admitted = eager(&rpm(limit), 1, &[gap], hours * 3_600_000);
        prop_assert!(admitted.len() as u64 * 100 >= limit * 60 * hours * 99);
        let tpm = Limits { tpm: Some(limit * tokens), ..Limits::UNLIMITED };
        let admitted = eager(&tpm, tokens, &[gap], hours * 3_600_000);
        prop_assert!(admitted.len() as u64 * 100 >= limit * 60 * hours * 99);
    }
}

#[test]
fn all_exhausted_limits_are_named() {
    let limits = Limits {
        rpm: Some(1),
        tpm: Some(100),
        rpd: Some(1),
        tpd: Some(100),
    };
    let ledger = Ledger::new();
    ask(&ledger, NOON, &limits, 60).unwrap().settle(60);
    let refused = ask(&ledger, NOON + 1_000, &limits, 60).unwrap_err();
    // Until 2026-06-02T07:00:00Z.
    let (minute, day) = (
        Duration::from_millis(59_100),
        Duration::from_secs(19 * 3_600 - 1),
    );
    let expected = [
        (Unit::Requests, Window::Minute, 1, minute),
        (Unit::Requests, Window::Day, 1, day),
        (Unit::Tokens, Window::Minute, 100, minute),
        (Unit::Tokens, Window::Day, 100, day),
    ];
    let expected = expected.map(|(unit, window, limit, wait)| Exhausted {
        unit,
        window,
        limit,
        wait,
    });
    assert_eq!(refused.exhausted, expected);
    assert_eq!(refused.wait(), day);
    assert_eq!(ledger.len(), 1);
}

#[test]
fn what_can_never_pass_says_so() {
    let check = |limits: Limits, tokens| {
        let ledger = Ledger::new();
        let refused = ask(&ledger, NOON, &limits, tokens).unwrap_err();
        assert!(
            refused.exhausted.iter().all(Exhausted::is_final),
            "{refused}"
        );
        assert!(ledger.is_empty(), "a refused request is not remembered");
    };
    check(rpm(0), 0);
    let tokens = Limits {
        tpm: Some(100),
        ..Limits::UNLIMITED
    };
    check(tokens, 101);
}

#[test]
fn a_settled_excess_is_paid_back() {
    let limits = Limits {
        tpm: Some(100),
        ..Limits::UNLIMITED
    };
    let ledger = Ledger::new();
    ask(&ledger, NOON, &limits, 10).unwrap().settle(500);
    assert!(ask(&ledger, NOON + 60_000, &limits, 0).is_err());
    assert!(ask(&ledger, NOON + 60_100, &limits, 100).is_ok());
}

#[test]
fn projects_and_models_have_their_own_counts() {
    let ledger = Ledger::new();
    for project in ["a", "b", "ab"] {
        for model in ["c", "bc", ""] {
            let reserve = || ledger.reserve(crate::at(NOON), project, model, &rpm(1), 1);
            assert!(reserve().is_ok() && reserve().is_err(), "{project} {model}");
        }
    }
}
