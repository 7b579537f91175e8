//! Texts and tokens.

use crate::support::{long_text, model};
use propus_llama::model::Model;

/// What one call of llama.cpp gives, and what our cut pieces give.
#[track_caller]
fn check(model: &Model, text: &str) {
    let tokens = model.tokenize(text, false, false);
    assert_eq!(model.detokenize(&tokens), text);
    // A text without a place to cut is never cut: mark all places where it could be.
    let mut pieces = Vec::new();
    for piece in text.split_inclusive('\n') {
        assert!(piece.len() < 4096, "short enough to stay whole");
        pieces.extend(model.tokenize(piece, false, false));
    }
    assert_eq!(tokens, pieces);
}

#[test]
fn long_texts_have_the_tokens_of_their_lines() {
    let model = model();
    let line = "It's 12 o'clock; naïve Übermaß 日本語 text\tand emoji 👍🏽, don't split the words.\n";
    check(&model, &line.repeat(300));
    check(
        &model,
        "fn main() { println!(\"{}\", 1 + 2); } // a comment\n"
            .repeat(300)
            .as_str(),
    );
}

#[test]
fn marks_are_only_recognised_where_asked() {
    let model = model();
    let text = "<|im_start|>user";
    assert!(model.tokenize(text, true, false).len() < model.tokenize(text, false, false).len());
    let mark = model.tokenize("<|im_end|>", true, false);
    assert_eq!(mark.len(), 1);
    assert!(model.is_end(mark[0]));
    assert_eq!(
        (model.token_bytes(mark[0]), model.token_text(mark[0])),
        (&b""[..], "<|im_end|>".into())
    );
    assert_eq!(model.token_bytes(u32::MAX), b"");
}

#[test]
fn the_constraints_tokenizer_is_the_models() {
    let model = model();
    let text = long_text();
    assert_eq!(
        model.token_env().tokenize(&text),
        model.tokenize(&text, false, false)
    );
    let trie = model.token_env().tok_trie();
    assert_eq!(trie.vocab_size(), model.metadata().vocab_size);
    assert!(trie.eos_tokens().iter().all(|end| model.is_end(*end)));
}

#[test]
fn the_file_speaks_for_itself() {
    let model = model();
    let metadata = model.metadata();
    assert_eq!(
        (metadata.architecture.as_str(), metadata.vocab_size),
        ("llama", 49_152)
    );
    assert_eq!(
        (metadata.context_trained, metadata.embedding_size),
        (8192, 576)
    );
    assert!(
        metadata
            .chat_template
            .as_ref()
            .is_some_and(|template| template.contains("<|im_start|>"))
    );
    assert!(
        metadata
            .control_texts
            .iter()
            .any(|text| text == "<|im_end|>")
    );
    assert!(metadata.parameters > 130_000_000);
}
