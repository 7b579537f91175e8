//! Replies with numbers in place of enum names, as `?$alt=json;enum-encoding=int` asks for.

use crate::message::{Descriptor, Field, Kind, Label};
use serde_json::{Map, Value};

/// Turns the enum names of a written message into their numbers; a name that is not known stays.
///
/// ```
/// use propus_wire::{Message, generate::GenerateContentResponse, integer_enums};
///
/// let mut reply = serde_json::json!({"candidates": [{"finishReason": "STOP", "index": 1}]});
/// integer_enums::apply(GenerateContentResponse::descriptor(), &mut reply);
/// assert_eq!(reply, serde_json::json!({"candidates": [{"finishReason": 1, "index": 1}]}));
/// ```
pub fn apply(descriptor: &Descriptor, message: &mut Value) {
    if let Value::Object(entries) = message {
        apply_to_fields(descriptor, entries);
    }
}

fn apply_to_fields(descriptor: &Descriptor, entries: &mut Map<String, Value>) {
    for (name, value) in entries {
        if let Some(field) = descriptor.field(name) {
            apply_to_field(field, value);
        }
    }
}

fn apply_to_field(field: &Field, value: &mut Value) {
    match (field.label, value) {
        (Label::Repeated, Value::Array(items)) => {
            items.iter_mut().for_each(|item| apply_to_one(field, item));
        }
        (Label::Map, Value::Object(entries)) => {
            entries
                .values_mut()
                .for_each(|entry| apply_to_one(field, entry));
        }
        (_, value) => apply_to_one(field, value),
    }
}

fn apply_to_one(field: &Field, value: &mut Value) {
    match field.kind {
        Kind::Message(descriptor) => apply(descriptor(), value),
        Kind::Enum(table) => {
            if let Some(number) = value.as_str().and_then(|name| table.number(name)) {
                *value = number.into();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Message, generate::*, schema::Schema};
    use serde_json::json;

    fn check<T: Message>(mut message: Value, expected: Value) {
        apply(T::descriptor(), &mut message);
        assert_eq!(message, expected);
    }

    #[test]
    fn names_become_numbers_wherever_they_are() {
        check::<GenerateContentResponse>(
            json!({
                "candidates": [{
                    "content": {"parts": [{"text": "STOP"}], "role": "model"},
                    "finishReason": "MAX_TOKENS",
                    "safetyRatings": [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "LOW"}]
                }],
                "promptFeedback": {"blockReason": "OTHER"}
            }),
            json!({
                "candidates": [{
                    "content": {"parts": [{"text": "STOP"}], "role": "model"},
                    "finishReason": 2,
                    "safetyRatings": [{"category": 7, "probability": 2}]
                }],
                "promptFeedback": {"blockReason": 2}
            }),
        );
    }

    #[test]
    fn lists_and_maps_are_walked() {
        check::<GenerationConfig>(
            json!({"responseModalities": ["TEXT", "AUDIO"]}),
            json!({"responseModalities": [1, 3]}),
        );
        check::<Schema>(
            json!({"type": "OBJECT", "properties": {"type": {"type": "STRING", "enum": ["STRING"]}}}),
            json!({"type": 6, "properties": {"type": {"type": 1, "enum": ["STRING"]}}}),
        );
    }

    #[test]
    fn what_is_not_known_stays() {
        let odd =
            json!({"candidates": [{"finishReason": "NEW_ONE", "new": "STOP"}, 5], "x": ["STOP"]});
        check::<GenerateContentResponse>(odd.clone(), odd);
        check::<GenerateContentResponse>(json!("STOP"), json!("STOP"));
        let part = json!({"functionCall": {"args": {"finishReason": "STOP"}}});
        check::<Part>(part.clone(), part);
    }
}
