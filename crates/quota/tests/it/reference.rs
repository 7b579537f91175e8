//! A model that is slow and simple: a list of all admissions, counted anew at each question.

use crate::{MODEL, PROJECT, ask, at};
use proptest::{collection::vec, prelude::*};
use propus_quota::{Exhausted, Ledger, Limits, Refused, Reservation, Unit, Usage, Used, Window};
use std::time::Duration;

/// Midnights in Mountain View around 2026-03-08, which has 23 hours, and 2026-11-01, which has 25.
const MIDNIGHTS: [[&str; 4]; 2] = [
    ["03-07T08", "03-08T08", "03-09T07", "03-10T07"],
    ["10-31T07", "11-01T07", "11-02T08", "11-03T08"],
];

struct Model {
    midnights: Vec<u64>,
    /// The greatest time seen.
    latest: u64,
    admitted: Vec<Admission>,
}

#[derive(Clone, Copy)]
struct Admission {
    at: u64,
    used: Used,
}

impl Model {
    fn in_minute(&self, admission: &Admission, now: u64) -> bool {
        now < minute_end(admission)
    }

    fn in_day(&self, admission: &Admission, now: u64) -> bool {
        let day = |time| {
            self.midnights
                .iter()
                .filter(|midnight| **midnight <= time)
                .count()
        };
        day(admission.at) == day(now)
    }

    fn used(&self, window: Window, now: u64) -> Used {
        let mut sum = Used::default();
        for admission in &self.admitted {
            let counts = match window {
                Window::Minute => self.in_minute(admission, now),
                Window::Day => self.in_day(admission, now),
            };
            if counts {
                sum.requests += admission.used.requests;
                sum.tokens += admission.used.tokens;
            }
        }
        sum
    }

    fn reserve(&mut self, now: u64, limits: &Limits, tokens: u64) -> Result<usize, Vec<Exhausted>> {
        self.latest = self.latest.max(now);
        let mut exhausted = Vec::new();
        for (unit, window, limit, asked) in [
            (Unit::Requests, Window::Minute, limits.rpm, 1),
            (Unit::Requests, Window::Day, limits.rpd, 1),
            (Unit::Tokens, Window::Minute, limits.tpm, tokens),
            (Unit::Tokens, Window::Day, limits.tpd, tokens),
        ] {
            let Some(limit) = limit else { continue };
            let fits = |time| of(self.used(window, time), unit) + asked <= limit;
            if fits(self.latest) {
                continue;
            }
            let ends = self.admitted.iter().map(minute_end);
            let times = ends.chain(self.midnights.iter().copied());
            let free = times
                .filter(|time| *time > self.latest && fits(*time))
                .min();
            let wait = free.map_or(Duration::MAX, |free| Duration::from_millis(free - now));
            exhausted.push(Exhausted {
                unit,
                window,
                limit,
                wait: if limit == 0 { Duration::MAX } else { wait },
            });
        }
        if !exhausted.is_empty() {
            return Err(exhausted);
        }
        let used = Used {
            requests: 1,
            tokens,
        };
        let at = self.latest;
        self.admitted.push(Admission { at, used });
        Ok(self.admitted.len() - 1)
    }
}

/// 60 seconds after the end of the tenth of a second in which it was admitted.
fn minute_end(admission: &Admission) -> u64 {
    admission.at - admission.at % 100 + 60_100
}

fn of(used: Used, unit: Unit) -> u64 {
    match unit {
        Unit::Requests => used.requests,
        Unit::Tokens => used.tokens,
    }
}

#[derive(Clone, Debug)]
enum Step {
    Reserve {
        tokens: u64,
        limits: Limits,
    },
    Settle {
        which: prop::sample::Index,
        tokens: u64,
    },
    Cancel {
        which: prop::sample::Index,
    },
}

fn steps() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let limit = |most| prop_oneof![1 => Just(None), 4 => (0..=most).prop_map(Some)];
    let limits = (limit(6_u64), limit(300), limit(25), limit(900));
    let limits = limits.prop_map(|(rpm, tpm, rpd, tpd)| Limits { rpm, tpm, rpd, tpd });
    // A few limits, used again and again, so that they fill.
    let step = prop_oneof![
        6 => (0..120_u64, any::<prop::sample::Index>()).prop_map(|(tokens, which)| (tokens, which, 0)),
        2 => (0..200_u64, any::<prop::sample::Index>()).prop_map(|(tokens, which)| (tokens, which, 1)),
        1 => any::<prop::sample::Index>().prop_map(|which| (0, which, 2)),
    ];
    let gap = prop_oneof![
        10 => 0..3_000_i64,
        3 => -5_000..0_i64,
        3 => 20_000..70_000_i64,
        1 => 0..9 * 3_600_000_i64,
    ];
    (vec(limits, 1..3), vec((gap, step), 1..120)).prop_map(|(limits, steps)| {
        let step = |(tokens, which, kind): (u64, prop::sample::Index, u8)| match kind {
            0 => Step::Reserve {
                tokens,
                limits: *which.get(&limits),
            },
            1 => Step::Settle { which, tokens },
            _ => Step::Cancel { which },
        };
        steps
            .into_iter()
            .map(|(gap, kind)| (gap, step(kind)))
            .collect()
    })
}

fn millis(text: &str) -> u64 {
    let time: jiff::Timestamp = format!("2026-{text}:00:00Z").parse().unwrap();
    u64::try_from(time.as_millisecond()).unwrap()
}

/// What was promised with a refusal: the same request passes after the wait, and not earlier.
fn check_wait(ledger: &Ledger, now: u64, limits: &Limits, tokens: u64, refused: &Refused) {
    let wait = refused.wait();
    if wait == Duration::MAX {
        return;
    }
    let then =
        |time| Ledger::restore(&ledger.snapshot()).reserve(time, PROJECT, MODEL, limits, tokens);
    assert!(then(at(now) + wait).is_ok(), "{refused:?}");
    assert!(
        then(at(now) + wait - Duration::from_millis(1)).is_err(),
        "{refused:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_ledger_does_what_the_model_does(
        steps in steps(),
        season in 0..2_usize,
        start in 0..40 * 3_600_000_u64,
    ) {
        let midnights: Vec<u64> = MIDNIGHTS[season].iter().map(|text| millis(text)).collect();
        let (first, last) = (midnights[0], midnights[3]);
        let mut model = Model { midnights, latest: 0, admitted: Vec::new() };
        let ledger = Ledger::new();
        let mut running: Vec<(Reservation, usize)> = Vec::new();
        let mut now = first + start;
        // It is never settled, so that the account, and with it the greatest time, is remembered.
        let _first = ask(&ledger, now, &Limits::UNLIMITED, 5).unwrap();
        model.reserve(now, &Limits::UNLIMITED, 5).unwrap();
        for (gap, step) in steps {
            now = now.saturating_add_signed(gap).max(model.latest.saturating_sub(20_000));
            // The last midnight of the list is still ahead, so that waits can end there.
            if now >= last { break; }
            match step {
                Step::Reserve { tokens, limits } => {
                    match (ask(&ledger, now, &limits, tokens), model.reserve(now, &limits, tokens)) {
                        (Ok(reservation), Ok(index)) => running.push((reservation, index)),
                        (Err(refused), Err(expected)) => {
                            prop_assert_eq!(&refused.exhausted, &expected);
                            check_wait(&ledger, now, &limits, tokens, &refused);
                        }
                        (found, expected) => prop_assert!(false, "{found:?}, not {expected:?}"),
                    }
                }
                Step::Settle { which, tokens } if !running.is_empty() => {
                    let (reservation, index) = running.swap_remove(which.index(running.len()));
                    reservation.settle(tokens);
                    model.admitted[index].used.tokens = tokens;
                }
                Step::Cancel { which } if !running.is_empty() => {
                    let (reservation, index) = running.swap_remove(which.index(running.len()));
                    reservation.cancel();
                    model.admitted[index].used = Used::default();
                }
                _ => {}
            }
            model.latest = model.latest.max(now);
            let expected = Usage {
                minute: model.used(Window::Minute, model.latest),
                day: model.used(Window::Day, model.latest),
            };
            prop_assert_eq!(ledger.usage(at(now), PROJECT, MODEL), expected);
        }
    }
}
