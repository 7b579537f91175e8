//! The counts of google-genai's `LocalTokenizer`, recorded by `counts/make.py`.

use proptest::prelude::*;
use propus_wire::{Surface, Version, generate::GenerateContentRequest, request};
use serde_json::Value;

fn rows(lines: &str) -> impl Iterator<Item = Value> {
    lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is an object"))
}

#[test]
fn texts_in_many_languages_count_as_in_googles_library() {
    let mut languages = std::collections::BTreeMap::<String, u32>::new();
    for row in rows(include_str!("../counts/texts.jsonl")) {
        let text = row["text"].as_str().expect("a text");
        let count = propus_tokens::count(text);
        assert_eq!(Some(count), row["tokens"].as_u64(), "{text:?}");
        *languages.entry(row["language"].to_string()).or_default() += 1;
    }
    assert!(languages.len() > 20, "{languages:?}");
    assert!(languages.values().sum::<u32>() >= 2000);
}

#[test]
fn whole_requests_count_as_in_googles_library() {
    for row in rows(include_str!("../counts/requests.jsonl")) {
        let body = row["request"].to_string();
        let request: GenerateContentRequest =
            request::read(body.as_bytes(), Surface::Modern, Version::V1Beta)
                .expect("the request is valid");
        let count = propus_tokens::count_request(&request);
        assert_eq!(Some(count.tokens), row["tokens"].as_u64(), "{body}");
        let parts: u64 = count.parts.iter().map(|part| part.tokens).sum();
        assert_eq!(parts, count.tokens);
    }
}

#[test]
fn every_part_is_named() {
    let body = r#"{"contents": [{"parts": [
        {"text": "Look"},
        {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="}},
        {"fileData": {"mimeType": "audio/mp3", "fileUri": "files/a"}}]}],
        "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema":
            {"type": "object", "properties": {"city": {"type": "string"}}}}]}]}"#;
    let request: GenerateContentRequest =
        request::read(body.as_bytes(), Surface::Modern, Version::V1Beta).expect("a valid request");
    let count = propus_tokens::count_request(&request);
    let places: Vec<_> = count.parts.iter().map(|part| part.place.as_str()).collect();
    assert_eq!(
        places,
        ["contents[0].parts[0]", "tools[0].functionDeclarations[0]"]
    );
    assert_eq!(count.tokens, 3);
    assert_eq!(count.media[0].tokens, Some(258));
    assert_eq!(count.media[1].tokens, None);
}

#[test]
fn long_words_do_not_take_long() {
    // A tokenizer whose work grows with the square of a word's length would not come back from these.
    for text in ["x", " ", "ab", "\u{e000}", "𓀀", "a1 "] {
        propus_tokens::count(&text.repeat(200_000));
    }
}

proptest! {
    /// Who has room for so many tokens as a text has bytes need not count them.
    #[test]
    fn a_text_has_no_more_tokens_than_bytes(
        any in proptest::collection::vec(any::<char>(), 0..200),
        close in "[ \\t\\n\u{2581}<>a-c0-9\u{e4}\u{301}\u{4e2d}\u{1f600}\u{0}-\u{8}]{0,200}",
    ) {
        for text in [any.into_iter().collect(), close] {
            prop_assert!(propus_tokens::count(&text) <= text.len() as u64, "{text:?}");
        }
    }
}
