//! What servers say of an error, in each of their forms.

use serde_json::Value;

/// What a server says of an error, in any of its forms.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) message: String,
    kind: String,
    code: String,
    /// The field that is meant, in OpenAI's words.
    pub(super) param: String,
    /// Of llama-server: the prompt and the context, in tokens.
    pub(super) counts: Option<(u64, u64)>,
}

impl Account {
    /// Reads `{"error": {...}}`, `{"error": "text"}`, the flat form of older vLLM, `{"detail": ...}`
    /// of FastAPI, a list of one of these as Google's own layer sends it, or text.
    pub(super) fn of(body: &str) -> Self {
        let Ok(json) = serde_json::from_str::<Value>(body) else {
            return Self {
                message: body.trim().to_owned(),
                ..Self::default()
            };
        };
        let json = json.get(0).unwrap_or(&json);
        let error = json.get("error").unwrap_or(json);
        let text = |name: &str| match error.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        let count = |name: &str| error.get(name).and_then(Value::as_u64);
        let message = match error {
            Value::String(text) => text.clone(),
            _ => [text("message"), text("detail"), text("error")]
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or_default(),
        };
        Self {
            message,
            kind: text("type"),
            code: text("code"),
            param: text("param"),
            counts: count("n_prompt_tokens").zip(count("n_ctx")),
        }
    }

    /// Whether it bears this code or type.
    pub(super) fn is(&self, code: &str) -> bool {
        self.code == code || self.kind == code
    }

    /// Whether its message has these words, in lower case.
    pub(super) fn says(&self, words: &str) -> bool {
        self.message.to_ascii_lowercase().contains(words)
    }
}
