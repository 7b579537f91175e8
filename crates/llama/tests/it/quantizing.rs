//! Another precision.

use crate::support::{options, writer_file};
use propus_llama::gguf::Gguf;
use propus_llama::model::Model;
use propus_llama::quantize::{QuantizeError, perplexity, quantize};
use propus_llama::scheduler::Job;
use std::fs;

/// Prose that the model has hardly seen, long enough for one window.
fn prose() -> String {
    let lines = [
        "The ferry left an hour late because the captain's sister had forgotten her violin.",
        "Nobody on the quay minded; the sun was out and the baker had brought yesterday's rolls.",
        "When the rope finally fell into the water, a dog barked twice and lay down again.",
        "On the upper deck two engineers argued about the colour of copper in seawater.",
        "By noon the island had grown from a pencil line to a hill with eleven houses.",
    ];
    lines.map(|line| format!("{line} ")).concat().repeat(6)
}

#[test]
fn a_requantised_model_loads_and_is_hardly_worse() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("new.gguf");
    quantize(&writer_file(), &to).unwrap();
    assert_eq!(Gguf::read(&to).unwrap().quantisation(), "Q8_0");
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing else is left"
    );
    let model = Model::load(&to, &options()).unwrap();
    assert!(model.submit(Job::new(vec![100], 1)).is_ok());
    let (before, after) = (
        perplexity(&writer_file(), &prose(), Some(1)).unwrap(),
        perplexity(&to, &prose(), Some(1)).unwrap(),
    );
    assert!(
        before > 1.0 && (after / before - 1.0).abs() < 0.02,
        "{before} {after}"
    );
}

#[test]
fn what_is_no_model_is_not_quantised() {
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("text.gguf");
    fs::write(&from, "no model").unwrap();
    let error = quantize(&from, &folder.path().join("new.gguf")).unwrap_err();
    assert!(matches!(error, QuantizeError::Invalid { .. }), "{error:?}");
}

#[test]
fn a_short_text_says_nothing() {
    let error = perplexity(&writer_file(), "Too short.", Some(1)).unwrap_err();
    assert!(
        matches!(error, QuantizeError::TooShort { needed: 512, .. }),
        "{error:?}"
    );
}
