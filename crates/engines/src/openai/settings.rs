//! Settings of the engine: where the servers are, who they are, and what may be asked of them.

use super::{fields, flavour::Flavour};
use crate::secret::Secrets;
use propus_wire::embed::TaskType;
use serde::Deserialize;
use std::{collections::BTreeMap, fmt, time::Duration};

/// What a configuration says of an engine that asks an OpenAI-compatible server.
///
/// ```
/// let settings: propus_engines::openai::Settings = toml::from_str(r#"
///     base_urls = ["http://10.0.0.1:8000/v1", "http://10.0.0.2:8000/v1"]
///     model = "google/gemma-3-27b-it"
///     flavour = "vllm"
///     api_key = "env:VLLM_API_KEY"
/// "#).unwrap();
/// assert_eq!(settings.base_urls.len(), 2);
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where the server is, as OpenAI's libraries take it: `http://127.0.0.1:8000/v1`. Without a
    /// path it is `/v1`.
    pub base_url: Option<String>,
    /// The same where several servers have the same model; calls go to the one with the least to do.
    pub base_urls: Vec<String>,
    /// The model's name there; the name that the caller asks for where it is left out.
    pub model: Option<String>,
    /// Which server it is.
    pub flavour: Flavour,
    /// The key for the server: `env:NAME`, `file:PATH`, `cmd:COMMAND`, or the key itself.
    pub api_key: Option<Key>,
    /// Headers of every call, such as `OpenAI-Organization`. Their values may be secret, so they are
    /// written as keys are: `env:NAME`, `file:PATH`, `cmd:COMMAND`, or the value itself.
    pub headers: BTreeMap<String, Key>,
    /// Whether replies are asked for piece by piece. Without it a caller that leaves stops nothing.
    pub stream: bool,
    /// How long a connection may take to come about, in seconds.
    pub connect_seconds: u64,
    /// How long a reply may take to begin, in seconds.
    pub first_byte_seconds: u64,
    /// How long a reply may be silent, in seconds.
    pub silence_seconds: u64,
    /// Fields that are dropped where they cannot be translated, such as `GenerationConfig.topK`;
    /// others are refused.
    pub drop: Vec<String>,
    /// Whether the server may fetch images from addresses that callers name. It may reach what
    /// callers do not.
    pub fetch_images: bool,
    /// How vectors are asked for.
    pub embedding_format: EmbeddingFormat,
    /// Texts before what is embedded, by the request's `taskType`, as the model's makers want them:
    /// `RETRIEVAL_QUERY = "query: "`.
    pub task_prefixes: BTreeMap<String, String>,
    /// When a server that fails is left alone, and for how long.
    pub ejection: Ejection,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_url: None,
            base_urls: Vec::new(),
            model: None,
            flavour: Flavour::Auto,
            api_key: None,
            headers: BTreeMap::new(),
            stream: true,
            connect_seconds: 5,
            first_byte_seconds: 300,
            silence_seconds: 120,
            drop: Vec::new(),
            fetch_images: false,
            embedding_format: EmbeddingFormat::Float,
            task_prefixes: BTreeMap::new(),
            ejection: Ejection::default(),
        }
    }
}

/// How vectors are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmbeddingFormat {
    /// Lists of numbers, which every server gives.
    #[default]
    Float,
    /// Little-endian 32-bit floats in base64: a quarter of the bytes.
    Base64,
}

/// When a server that fails is left alone, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ejection {
    /// After so many failures in a row.
    pub failures: u32,
    /// The first time for so many seconds, and twice as long each time after.
    pub seconds: u64,
    /// At most so many seconds.
    pub longest_seconds: u64,
    /// One that answers again gets its full share after so many seconds.
    pub return_seconds: u64,
}

impl Default for Ejection {
    fn default() -> Self {
        Self {
            failures: 3,
            seconds: 5,
            longest_seconds: 300,
            return_seconds: 30,
        }
    }
}

/// A key, or where it is found. It is not shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Key(String);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<key>")
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl Key {
    /// The key itself. `setting` is where it stands.
    pub(super) fn read(
        &self,
        setting: &str,
        secrets: &mut Secrets,
    ) -> Result<String, SettingsError> {
        let read = secrets.read(&self.0);
        read.map_err(|error| {
            SettingsError::new(format!("`{setting}`: {}", error.message()), error.hint())
        })
    }
}

/// Why settings cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub struct SettingsError {
    what: String,
    hint: String,
}

impl SettingsError {
    pub(super) fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            hint: hint.into(),
        }
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nhint: {}", self.what, self.hint)
    }
}

impl std::error::Error for SettingsError {}

impl Settings {
    /// Settings for one server.
    pub fn of(base_url: impl Into<String>) -> Self {
        Self {
            base_url: Some(base_url.into()),
            ..Self::default()
        }
    }

    /// Every address, with its path.
    pub(super) fn addresses(&self) -> Result<Vec<String>, SettingsError> {
        let addresses: Vec<_> = match (&self.base_url, self.base_urls.as_slice()) {
            (Some(one), []) => vec![one.clone()],
            (None, several) if !several.is_empty() => several.to_vec(),
            (None, _) => {
                return Err(SettingsError::new(
                    "`base_url` is missing",
                    "say where the server is, such as `http://127.0.0.1:8000/v1`",
                ));
            }
            (Some(_), _) => {
                return Err(SettingsError::new(
                    "`base_url` and `base_urls` are both set",
                    "keep one of them",
                ));
            }
        };
        Ok(addresses.iter().map(|address| with_path(address)).collect())
    }

    /// Checks what the parser cannot.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let positive = [
            ("connect_seconds", self.connect_seconds),
            ("first_byte_seconds", self.first_byte_seconds),
            ("silence_seconds", self.silence_seconds),
            ("ejection.failures", self.ejection.failures.into()),
            ("ejection.seconds", self.ejection.seconds),
        ];
        for (name, value) in positive {
            if value == 0 {
                let what = format!("`{name}` is 0");
                return Err(SettingsError::new(what, "give a whole number from 1 on"));
            }
        }
        if self.model.as_deref() == Some("") {
            let hint = "leave it out to pass on the name that the caller asks for";
            return Err(SettingsError::new("`model` is empty", hint));
        }
        self.drop.iter().try_for_each(|name| check_drop(name))?;
        self.task_prefixes
            .keys()
            .try_for_each(|name| check_task(name))
    }

    pub(super) fn connect_timeout(&self) -> Duration {
        Duration::from_secs(self.connect_seconds)
    }

    pub(super) fn first_byte_timeout(&self) -> Duration {
        Duration::from_secs(self.first_byte_seconds)
    }

    pub(super) fn silence_timeout(&self) -> Duration {
        Duration::from_secs(self.silence_seconds)
    }
}

fn check_drop(name: &str) -> Result<(), SettingsError> {
    if fields::row(name).is_some() {
        return Ok(());
    }
    let last = |text: &str| {
        text.rsplit('.')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    let alike = fields::ROWS
        .iter()
        .find(|row| last(row.field) == last(name));
    let hint = match alike {
        Some(row) => format!("did you mean `{}`?", row.field),
        None => "it is message and field, such as `GenerationConfig.topK`".into(),
    };
    let what = format!("`drop` names `{name}`, which is no field of a request");
    Err(SettingsError::new(what, hint))
}

fn check_task(name: &str) -> Result<(), SettingsError> {
    if TaskType::from_name(name).is_some() {
        return Ok(());
    }
    let known = TaskType::DESCRIPTOR.values.iter().map(|(name, _)| *name);
    let known: Vec<_> = known.skip(1).collect();
    let what = format!("`task_prefixes` names `{name}`, which is no task type");
    Err(SettingsError::new(
        what,
        format!("use one of: {}", known.join(", ")),
    ))
}

/// Addresses without a path are those of the server; the API is below `/v1`.
fn with_path(address: &str) -> String {
    let address = address.trim().trim_end_matches('/');
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    match rest.contains('/') {
        true => address.to_owned(),
        false => format!("{address}/v1"),
    }
}

#[cfg(test)]
mod tests;
