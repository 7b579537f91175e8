//! The client: settings, and how a call gets its path, key and deadline.

use crate::{
    Batches, Caches, EmbeddingModel, Error, FileSearchStores, Files, GenerativeModel, Models,
    Operations, Retries, Tunings,
    error::Kind,
    retries::Attempt,
    transport::{self, Call, PRODUCT, Reply, Transport},
};
use propus_wire::Version;
use reqwest::{Method, header::HeaderMap};
use serde::de::DeserializeOwned;
use std::{fmt, time::Duration};

const GOOGLE: &str = "https://generativelanguage.googleapis.com";

/// A client of the Gemini API. Clones are cheap and share their connections.
#[derive(Clone, Debug)]
pub struct Client {
    transport: Transport,
    version: Version,
    headers: HeaderMap,
    retries: Retries,
    check: bool,
}

/// Settings of a [`Client`].
#[derive(Default)]
pub struct Builder {
    base_url: Option<String>,
    api_key: Option<String>,
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

impl Client {
    /// Begins with Google's server, `v1beta`, no key and no deadline.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The client that the environment describes; see [`Builder::from_env`].
    pub fn from_env() -> Result<Self, Error> {
        Builder::from_env()?.build()
    }

    /// A model to be asked: its settings are said once and hold for every question.
    ///
    /// ```
    /// # propus_client::testing::example([propus_client::testing::text("Hi.")], async |client| {
    /// let model = client.model("gemini-flash-latest").system("Be brief.").temperature(0.2);
    /// assert_eq!(model.generate("Hello?").await?.text()?, "Hi.");
    /// # Ok(()) });
    /// ```
    pub fn model(&self, name: impl Into<String>) -> GenerativeModel {
        GenerativeModel::new(self.clone(), name.into())
    }

    /// A model that turns texts into vectors.
    pub fn embedding_model(&self, name: impl Into<String>) -> EmbeddingModel {
        EmbeddingModel::new(self.clone(), name.into())
    }

    /// The models that the server offers.
    pub fn models(&self) -> Models<'_> {
        Models::new(self)
    }

    /// Files for prompts.
    pub fn files(&self) -> Files<'_> {
        Files::new(self)
    }

    /// Prompts that are kept between calls.
    pub fn caches(&self) -> Caches<'_> {
        Caches::new(self)
    }

    /// Requests that are answered together.
    pub fn batches(&self) -> Batches<'_> {
        Batches::new(self)
    }

    /// Stores that models search for pieces of documents.
    pub fn file_search_stores(&self) -> FileSearchStores<'_> {
        FileSearchStores::new(self)
    }

    /// Models that callers tuned.
    pub fn tunings(&self) -> Tunings<'_> {
        Tunings::new(self)
    }

    /// Work that goes on behind the API.
    pub fn operations(&self) -> Operations<'_> {
        Operations::new(self)
    }

    /// The same client with another deadline for each try of a call.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([text("hi")], async |client| {
    /// use std::time::Duration;
    ///
    /// let quick = client.with_timeout(Duration::from_secs(20));
    /// quick.model("gemini-flash-latest").generate("hello").await?;
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self {
            transport: self.transport.with_timeout(Some(timeout)),
            ..self.clone()
        }
    }

    /// The same client with another rule for trying again.
    ///
    /// ```
    /// # use propus_client::testing::{refusal, text};
    /// # let replies = [refusal(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")];
    /// # propus_client::testing::example(replies, async |client| {
    /// use propus_client::Retries;
    ///
    /// let once = client.with_retries(Retries::off());
    /// let error = once.model("gemini-flash-latest").generate("hello").await.unwrap_err();
    /// assert!(error.is_retryable());
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn with_retries(&self, retries: Retries) -> Self {
        Self {
            retries,
            ..self.clone()
        }
    }

    /// The same client with one more header.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([text("hi")], async |client| {
    /// let traced = client.with_header("x-trace", "7f3a")?;
    /// traced.model("gemini-flash-latest").generate("hello").await?;
    /// # Ok(()) });
    /// ```
    pub fn with_header(&self, name: &str, value: &str) -> Result<Self, Error> {
        let mut other = self.clone();
        let (name, value) = transport::header(name, value)?;
        other.headers.insert(name, value);
        Ok(other)
    }

    /// The same client with the [check](Builder::check) before sending turned on or off.
    #[must_use]
    pub fn with_check(&self, check: bool) -> Self {
        Self {
            check,
            ..self.clone()
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

    /// The way to the server, for calls that this client has no method for.
    ///
    /// ```
    /// # propus_client::testing::example([propus_client::testing::json("{}")], async |client| {
    /// use propus_client::{Method, wire::Version};
    ///
    /// let call = client.transport().call(Method::GET, "v1beta/generatedFiles");
    /// let reply: serde_json::Value = call.send().await?.json().await?;
    /// # Ok(()) });
    /// ```
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    /// Whether requests are checked before they are sent.
    pub(crate) fn checks(&self) -> bool {
        self.check
    }

    /// Begins a call of a path below the version.
    pub(crate) fn call(&self, method: Method, path: &str) -> Call {
        self.bare_call(method, &format!("{}/{path}", self.version))
    }

    /// Begins a call of a path that names its version itself.
    pub(crate) fn bare_call(&self, method: Method, path: &str) -> Call {
        let call = self.transport.call(method, path);
        let call = call.headers(self.headers.clone());
        within(call, self.transport.timeout())
    }

    /// Begins a call of an address that the server gave.
    pub(crate) fn call_back(&self, method: Method, address: &str) -> Result<Call, Error> {
        let call = self.transport.call_back(method, address)?;
        Ok(call.headers(self.headers.clone()))
    }

    /// Sends a call, also again where the rule says so, and reads its reply as JSON.
    pub(crate) async fn json<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        self.tried(call, |reply| reply.json()).await
    }

    /// The same, where nothing of the reply matters.
    pub(crate) async fn done(&self, call: Call) -> Result<(), Error> {
        let read = |reply: Reply| async { reply.bytes().await.map(drop) };
        self.tried(call, read).await
    }

    /// The same, for a reply that is read in another way: also an error in reading is one of the
    /// attempt.
    pub(crate) async fn tried<T, F>(
        &self,
        call: Call,
        read: impl Fn(Reply) -> F + Copy,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let safe = call.is_safe();
        let attempt = |attempt: Attempt| {
            let call = within(call.clone(), attempt.deadline);
            async move { read(call.send().await?).await }
        };
        let deadline = self.transport.timeout();
        self.retries.run(safe, deadline, attempt).await
    }

    /// The error for a reply that lacks what belongs into it.
    pub(crate) fn lacking(&self, what: impl Into<String>) -> Error {
        let (what, body) = (what.into(), String::new());
        Error::new(Kind::Unreadable { what, body }).at(self.base_url())
    }

    /// The rule for trying again.
    pub(crate) fn retries(&self) -> &Retries {
        &self.retries
    }
}

/// A call that may take so long, which the server is told.
pub(crate) fn within(call: Call, deadline: Option<Duration>) -> Call {
    match deadline {
        Some(time) => {
            let call = call.timeout(time);
            call.header("x-server-timeout", &seconds(time).to_string())
        }
        None => call,
    }
}

/// Whole seconds, rounded up: the server must not give up before the caller does.
fn seconds(timeout: Duration) -> u64 {
    let part = u64::from(timeout.subsec_nanos() > 0);
    timeout.as_secs().saturating_add(part)
}

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
        Ok(Client {
            transport: self.transport()?.build()?,
            version,
            headers: HeaderMap::new(),
            retries,
            check,
        })
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
            _ if base_url.starts_with(GOOGLE) => {
                let hint = "set GOOGLE_API_KEY or GEMINI_API_KEY, or name another server";
                return Err(Error::setup("Google's API needs an API key", hint));
            }
            _ => {}
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
    fn warnings_are_told_to_who_asks_for_them() {
        let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let ears = told.clone();
        from(&[("GOOGLE_API_KEY", "a"), ("GEMINI_API_KEY", "b")])
            .unwrap()
            .on_warning(move |text| ears.lock().unwrap().push(text.to_owned()))
            .build()
            .unwrap();
        let told = told.lock().unwrap();
        assert_eq!(
            *told,
            ["both GOOGLE_API_KEY and GEMINI_API_KEY are set: GOOGLE_API_KEY counts"]
        );
    }

    #[test]
    fn deadlines_are_rounded_up() {
        assert_eq!(seconds(Duration::from_millis(30_500)), 31);
        assert_eq!(seconds(Duration::from_secs(30)), 30);
        assert_eq!(seconds(Duration::MAX), u64::MAX);
    }
}
