//! A JSON value together with its place in the body: reads typed values and notes what does not
//! fit. Names are accepted in snake_case and camelCase, numbers also as text, as Google's JSON
//! parser does on all of its paths.

use super::faults::{Faults, malformed};
use propus_failures::{Problem, request::Unreadable};
use propus_wire::scalar::{decode_base64, integer_in, number_in, whole};
use serde_json::{Map, Value};

/// Parses a body.
pub(super) fn parse(body: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(body).map_err(|error| malformed(body, &error))
}

/// A value of the body and its path, such as `messages[0].content`.
#[derive(Clone, Debug)]
pub(super) struct Item<'a> {
    pub(super) value: &'a Value,
    pub(super) path: String,
    faults: &'a Faults,
}

impl<'a> Item<'a> {
    /// The body itself.
    pub(super) fn root(value: &'a Value, faults: &'a Faults) -> Self {
        if !value.is_object() {
            let text = unknown_name("", "", "Root element must be a message.");
            faults.wrong(Unreadable::Field, "", text);
        }
        Self {
            value,
            path: String::new(),
            faults,
        }
    }

    /// A field that is there and not null. Asking a value that is no object finds nothing; whether
    /// it should be one is asked by [`Item::object`].
    pub(super) fn get(&self, name: &str) -> Option<Item<'a>> {
        let map = self.value.as_object()?;
        let value = map.get(name).or_else(|| map.get(&camel(name)))?;
        (!value.is_null()).then(|| self.below(name, value))
    }

    /// A field that must be there.
    pub(super) fn required(&self, name: &'static str) -> Option<Item<'a>> {
        let field = self.get(name);
        if field.is_none() {
            self.faults.missing(&self.path_of(name), name);
        }
        field
    }

    fn below(&self, name: &str, value: &'a Value) -> Item<'a> {
        Item {
            value,
            path: self.path_of(name),
            faults: self.faults,
        }
    }

    fn path_of(&self, name: &str) -> String {
        let dot = if self.path.is_empty() { "" } else { "." };
        format!("{}{dot}{name}", self.path)
    }

    /// Notes every field whose name is not among the known ones.
    pub(super) fn only(&self, known: &[&[&str]]) {
        let names = self.value.as_object().into_iter().flat_map(Map::keys);
        for name in names {
            let snake = snake(name);
            if !known.iter().any(|list| list.contains(&snake.as_str())) {
                self.unknown(name);
            }
        }
    }

    /// Notes that a field does not exist.
    pub(super) fn unknown(&self, name: &str) {
        let text = unknown_name(&self.path, name, "Cannot find field.");
        self.faults.wrong(Unreadable::Field, &self.path, text);
    }

    /// Notes that the value is wrong, and why.
    pub(super) fn wrong(&self, why: impl std::fmt::Display) {
        let text = format!("Invalid value at '{}': {why}", self.path);
        self.faults.wrong(Unreadable::Value, &self.path, text);
    }

    /// Notes that the value is not of a type.
    fn mistyped<T>(&self, kind: &str) -> Option<T> {
        let (parent, name) = self.path.rsplit_once('.').unwrap_or(("", &self.path));
        if self.value.is_array() {
            let text = unknown_name(
                parent,
                name,
                "Proto field is not repeating, cannot start list.",
            );
            self.faults.wrong(Unreadable::Value, parent, text);
        } else {
            let text = format!(
                "Invalid value at '{}' ({kind}), {}",
                self.path,
                shown(self.value)
            );
            self.faults.wrong(Unreadable::Value, &self.path, text);
        }
        None
    }

    /// Text.
    pub(super) fn text(&self) -> Option<&'a str> {
        self.value.as_str().or_else(|| self.mistyped("TYPE_STRING"))
    }

    /// One of a list of words; what each of them means.
    pub(super) fn word<T: Clone>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        let known = words.iter().find(|(word, _)| *word == text);
        known
            .map(|(_, meaning)| meaning.clone())
            .or_else(|| self.mistyped("TYPE_ENUM"))
    }

    /// A number.
    pub(super) fn real(&self) -> Option<f32> {
        let number = match self.value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => number_in(text),
            _ => None,
        };
        number
            .filter(|number| number.abs() <= f64::from(f32::MAX))
            .map(|number| number as f32)
            .or_else(|| self.mistyped("TYPE_FLOAT"))
    }

    /// A whole number of 32 bits.
    pub(super) fn integer(&self) -> Option<i32> {
        let number = match self.value {
            Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
            Value::String(text) => integer_in(text),
            _ => None,
        };
        number
            .and_then(|number| i32::try_from(number).ok())
            .or_else(|| self.mistyped("TYPE_INT32"))
    }

    /// True or false.
    pub(super) fn flag(&self) -> Option<bool> {
        self.value.as_bool().or_else(|| self.mistyped("TYPE_BOOL"))
    }

    /// Bytes in base64.
    pub(super) fn bytes(&self) -> Option<bytes::Bytes> {
        self.decode(self.text()?)
    }

    /// Decodes base64 that is all of this value, or a part of it.
    pub(super) fn decode(&self, base64: &str) -> Option<bytes::Bytes> {
        let decoded = decode_base64(base64);
        if decoded.is_none() {
            let (path, excerpt) = (&self.path, shortened(base64));
            let text = format!(
                "Invalid value at '{path}' (TYPE_BYTES), Base64 decoding failed for \"{excerpt}\""
            );
            self.faults.wrong(Unreadable::Base64, path, text);
        }
        decoded.map(Into::into)
    }

    /// The values of a list; one that is alone counts as a list of one.
    pub(super) fn list(&self) -> Vec<Item<'a>> {
        let Value::Array(values) = self.value else {
            return vec![self.clone()];
        };
        let items = values.iter().enumerate();
        items
            .map(|(place, value)| self.member(place, value))
            .collect()
    }

    fn member(&self, place: usize, value: &'a Value) -> Item<'a> {
        Item {
            value,
            path: format!("{}[{place}]", self.path),
            faults: self.faults,
        }
    }

    /// An object's fields.
    pub(super) fn object(&self) -> Option<&'a Map<String, Value>> {
        self.value
            .as_object()
            .or_else(|| self.mistyped("TYPE_MESSAGE"))
    }
}

/// Google's sentence about a name in the message at a path.
fn unknown_name(path: &str, name: &str, why: &str) -> String {
    let at = match path {
        "" => String::new(),
        path => format!(" at '{path}'"),
    };
    format!("Invalid JSON payload received. Unknown name \"{name}\"{at}: {why}")
}

/// A value as it is quoted in a message: long ones are cut, as they may hold whole images.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", shortened(text)),
        other => shortened(&other.to_string()),
    }
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.into(),
    }
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut out = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        out.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}
