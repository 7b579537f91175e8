//! What a request pays for being counted: the record at its beginning, and the counters at its end.

#![allow(missing_docs, reason = "criterion's macros write functions without")]

use axum::body::Body;
use criterion::{Criterion, criterion_group, criterion_main};
use http::Request;
use propus_failures::Cards;
use propus_quota::prices::Tokens;
use propus_server::{
    metrics::{End, Facts, Metrics, Record},
    registry::Registry,
};
use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, SystemTime},
};

fn metrics() -> Metrics {
    let clock = Arc::new(SystemTime::now);
    let cards = Cards::builtin().clone();
    Metrics::new(&Registry::new(cards, Vec::new(), false, clock))
}

fn answered() -> Facts {
    Facts {
        method: "streamGenerateContent",
        surface: "gemini",
        path: "/v1beta/models/gemini-2.5-flash:streamGenerateContent".into(),
        model: Some("gemini-2.5-flash".into()),
        status: 200,
        took: Duration::from_millis(900),
        first_byte: Some(Duration::from_millis(90)),
        first_chunk: Some(Duration::from_millis(90)),
        tokens: Some(Tokens {
            input: 1200,
            output: 300,
            cached: 100,
        }),
        ..Facts::default()
    }
}

fn benches(criterion: &mut Criterion) {
    let metrics = metrics();
    let facts = answered();
    criterion.bench_function("count an answered stream", |bench| {
        bench.iter(|| metrics.ended(black_box(&facts)));
    });
    let refused = Facts {
        failure: Some("quota-per-minute"),
        status: 429,
        tokens: None,
        first_chunk: None,
        ..answered()
    };
    criterion.bench_function("count a refusal", |bench| {
        bench.iter(|| metrics.ended(black_box(&refused)));
    });
    let request = Request::post("/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
    let request = request.header("host", "localhost").body(Body::empty());
    let request = request.expect("a fixed request can be built");
    criterion.bench_function("open and close a record", |bench| {
        bench.iter(|| Record::open(black_box(&request), SystemTime::UNIX_EPOCH).close(End::Done));
    });
    criterion.bench_function("count a repair", |bench| {
        bench.iter(|| metrics.repair(black_box("retry"), "helped"));
    });
    criterion.bench_function("count an attempt at a route", |bench| {
        bench.iter(|| metrics.attempt(black_box("eu"), None));
    });
}

criterion_group!(all, benches);
criterion_main!(all);
