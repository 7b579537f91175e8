//! How long a diagnosis takes: one error body, and a long log.

#![allow(missing_docs, reason = "criterion's macros write functions without")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use propus_failures::diagnose;
use std::hint::black_box;

const BODY: &str = r#"{
  "error": {
    "code": 400,
    "message": "API key not valid. Please pass a valid API key.",
    "status": "INVALID_ARGUMENT",
    "details": [
      {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "API_KEY_INVALID",
        "domain": "googleapis.com",
        "metadata": {
          "service": "generativelanguage.googleapis.com"
        }
      }
    ]
  }
}
"#;

fn log() -> String {
    let mut log = String::new();
    for number in 0.. {
        log += &format!(
            "2026-11-24T12:00:{:02}Z INFO worker-{}: request {number} took {} ms\n",
            number % 60,
            number % 7,
            number % 900
        );
        if number % 100 == 0 {
            log += BODY;
        }
        if log.len() >= 1 << 20 {
            break;
        }
    }
    log
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("diagnose");
    for (name, text) in [("error body", BODY.to_owned()), ("log of 1 MB", log())] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| diagnose(black_box(&text))));
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
