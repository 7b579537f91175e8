//! Writes what the walk accepts as strict JSON, for the typed parser.

use super::syntax::Scalar;
use std::fmt::Write;

/// JSON that is being written.
#[derive(Default)]
pub(super) struct Canonical {
    text: String,
}

impl Canonical {
    pub(super) fn open(&mut self, key: Option<&str>, bracket: char) {
        self.key(key);
        self.text.push(bracket);
    }

    pub(super) fn close(&mut self, bracket: char) {
        self.text.push(bracket);
    }

    pub(super) fn scalar(&mut self, key: Option<&str>, value: &Scalar<'_>) {
        self.key(key);
        // Writing to a string cannot fail.
        let _ = match value {
            Scalar::Null => write!(self.text, "null"),
            Scalar::Bool(value) => write!(self.text, "{value}"),
            Scalar::Unsigned(value) => write!(self.text, "{value}"),
            Scalar::Signed(value) => write!(self.text, "{value}"),
            Scalar::Double(value) => write!(self.text, "{}", serde_json::json!(value)),
            Scalar::String(text) => write!(self.text, "{}", quoted(text)),
        };
    }

    /// Writes text that is JSON already.
    pub(super) fn raw(&mut self, key: Option<&str>, json: &str) {
        self.key(key);
        self.text.push_str(json);
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn key(&mut self, key: Option<&str>) {
        if !matches!(self.text.chars().next_back(), None | Some('{' | '[')) {
            self.text.push(',');
        }
        if let Some(key) = key {
            self.text.push_str(&quoted(key));
            self.text.push(':');
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
