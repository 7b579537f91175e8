//! How fast texts are counted.

#![allow(missing_docs, reason = "criterion's macros write functions without")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

fn counts(criterion: &mut Criterion) {
    let texts: Vec<String> = include_str!("../tests/counts/texts.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a line is an object"))
        .map(|row| row["text"].as_str().expect("a text").to_owned())
        .collect();
    let bytes = texts.iter().map(String::len).sum::<usize>() as u64;
    let mut group = criterion.benchmark_group("count");
    group.throughput(Throughput::Bytes(bytes));
    group.bench_function("texts in 22 languages", |bench| {
        bench.iter(|| {
            texts
                .iter()
                .map(|text| propus_tokens::count(black_box(text)))
                .sum::<u64>()
        });
    });
    group.finish();
}

criterion_group!(benches, counts);
criterion_main!(benches);
