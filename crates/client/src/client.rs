//! The client: settings, and how a call gets its path, key and deadline.

use crate::{
    Error, Models,
    transport::{self, Call, PRODUCT, Transport},
};
use propus_wire::Version;
use reqwest::Method;
use std::{fmt, time::Duration};

const GOOGLE: &str = "https://generativelanguage.googleapis.com";

/// A client of the Gemini API. Clones are cheap and share their connections.
#[derive(Clone, Debug)]
pub struct Client {
    transport: Transport,
    version: Version,
}

/// Settings of a [`Client`].
#[derive(Clone, Default)]
pub struct Builder {
    base_url: Option<String>,
    api_key: Option<String>,
    version: Option<Version>,
    timeout: Option<Duration>,
    user_agent: Option<String>,
}

impl Client {
    /// Begins with Google's server, `v1beta`, no key and no deadline.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The client that the environment describes; see [`Builder::from_env`].
    pub fn from_env() -> Result<Self, Error> {
        Builder::from_env()?.build()
    }

    /// The models that the server offers.
    pub fn models(&self) -> Models<'_> {
        Models::new(self)
    }

    /// The same client with another deadline for each call.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self {
            transport: self.transport.with_timeout(Some(timeout)),
            version: self.version,
        }
    }

    /// The base URL without credentials.
    pub fn base_url(&self) -> &str {
        self.transport.base_url()
    }

    /// The API version of the paths.
    pub fn api_version(&self) -> Version {
        self.version
    }

    /// Begins a call of a path below the version.
    pub(crate) fn call(&self, method: Method, path: &str) -> Call {
        let call = self
            .transport
            .call(method, &format!("{}/{path}", self.version));
        match self.transport.timeout() {
            Some(timeout) => call.header("x-server-timeout", &seconds(timeout).to_string()),
            None => call,
        }
    }
}

/// Whole seconds, rounded up: the server must not give up before the caller does.
fn seconds(timeout: Duration) -> u64 {
    let part = u64::from(timeout.subsec_nanos() > 0);
    timeout.as_secs().saturating_add(part)
}

impl Builder {
    /// Reads the environment, as Google's SDKs do: `GOOGLE_API_KEY`, or else `GEMINI_API_KEY`;
    /// `GOOGLE_GEMINI_BASE_URL`; `GOOGLE_GENAI_API_VERSION`. What is empty counts as absent.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(read: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let read = |name| {
            let value = read(name)?.trim().to_owned();
            (!value.is_empty()).then_some(value)
        };
        let version = read("GOOGLE_GENAI_API_VERSION");
        Ok(Self {
            base_url: read("GOOGLE_GEMINI_BASE_URL"),
            api_key: read("GOOGLE_API_KEY").or_else(|| read("GEMINI_API_KEY")),
            version: version.as_deref().map(named_version).transpose()?,
            ..Self::default()
        })
    }

    /// Another server than Google's. The URL may carry a path, which stands before the version.
    #[must_use]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// The API key.
    #[must_use]
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// The API version of the paths; `v1beta` if it is not set.
    #[must_use]
    pub fn api_version(mut self, version: Version) -> Self {
        self.version = Some(version);
        self
    }

    /// How long a call may take, the whole reply included, also where it is streamed. The server
    /// is told, in whole seconds. Without it a call waits for as long as the connection lives.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Names the program to the server, such as `my-app/1.2`; this library's name follows.
    #[must_use]
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.user_agent = Some(product.into());
        self
    }

    /// Checks the settings. Nothing is sent yet.
    pub fn build(self) -> Result<Client, Error> {
        let base_url = self.base_url.as_deref().unwrap_or(GOOGLE);
        check_end(base_url)?;
        let mut transport = Transport::builder(base_url).header("x-goog-api-client", PRODUCT);
        // Keys are pasted, often with the line break behind them.
        match self.api_key.as_deref().map(str::trim) {
            Some(key) if !key.is_empty() => transport = transport.secret("x-goog-api-key", "", key),
            _ if base_url.starts_with(GOOGLE) => {
                let hint = "set GOOGLE_API_KEY or GEMINI_API_KEY, or name another server";
                return Err(Error::setup("Google's API needs an API key", hint));
            }
            _ => {}
        }
        if let Some(timeout) = self.timeout {
            transport = transport.timeout(timeout);
        }
        if let Some(product) = self.user_agent {
            transport = transport.user_agent(product);
        }
        Ok(Client {
            transport: transport.build()?,
            version: self.version.unwrap_or(Version::V1Beta),
        })
    }
}

/// The key stays out of it.
impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").finish_non_exhaustive()
    }
}

impl fmt::Debug for transport::Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").finish_non_exhaustive()
    }
}

/// The SDKs of 2026 accept `beta`, too.
fn named_version(name: &str) -> Result<Version, Error> {
    let name = if name == "beta" { "v1beta" } else { name };
    Version::from_segment(name).ok_or_else(|| {
        Error::setup(
            format!("GOOGLE_GENAI_API_VERSION is `{name}`, which this client does not speak"),
            "use `v1` or `v1beta`",
        )
    })
}

/// A version at the end of a base URL is a slip that the server would answer with 404.
fn check_end(base_url: &str) -> Result<(), Error> {
    let end = base_url.trim().trim_end_matches('/').rsplit('/').next();
    match end.and_then(Version::from_segment) {
        Some(version) => Err(Error::setup(
            format!("the base URL ends with the API version `{version}`"),
            "leave it out: the client puts it there",
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<Builder, Error> {
        Builder::from_variables(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_is_read_as_googles_sdks_do() {
        let both = from(&[("GOOGLE_API_KEY", "a"), ("GEMINI_API_KEY", "b")]).unwrap();
        assert_eq!(both.api_key.as_deref(), Some("a"));
        let empty = from(&[("GOOGLE_API_KEY", " "), ("GEMINI_API_KEY", "b\n")]).unwrap();
        assert_eq!(empty.api_key.as_deref(), Some("b"));
        let beta = from(&[("GOOGLE_GENAI_API_VERSION", "beta")]).unwrap();
        assert_eq!(beta.version, Some(Version::V1Beta));
        assert!(
            from(&[("GOOGLE_GENAI_API_VERSION", "v7")])
                .unwrap_err()
                .is_setup()
        );
    }

    #[test]
    fn settings_that_cannot_work_are_refused_without_their_secrets() {
        let key = "a-very-secret-key";
        for url in [
            "",
            "127.0.0.1:8787",
            "ftp://host",
            "http://host/?key=a-very-secret-key",
            "http://host#a-very-secret-key",
            "http://host/v1beta/",
        ] {
            let error = Client::builder().base_url(url).build().unwrap_err();
            assert!(error.is_setup(), "{url}");
            assert!(!format!("{error} {error:?}").contains(key), "{error:?}");
        }
        let error = Client::builder().build().unwrap_err();
        assert_eq!(error.message(), "Google's API needs an API key");
        let error = Client::builder()
            .api_key("a-very-secret-key\nx")
            .build()
            .unwrap_err();
        assert!(!format!("{error} {error:?}").contains(key), "{error:?}");
        let client = Client::builder()
            .api_key("a-very-secret-key\n")
            .build()
            .unwrap();
        assert!(!format!("{client:?}").contains(key), "{client:?}");
    }

    #[test]
    fn deadlines_are_rounded_up() {
        assert_eq!(seconds(Duration::from_millis(30_500)), 31);
        assert_eq!(seconds(Duration::from_secs(30)), 30);
        assert_eq!(seconds(Duration::MAX), u64::MAX);
    }
}
