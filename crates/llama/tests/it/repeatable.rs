//! The same seed gives the same text.

use crate::support::{finish, is_text, job, long_text, model, run, wait_for, wait_until};
use propus_llama::scheduler::BLOCK;

#[test]
fn alone_the_cache_changes_nothing() {
    let model = model();
    let text = long_text();
    let cold = run(&model, job(&model, &text, 40));
    assert_eq!(cold.cached_tokens, 0);
    let warm = run(&model, job(&model, &text, 40));
    assert_eq!(warm.cached_tokens, 2 * BLOCK);
    assert_eq!(warm.text(), cold.text());
    let mut deterministic = job(&model, &text, 40);
    deterministic.deterministic = true;
    let deterministic = run(&model, deterministic);
    assert_eq!(deterministic.cached_tokens, 0);
    assert_eq!(deterministic.text(), cold.text());
}

#[test]
fn a_prefix_of_another_prompt_is_reused_and_changes_nothing() {
    let (text, other) = (long_text(), long_text() + "And then, one evening, he");
    let fresh = model();
    let expected = run(&fresh, job(&fresh, &other, 30));
    let model = model();
    run(&model, job(&model, &text, 5));
    let outcome = run(&model, job(&model, &other, 30));
    assert_eq!(outcome.cached_tokens, 2 * BLOCK);
    assert_eq!(outcome.text(), expected.text());
}

#[test]
fn blocks_computed_beside_others_do_not_serve_a_request_alone() {
    let text = long_text();
    let fresh = model();
    let expected = run(&fresh, job(&fresh, &text, 30));

    let model = model();
    let mut neighbour = job(&model, "Once upon a time", 400);
    neighbour.ignore_end = true;
    let mut neighbour = model.submit(neighbour).unwrap();
    wait_for(&mut neighbour, is_text);
    run(&model, job(&model, &text, 5));
    // Beside another one it may take them.
    assert_eq!(run(&model, job(&model, &text, 5)).cached_tokens, 2 * BLOCK);
    drop(neighbour);
    wait_until(&model, |metrics| metrics.running == 0);

    let alone = run(&model, job(&model, &text, 30));
    assert_eq!((alone.cached_tokens, alone.text()), (0, expected.text()));
    let again = run(&model, job(&model, &text, 30));
    assert_eq!(
        (again.cached_tokens, again.text()),
        (2 * BLOCK, expected.text())
    );
}

#[test]
fn seeds_and_candidates_differ() {
    let model = model();
    let mut several = job(&model, "My favourite animal is", 20);
    several.candidates = 3;
    let first = run(&model, several.clone());
    let texts: Vec<_> = first
        .candidates
        .iter()
        .map(|answer| answer.text.clone())
        .collect();
    assert!(texts[0] != texts[1] && texts[1] != texts[2], "{texts:?}");
    let second = run(&model, several.clone());
    assert!(
        second
            .candidates
            .iter()
            .map(|answer| &answer.text)
            .eq(&texts)
    );
    several.sampling.seed = Some(43);
    assert_ne!(run(&model, several).text(), texts[0]);
}

#[test]
fn a_deterministic_request_waits_for_the_others_and_they_for_it() {
    let model = model();
    let alone = run(&model, job(&model, "The sea is", 20));
    let mut first = job(&model, "Once upon a time", 30);
    first.ignore_end = true;
    let mut second = job(&model, "The sea is", 20);
    second.deterministic = true;
    let jobs = [first.clone(), second, first];
    let generations: Vec<_> = jobs
        .into_iter()
        .map(|job| model.submit(job).unwrap())
        .collect();
    let outcomes: Vec<_> = generations.into_iter().map(finish).collect();
    assert_eq!(outcomes[1].text(), alone.text());
    assert!(outcomes.iter().all(|outcome| outcome.error.is_none()));
}
