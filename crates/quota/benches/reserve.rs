//! How many requests are checked in a second on one core, and what goes with it: limits and prices
//! looked up, money counted, all of it written down.

#![allow(missing_docs, reason = "criterion's macros write functions without")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use propus_quota::{Ledger, LimitTable, Limits, Money, PriceTable, Profile, Spend, Tier};
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

fn tables(criterion: &mut Criterion) {
    let (limits, prices) = (LimitTable::builtin(), PriceTable::builtin());
    let mut group = criterion.benchmark_group("look up");
    for (name, model) in [
        ("a name", MODEL),
        ("a family", "gemini-3.1-flash-image-preview"),
    ] {
        group.bench_function(format!("the limits of {name}"), |bench| {
            bench.iter(|| limits.limits(Profile::Current, Tier::Tier3, black_box(model)));
        });
    }
    group.bench_function("a price", |bench| {
        bench.iter(|| prices.price(black_box(MODEL)))
    });
    group.finish();
}

fn money(criterion: &mut Criterion) {
    let limits = PriceTable::builtin().spend_limits(Tier::Tier3);
    criterion.bench_function("spend, admitted and settled", |bench| {
        let (spend, mut clock) = (Spend::new(), Clock(UNIX_EPOCH + START));
        bench.iter(|| {
            let estimate = black_box(Money::of_nanos(1_000));
            let reservation = spend.reserve(clock.next(), "project", &limits, estimate);
            reservation
                .expect("there is plenty")
                .settle(Money::of_nanos(900));
        });
    });
}

fn snapshots(criterion: &mut Criterion) {
    let (ledger, mut clock) = (Ledger::new(), Clock(UNIX_EPOCH + START));
    for number in 0..300_000 {
        let project = format!("project-{}", number % 10_000);
        drop(ledger.reserve(clock.next(), &project, MODEL, &Limits::UNLIMITED, 1_000));
    }
    criterion.bench_function("snapshot of 10,000 projects, 30 ticks each", |bench| {
        bench.iter(|| ledger.snapshot());
    });
}

criterion_group!(benches, checks, tables, money, snapshots);
criterion_main!(benches);
