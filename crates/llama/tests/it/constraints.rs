//! Answers that must have a form.

use crate::support::{Outcome, finish, job, model, run};
use llguidance::{Matcher, api::TopLevelGrammar};
use propus_llama::model::Model;
use propus_llama::scheduler::{FinishReason, Job};

const PERSON: &str = r#"start: "{\"name\": \"" NAME "\", \"age\": " AGE ", \"nationality\": \"" NAME "\"}"
NAME: /[A-Z][a-z]{1,12}/
AGE: /[1-9][0-9]?/
"#;

fn person(model: &Model, tokens: usize) -> Job {
    let mut job = job(model, "A person as JSON:\n", tokens);
    let parser = model
        .parser_factory()
        .create_parser(TopLevelGrammar::from_lark(PERSON.into()));
    job.constraint = Some(Matcher::new(parser));
    job
}

fn check(outcome: &Outcome) {
    assert_eq!(outcome.error, None);
    for answer in &outcome.candidates {
        let value: serde_json::Value = serde_json::from_str(&answer.text)
            .unwrap_or_else(|error| panic!("{error}: {}", answer.text));
        assert!(
            value["age"].as_u64().is_some_and(|age| age < 100),
            "{value}"
        );
    }
}

#[test]
fn answers_have_their_form() {
    let model = model();
    let mut job = person(&model, 100);
    job.candidates = 4;
    let outcome = run(&model, job);
    check(&outcome);
    let reasons = outcome
        .candidates
        .iter()
        .filter_map(|answer| answer.finished);
    assert!(reasons.clone().count() == 4);
    assert!(
        reasons
            .into_iter()
            .all(|(reason, _)| reason == FinishReason::ConstraintDone)
    );
}

#[test]
fn they_have_it_beside_free_answers() {
    let model = model();
    let jobs = [
        person(&model, 100),
        job(&model, "Once upon a time", 40),
        person(&model, 100),
    ];
    let generations: Vec<_> = jobs
        .into_iter()
        .map(|job| model.submit(job).unwrap())
        .collect();
    let outcomes: Vec<_> = generations.into_iter().map(finish).collect();
    check(&outcomes[0]);
    check(&outcomes[2]);
}

#[test]
fn forced_tokens_are_certain_and_counted() {
    let model = model();
    let mut job = person(&model, 100);
    job.logprobs = Some(0);
    let outcome = run(&model, job);
    let tokens = &outcome.candidates[0].tokens;
    assert_eq!(tokens.len(), outcome.finished().1);
    assert!(
        tokens
            .iter()
            .filter(|token| token.chosen.logprob == 0.0)
            .count()
            >= 5
    );
}

#[test]
fn too_few_tokens_end_it_in_the_middle() {
    let model = model();
    let outcome = run(&model, person(&model, 7));
    assert_eq!(outcome.finished(), (FinishReason::MaxTokens, 7));
    assert!(outcome.text().starts_with("{\"name\": \""));
}
