//! Many threads, exact counts.

use crate::{MODEL, NOON, PROJECT, ask, at, rpm};
use propus_quota::{Ledger, Limits};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

pub(crate) const THREADS: u64 = 16;

/// Runs the same in all threads and adds up what they say.
pub(crate) fn sum(work: impl Fn(u64) -> u64 + Sync) -> u64 {
    let total = AtomicU64::new(0);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (work, total) = (&work, &total);
            scope.spawn(move || total.fetch_add(work(thread), Ordering::Relaxed));
        }
    });
    total.into_inner()
}

#[test]
fn exactly_the_limit_is_admitted() {
    let ledger = Ledger::new();
    let limits = rpm(10_007);
    let admitted = sum(|_| {
        (0..2_000)
            .filter(|_| ask(&ledger, NOON, &limits, 1).is_ok())
            .count() as u64
    });
    assert_eq!(admitted, 10_007);
    assert_eq!(
        ledger.usage(at(NOON), PROJECT, MODEL).minute.requests,
        10_007
    );
}

#[test]
fn exactly_the_tokens_are_counted_when_some_cancel() {
    let ledger = Ledger::new();
    let tokens = sum(|thread| {
        let mut kept = 0;
        for number in 0..3_000 {
            let now = NOON + number / 10;
            let reservation = ask(&ledger, now, &Limits::UNLIMITED, 100).unwrap();
            match (thread + number) % 3 {
                0 => reservation.cancel(),
                1 => {
                    reservation.settle(number);
                    kept += number;
                }
                _ => kept += 100,
            }
        }
        kept
    });
    let usage = ledger.usage(at(NOON + 300), PROJECT, MODEL);
    assert_eq!(usage.day.tokens, tokens);
    assert_eq!(usage.minute, usage.day);
    assert_eq!(usage.day.requests, THREADS * 2_000);
}

#[test]
fn no_count_is_lost_while_idle_accounts_are_forgotten() {
    let ledger = Ledger::new();
    // Each step is a minute later, so that every request sweeps its shard. The even threads only
    // cancel; what they leave is forgotten again and again, until one of the others keeps one.
    sum(|thread| {
        for step in 0..400_u64 {
            for project in 0..20_u64 {
                let name = format!("project-{project}");
                let now = at(NOON + step * 61_000);
                let reservation = ledger.reserve(now, &name, MODEL, &Limits::UNLIMITED, 1);
                let reservation = reservation.unwrap();
                match thread % 2 == 1 && step >= project * 20 {
                    true => reservation.settle(1),
                    false => reservation.cancel(),
                }
            }
        }
        0
    });
    for project in 0..20_u64 {
        let usage = ledger.usage(
            at(NOON + 399 * 61_000),
            &format!("project-{project}"),
            MODEL,
        );
        let kept = (400 - project * 20) * THREADS / 2;
        assert_eq!(usage.day.requests, kept, "project {project}");
    }
}
