//! Finds pages of the catalogue: by name, by status, by words.

use crate::{
    catalogue::ENTRIES,
    entry::{Entry, Guide},
};

/// What was asked for.
#[derive(Debug)]
pub enum Answer {
    /// One failure.
    Page(&'static Entry),
    /// Several failures that share a status; those that the guide lists under it.
    Several(Vec<&'static Entry>),
    /// None; the nearest names.
    Unknown(Vec<&'static str>),
}

/// The failures with this name (in any spelling: `quota_per_day`, `QuotaPerDay`), status
/// (`RESOURCE_EXHAUSTED`) or HTTP code (`429`).
pub fn explain(asked: &str) -> Answer {
    let wanted = plain(asked);
    if let Some(entry) = ENTRIES.iter().find(|entry| plain(entry.name) == wanted) {
        return Answer::Page(entry);
    }
    let several: Vec<_> = ENTRIES
        .iter()
        .copied()
        .filter(|entry| {
            entry.guide.is_some_and(|guide| answers(guide, &wanted)) || ends_with(entry, &wanted)
        })
        .collect();
    if several.is_empty() {
        return Answer::Unknown(nearest(&wanted));
    }
    Answer::Several(several)
}

/// The failures whose pages hold all of these words, those with a word in the name first.
pub fn search(words: &[String]) -> Vec<&'static Entry> {
    let words: Vec<_> = words
        .iter()
        .flat_map(|words| words.split_whitespace())
        .map(str::to_lowercase)
        .collect();
    let holds = |entry: &&&'static Entry| {
        let page = entry.page.to_lowercase();
        words.iter().all(|word| page.contains(word))
    };
    let mut found: Vec<_> = ENTRIES.iter().filter(holds).copied().collect();
    found.sort_by_key(|entry| !words.iter().any(|word| entry.name.contains(word.as_str())));
    found
}

/// Letters and digits only.
fn plain(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Whether a row of the guide's table has this status or code.
fn answers(guide: Guide, wanted: &str) -> bool {
    let row = guide.heading().split_once(' ');
    row.is_some_and(|(code, status)| code == wanted || plain(status) == wanted)
}

/// Codes that the guide's table lacks: `cancelled-499`.
fn ends_with(entry: &Entry, wanted: &str) -> bool {
    let code = wanted.len() == 3 && wanted.bytes().all(|byte| byte.is_ascii_digit());
    code && entry.name.ends_with(wanted)
}

/// The longest text that may be a misspelt name.
const NAME: usize = 60;

fn nearest(wanted: &str) -> Vec<&'static str> {
    if wanted.len() > NAME {
        return Vec::new();
    }
    let mut names: Vec<_> = ENTRIES
        .iter()
        .map(|entry| (strsim::jaro_winkler(wanted, &plain(entry.name)), entry.name))
        .filter(|(alike, _)| *alike > 0.75)
        .collect();
    names.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    names.into_iter().map(|(_, name)| name).take(3).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_spelling() {
        for asked in [
            "quota-per-day",
            "quota_per_day",
            "QuotaPerDay",
            "QUOTA PER DAY",
        ] {
            assert!(
                matches!(explain(asked), Answer::Page(entry) if entry.name == "quota-per-day"),
                "{asked}"
            );
        }
    }

    #[test]
    fn codes_and_statuses_give_all_that_share_them() {
        for asked in ["429", "RESOURCE_EXHAUSTED", "resource exhausted"] {
            let Answer::Several(found) = explain(asked) else {
                panic!("{asked}")
            };
            assert!(
                found.iter().any(|entry| entry.name == "quota-per-day"),
                "{asked}"
            );
            assert!(
                found
                    .iter()
                    .all(|entry| entry.guide == Some(Guide::ResourceExhausted))
            );
        }
        assert!(
            matches!(explain("499"), Answer::Several(found) if found[0].name == "cancelled-499")
        );
    }

    #[test]
    fn wrong_names_get_the_nearest() {
        assert!(
            matches!(explain("quota-pr-day"), Answer::Unknown(names) if names[0] == "quota-per-day")
        );
        assert!(matches!(explain("zzzz"), Answer::Unknown(names) if names.is_empty()));
    }
}
