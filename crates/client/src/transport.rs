//! HTTP as this client speaks it: the one place where requests leave and replies come in.
//!
//! It knows base URLs, deadlines, credentials and errors, but no model; [`Client`](crate::Client)
//! puts the typed calls on top. Engines with another API use it as it is.

mod arriving;
mod call;
mod connect;
mod reply;
mod target;

pub use call::Call;
pub use reply::{Body, Events, Reply};

use crate::error::Error;
use base64::Engine;
use connect::{Pool, Way};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Uri,
    header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, PROXY_AUTHORIZATION, USER_AGENT},
    uri::{self, Authority, Scheme},
};
use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};
use target::Target;
use url::Url;

/// What every call that names no user agent is sent with.
pub(crate) const PRODUCT: &str = concat!("propus-client/", env!("CARGO_PKG_VERSION"));

/// A server that takes longer than this to accept a connection is not there.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

type BoxError = Box<dyn StdError + Send + Sync>;

/// Shorter secrets are test words, and hiding them would garble the text around them.
const SHORTEST_SECRET: usize = 8;

/// A way to one server. Clones share their connections.
#[derive(Clone)]
pub struct Transport {
    server: Arc<Server>,
    times: Times,
}

/// How long a call may take.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    /// The whole reply included.
    whole: Option<Duration>,
    /// Until the reply begins.
    first_byte: Option<Duration>,
    /// Between two pieces of the reply, and until it begins.
    silence: Option<Duration>,
}

struct Server {
    pool: Pool,
    base: Url,
    scheme: Scheme,
    authority: Authority,
    /// The path of the base URL, without a slash at its end.
    prefix: String,
    /// Headers of every call.
    headers: HeaderMap,
    /// Bodies are left as they are received.
    as_received: bool,
    /// The base without credentials, for people.
    shown: String,
    secrets: Vec<String>,
}

/// Settings of a [`Transport`].
#[derive(Default)]
pub struct Builder {
    base_url: String,
    headers: Vec<(String, String)>,
    secrets: Vec<(String, String, String)>,
    times: Times,
    connect_timeout: Option<Duration>,
    user_agent: Option<String>,
    proxy: Proxy,
    as_received: bool,
    #[cfg(feature = "rustls")]
    authorities: Vec<Trusted>,
}

/// A certificate in one of its two forms.
#[cfg(feature = "rustls")]
enum Trusted {
    Der(Vec<u8>),
    Pem(Vec<u8>),
}

/// Whether calls go through a proxy.
#[derive(Default)]
enum Proxy {
    /// As the environment of the process says; never to this machine itself.
    #[default]
    Environment,
    Direct,
    Through(String),
}

impl Transport {
    /// Begins with a base URL, which may carry a path: `https://example.com/gemini`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), propus_client::Error> {
    /// # let server = propus_client::testing::Server::reply(propus_client::testing::json("{}")).await;
    /// # let url = server.url();
    /// use futures::TryStreamExt;
    /// use propus_client::{Method, transport::Transport};
    /// use std::time::Duration;
    ///
    /// // As a gateway uses it: what comes is handed on as it came, piece by piece.
    /// let transport = Transport::builder(url)
    ///     .secret("x-goog-api-key", "", "AIza-a-key")
    ///     .first_byte_timeout(Duration::from_secs(30))
    ///     .as_received()
    ///     .build()?;
    /// let call = transport
    ///     .call(Method::POST, "v1beta/models/gemini-flash-latest:streamGenerateContent")
    ///     .raw_query(Some("alt=sse"))
    ///     .body(r#"{"contents": []}"#);
    /// let reply = call.exchange().await?;
    /// println!("{} {:?}", reply.status(), reply.headers());
    /// let mut pieces = reply.chunks();
    /// while let Some(piece) = pieces.try_next().await? {
    ///     println!("{} bytes", piece.len());
    /// }
    /// # Ok(()) }
    /// ```
    pub fn builder(base_url: impl Into<String>) -> Builder {
        Builder {
            base_url: base_url.into(),
            ..Builder::default()
        }
    }

    /// Begins a call. The path goes behind that of the base URL and is percent-encoded already.
    pub fn call(&self, method: Method, path: &str) -> Call {
        let target = Target::new(&self.server.prefix, path.trim_start_matches('/'));
        Call::new(self.clone(), method, target)
    }

    /// Begins a call of an address that the server gave, such as that of an upload. It leads to
    /// the base URL's host whatever the address says: what goes elsewhere would take the key along.
    pub(crate) fn call_back(&self, method: Method, address: &str) -> Result<Call, Error> {
        let given = self.server.base.join(address);
        let given =
            given.map_err(|error| Error::setup("the server gave no URL", "").because(error))?;
        let prefix = &self.server.prefix;
        let path = given.path().trim_start_matches('/');
        let below = given.path().strip_prefix(&format!("{prefix}/"));
        let mut target = Target::new(prefix, below.unwrap_or(path));
        target.set_query(given.query());
        Ok(Call::new(self.clone(), method, target))
    }

    /// The same way with another deadline for each call.
    #[must_use]
    pub fn with_timeout(&self, timeout: Option<Duration>) -> Self {
        let mut other = self.clone();
        other.times.whole = timeout;
        other
    }

    /// The deadline of each call.
    pub fn timeout(&self) -> Option<Duration> {
        self.times.whole
    }

    /// The base URL without credentials.
    pub fn base_url(&self) -> &str {
        &self.server.shown
    }
}

impl Server {
    /// Where a call goes.
    fn uri(&self, target: Target) -> Result<Uri, http::Error> {
        let mut parts = uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(target.into_http()?);
        Ok(Uri::from_parts(parts)?)
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("base_url", &self.server.shown)
            .field("timeout", &self.times.whole)
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// A header of every call.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// A credential of every call, sent as `name: prefix` + `secret`. It is kept out of errors,
    /// even where the server repeats it.
    #[must_use]
    pub fn secret(
        mut self,
        name: impl Into<String>,
        prefix: impl Into<String>,
        secret: impl Into<String>,
    ) -> Self {
        self.secrets
            .push((name.into(), prefix.into(), secret.into()));
        self
    }

    /// How long a call may take, the whole reply included.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.times.whole = Some(timeout);
        self
    }

    /// How long a call may take until its reply begins.
    #[must_use]
    pub fn first_byte_timeout(mut self, timeout: Duration) -> Self {
        self.times.first_byte = Some(timeout);
        self
    }

    /// How long a reply may be silent between two of its pieces.
    #[must_use]
    pub fn silence_timeout(mut self, timeout: Duration) -> Self {
        self.times.silence = Some(timeout);
        self
    }

    /// How long a connection may take to come about; [`CONNECT_TIMEOUT`] if it is not set.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// Names the program; this library's name follows.
    #[must_use]
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.user_agent = Some(product.into());
        self
    }

    /// Calls go through this proxy, or directly for `None`, whatever the environment says.
    #[must_use]
    pub fn proxy(mut self, proxy: Option<String>) -> Self {
        self.proxy = proxy.map_or(Proxy::Direct, Proxy::Through);
        self
    }

    /// Leaves bodies and their headers as they are received: nothing is asked for in compressed
    /// form, and what comes so stays so.
    #[must_use]
    pub fn as_received(mut self) -> Self {
        self.as_received = true;
        self
    }

    /// Trusts certificates that this authority signed, besides the public ones. It is given in DER.
    #[cfg(feature = "rustls")]
    #[must_use]
    pub fn trust(mut self, authority: impl Into<Vec<u8>>) -> Self {
        self.authorities.push(Trusted::Der(authority.into()));
        self
    }

    /// The same in PEM, which may hold several.
    #[cfg(feature = "rustls")]
    #[must_use]
    pub fn trust_pem(mut self, authorities: impl Into<Vec<u8>>) -> Self {
        self.authorities.push(Trusted::Pem(authorities.into()));
        self
    }

    /// Checks the settings. Nothing is sent yet.
    pub fn build(self) -> Result<Transport, Error> {
        let base = base_url(&self.base_url)?;
        let address: Uri = base
            .as_str()
            .parse()
            .map_err(|error: http::uri::InvalidUri| {
                Error::setup("the base URL cannot be one of HTTP", "").because(error)
            })?;
        let parts = address.clone().into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(Error::setup("the base URL is not for HTTP", ""));
        };
        let mut headers = self.every_calls(&base)?;
        let (way, login) = self.proxy.way(&base, &address)?;
        #[cfg(not(feature = "rustls"))]
        if way.needs_tls() {
            return Err(without_tls("the proxy's address"));
        }
        if let Some(login) = login {
            headers.insert(PROXY_AUTHORIZATION, login);
        }
        let pool = connect::pool(
            way,
            self.connect_timeout.unwrap_or(CONNECT_TIMEOUT),
            #[cfg(feature = "rustls")]
            trusting(&self.authorities)?,
        );
        let secrets = self.secrets.into_iter().map(|(_, _, secret)| secret);
        Ok(Transport {
            server: Arc::new(Server {
                pool,
                scheme,
                authority: without_login(&authority),
                prefix: base.path().trim_end_matches('/').to_owned(),
                shown: shown(&base),
                base,
                headers,
                as_received: self.as_received,
                secrets: secrets.filter(|secret| is_hidden(secret)).collect(),
            }),
            times: self.times,
        })
    }

    /// The headers of every call.
    fn every_calls(&self, base: &Url) -> Result<HeaderMap, Error> {
        let agent = match &self.user_agent {
            Some(product) => format!("{product} {PRODUCT}"),
            None => PRODUCT.to_owned(),
        };
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(USER_AGENT, header_value("user-agent", &agent)?);
        if !self.as_received {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        }
        if let Some(login) = login(base) {
            headers.insert(
                AUTHORIZATION,
                secret_value("authorization", "Basic ", &login)?,
            );
        }
        for (name, value) in &self.headers {
            headers.insert(header_name(name)?, header_value(name, value)?);
        }
        for (name, prefix, secret) in &self.secrets {
            headers.insert(header_name(name)?, secret_value(name, prefix, secret)?);
        }
        Ok(headers)
    }
}

impl Proxy {
    /// The way to a server, and what every request says to the proxy.
    fn way(&self, base: &Url, address: &Uri) -> Result<(Way, Option<HeaderValue>), Error> {
        Ok(match self {
            // A proxy, which the environment may name, cannot reach this machine's own server.
            Self::Environment if is_loopback(base) => (Way::Direct, None),
            Self::Environment => Way::of_environment(address),
            Self::Direct => (Way::Direct, None),
            Self::Through(proxy) => Way::through_named(proxy, address)
                .ok_or_else(|| Error::setup("the proxy's address is not a URL", ""))?,
        })
    }
}

/// The settings of TLS: the public authorities are trusted, and these.
#[cfg(feature = "rustls")]
fn trusting(authorities: &[Trusted]) -> Result<rustls::ClientConfig, Error> {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let wrong = || Error::setup("a trusted authority is not a certificate", "");
    let mut roots = rustls::RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    for authority in authorities {
        let certificates = match authority {
            Trusted::Der(der) => Ok(vec![CertificateDer::from(der.clone())]),
            Trusted::Pem(pem) => CertificateDer::pem_slice_iter(pem).collect(),
        };
        let certificates: Vec<_> = certificates.map_err(|error| wrong().because(error))?;
        if certificates.is_empty() {
            return Err(wrong());
        }
        for certificate in certificates {
            roots
                .add(certificate)
                .map_err(|error| wrong().because(error))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider);
    let config = config
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::setup("TLS cannot start", "").because(error))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// Name and password of a URL, as HTTP's basic scheme has them.
fn login(url: &Url) -> Option<String> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let plain = |text| percent_encoding::percent_decode_str(text).collect::<Vec<u8>>();
    let mut login = plain(url.username());
    login.push(b':');
    login.extend(plain(url.password().unwrap_or_default()));
    Some(base64::engine::general_purpose::STANDARD.encode(login))
}

fn without_login(authority: &Authority) -> Authority {
    let text = authority.as_str();
    let host = text.rsplit_once('@').map_or(text, |(_, host)| host);
    host.parse().unwrap_or_else(|_| authority.clone())
}

fn is_hidden(secret: &str) -> bool {
    secret.len() >= SHORTEST_SECRET
}

/// Reads a base URL. Its text is not repeated where it is wrong: it may hold a key.
fn base_url(text: &str) -> Result<Url, Error> {
    const HINT: &str = "it looks like `http://127.0.0.1:8787` or `https://example.com/prefix`";
    let wrong = |what: &str| Err(Error::setup(format!("the base URL {what}"), HINT));
    let Ok(url) = Url::parse(text.trim()) else {
        return wrong("is not a URL");
    };
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return wrong("is not for HTTP");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return wrong("carries a query or a fragment");
    }
    #[cfg(not(feature = "rustls"))]
    if url.scheme() == "https" {
        return Err(without_tls("the base URL"));
    }
    Ok(url)
}

#[cfg(not(feature = "rustls"))]
fn without_tls(what: &str) -> Error {
    Error::setup(
        format!("{what} begins with `https`, and this build has no TLS"),
        "enable the feature `rustls` of propus-client, which is one of its default features",
    )
}

fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let path = url.path().trim_end_matches('/');
    format!("{}://{host}{port}{path}", url.scheme())
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// A header in HTTP's own form.
pub(crate) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Error> {
    Ok((header_name(name)?, header_value(name, value)?))
}

fn header_name(name: &str) -> Result<HeaderName, Error> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
        Error::setup(
            format!("`{name}` is not the name of a header"),
            "names are letters, digits and dashes",
        )
    })
}

fn secret_value(name: &str, prefix: &str, secret: &str) -> Result<HeaderValue, Error> {
    let mut value = header_value(name, &format!("{prefix}{secret}"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(value).map_err(|_| {
        Error::setup(
            format!("the value for the header `{name}` has characters that HTTP does not allow"),
            "look for line breaks and letters beyond ASCII",
        )
    })
}

/// Percent-encodes one segment of a path; `None` if URLs cannot carry it as a segment.
pub fn segment(text: &str) -> Option<String> {
    if matches!(text, "" | "." | "..") {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' | b'@' => {
                out.push(byte.into());
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn transport(base: &str) -> Transport {
        let builder = Transport::builder(base).secret("x-goog-api-key", "", "a-secret-key");
        builder.build().unwrap()
    }

    #[track_caller]
    fn check(base: &str, address: &str, expected: &str) {
        let call = transport(base).call_back(Method::POST, address).unwrap();
        assert_eq!(
            call.uri().unwrap().to_string(),
            expected,
            "{base} {address}"
        );
    }

    #[test]
    fn an_address_of_the_server_leads_to_the_base_url() {
        let other = "https://other.test/upload/v1beta/files?upload_id=1";
        check(
            "http://here:1",
            other,
            "http://here:1/upload/v1beta/files?upload_id=1",
        );
        check(
            "http://here/prefix/",
            other,
            "http://here/prefix/upload/v1beta/files?upload_id=1",
        );
        check(
            "http://here/prefix",
            "http://here/prefix/upload?a=%2F",
            "http://here/prefix/upload?a=%2F",
        );
        check("http://here", "/upload?x", "http://here/upload?x");
    }

    #[cfg(not(feature = "rustls"))]
    #[test]
    fn without_tls_nothing_is_sent_in_the_clear_instead() {
        let plain = || Transport::builder("http://here.test");
        let proxy = Some("https://proxy.test".into());
        for builder in [
            Transport::builder("https://here.test"),
            plain().proxy(proxy),
        ] {
            let error = builder.build().unwrap_err();
            assert!(error.is_setup(), "{error:?}");
            assert!(
                error.message().ends_with("this build has no TLS"),
                "{error}"
            );
            assert!(error.hint().unwrap().contains("`rustls`"), "{error}");
        }
        let socks = Some("socks5h://proxy.test".into());
        assert!(plain().proxy(socks).build().is_ok());
    }

    proptest! {
        #[test]
        fn no_address_takes_the_key_elsewhere(address in "(https?:|//|/|\\\\)?[a-z0-9@:/.?#%\\\\ -]{0,30}") {
            let transport = transport("http://here.test/prefix");
            if let Ok(call) = transport.call_back(Method::POST, &address) {
                let uri = call.uri().unwrap();
                prop_assert_eq!(uri.scheme_str(), Some("http"));
                prop_assert_eq!(uri.authority().unwrap().as_str(), "here.test");
            }
        }
    }
}
