//! OpenAI's strict schemas: only to these do its models keep without fail.
//!
//! Strict is a schema whose objects have no properties but the listed ones and need all of those,
//! in a subset of JSON Schema (OpenAI's guide to structured outputs). One that lets a property be
//! left out cannot be made strict without changing its meaning, and is sent as it is.

use serde_json::{Map, Value};

/// Keywords of the subset, as far as it is the same for all models.
const KNOWN: [&str; 9] = [
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "anyOf",
    "description",
    "title",
];

/// Makes a schema strict where that does not change what answers it asks for: objects are closed.
/// Says whether it is strict now; where it is not, nothing was changed.
pub(super) fn close(schema: &mut Value) -> bool {
    let is_object = schema["type"] == "object";
    let can_be = is_object && can_be_strict(schema);
    if can_be {
        close_objects(schema);
    }
    can_be
}

fn can_be_strict(schema: &Value) -> bool {
    let Value::Object(map) = schema else {
        return false;
    };
    map.keys().all(|key| KNOWN.contains(&&**key)) && needs_all(map) && below(map).all(can_be_strict)
}

/// Whether no property may be left out, and no other is let in by name.
fn needs_all(map: &Map<String, Value>) -> bool {
    let is_closed = matches!(
        map.get("additionalProperties"),
        None | Some(Value::Bool(false))
    );
    if !is_object(map) {
        return is_closed;
    }
    let required = map.get("required").and_then(Value::as_array);
    let needed = |name: &String| required.is_some_and(|all| all.iter().any(|one| one == name));
    let properties = map.get("properties").and_then(Value::as_object);
    // An object without properties is any object.
    is_closed && properties.is_some_and(|all| !all.is_empty() && all.keys().all(needed))
}

fn is_object(map: &Map<String, Value>) -> bool {
    let kind = map.get("type");
    kind.is_some_and(|kind| {
        let several = kind.as_array().map(Vec::as_slice).unwrap_or_default();
        kind == "object" || several.iter().any(|one| one == "object")
    })
}

fn below(map: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let properties = map.get("properties").and_then(Value::as_object);
    let forms = map.get("anyOf").and_then(Value::as_array);
    let properties = properties.into_iter().flat_map(Map::values);
    properties
        .chain(map.get("items"))
        .chain(forms.into_iter().flatten())
}

fn close_objects(schema: &mut Value) {
    let Value::Object(map) = schema else {
        return;
    };
    if is_object(map) {
        map.insert("additionalProperties".into(), false.into());
    }
    if let Some(Value::Object(properties)) = map.get_mut("properties") {
        properties.values_mut().for_each(close_objects);
    }
    if let Some(items) = map.get_mut("items") {
        close_objects(items);
    }
    if let Some(Value::Array(forms)) = map.get_mut("anyOf") {
        forms.iter_mut().for_each(close_objects);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(mut schema: Value, expected: Option<Value>) {
        let before = schema.clone();
        let is_strict = close(&mut schema);
        assert_eq!(is_strict, expected.is_some());
        assert_eq!(schema, expected.unwrap_or(before));
    }

    #[test]
    fn objects_that_need_everything_are_closed() {
        let inner = json!({ "type": ["object", "null"], "properties": { "b": { "type": "string" } }, "required": ["b"] });
        let mut closed = inner.clone();
        closed["additionalProperties"] = json!(false);
        let list = |items: &Value| json!({ "type": "array", "items": items });
        check(
            json!({ "type": "object", "properties": { "a": list(&inner) }, "required": ["a"] }),
            Some(json!({
                "type": "object",
                "properties": { "a": list(&closed) },
                "required": ["a"],
                "additionalProperties": false,
            })),
        );
    }

    #[test]
    fn others_stay_as_they_are() {
        let text = json!({ "type": "string" });
        // A property may be left out.
        check(
            json!({ "type": "object", "properties": { "a": text, "b": text }, "required": ["a"] }),
            None,
        );
        // Any property may come.
        let properties = json!({ "a": text });
        check(
            json!({ "type": "object", "properties": properties, "required": ["a"], "additionalProperties": true }),
            None,
        );
        check(json!({ "type": "object" }), None);
        // The root is an object.
        check(json!({ "type": "array", "items": text }), None);
        // A keyword of which not every model knows.
        let ranged = json!({ "a": { "type": "integer", "minimum": 1 } });
        check(
            json!({ "type": "object", "properties": ranged, "required": ["a"] }),
            None,
        );
        check(json!(true), None);
    }
}
