//! The settings of an upstream, as a file has them.

use super::{SetupError, key::Key};
use crate::secret::Secrets;
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, value::MapAccessDeserializer},
};
use std::{fmt, time::Duration};

/// Google's own service.
const GOOGLE: &str = "https://generativelanguage.googleapis.com";

/// The settings of an upstream. Keys are texts such as `env:GEMINI_API_KEY`; they are read when the
/// engine is made.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where it is; a path in it goes before that of each request.
    pub base_url: String,
    /// The key: `env:NAME`, `file:PATH`, `cmd:COMMAND` or itself. A command of the shell has 10 s to write
    /// it, at the start and at each reload.
    pub api_key: Option<KeySetting>,
    /// Several keys. More than one project's keys may break the upstream's terms of service: whoever
    /// lists them answers for that.
    pub api_keys: Vec<KeySetting>,
    /// Whether the caller's own key is sent in place of one of these.
    pub pass_key: bool,
    /// Whether requests to known models are checked before they are sent.
    pub check: bool,
    /// How long a connection may take to come about, in seconds in a file.
    #[serde(rename = "connect_timeout_seconds", deserialize_with = "seconds")]
    pub connect_timeout: Option<Duration>,
    /// How long a reply's beginning may take, in seconds in a file; a unary reply begins when it is
    /// done. Where it is left out, as long as the caller waits.
    #[serde(rename = "first_byte_timeout_seconds", deserialize_with = "seconds")]
    pub first_byte_timeout: Option<Duration>,
    /// How long a reply may be silent between two of its pieces, in seconds in a file.
    #[serde(rename = "silence_timeout_seconds", deserialize_with = "seconds")]
    pub silence_timeout: Option<Duration>,
}

/// One key, and whose it is.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct KeySetting {
    /// Where it is read from.
    pub key: String,
    /// The project; where it is left out, a project of its own.
    pub project: Option<String>,
    /// The billing account; where it is left out, one of the project's own.
    pub account: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_url: GOOGLE.to_owned(),
            api_key: None,
            api_keys: Vec::new(),
            pass_key: false,
            check: true,
            connect_timeout: None,
            first_byte_timeout: None,
            silence_timeout: None,
        }
    }
}

impl Settings {
    /// The keys with their secrets; the caller's own where there is none.
    pub(super) fn keys(&self, secrets: &mut Secrets) -> Result<Vec<Key>, SetupError> {
        let unfit = |what: &str| Err(SetupError::Unfit(what.to_owned()));
        let listed: Vec<_> = self.api_key.iter().chain(&self.api_keys).collect();
        if self.api_key.is_some() && !self.api_keys.is_empty() {
            return unfit(
                "both `api_key` and `api_keys` are set\nhint: put all of them into `api_keys`",
            );
        }
        if self.pass_key && !listed.is_empty() {
            return unfit(
                "`pass_key` sends the caller's key, and there are keys besides\nhint: leave one of them out",
            );
        }
        if listed.is_empty() && !self.pass_key {
            return unfit(
                "there is no key for it\nhint: set `api_key = \"env:GEMINI_API_KEY\"`, or `pass_key = true` to send the caller's own",
            );
        }
        if listed.is_empty() {
            let own = || "the caller's".to_owned();
            return Ok(vec![Key::new(None, own(), own())]);
        }
        let host = self.base_url.trim_end_matches('/');
        listed
            .iter()
            .enumerate()
            .map(|(at, setting)| {
                let alone = || format!("{host} key {}", at + 1);
                let project = setting.project.clone().unwrap_or_else(alone);
                let account = setting.account.clone().unwrap_or_else(|| project.clone());
                let secret = secrets.read(&setting.key)?;
                let key = Key::new(Some(secret), project, account);
                Ok(key.alone(setting.project.is_none()))
            })
            .collect()
    }
}

/// Where a key is read from may be the key itself.
impl fmt::Debug for KeySetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySetting")
            .field("project", &self.project)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field(
                "keys",
                &(self.api_keys.len() + usize::from(self.api_key.is_some())),
            )
            .field("pass_key", &self.pass_key)
            .finish_non_exhaustive()
    }
}

/// A text, or a table with more.
impl<'de> Deserialize<'de> for KeySetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            key: String,
            project: Option<String>,
            account: Option<String>,
        }
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = KeySetting;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key such as \"env:GEMINI_API_KEY\", or { key = ..., project = ... }")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<KeySetting, E> {
                Ok(KeySetting {
                    key: text.to_owned(),
                    ..KeySetting::default()
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<KeySetting, A::Error> {
                let table = Table::deserialize(MapAccessDeserializer::new(map))?;
                Ok(KeySetting {
                    key: table.key,
                    project: table.project,
                    account: table.account,
                })
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    let duration = Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|duration| !duration.is_zero());
    let wrong = || de::Error::custom(format!("`{seconds}` is no positive number of seconds"));
    duration.map(Some).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_key() {
        let settings: Settings = toml::from_str(
            "api_keys = ['one', { key = 'two', project = 'p' }]\nfirst_byte_timeout_seconds = 1.5",
        )
        .unwrap();
        let keys = settings.keys(&mut Secrets::default()).unwrap();
        assert_eq!(keys[1].project, "p");
        assert_eq!(keys[1].account, "p");
        assert_ne!(keys[0].project, keys[1].project);
        assert_eq!(
            settings.first_byte_timeout,
            Some(Duration::from_millis(1500))
        );
        assert!(!format!("{settings:?}").contains("one"));
    }

    #[test]
    fn slips_are_named() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let said = match toml::from_str::<Settings>(text) {
                Ok(settings) => settings
                    .keys(&mut Secrets::default())
                    .unwrap_err()
                    .to_string(),
                Err(error) => error.to_string(),
            };
            assert!(said.contains(expected), "{said}");
        }
        check("", "there is no key for it");
        check(
            "api_key = 'a'\napi_keys = ['b']",
            "both `api_key` and `api_keys`",
        );
        check(
            "api_key = 'a'\npass_key = true",
            "`pass_key` sends the caller's key",
        );
        check("api_key = 3", "a key such as");
        check("api_keys = [{ project = 'p' }]", "missing field `key`");
        check(
            "api_key = 'env:PROPUS_NO_SUCH_KEY'",
            "`env:PROPUS_NO_SUCH_KEY` names a variable that is not set",
        );
        check("apikey = 'a'", "unknown field `apikey`");
        check("first_byte_timeout_seconds = 0", "is no positive number");
    }
}
