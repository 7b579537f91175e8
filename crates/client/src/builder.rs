//! Settings of a client: what is said in code, and what the environment says.

use crate::{
    Client, Error, Retries,
    transport::{self, PRODUCT, Transport},
};
use propus_wire::Version;
use std::{fmt, time::Duration};

const GOOGLE: &str = "https://generativelanguage.googleapis.com";

/// Settings of a [`Client`].
#[derive(Default)]
pub struct Builder {
    base_url: Option<String>,
    api_key: Option<String>,
    access_token: Option<String>,
    version: Option<Version>,
    timeout: Option<Duration>,
    connect_timeout: Option<Duration>,
    first_byte_timeout: Option<Duration>,
    silence_timeout: Option<Duration>,
    user_agent: Option<String>,
    headers: Vec<(String, String)>,
    proxy: Option<Option<String>>,
    #[cfg(feature = "rustls")]
    authorities: Vec<Vec<u8>>,
    retries: Retries,
    check: bool,
    warn: Option<Warn>,
    /// What was seen while the settings were gathered.
    warnings: Vec<String>,
}

/// Told of what is doubtful in the settings.
type Warn = Box<dyn Fn(&str) + Send + Sync>;

impl Builder {
    /// Reads the environment, as Google's SDKs do: `GOOGLE_API_KEY`, or else `GEMINI_API_KEY`, with
    /// a [warning](Builder::on_warning) where both are set; `GOOGLE_GEMINI_BASE_URL`;
    /// `GOOGLE_GENAI_API_VERSION`. What is empty counts as absent. Proxies are those of
    /// `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(read: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let read = |name| {
            let value = read(name)?.trim().to_owned();
            (!value.is_empty()).then_some(value)
        };
        let version = read("GOOGLE_GENAI_API_VERSION");
        let (first, second) = (read("GOOGLE_API_KEY"), read("GEMINI_API_KEY"));
        let mut warnings = Vec::new();
        if let (Some(first), Some(second)) = (&first, &second)
            && first != second
        {
            warnings.push(
                "both GOOGLE_API_KEY and GEMINI_API_KEY are set: GOOGLE_API_KEY counts".into(),
            );
        }
        Ok(Self {
            base_url: read("GOOGLE_GEMINI_BASE_URL"),
            api_key: first.or(second),
            version: version.as_deref().map(named_version).transpose()?,
            warnings,
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

    /// A token of OAuth, for calls that want the rights of a person or a service. It goes in the
    /// place of a key, or beside one.
    #[must_use]
    pub fn access_token(mut self, token: impl Into<String>) -> Self {
        self.access_token = Some(token.into());
        self
    }

    /// The API version of the paths; `v1beta` if it is not set.
    #[must_use]
    pub fn api_version(mut self, version: Version) -> Self {
        self.version = Some(version);
        self
    }

    /// How long a try of a call may take, the whole reply included, also where it is streamed. The
    /// server is told, in whole seconds. Without it a call waits for as long as the connection
    /// lives.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How long a connection may take to come about; 10 seconds if it is not set.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// How long a call may take until its reply begins. A streamed answer begins with its first
    /// word, one in one piece when it is done.
    #[must_use]
    pub fn first_byte_timeout(mut self, timeout: Duration) -> Self {
        self.first_byte_timeout = Some(timeout);
        self
    }

    /// How long a reply may be silent between two of its pieces.
    #[must_use]
    pub fn silence_timeout(mut self, timeout: Duration) -> Self {
        self.silence_timeout = Some(timeout);
        self
    }

    /// Names the program to the server, such as `my-app/1.2`; this library's name follows.
    #[must_use]
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.user_agent = Some(product.into());
        self
    }

    /// A header of every call.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Calls go through this proxy, or directly for `None`, whatever the environment says.
    #[must_use]
    pub fn proxy(mut self, proxy: Option<String>) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Trusts certificates that these authorities signed, besides the public ones: one or several
    /// in PEM, such as the authority of a company's proxy.
    #[cfg(feature = "rustls")]
    #[must_use]
    pub fn trust_pem(mut self, authorities: impl Into<Vec<u8>>) -> Self {
        self.authorities.push(authorities.into());
        self
    }

    /// Whether and how to try again; [`Retries::off`] if it is not set, as in Google's SDKs.
    #[must_use]
    pub fn retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// Whether to look for faults in requests before they are sent, by the rules of Google's
    /// models: what would be refused is an error at once ([`Error::is_checked`]). Models that
    /// are not known are not checked. Off if it is not set.
    #[must_use]
    pub fn check(mut self, check: bool) -> Self {
        self.check = check;
        self
    }

    /// Told of what is doubtful in the settings, in a sentence each. Without it, `tracing` is.
    #[must_use]
    pub fn on_warning(mut self, warn: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.warn = Some(Box::new(warn));
        self
    }

    /// Checks the settings. Nothing is sent yet.
    ///
    /// ```
    /// use propus_client::{Client, Retries};
    /// use std::time::Duration;
    ///
    /// let client = Client::builder()
    ///     .api_key("a key")
    ///     .timeout(Duration::from_secs(120))
    ///     .user_agent("my-app/1.2")
    ///     .retries(Retries::on())
    ///     .build()?;
    /// assert_eq!(client.base_url(), "https://generativelanguage.googleapis.com");
    /// # Ok::<(), propus_client::Error>(())
    /// ```
    pub fn build(self) -> Result<Client, Error> {
        self.warnings.iter().for_each(|warning| self.tell(warning));
        let version = self.version.unwrap_or(Version::V1Beta);
        let (retries, check) = (self.retries.clone(), self.check);
        let transport = self.transport()?.build()?;
        Ok(Client::of(transport, version, retries, check))
    }

    fn tell(&self, warning: &str) {
        match &self.warn {
            Some(warn) => warn(warning),
            None => tracing::warn!("{warning}"),
        }
    }

    fn transport(self) -> Result<transport::Builder, Error> {
        let base_url = self.base_url.as_deref().unwrap_or(GOOGLE);
        check_end(base_url)?;
        let mut transport = Transport::builder(base_url).header("x-goog-api-client", PRODUCT);
        // Keys are pasted, often with the line break behind them.
        match self.api_key.as_deref().map(str::trim) {
            Some(key) if !key.is_empty() => transport = transport.secret("x-goog-api-key", "", key),
            _ if base_url.starts_with(GOOGLE) && self.access_token.is_none() => {
                let hint = "set GOOGLE_API_KEY or GEMINI_API_KEY, or name another server";
                return Err(Error::setup("Google's API needs an API key", hint));
            }
            _ => {}
        }
        if let Some(token) = self.access_token {
            transport = transport.secret("authorization", "Bearer ", token.trim());
        }
        for (name, value) in self.headers {
            transport = transport.header(name, value);
        }
        if let Some(timeout) = self.timeout {
            transport = transport.timeout(timeout);
        }
        if let Some(timeout) = self.connect_timeout {
            transport = transport.connect_timeout(timeout);
        }
        if let Some(timeout) = self.first_byte_timeout {
            transport = transport.first_byte_timeout(timeout);
        }
        if let Some(timeout) = self.silence_timeout {
            transport = transport.silence_timeout(timeout);
        }
        if let Some(product) = self.user_agent {
            transport = transport.user_agent(product);
        }
        if let Some(proxy) = self.proxy {
            transport = transport.proxy(proxy);
        }
        #[cfg(feature = "rustls")]
        for authorities in self.authorities {
            transport = transport.trust_pem(authorities);
        }
        Ok(transport)
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
        assert_eq!(both.warnings.len(), 1);
        let same = from(&[("GOOGLE_API_KEY", "a"), ("GEMINI_API_KEY", "a\n")]).unwrap();
        assert!(same.warnings.is_empty());
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
        let builder = || Client::builder().base_url("http://here.test");
        let error = builder()
            .api_key("a-very-secret-key\nx")
            .build()
            .unwrap_err();
        assert!(!format!("{error} {error:?}").contains(key), "{error:?}");
        let client = builder().api_key("a-very-secret-key\n").build().unwrap();
        assert!(!format!("{client:?}").contains(key), "{client:?}");
    }

    #[test]
    fn warnings_are_told_to_who_asks_for_them() {
        let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let ears = told.clone();
        from(&[("GOOGLE_API_KEY", "a"), ("GEMINI_API_KEY", "b")])
            .unwrap()
            .base_url("http://here.test")
            .on_warning(move |text| ears.lock().unwrap().push(text.to_owned()))
            .build()
            .unwrap();
        let told = told.lock().unwrap();
        assert_eq!(
            *told,
            ["both GOOGLE_API_KEY and GEMINI_API_KEY are set: GOOGLE_API_KEY counts"]
        );
    }
}
