//! What must not be in a report, and how it is kept out.

use crate::{Environment, Settings};
use propus_failures::diagnose::hidden;
use std::collections::BTreeSet;
use url::Url;

/// Parts of names of variables whose values are secret.
const NAMES: [&str; 5] = ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD"];

/// Shorter values are test words, and hiding them would garble the text around them.
const SHORTEST: usize = 8;

pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    /// All that the environment and the settings hold.
    pub(crate) fn of(environment: &Environment, settings: &Settings) -> Self {
        let mut found = BTreeSet::new();
        let variables = environment.variables.iter();
        for (name, value) in variables.map(|(name, value)| (name.to_string_lossy(), value)) {
            let (name, value) = (name.to_uppercase(), value.to_string_lossy());
            if NAMES.iter().any(|secret| name.contains(secret)) {
                add_value(&value, &mut found);
            }
            if name.ends_with("_PROXY") || name.ends_with("_URL") {
                add_parts(&value, &mut found);
            }
        }
        if let Some(url) = &settings.base_url {
            add_parts(url, &mut found);
        }
        let mut all: Vec<String> = found.into_iter().collect();
        // A secret that holds another one goes first, or its rest would stay.
        all.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(all)
    }

    /// Text without them.
    pub(crate) fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), "<key>");
            }
        }
        hidden(&text).into_owned()
    }
}

/// A value as it is, and without what it may be wrapped in: the key inside is secret, too.
fn add_value(value: &str, found: &mut BTreeSet<String>) {
    let pieces = value.split(|letter: char| letter.is_whitespace() || "\"'`=,;".contains(letter));
    for piece in pieces.chain([value, value.trim()]) {
        let piece = piece.trim_matches('\u{fffd}');
        if piece.len() >= SHORTEST {
            found.insert(piece.to_owned());
            found.insert(encoded(piece));
        }
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The user, the password and the query of an address.
fn add_parts(address: &str, found: &mut BTreeSet<String>) {
    let address = address.trim();
    let Ok(url) = (match address.contains("://") {
        true => Url::parse(address),
        // `user:password@host` would be read as the scheme `user`.
        false => Url::parse(&format!("http://{address}")),
    }) else {
        return;
    };
    let query: Vec<String> = url.query_pairs().map(|(_, value)| value.into()).collect();
    let parts = [url.username(), url.password().unwrap_or_default()];
    for part in parts.into_iter().chain(query.iter().map(String::as_str)) {
        add_value(part, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    #[test]
    fn secrets_are_hidden_however_they_are_wrapped() {
        let environment = Environment {
            variables: [
                ("GEMINI_API_KEY", "\"my-own-key-of-no-kind\"\n"),
                ("HTTPS_PROXY", "http://user:pass%20word1@proxy:3128"),
                ("http_proxy", "user:password2@proxy:3128"),
                ("OTHER", "visible-value"),
            ]
            .map(|(name, value)| (name.into(), value.into()))
            .to_vec(),
            folder: ".".into(),
            now: SystemTime::UNIX_EPOCH,
            authorities: Vec::new(),
        };
        let settings = Settings {
            base_url: Some("https://host/?key=query-secret".into()),
            ..Settings::default()
        };
        let secrets = Secrets::of(&environment, &settings);
        let text = "my-own-key-of-no-kind pass%20word1 password2 query-secret AIzaSyA1234567890 visible-value";
        assert_eq!(
            secrets.hide(text),
            "<key> <key> <key> <key> <hidden> visible-value"
        );
    }
}
