//! Keys and tokens in evidence are never repeated.

use std::borrow::Cow;

/// What stands for a key.
const HIDDEN: &str = "<hidden>";

/// How keys and tokens begin: Google's two kinds of keys, its OAuth tokens, other providers' keys.
const BEGINNINGS: [&str; 8] = [
    "AIza", "AQ.", "ya29.", "1//0", "sk-", "Bearer ", "key=", "api_key:",
];

/// Fewer letters after the beginning are no secret.
const LEAST: usize = 8;

/// Text without its keys and tokens, as far as they are known by how they begin.
pub fn hidden(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((at, beginning)) = first(rest) {
        let start = at + beginning.len();
        let secret = |c: char| c.is_ascii_alphanumeric() || "-_.=+/".contains(c);
        let length = rest[start..]
            .find(|c| !secret(c))
            .unwrap_or(rest.len() - start);
        let end = start + length;
        // A word that only ends so begins no key.
        let within = rest[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        if length >= LEAST && !within {
            out.push_str(&rest[..at]);
            if matches!(beginning, "Bearer " | "key=" | "api_key:") {
                out.push_str(beginning);
            }
            out.push_str(HIDDEN);
        } else {
            out.push_str(&rest[..end]);
        }
        rest = &rest[end..];
    }
    match out.is_empty() {
        true => Cow::Borrowed(text),
        false => Cow::Owned(out + rest),
    }
}

fn first(text: &str) -> Option<(usize, &'static str)> {
    let places = BEGINNINGS.iter().filter_map(|beginning| {
        let at = text.find(beginning)?;
        Some((at, *beginning))
    });
    places.min_by_key(|(at, _)| *at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_hidden_and_words_are_not() {
        for (text, expected) in [
            ("?key=AIzaSyA1234567890&alt=sse", "?key=<hidden>&alt=sse"),
            ("key AQ.Ab8RN6abcdefgh, then", "key <hidden>, then"),
            (
                "Authorization: Bearer ya29.a0AfH6SM",
                "Authorization: Bearer <hidden>",
            ),
            (
                "Consumer 'api_key:AIzaSyA1234567890' has",
                "Consumer 'api_key:<hidden>' has",
            ),
            (
                "must start with AIza (got AQ.Ab)",
                "must start with AIza (got AQ.Ab)",
            ),
            ("task-1 risk-12345678 none", "task-1 risk-12345678 none"),
            ("", ""),
        ] {
            assert_eq!(hidden(text), expected);
        }
    }
}
