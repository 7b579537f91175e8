//! What only a defect of ours can bring about.

use super::{Event, GenerationError, Job};
use crate::model::{LoadOptions, Model};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

static PANIC: AtomicBool = AtomicBool::new(false);

/// Panics once after a test has asked for it.
pub(super) fn panic_if_asked() {
    assert!(
        !PANIC.swap(false, SeqCst),
        "a test asked the engine to panic"
    );
}

fn model() -> Model {
    let named = std::env::var_os("PROPUS_TEST_MODEL").map(PathBuf::from);
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    let folder = || cache.unwrap_or_else(home).join("propus/models");
    let path = named.unwrap_or_else(|| folder().join("smollm2-135m-instruct.gguf"));
    let options = LoadOptions {
        threads: Some(1),
        context_tokens: 1024,
        ..LoadOptions::default()
    };
    Model::load(&path, &options).expect("`make model` fetches the test model")
}

#[test]
fn a_panic_fails_what_runs_and_the_engine_goes_on() {
    let model = model();
    let mut endless = Job::new(model.tokenize("Once upon a time", false, true), 900);
    endless.ignore_end = true;
    let mut generation = model.submit(endless).unwrap();
    while !matches!(generation.blocking_next(), Some(Event::Text { .. })) {}
    PANIC.store(true, SeqCst);
    let mut last = None;
    while let Some(event) = generation.blocking_next() {
        last = Some(event);
    }
    assert_eq!(last, Some(Event::Failed(GenerationError::Restarted)));

    let mut next = model.submit(Job::new(vec![100, 200], 3)).unwrap();
    let mut finished = false;
    while let Some(event) = next.blocking_next() {
        finished |= matches!(event, Event::Finished { .. });
    }
    assert!(finished);
    assert_eq!(model.metrics().failures, 1);
}
