//! Names of models in evidence: Google says the same of a model that never was, one that is gone, and
//! one that cannot do what was asked.

use super::{Facts, facts, index, piece, signs::Hit, words::Words};
use crate::{Card, Cards, entry::Sure};
use serde_json::Value;

/// Sentences of a "not found" around a model's name, in bytes.
const SENTENCE: usize = 300;

/// Tells apart the three meanings of "is not found for API version".
pub(super) fn refine(text: &str, words: &Words, hits: &mut Vec<Hit>) {
    let not_found = index("model-not-found");
    let mut more = Vec::new();
    for hit in hits
        .iter()
        .filter(|hit| hit.entry == not_found && hit.sure == Sure::Certain)
    {
        let at = words.place(hit.start);
        let sentence = piece(text, at.saturating_sub(80), at + SENTENCE);
        // A terminal may have broken the sentence anywhere.
        let sentence = sentence.split_whitespace().collect::<Vec<_>>().join(" ");
        let facts = facts::read(&sentence);
        let name = |fact| facts.get(fact).and_then(Value::as_str);
        let Some(model) = name("model") else { continue };
        let (entry, sure) = match Cards::builtin().get(model) {
            Some(card) if name("method").is_some_and(|method| lacks(card, method)) => {
                ("model-method-mismatch", Sure::Certain)
            }
            Some(card) if card.shutdown.is_some() => ("model-retired", Sure::Likely),
            Some(_) => continue,
            None if looks_retired(model) => ("model-retired", Sure::Likely),
            None => continue,
        };
        more.push(Hit {
            entry: index(entry),
            sure,
            weight: hit.weight + 1,
            ..*hit
        });
    }
    hits.extend(more);
    if let Some(at) = odd_path(text) {
        hits.push(Hit {
            entry: index("base-url-wrong"),
            sure: Sure::Certain,
            weight: 50,
            start: at.min(words.text.len()),
            end: words.text.len(),
        });
    }
}

/// Whether a model cannot do what others can. `GetModel` is asked of the API, not of a model.
fn lacks(card: &Card, method: &str) -> bool {
    let mut cards = Cards::builtin().iter();
    !card.has_method(method) && cards.any(|other| other.has_method(method))
}

/// Where an address of the API cannot be right: without a version, with two, or with an empty step.
fn odd_path(text: &str) -> Option<usize> {
    const ODD: [&str; 8] = [
        "googleapis.com/models/",
        "googleapis.com/openai/",
        "/v1beta//",
        "/v1//",
        "/v1beta/v1beta/",
        "/v1beta/v1/",
        "/v1/v1beta/",
        "/v1/v1/",
    ];
    ODD.iter().find_map(|odd| text.find(odd))
}

/// Families that are gone altogether, without a card for each of their names.
fn looks_retired(model: &str) -> bool {
    const GONE: [&str; 9] = [
        "gemini-1.0",
        "gemini-1.5",
        "gemini-pro",
        "gemini-exp",
        "text-bison",
        "chat-bison",
        "text-embedding-00",
        "embedding-001",
        "embedding-gecko",
    ];
    GONE.iter().any(|family| model.starts_with(family))
}

/// What Google names in place of the model that the facts name.
pub(super) fn replacement(facts: &Facts) -> Option<Value> {
    let model = facts.get("model")?.as_str()?;
    let card = Cards::builtin().get(model)?;
    card.replacement.clone().map(Value::from)
}
