//! Log probabilities in OpenAI's form.

use propus_wire::generate::{LogprobsCandidate, LogprobsResult};
use serde_json::{Number, Value, json};

/// One entry for each token that was taken, with the most probable ones at its place.
pub(super) fn written(result: &LogprobsResult) -> Value {
    let chosen = result.chosen_candidates.iter().enumerate();
    let content: Vec<_> = chosen
        .map(|(place, chosen)| entry(result, place, chosen))
        .collect();
    json!({ "content": content, "refusal": null })
}

fn entry(result: &LogprobsResult, place: usize, chosen: &LogprobsCandidate) -> Value {
    let top = result.top_candidates.get(place);
    let top: Vec<_> = top
        .iter()
        .flat_map(|top| &top.candidates)
        .map(token)
        .collect();
    let mut entry = token(chosen);
    entry["top_logprobs"] = json!(top);
    entry
}

fn token(candidate: &LogprobsCandidate) -> Value {
    let text = candidate.token.as_deref().unwrap_or_default();
    json!({
        "token": text,
        "logprob": shortest(candidate.log_probability.unwrap_or(0.0)),
        "bytes": text.as_bytes(),
    })
}

/// A float with as many digits as it has, instead of those of the double next to it.
pub(super) fn shortest(value: f32) -> Value {
    let double = value.to_string().parse().ok().and_then(Number::from_f64);
    double.map_or(Value::Null, Value::Number)
}
