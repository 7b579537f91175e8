//! What holds for every failure, history and situation.

use super::{ALL, answered};
use proptest::{collection, option, prelude::*, sample};
use propus_failures::{
    amend::Kind,
    catalogue::{self, ENTRIES},
    entry::{Entry, Guide, Retry, Sure},
    recovery::{
        Available, Budget, Decision, Fault, History, Outcome, Policy, Progress, Scope, Share,
        Situation, decide, retry_after,
    },
};
use std::{
    sync::LazyLock,
    time::{Duration, SystemTime},
};

/// Every outcome that there is: what the service answers, replies, faults, streams, and names.
static OUTCOMES: LazyLock<Vec<Outcome>> = LazyLock::new(|| {
    let mut outcomes: Vec<_> = catalogue::examples().iter().map(answered).collect();
    outcomes.extend(
        catalogue::replies("gemini-2.5-flash")
            .iter()
            .filter_map(|(_, reply)| Outcome::of_reply(reply)),
    );
    outcomes.extend(Fault::ALL.map(|fault| Outcome::of_fault(fault, Progress::Sent)));
    outcomes.extend((100..600).map(|http| Outcome::of_http(http, None, b"")));
    outcomes.push(Outcome::of_stream_end(0));
    outcomes.extend(
        ENTRIES
            .iter()
            .filter_map(|entry| Outcome::named(entry.name)),
    );
    outcomes
});

fn entry(outcome: &Outcome) -> &'static Entry {
    let entry = ENTRIES.iter().find(|entry| entry.name == outcome.failure);
    entry.expect("a failure of the catalogue")
}

/// Everything that can be allowed.
fn everything() -> Policy {
    Policy {
        attempts: 8,
        replies: 3,
        temperature_step: 0.25,
        resumes: 2,
        amend: Kind::ALL.to_vec(),
        other_version: true,
        ..Policy::gateway()
    }
}

#[test]
fn what_is_final_is_never_repeated_unchanged() {
    for outcome in OUTCOMES.iter() {
        if !matches!(
            entry(outcome).retry,
            Retry::Never | Retry::Day | Retry::Poll
        ) {
            continue;
        }
        for available in [Available::NONE, ALL] {
            for policy in [Policy::sdk(), Policy::gateway(), everything()] {
                let decision = super::after_one(outcome, &policy, |now| {
                    now.available = available;
                    now.deadline = Some(Duration::from_secs(9));
                });
                assert!(!decision.is_repetition(), "{outcome:?}: {decision:?}");
            }
        }
    }
}

#[test]
fn quotas_make_what_they_count_rest_and_requests_nothing() {
    for entry in ENTRIES {
        let outcome = Outcome::named(entry.name).expect("a failure of the catalogue");
        let guide = entry.guide;
        if matches!(
            guide,
            Some(Guide::Parameters | Guide::Safety | Guide::TokenLimits)
        ) {
            assert_eq!(outcome.scope, Scope::Call, "{}", entry.name);
        }
        if entry.retry == Retry::Delay || entry.retry == Retry::Day {
            assert_ne!(outcome.scope, Scope::Call, "{}", entry.name);
            assert_ne!(outcome.scope, Scope::Route, "{}", entry.name);
        }
    }
}

#[test]
fn a_fault_of_the_request_reaches_no_other_route() {
    for outcome in OUTCOMES.iter().filter(|outcome| outcome.http == Some(400)) {
        let policy = Policy {
            past_refusals: false,
            larger_model: false,
            ..Policy::gateway()
        };
        let decision = super::after_one(outcome, &policy, |now| now.available = ALL);
        assert!(!decision.goes_on(), "{outcome:?}: {decision:?}");
    }
}

#[test]
fn every_status_has_a_meaning_that_fits_it() {
    #[track_caller]
    fn check(http: u16, expected: &str) {
        for body in [
            &b""[..],
            b"{}",
            b"\xff\xfe",
            b"<html><body>nginx</body></html>",
        ] {
            assert_eq!(Outcome::of_http(http, None, body).failure, expected);
        }
    }
    check(400, "invalid-argument-generic");
    check(403, "permission-denied-generic");
    check(404, "model-not-found");
    check(408, "cancelled-499");
    check(413, "payload-too-large");
    check(429, "quota-unspecified");
    check(500, "internal-500");
    check(502, "internal-500");
    check(503, "overloaded-503");
    check(504, "deadline-504");
    for http in 300..600 {
        let outcome = Outcome::of_http(http, None, b"");
        let decision = super::after_one(&outcome, &Policy::sdk(), |now| {
            now.deadline = Some(Duration::from_secs(9));
        });
        let passes = matches!(http, 408 | 429 | 499 | 500 | 502..600);
        assert_eq!(decision.goes_on(), passes, "{http}");
    }
}

/// Words of an answer must not overrule its status.
#[test]
fn a_status_is_not_overruled_by_words() {
    let bodies = catalogue::examples();
    for problem in &bodies {
        let body = problem.status().to_pretty();
        for http in [400, 401, 403, 404] {
            let outcome = Outcome::of_http(http, None, body.as_bytes());
            let decision = super::after_one(&outcome, &Policy::sdk(), |_| ());
            assert!(!decision.goes_on(), "{http} {problem}: {outcome:?}");
        }
        let outcome = Outcome::of_http(429, None, body.as_bytes());
        let in_trouble = Outcome::of_http(503, None, body.as_bytes());
        assert!(
            !in_trouble.failure.starts_with("quota-") || in_trouble.sure == Sure::Certain,
            "{problem}: {in_trouble:?}"
        );
        let of_quota = outcome.failure.starts_with("quota-") || outcome.scope != Scope::Route;
        assert!(of_quota, "{problem}: {outcome:?}");
    }
}

fn policies() -> impl Strategy<Value = Policy> {
    let base = prop_oneof![
        Just(Policy::sdk()),
        Just(Policy::gateway()),
        Just(Policy::off()),
        Just(everything()),
    ];
    (base, 0..9_u32, 0..200_u64).prop_map(|(policy, attempts, wait)| Policy {
        attempts,
        longest_wait: Duration::from_secs(wait),
        ..policy
    })
}

fn availables() -> impl Strategy<Value = Available> {
    any::<[bool; 8]>().prop_map(|flags| Available {
        routes: flags[0],
        keys: flags[1],
        models: flags[2],
        projects: flags[3],
        accounts: flags[4],
        larger_model: flags[5],
        can_stream: flags[6],
        can_resume: flags[7],
    })
}

/// What befalls one attempt.
#[derive(Clone, Debug)]
struct Turn {
    outcome: usize,
    passed: u32,
    retry_after: Option<Duration>,
    available: Available,
    jitter: f64,
    changes: bool,
}

prop_compose! {
    fn turns()(
        outcome in 0..OUTCOMES.len(),
        passed in prop_oneof![4 => Just(0_u32), 1 => 1..9_u32],
        retry_after in option::of(1..100_000_u64),
        available in availables(),
        jitter in prop_oneof![9 => 0.0..1.0, 1 => proptest::num::f64::ANY],
        changes: bool,
    ) -> Turn {
        let retry_after = retry_after.map(Duration::from_millis);
        Turn { outcome, passed, retry_after, available, jitter, changes }
    }
}

impl Turn {
    fn outcome(&self) -> Outcome {
        let mut outcome = OUTCOMES[self.outcome].clone();
        outcome.retry_after = self.retry_after;
        match self.passed {
            0 => outcome,
            passed => outcome.at(Progress::Passed(passed)),
        }
    }
}

proptest! {
    /// Carries decisions out as a loop does, over attempts that fail in any way.
    #[test]
    fn every_call_comes_to_an_end_within_its_limits(
        policy in policies(),
        turns in collection::vec(turns(), 40),
        time in option::of(0..300_000_u64),
        safe: bool,
        deadline in option::of(0..900_u64),
        share in option::of(0..4_u32),
        order in sample::subsequence(vec!["a", "b", "c"], 1..=3),
    ) {
        let mut history = History::default();
        let mut left = time.map(Duration::from_millis);
        let mut deadline = deadline.map(Duration::from_secs);
        let mut budget = share.map(|most| Budget::new(Share { of_calls: 0.0, per_second: 0.0, most }));
        let (mut repetitions, mut ended) = (0, false);
        let mut began = false;
        for (number, turn) in turns.iter().enumerate() {
            if !began {
                history.begin(order[number % order.len()]);
            }
            let mut situation = Situation::new(&policy, &history);
            situation.available = turn.available;
            situation.safe = safe;
            situation.remaining = left;
            situation.deadline = deadline;
            situation.budget = budget.as_ref();
            situation.jitter = turn.jitter;
            let outcome = turn.outcome();
            let decision = decide(&outcome, &situation);
            if let Decision::GiveUp { why } = decision {
                prop_assert!(!why.to_string().is_empty());
                ended = true;
                break;
            }
            prop_assert!(history.attempts < policy.attempts);
            prop_assert!(decision.wait() <= policy.longest_wait);
            if let Some(left) = &mut left {
                prop_assert!(decision.wait() < *left, "{decision:?} with {left:?}");
                *left -= decision.wait();
            }
            if outcome.progress.chunks() > 0 {
                prop_assert!(matches!(decision, Decision::Resume { .. }), "{decision:?}");
            }
            match &decision {
                Decision::Retry { wait } if outcome.retry_after.is_some() => {
                    prop_assert_eq!(Some(*wait), outcome.retry_after);
                }
                Decision::LongerDeadline { deadline: longer } => {
                    prop_assert!(Some(*longer) > deadline);
                    prop_assert!(*longer <= policy.longest_deadline);
                    prop_assert!(left.is_none_or(|left| *longer <= left));
                    deadline = Some(*longer);
                }
                Decision::Amend { kinds } => {
                    prop_assert!(kinds.iter().all(|kind| policy.amend.contains(kind)));
                    prop_assert!(kinds.iter().all(|kind| !history.amended.contains(kind)));
                }
                _ => (),
            }
            if decision.is_repetition() {
                repetitions += 1;
                if let Some(budget) = &mut budget {
                    prop_assert!(budget.withdraw());
                }
            }
            // A correction that changed nothing is decided again without a new attempt.
            began = matches!(decision, Decision::Amend { .. }) && !turn.changes;
            history.note(&decision);
        }
        prop_assert!(ended);
        prop_assert!(history.attempts <= policy.attempts.max(1));
        prop_assert!(history.replies <= policy.replies && history.resumes <= policy.resumes);
        prop_assert!(share.is_none_or(|share| repetitions <= share));
        if let Some(time) = time {
            prop_assert!(history.waited <= Duration::from_millis(time));
        }
        let header = history.repairs().to_string();
        prop_assert_eq!(header.parse().map(|repairs: propus_failures::recovery::Repairs| repairs.to_string()), Ok(header));
    }

    #[test]
    fn any_answer_is_an_outcome(http: u16, header in option::of("\\PC*"), body in collection::vec(any::<u8>(), 0..300)) {
        let wait = header.and_then(|header| retry_after(&header, SystemTime::UNIX_EPOCH));
        let outcome = Outcome::of_http(http, wait, &body);
        prop_assert!(outcome.retry_after.is_none_or(|wait| !wait.is_zero()));
        let _ = Outcome::of_stream_error(&body, 0);
    }

    #[test]
    fn bodies_of_the_service_that_break_off_are_outcomes(example in 0..1000_usize, cut in 0.0..1.0_f64) {
        let examples = catalogue::examples();
        let status = examples[example % examples.len()].status();
        let body = status.to_pretty();
        let body = &body.as_bytes()[..(body.len() as f64 * cut) as usize];
        let outcome = Outcome::of_http(status.code.http(), None, body);
        if status.code.http() < 429 {
            let decision = super::after_one(&outcome, &Policy::sdk(), |_| ());
            prop_assert!(!decision.goes_on(), "{:?}", outcome);
        }
    }
}
