//! Many requests at once.

use crate::support::{
    finish, greedy, is_text, job, long_text, model, model_with, run, wait_for, wait_until,
};
use propus_llama::scheduler::{BLOCK, Event, FinishReason};

/// How far sums in another order may move a log probability; a choice closer than this may flip.
const ROUNDING: f32 = 0.2;

#[test]
fn together_they_write_what_they_write_alone() {
    let model = model();
    let prompts = [
        "The capital of France is",
        "Two plus two is",
        "Water boils at",
        "My name is",
    ];
    let job = |prompt: &str| {
        let mut job = greedy(&model, prompt, 6);
        job.logprobs = Some(2);
        job
    };
    let alone = prompts.map(|prompt| run(&model, job(prompt)));
    let generations = prompts.map(|prompt| model.submit(job(prompt)).unwrap());
    let mut compared = 0;
    for (alone, together) in alone.iter().zip(generations.map(finish)) {
        let tokens = &together.candidates[0].tokens;
        for (alone, together) in alone.candidates[0].tokens.iter().zip(tokens) {
            if alone.top[0].logprob - alone.top[1].logprob < 2.0 * ROUNDING {
                break;
            }
            assert_eq!(together.chosen.token, alone.chosen.token);
            let moved = (together.chosen.logprob - alone.chosen.logprob).abs();
            assert!(moved < ROUNDING, "{moved}");
            compared += 1;
        }
    }
    assert!(compared >= 4, "only {compared} choices were clear");
}

#[test]
fn a_short_request_overtakes_a_long_one() {
    let model = model();
    let mut long = job(&model, "Once upon a time", 600);
    long.ignore_end = true;
    let mut long = model.submit(long).unwrap();
    wait_for(&mut long, is_text);
    let short = run(&model, greedy(&model, "The capital of France is", 4));
    assert_eq!(short.finished(), (FinishReason::MaxTokens, 4));
    assert_eq!(model.metrics().running, 1);
}

#[test]
fn running_requests_share_a_prompt() {
    let model = model_with(|options| options.prefix_cache_bytes = 0);
    let mut first = job(&model, &long_text(), 600);
    first.ignore_end = true;
    let mut first = model.submit(first).unwrap();
    wait_for(&mut first, is_text);
    let second = run(&model, job(&model, &long_text(), 5));
    // All but the last token, although the third block is not whole.
    assert_eq!(second.cached_tokens, second.prompt_tokens - 1);
    assert!(second.cached_tokens > 2 * BLOCK);
    assert_eq!(model.metrics().cached_tokens, second.cached_tokens as u64);
}

#[test]
fn short_prompts_share_how_they_begin() {
    let model = model();
    let begin = "You are a helpful assistant that answers in one short sentence.";
    let (paris, rome) = (
        format!("{begin} Name a city in France."),
        format!("{begin} Name a city in Italy."),
    );
    let alone = run(&model, greedy(&model, &rome, 6));
    assert_eq!(alone.cached_tokens, 0);
    let mut first = job(&model, &paris, 600);
    first.ignore_end = true;
    let mut first = model.submit(first).unwrap();
    wait_for(&mut first, is_text);
    let second = run(&model, greedy(&model, &rome, 6));
    assert!(second.cached_tokens >= model.tokenize(begin, false, true).len());
    assert_eq!(second.text(), alone.text());
    // What is shared outlives the one who computed it.
    drop(first);
    let third = run(&model, greedy(&model, &rome, 6));
    assert_eq!((third.cached_tokens, third.text()), (0, alone.text()));
}

#[test]
fn a_block_completed_after_a_shared_beginning_is_a_block() {
    let model = model();
    let text = long_text();
    let (common, _) = text.split_at(text.len() / 3);
    let mut first = job(&model, &format!("{common} And so on."), 600);
    first.ignore_end = true;
    let mut first = model.submit(first).unwrap();
    wait_for(&mut first, is_text);
    let second = run(&model, job(&model, &text, 4));
    assert!(second.cached_tokens > 8 && !second.cached_tokens.is_multiple_of(BLOCK));
    // Beside another one, so that it may take blocks that were not computed alone.
    let third = run(&model, job(&model, &text, 4));
    assert!(third.cached_tokens >= 2 * BLOCK);
}

#[test]
fn candidates_share_one_reading_of_the_prompt() {
    let model = model();
    let mut job = job(&model, &long_text(), 12);
    (job.candidates, job.ignore_end) = (4, true);
    let prompt = job.prompt.len();
    let outcome = run(&model, job);
    assert_eq!(outcome.candidates.len(), 4);
    let complete = |reason| reason == Some((FinishReason::MaxTokens, 12));
    assert!(
        outcome
            .candidates
            .iter()
            .all(|answer| complete(answer.finished))
    );
    let metrics = model.metrics();
    assert_eq!(
        (metrics.prompt_tokens, metrics.generated_tokens),
        (prompt as u64, 44 + 4 - 4)
    );
}

#[test]
fn when_memory_runs_out_requests_take_turns() {
    // Each needs 320 of 512 cells.
    let model = model_with(|options| options.context_tokens = 512);
    let outcomes = |texts: [&str; 3]| {
        let jobs = texts.map(|text| {
            let mut job = greedy(&model, text, 300);
            job.ignore_end = true;
            job
        });
        let generations: Vec<_> = jobs
            .into_iter()
            .map(|job| model.submit(job).unwrap())
            .collect();
        generations.into_iter().map(finish).collect::<Vec<_>>()
    };
    for outcome in outcomes(["Once upon a time", "In the beginning", "The sea was calm"]) {
        assert_eq!(outcome.error, None);
        assert_eq!(outcome.finished(), (FinishReason::MaxTokens, 300));
    }
    assert!(model.metrics().set_aside > 0);
    wait_until(&model, |metrics| {
        (metrics.running, metrics.cells_used) == (0, 0)
    });
}

#[test]
fn dropping_a_generation_frees_its_place() {
    let model = model_with(|options| options.max_sequences = 1);
    let mut endless = job(&model, "Once upon a time", 2000);
    endless.ignore_end = true;
    let mut generation = model.submit(endless).unwrap();
    wait_for(&mut generation, is_text);
    wait_until(&model, |metrics| metrics.cells_used > 0);
    drop(generation);
    let next = run(&model, job(&model, "Hello", 3));
    assert!(next.error.is_none());
    wait_until(&model, |metrics| {
        (metrics.running, metrics.cells_used) == (0, 0)
    });
}

#[test]
fn dropping_the_model_ends_what_runs() {
    let model = model();
    let mut endless = job(&model, "Once upon a time", 2000);
    endless.ignore_end = true;
    let mut generation = model.submit(endless).unwrap();
    wait_for(&mut generation, is_text);
    drop(model);
    wait_for(&mut generation, |event| matches!(event, Event::Failed(_)));
    assert_eq!(generation.blocking_next(), None);
}
