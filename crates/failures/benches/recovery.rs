//! How long a decision takes: the reading of an error, beside its diagnosis alone, and the deciding.

#![allow(missing_docs, reason = "criterion's macros write functions without")]

use criterion::{Criterion, criterion_group, criterion_main};
use propus_failures::{
    catalogue, diagnose,
    recovery::{History, Outcome, Policy, Situation, decide},
};
use std::hint::black_box;

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("recovery");
    for name in ["overloaded-503", "invalid-api-key", "quota-per-minute"] {
        let examples = catalogue::examples();
        let problem = examples.iter().find(|problem| problem.name() == name);
        let status = problem.expect("an example of this name").status();
        let (http, body) = (status.code.http(), status.to_pretty());
        group.bench_function(format!("diagnosis of {name}"), |bencher| {
            bencher.iter(|| diagnose(black_box(&body)));
        });
        group.bench_function(format!("outcome of {name}"), |bencher| {
            bencher.iter(|| Outcome::of_http(http, None, black_box(body.as_bytes())));
        });
        let outcome = Outcome::of_http(http, None, body.as_bytes());
        let (policy, mut history) = (Policy::gateway(), History::default());
        history.begin("a");
        group.bench_function(format!("decision on {name}"), |bencher| {
            bencher.iter(|| {
                let situation = Situation::new(black_box(&policy), &history);
                decide(black_box(&outcome), &situation)
            });
        });
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
