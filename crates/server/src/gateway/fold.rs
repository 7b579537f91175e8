//! One reply of the chunks of a streamed one, fields that nobody knows included.

use propus_wire::generate::GenerateContentResponse;
use serde_json::{Map, Value};

/// Adds chunks up. Candidates are joined by their index and their texts put together; of any other field
/// the later one counts, as in [`GenerateContentResponse::absorb`].
pub(super) fn fold(chunks: impl IntoIterator<Item = Value>) -> Value {
    let mut whole = Map::new();
    for chunk in chunks {
        let Value::Object(chunk) = chunk else {
            continue;
        };
        for (name, value) in chunk {
            match (name.as_str(), value) {
                ("candidates", Value::Array(candidates)) => {
                    let all = whole
                        .entry(name)
                        .or_insert_with(|| Value::Array(Vec::new()));
                    candidates.into_iter().for_each(|one| join(all, one));
                }
                (_, value) => {
                    whole.insert(name, value);
                }
            }
        }
    }
    Value::Object(whole)
}

fn join(all: &mut Value, candidate: Value) {
    let Value::Array(all) = all else { return };
    let index = |one: &Value| one.get("index").and_then(Value::as_i64).unwrap_or(0);
    let place = all.iter_mut().find(|one| index(one) == index(&candidate));
    match (place, candidate) {
        (Some(Value::Object(known)), Value::Object(more)) => absorb(known, more),
        (_, candidate) => all.push(candidate),
    }
}

fn absorb(known: &mut Map<String, Value>, more: Map<String, Value>) {
    for (name, value) in more {
        match (known.get_mut(&name), value) {
            (Some(Value::Object(content)), Value::Object(more)) if name == "content" => {
                extend(content, more);
            }
            (_, value) => {
                known.insert(name, value);
            }
        }
    }
}

fn extend(content: &mut Map<String, Value>, more: Map<String, Value>) {
    for (name, value) in more {
        match (content.get_mut(&name), value) {
            (Some(Value::Array(parts)), Value::Array(more)) if name == "parts" => {
                more.into_iter().for_each(|part| append(parts, part));
            }
            (_, value) => {
                content.insert(name, value);
            }
        }
    }
}

fn append(parts: &mut Vec<Value>, mut part: Value) {
    let text = |part: &Value| part.get("text").and_then(Value::as_str).map(str::to_owned);
    let more = text(&part);
    if more.as_deref() == Some("")
        && !parts.is_empty()
        && part.as_object().is_some_and(|p| p.len() == 1)
    {
        return;
    }
    if let (Some(last), Some(more)) = (parts.last_mut(), more)
        && let Some(said) = text(last)
        && last.get("thought") == part.get("thought")
        && last.get("thoughtSignature").is_none()
        && let (Value::Object(last), Value::Object(part)) = (last, &mut part)
    {
        part.insert("text".into(), Value::String(said + &more));
        last.append(part);
        return;
    }
    parts.push(part);
}

/// The same chunks as messages.
pub(super) fn typed(chunks: &[GenerateContentResponse]) -> GenerateContentResponse {
    let mut whole = GenerateContentResponse::default();
    chunks.iter().cloned().for_each(|chunk| whole.absorb(chunk));
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn chunks_become_one_reply_with_what_nobody_knows() {
        let of =
            |parts: Value| json!({"candidates": [{"content": {"role": "model", "parts": parts}}]});
        let mut last = of(json!([{"text": ""}]));
        last["candidates"][0]["finishReason"] = json!("STOP");
        last["candidates"][0]["later"] = json!({"x": 1});
        last["usageMetadata"] = json!({"totalTokenCount": 3, "new": true});
        let whole = fold([
            of(json!([{"text": "Hm", "thought": true}])),
            of(json!([{"text": "One "}])),
            of(json!([{"text": "two", "odd": 1}, {"functionCall": {"name": "f"}}])),
            last,
        ]);
        assert_eq!(
            whole,
            json!({
                "candidates": [{
                    "content": {"role": "model", "parts": [
                        {"text": "Hm", "thought": true},
                        {"text": "One two", "odd": 1},
                        {"functionCall": {"name": "f"}},
                    ]},
                    "finishReason": "STOP",
                    "later": {"x": 1},
                }],
                "usageMetadata": {"totalTokenCount": 3, "new": true},
            })
        );
    }

    #[test]
    fn candidates_are_joined_by_their_index() {
        let of = |index: i64, text: &str| json!({"candidates": [{"index": index, "content": {"parts": [{"text": text}]}}]});
        let whole = fold([of(0, "a"), of(1, "x"), of(0, "b"), of(1, "y")]);
        let text = |at: usize| whole["candidates"][at]["content"]["parts"][0]["text"].clone();
        assert_eq!((text(0), text(1)), (json!("ab"), json!("xy")));
    }
}
