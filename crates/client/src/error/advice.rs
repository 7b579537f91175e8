//! Which of a page's advices fits the words of an error best.
//!
//! A page speaks of all cases of its failure, and an error is one of them: of several settings that
//! exclude one another, the advice should name those that the error names.

use std::collections::BTreeSet;

/// Names of the API with so many letters tell something.
const NAME: usize = 7;
/// Other words of so many letters do.
const WORD: usize = 9;

/// The advice that shares most with a message; of equals the first, which the page thinks best.
pub(super) fn fitting<'a>(advices: &'a [String], message: &str) -> Option<&'a str> {
    let message = plain(message);
    let shared = |advice: &str| {
        let told: BTreeSet<String> = telling(advice).collect();
        told.iter().filter(|word| message.contains(*word)).count()
    };
    // `max_by_key` takes the last of equals.
    let best = advices.iter().rev().max_by_key(|advice| shared(advice))?;
    Some(best)
}

/// The names and words of an advice that tell something. Names stand between backticks and count as
/// a whole: `maxTemperature` is not the temperature.
fn telling(advice: &str) -> impl Iterator<Item = String> {
    advice.split('`').enumerate().flat_map(|(at, piece)| {
        let is_code = at % 2 == 1;
        let least = if is_code { NAME } else { WORD };
        let words = piece.split(|c: char| !c.is_alphanumeric() && c != '_');
        words
            .map(plain)
            .filter(move |word| word.len() >= least)
            .collect::<Vec<_>>()
    })
}

/// A text without what names are written differently by: `response_schema` and `responseSchema`.
fn plain(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_names_what_the_error_names() {
        let advices = [
            "Send only `thinkingLevel` or only `thinkingBudget`.",
            "Choose one of `responseSchema` and `responseJsonSchema`.",
            "Set `responseLogprobs` wherever `logprobs` is set.",
            "Put the system instruction into the cache, and mind the `maxTemperature`.",
        ]
        .map(str::to_owned);
        for (message, expected) in [
            (
                "response_schema and response_json_schema are mutually exclusive.",
                1,
            ),
            (
                "Logprobs can only be set when response_logprobs is true.",
                2,
            ),
            ("set only one of thinking budget and thinking level", 0),
            ("a cache can not be used with system_instruction", 3),
            ("temperature must be in the range", 0),
            ("something else", 0),
        ] {
            let advice = fitting(&advices, message);
            assert_eq!(advice, Some(advices[expected].as_str()), "{message}");
        }
        assert_eq!(fitting(&[], "x"), None);
    }
}
