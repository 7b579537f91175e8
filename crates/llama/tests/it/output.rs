//! What comes out: whole characters, nothing of stop sequences, sound probabilities.

use crate::support::{greedy, job, model, run};
use llguidance::{Matcher, api::TopLevelGrammar};
use propus_llama::model::Model;
use propus_llama::scheduler::FinishReason;

const PROMPT: &str = "The capital of France is";
const STORY: &str = "Once upon a time there was";

#[test]
fn the_model_writes_sense() {
    let model = model();
    let outcome = run(&model, greedy(&model, PROMPT, 8));
    assert!(outcome.text().contains("Paris"), "{}", outcome.text());
}

/// Stops at each place of a known text, mostly across tokens.
#[test]
fn stop_sequences_are_cut_out_wherever_they_stand() {
    let model = model();
    let whole = run(&model, greedy(&model, STORY, 40)).text().to_owned();
    assert!(whole.is_ascii() && whole.len() > 60, "{whole}");
    for start in (3..50).step_by(5) {
        let stop = &whole[start..start + 7];
        let expected = &whole[..whole.find(stop).unwrap()];
        let mut job = greedy(&model, STORY, 40);
        job.stop = vec!["never comes up".into(), stop.into()];
        let outcome = run(&model, job);
        assert_eq!(
            (outcome.text(), outcome.finished().0),
            (expected, FinishReason::StopSequence)
        );
    }
}

#[test]
fn what_only_looked_like_a_stop_sequence_comes_out() {
    let model = model();
    let whole = run(&model, greedy(&model, PROMPT, 40));
    let end = whole.text()[whole.text().len() - 6..].to_owned();
    let mut job = greedy(&model, PROMPT, 40);
    job.stop = vec![end + "§"];
    let outcome = run(&model, job);
    assert_eq!(
        (outcome.text(), outcome.finished()),
        (whole.text(), whole.finished())
    );
}

/// Makes the model write exactly this.
fn dictate(model: &Model, text: &str) -> Matcher {
    let grammar = format!("start: {}", serde_json::to_string(text).unwrap());
    let parser = model
        .parser_factory()
        .create_parser(TopLevelGrammar::from_lark(grammar));
    Matcher::new(parser)
}

#[test]
fn characters_of_several_tokens_come_whole() {
    let model = model();
    let text = "naïve 日本語 😀👍🏽 ქართული";
    let mut job = job(&model, PROMPT, 100);
    job.constraint = Some(dictate(&model, text));
    let outcome = run(&model, job);
    assert_eq!((outcome.text(), outcome.error.as_ref()), (text, None));
}

#[test]
fn a_torn_character_at_the_end_is_marked() {
    let model = model();
    let whole = model.tokenize("ქ", false, false).len();
    assert!(whole > 1, "the test needs a character of several tokens");
    let mut job = job(&model, PROMPT, 1);
    job.constraint = Some(dictate(&model, "ქ"));
    let outcome = run(&model, job);
    assert_eq!(
        (outcome.text(), outcome.finished()),
        ("\u{FFFD}", (FinishReason::MaxTokens, 1))
    );
}

#[test]
fn log_probabilities_are_sound() {
    let model = model();
    let mut job = greedy(&model, PROMPT, 12);
    (job.logprobs, job.ignore_end) = (Some(5), true);
    let outcome = run(&model, job);
    let answer = &outcome.candidates[0];
    assert_eq!(answer.tokens.len(), 12);
    for token in &answer.tokens {
        assert_eq!((token.top.len(), token.top[0]), (5, token.chosen));
        assert!(token.top.iter().all(|one| one.logprob <= 0.0));
        assert!(token.top.is_sorted_by(|a, b| a.logprob >= b.logprob));
        let sum: f32 = token.top.iter().map(|one| one.logprob.exp()).sum();
        assert!(sum > 0.0 && sum <= 1.0001, "{sum}");
    }
    let bytes: Vec<u8> = answer
        .tokens
        .iter()
        .flat_map(|token| model.token_bytes(token.chosen.token))
        .copied()
        .collect();
    assert_eq!(String::from_utf8_lossy(&bytes), answer.text);
}

#[test]
fn without_alternatives_only_the_chosen_tokens_are_reported() {
    let model = model();
    let mut job = job(&model, PROMPT, 5);
    (job.logprobs, job.ignore_end) = (Some(0), true);
    let outcome = run(&model, job);
    assert_eq!(outcome.candidates[0].tokens.len(), 5);
    assert!(
        outcome.candidates[0]
            .tokens
            .iter()
            .all(|token| token.top.is_empty())
    );
}

#[test]
fn a_high_presence_penalty_forbids_repetition() {
    let model = model();
    let mut job = greedy(&model, "the the the the the", 30);
    (job.logprobs, job.ignore_end, job.sampling.presence_penalty) = (Some(0), true, 1000.0);
    let outcome = run(&model, job);
    let mut tokens: Vec<_> = outcome.candidates[0]
        .tokens
        .iter()
        .map(|token| token.chosen.token)
        .collect();
    let count = tokens.len();
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!((count, tokens.len()), (30, 30));
}

#[test]
fn the_model_ends_its_turn() {
    let model = model();
    let chat =
        "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n";
    let mut job = greedy(&model, "", 200);
    job.prompt = model.tokenize(chat, true, true);
    let outcome = run(&model, job);
    assert_eq!(
        outcome.finished().0,
        FinishReason::Stop,
        "{}",
        outcome.text()
    );
    assert!(!outcome.text().contains("<|im_end|>"));
}
