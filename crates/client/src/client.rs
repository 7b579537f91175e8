//! The client: how a call gets its path, its deadline and its attempts.

use crate::{
    Batches, Builder, Caches, EmbeddingModel, Error, FileSearchStores, Files, GenerativeModel,
    Models, Operations, Retries, Tunings,
    error::Kind,
    retries::Attempt,
    transport::{self, Call, Reply, Transport},
};
use http::{HeaderMap, Method};
use propus_wire::Version;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// A client of the Gemini API. Clones are cheap and share their connections.
#[derive(Clone, Debug)]
pub struct Client {
    transport: Transport,
    version: Version,
    headers: HeaderMap,
    retries: Retries,
    check: bool,
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

    pub(crate) fn of(
        transport: Transport,
        version: Version,
        retries: Retries,
        check: bool,
    ) -> Self {
        Self {
            transport,
            version,
            headers: HeaderMap::new(),
            retries,
            check,
        }
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
        let (name, mut value) = transport::header(name, value)?;
        // It may be a credential, which is not to be printed.
        value.set_sensitive(true);
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
            let call = attempt.timed(call.clone());
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

impl Attempt {
    /// The call within the attempt's times.
    pub(crate) fn timed(self, call: Call) -> Call {
        let call = within(call, self.deadline);
        match self.first_byte {
            Some(time) => call.first_byte_timeout(time),
            None => call,
        }
    }
}

/// A call that may take so long, which the server is told.
fn within(call: Call, deadline: Option<Duration>) -> Call {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_rounded_up() {
        assert_eq!(seconds(Duration::from_millis(30_500)), 31);
        assert_eq!(seconds(Duration::from_secs(30)), 30);
        assert_eq!(seconds(Duration::MAX), u64::MAX);
    }
}
