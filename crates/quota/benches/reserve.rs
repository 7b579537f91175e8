//! How many requests are checked in a second on one core.

#![allow(missing_docs, reason = "criterion's macros write functions without")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use propus_quota::{Ledger, Limits};
use std::{
    hint::black_box,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

const MODEL: &str = "gemini-2.5-flash";
const START: Duration = Duration::from_secs(1_780_000_000);

/// A clock that goes on by 200 microseconds at each look.
struct Clock(SystemTime);

impl Clock {
    fn next(&mut self) -> SystemTime {
        self.0 += Duration::from_micros(200);
        self.0
    }
}

fn checks(criterion: &mut Criterion) {
    let plenty = Limits {
        rpm: Some(u64::MAX),
        tpm: Some(u64::MAX),
        rpd: Some(u64::MAX),
        tpd: None,
    };
    let projects: Vec<String> = (0..10_000).map(|i| format!("project-{i}")).collect();
    let mut group = criterion.benchmark_group("reserve");
    group.throughput(Throughput::Elements(1));

    for (name, count) in [("one project", 1), ("10,000 projects", projects.len())] {
        group.bench_function(format!("{name}, admitted and settled"), |bench| {
            let (ledger, mut clock) = (Ledger::new(), Clock(UNIX_EPOCH + START));
            let mut projects = projects[..count].iter().cycle();
            bench.iter(|| {
                let project = projects.next().expect("a cycle does not end");
                let now = clock.next();
                let reservation = ledger.reserve(now, black_box(project), MODEL, &plenty, 1_000);
                reservation.expect("there is plenty").settle(1_017);
            });
        });
    }

    // The worst case: all 600 ticks of the minute are full and must be looked through.
    group.bench_function("refused after a full minute", |bench| {
        let (ledger, start) = (Ledger::new(), UNIX_EPOCH + START);
        for tick in 0..600 {
            let now = start + Duration::from_millis(100 * tick);
            drop(ledger.reserve(now, "project", MODEL, &plenty, 1_000));
        }
        let full = Limits {
            rpm: Some(600),
            tpm: Some(600_000),
            ..Limits::UNLIMITED
        };
        let now = start + Duration::from_secs(60);
        bench.iter(|| ledger.reserve(black_box(now), "project", MODEL, &full, 600_000));
    });
    group.finish();
}

criterion_group!(benches, checks);
criterion_main!(benches);
