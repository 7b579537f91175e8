//! Token counts of Gemini models without a network.
//!
//! Google's library `google-genai` has a `LocalTokenizer`, which splits texts by the SentencePiece
//! model of Gemma 3. This crate holds the same model and counts the same texts of a request, so that
//! its counts are equal; tests compare thousands of them.
//!
//! ```
//! assert_eq!(propus_tokens::count("What is your name?"), 5);
//! ```
//!
//! Two things it cannot know. Media have no text: an image is estimated by the documented tiles, and
//! anything else is named as not counted. And models from Gemini 3.1 on are counted by Google's
//! library with the tokenizer of Gemma 4, which is not here: [`is_exact`] tells which those are.

mod media;
mod request;

pub use media::Media;
pub use request::{Count, Counted, count_request};

use kitoken::Kitoken;
use std::sync::LazyLock;

static TOKENIZER: LazyLock<Kitoken> = LazyLock::new(|| {
    let bytes = include_bytes!(concat!(env!("OUT_DIR"), "/gemma3.kit"));
    Kitoken::from_slice(bytes).expect("the build wrote it")
});

/// How many tokens a text has. The first call in a process takes some 0.2 s, to load the vocabulary.
pub fn count(text: &str) -> u64 {
    ids(text).len() as u64
}

/// The ids of a text's tokens in Gemma's vocabulary. What looks like a control token is text.
pub fn ids(text: &str) -> Vec<u32> {
    TOKENIZER
        .encode(text, false)
        .expect("a byte without a token of its own has a byte token")
}

/// Whether Google's library counts this model with the tokenizer that is built in.
///
/// `google-genai` 3.4 maps Gemini 2.0, 2.5 and the previews of 3 to Gemma 3 and `gemini-3.1-*` and
/// `gemini-3.5-flash` to Gemma 4.
pub fn is_exact(model: &str) -> bool {
    let name = model.strip_prefix("models/").unwrap_or(model);
    [
        "gemini-2.0-",
        "gemini-2.5-",
        "gemini-live-2.5-",
        "gemini-3-",
    ]
    .iter()
    .any(|family| name.starts_with(family))
}
