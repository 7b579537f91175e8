//! Looking into JSON whose names may have either spelling.

use crate::inspect::suggest::plain;
use serde_json::{Map, Value};

/// The key by which an object holds a field, in whichever spelling.
pub(super) fn key(object: &Map<String, Value>, json: &str) -> Option<String> {
    if object.contains_key(json) {
        return Some(json.to_owned());
    }
    let wanted = plain(json);
    object.keys().find(|key| plain(key) == wanted).cloned()
}

/// A field's value.
pub(super) fn get<'a>(value: &'a Value, json: &str) -> Option<&'a Value> {
    let object = value.as_object()?;
    object.get(&key(object, json)?)
}

/// A field's value, to be changed.
pub(super) fn get_mut<'a>(value: &'a mut Value, json: &str) -> Option<&'a mut Value> {
    let object = value.as_object_mut()?;
    let key = key(object, json)?;
    object.get_mut(&key)
}

/// Takes a field out.
pub(super) fn take(value: &mut Value, json: &str) -> Option<Value> {
    let object = value.as_object_mut()?;
    let key = key(object, json)?;
    object.shift_remove(&key)
}

/// Gives a field another name and leaves it in its place.
pub(super) fn rename(object: &mut Map<String, Value>, from: &str, to: &str) {
    let entries = std::mem::take(object);
    object.extend(entries.into_iter().map(|(key, value)| match key == from {
        true => (to.to_owned(), value),
        false => (key, value),
    }));
}

/// A list's items; a lone value stands for a list of one.
pub(super) fn items(value: &mut Value) -> impl Iterator<Item = &mut Value> {
    match value {
        Value::Array(items) => items.iter_mut(),
        other => std::slice::from_mut(other).iter_mut(),
    }
}
