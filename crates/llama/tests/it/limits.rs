//! What is refused, and what ends early.

use crate::support::{finish, is_text, job, long_text, model, model_with, run, wait_for};
use propus_llama::scheduler::{FinishReason, GenerationError, Job, SubmitError};
use std::time::{Duration, Instant};

#[test]
fn a_full_queue_refuses_at_once() {
    let model = model_with(|options| (options.max_sequences, options.queue_limit) = (1, 1));
    let mut endless = job(&model, "Once upon a time", 2000);
    endless.ignore_end = true;
    let mut running = model.submit(endless.clone()).unwrap();
    wait_for(&mut running, is_text);
    let waiting = model.submit(job(&model, "Hello", 2)).unwrap();
    let busy = SubmitError::Busy {
        running: 1,
        waiting: 1,
    };
    assert_eq!(model.submit(endless.clone()).unwrap_err(), busy);
    // One that gave up waiting leaves its place to others.
    drop(waiting);
    let waiting = model.submit(job(&model, "Hello", 2)).unwrap();
    drop(running);
    assert!(finish(waiting).error.is_none());
}

#[test]
fn a_prompt_that_never_fits_is_refused_with_its_numbers() {
    let model = model_with(|options| options.context_tokens = 512);
    let job = Job::new(vec![100; 600], 10);
    let error = SubmitError::PromptTooLong {
        tokens: 600,
        limit: 511,
    };
    assert_eq!(model.submit(job).unwrap_err(), error);
}

#[test]
fn jobs_that_make_no_sense_are_refused() {
    let model = model();
    let submit = |change: fn(&mut Job)| {
        let mut job = Job::new(vec![100; 4], 1);
        change(&mut job);
        model.submit(job).unwrap_err()
    };
    assert_eq!(submit(|job| job.prompt.clear()), SubmitError::EmptyPrompt);
    assert_eq!(
        submit(|job| job.prompt.push(99_999)),
        SubmitError::UnknownToken(99_999)
    );
    let candidates = |candidates| SubmitError::Candidates {
        candidates,
        limit: 8,
    };
    assert_eq!(submit(|job| job.candidates = 0), candidates(0));
    assert_eq!(submit(|job| job.candidates = 9), candidates(9));
}

#[test]
fn a_full_context_ends_the_answer() {
    let model = model_with(|options| options.context_tokens = 512);
    let mut endless = job(&model, "Once upon a time", 2000);
    endless.ignore_end = true;
    let prompt = endless.prompt.len();
    let outcome = run(&model, endless);
    // The last token is known before it would need a place.
    assert_eq!(
        outcome.finished(),
        (FinishReason::ContextFull, 512 - prompt + 1)
    );
}

#[test]
fn candidates_that_fill_the_memory_end_one_by_one() {
    let model = model_with(|options| options.context_tokens = 512);
    let mut endless = job(&model, "Once upon a time", 2000);
    (endless.ignore_end, endless.candidates) = (true, 3);
    let outcome = run(&model, endless);
    assert_eq!(outcome.error, None);
    let reasons: Vec<_> = outcome
        .candidates
        .iter()
        .filter_map(|answer| answer.finished)
        .collect();
    assert_eq!(reasons.len(), 3);
    assert!(
        reasons
            .iter()
            .all(|(reason, _)| *reason == FinishReason::ContextFull)
    );
}

#[test]
fn no_tokens_are_no_tokens() {
    let model = model();
    let outcome = run(&model, job(&model, "Hello", 0));
    assert_eq!(
        (outcome.text(), outcome.finished()),
        ("", (FinishReason::MaxTokens, 0))
    );
}

#[test]
fn a_prompt_that_cannot_be_read_in_time_is_given_up_at_once() {
    let model = model();
    // The speed is measured by a first prompt.
    assert!(run(&model, job(&model, &long_text(), 1)).error.is_none());
    let mut late = Job::new(vec![200; 1800], 1);
    late.until = Some(Instant::now() + Duration::from_millis(5));
    let outcome = run(&model, late.clone());
    assert!(
        matches!(
            outcome.error,
            Some(GenerationError::TooLate { tokens: 1800, .. })
        ),
        "{outcome:?}"
    );
    assert_eq!(model.metrics().cells_used, 0);
    late.until = Some(Instant::now() + Duration::from_secs(3600));
    assert!(run(&model, late).error.is_none());
}
