//! HTTP as this client speaks it: the one place where requests leave and replies come in.
//!
//! It knows base URLs, deadlines, credentials and errors, but no model; [`Client`](crate::Client)
//! puts the typed calls on top. Engines with another API use it as it is.

use crate::{
    error::{Error, Kind, Refusal, beginning},
    sse::{Decoder, Event},
};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream::BoxStream};
use reqwest::{
    Certificate, Method, Proxy, StatusCode, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

/// What every call that names no user agent is sent with.
pub(crate) const PRODUCT: &str = concat!("propus-client/", env!("CARGO_PKG_VERSION"));

/// A server that takes longer than this to accept a connection is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest event: no API sends more, and memory is not endless.
const LONGEST_EVENT: usize = 256 << 20;

/// Shorter secrets are test words, and hiding them would garble the text around them.
const SHORTEST_SECRET: usize = 8;

/// A way to one server. Clones share their connections.
#[derive(Clone)]
pub struct Transport {
    http: reqwest::Client,
    server: Arc<Server>,
    timeout: Option<Duration>,
}

struct Server {
    base: Url,
    /// The base without credentials, for people.
    shown: String,
    secrets: Vec<String>,
}

/// Settings of a [`Transport`].
#[derive(Default)]
pub struct Builder {
    base_url: String,
    headers: Vec<(&'static str, String)>,
    secrets: Vec<(&'static str, &'static str, String)>,
    timeout: Option<Duration>,
    user_agent: Option<String>,
    way: Way,
    authorities: Vec<Vec<u8>>,
}

/// Whether calls go through a proxy.
#[derive(Default)]
enum Way {
    /// As the environment of the process says; never to this machine itself.
    #[default]
    Environment,
    Direct,
    Through(String),
}

impl Transport {
    /// Begins with a base URL, which may carry a path: `https://example.com/gemini`.
    pub fn builder(base_url: impl Into<String>) -> Builder {
        Builder {
            base_url: base_url.into(),
            ..Builder::default()
        }
    }

    /// Begins a call. The path goes behind that of the base URL and is percent-encoded already.
    pub fn call(&self, method: Method, path: &str) -> Call {
        let mut url = self.server.base.clone();
        let prefix = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{prefix}/{}", path.trim_start_matches('/')));
        let call = Call {
            request: self.http.request(method, url),
            server: self.server.clone(),
            timeout: None,
            fault: None,
        };
        match self.timeout {
            Some(timeout) => call.timeout(timeout),
            None => call,
        }
    }

    /// The same way with another deadline for each call.
    #[must_use]
    pub fn with_timeout(&self, timeout: Option<Duration>) -> Self {
        Self {
            timeout,
            ..self.clone()
        }
    }

    /// The deadline of each call.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// The base URL without credentials.
    pub fn base_url(&self) -> &str {
        &self.server.shown
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("base_url", &self.server.shown)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// A header of every call.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// A credential of every call, sent as `name: prefix` + `secret`. It is kept out of errors,
    /// even where the server repeats it.
    #[must_use]
    pub fn secret(
        mut self,
        name: &'static str,
        prefix: &'static str,
        secret: impl Into<String>,
    ) -> Self {
        self.secrets.push((name, prefix, secret.into()));
        self
    }

    /// How long a call may take, the whole reply included.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
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
        self.way = proxy.map_or(Way::Direct, Way::Through);
        self
    }

    /// Trusts certificates that this authority signed, besides the public ones. It is given in DER.
    #[must_use]
    pub fn trust(mut self, authority: impl Into<Vec<u8>>) -> Self {
        self.authorities.push(authority.into());
        self
    }

    /// Checks the settings. Nothing is sent yet.
    pub fn build(self) -> Result<Transport, Error> {
        let base = base_url(&self.base_url)?;
        let agent = match self.user_agent {
            Some(product) => format!("{product} {PRODUCT}"),
            None => PRODUCT.to_owned(),
        };
        let mut http = reqwest::Client::builder()
            .user_agent(header_value("user-agent", &agent)?)
            .default_headers(headers(&self.headers, &self.secrets)?)
            .connect_timeout(CONNECT_TIMEOUT)
            // A redirect to another host would take the key along.
            .redirect(Policy::none());
        http = match self.way {
            // A proxy, which the environment may name, cannot reach this machine's own server.
            Way::Environment if is_loopback(&base) => http.no_proxy(),
            Way::Environment => http,
            Way::Direct => http.no_proxy(),
            Way::Through(proxy) => {
                let proxy = Proxy::all(proxy).map_err(|error| {
                    let wrong = Error::setup("the proxy's address is not a URL", "");
                    wrong.because(error.without_url())
                })?;
                http.proxy(proxy)
            }
        };
        for authority in &self.authorities {
            let authority = Certificate::from_der(authority).map_err(|error| {
                Error::setup("a trusted authority is not a certificate", "").because(error)
            })?;
            http = http.add_root_certificate(authority);
        }
        let http = http
            .build()
            .map_err(|error| Error::setup("the HTTP client cannot start", "").because(error))?;
        let secrets = self.secrets.into_iter().map(|(_, _, secret)| secret);
        Ok(Transport {
            http,
            server: Arc::new(Server {
                shown: shown(&base),
                base,
                secrets: secrets
                    .filter(|secret| secret.len() >= SHORTEST_SECRET)
                    .collect(),
            }),
            timeout: self.timeout,
        })
    }
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
    Ok(url)
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

fn headers(
    plain: &[(&'static str, String)],
    secrets: &[(&'static str, &'static str, String)],
) -> Result<HeaderMap, Error> {
    let mut map = HeaderMap::new();
    for (name, value) in plain {
        map.insert(HeaderName::from_static(name), header_value(name, value)?);
    }
    for (name, prefix, secret) in secrets {
        let mut value = header_value(name, &format!("{prefix}{secret}"))?;
        value.set_sensitive(true);
        map.insert(HeaderName::from_static(name), value);
    }
    Ok(map)
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(value).map_err(|_| {
        Error::setup(
            format!("the value for the header `{name}` has characters that HTTP does not allow"),
            "look for line breaks and letters beyond ASCII",
        )
    })
}

/// A call that was not sent yet.
#[must_use = "a call does nothing until it is sent"]
pub struct Call {
    request: reqwest::RequestBuilder,
    server: Arc<Server>,
    timeout: Option<Duration>,
    fault: Option<Error>,
}

impl Call {
    /// Adds a query parameter.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.query(&[(name, value)]);
        self
    }

    /// Sets a header.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        match header_value(name, value) {
            Ok(value) => self.request = self.request.header(name, value),
            Err(error) => self.fault = Some(error),
        }
        self
    }

    /// Sets the body.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => {
                self.request = self
                    .request
                    .header(CONTENT_TYPE, "application/json")
                    .body(body);
            }
            Err(error) => {
                let fault = Error::setup("the request cannot be written as JSON", "");
                self.fault = Some(fault.because(error));
            }
        }
        self
    }

    /// How long the call may take, the whole reply included.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self.request = self.request.timeout(timeout);
        self
    }

    /// Sends the call and waits for the reply to begin. An HTTP status beyond 2xx is an error.
    pub async fn send(self) -> Result<Reply, Error> {
        let reply = self.exchange().await?;
        if reply.status().is_success() {
            Ok(reply)
        } else {
            Err(reply.refusal().await)
        }
    }

    /// Sends the call and waits for the reply to begin, whatever its HTTP status is.
    pub async fn exchange(self) -> Result<Reply, Error> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let place = Place {
            server: self.server,
            timeout: self.timeout,
        };
        let sent = self.request.send().await;
        let response = sent.map_err(|error| place.failed(error, Kind::Exchange))?;
        Ok(Reply { response, place })
    }
}

/// Where a call went and how long it may take: what errors tell about it.
struct Place {
    server: Arc<Server>,
    timeout: Option<Duration>,
}

impl Place {
    fn error(&self, kind: Kind) -> Error {
        Error::new(kind).at(&self.server.shown)
    }

    fn failed(&self, error: reqwest::Error, otherwise: Kind) -> Error {
        let kind = match &error {
            error if error.is_connect() => Kind::Connect,
            error if error.is_timeout() => Kind::Timeout {
                allowed: self.timeout,
            },
            _ => otherwise,
        };
        self.error(kind).because(error.without_url())
    }

    /// Puts a mark in the place of credentials.
    fn redact(&self, mut text: String) -> String {
        for secret in &self.server.secrets {
            if text.contains(secret) {
                text = text.replace(secret, "<key>");
            }
        }
        text
    }

    fn unreadable(&self, what: impl Into<String>, body: String) -> Error {
        self.error(Kind::Unreadable {
            what: self.redact(what.into()),
            body: self.redact(body),
        })
    }
}

/// A reply that has begun.
pub struct Reply {
    response: reqwest::Response,
    place: Place,
}

impl Reply {
    /// A header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The reply's text without credentials; what goes beyond `most` bytes is left out.
    pub async fn text(self, most: usize) -> Result<String, Error> {
        let mut body = self.response.bytes_stream();
        let mut text = Vec::new();
        while let Some(bytes) = body.next().await {
            text.extend_from_slice(&bytes.map_err(|error| cut(&self.place, error))?);
            if text.len() >= most {
                text.truncate(most);
                break;
            }
        }
        Ok(self
            .place
            .redact(String::from_utf8_lossy(&text).into_owned()))
    }

    /// The whole reply as one JSON value.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let body = self.response.bytes().await;
        let body = body.map_err(|error| cut(&self.place, error))?;
        serde_json::from_slice(&body).map_err(|error| {
            let body = String::from_utf8_lossy(&body).into_owned();
            let what = match body.trim() {
                "" => "it is empty".to_owned(),
                text => format!("it is not the JSON that belongs here: {}", beginning(text)),
            };
            self.place
                .unreadable(what, body)
                .because(self.place.redact(error.to_string()))
        })
    }

    /// The reply as events.
    pub fn events(self) -> Events {
        Events {
            body: self.response.bytes_stream().boxed(),
            decoder: Decoder::default(),
            place: self.place,
            ended: false,
        }
    }

    async fn refusal(self) -> Error {
        let http = self.status();
        let content_type = self.header("content-type").unwrap_or_default().to_owned();
        // The status says enough where the body does not arrive.
        let body = self.response.text().await.unwrap_or_default();
        let refusal = Refusal::read(http, &content_type, self.place.redact(body));
        self.place.error(Kind::Refused(refusal))
    }
}

/// A body that did not arrive whole, or not in time.
fn cut(place: &Place, error: reqwest::Error) -> Error {
    let what = "the connection broke off";
    place.failed(error, Kind::Truncated { what })
}

/// The events of a reply, as they arrive. It ends behind the first error.
pub struct Events {
    body: BoxStream<'static, reqwest::Result<Bytes>>,
    decoder: Decoder,
    place: Place,
    ended: bool,
}

impl Events {
    /// The error for an event that says what went wrong on the server; `None` if it does not.
    pub(crate) fn refusal(&self, json: &Value) -> Option<Error> {
        json.get("error")?;
        let text = self.place.redact(json.to_string());
        let json = serde_json::from_str(&text).unwrap_or_default();
        let refusal = Refusal::in_stream(&text, &json)?;
        Some(self.place.error(Kind::Refused(refusal)))
    }

    /// The error for a stream that ended too early.
    pub(crate) fn truncated(&self, what: &'static str) -> Error {
        self.place.error(Kind::Truncated { what })
    }

    /// The error for an event that is not what belongs here.
    pub(crate) fn unreadable(&self, text: &str, error: &serde_json::Error) -> Error {
        let what = format!(
            "an event is not the JSON that belongs here: {}",
            beginning(text)
        );
        // serde quotes values, and a value may be the key.
        let error = self.place.redact(error.to_string());
        self.place.unreadable(what, text.to_owned()).because(error)
    }

    /// The error for a web page in the place of a stream.
    pub(crate) fn unreadable_page(&self) -> Error {
        self.place.unreadable("it is a web page", String::new())
    }

    /// Whether every byte has arrived: an event that cannot be read now may be cut.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }
}

impl Stream for Events {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(event) = self.decoder.next() {
                return Poll::Ready(Some(Ok(event)));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            match ready!(self.body.poll_next_unpin(context)) {
                Some(Ok(bytes)) => self.decoder.push(&bytes),
                Some(Err(error)) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(cut(&self.place, error))));
                }
                None => {
                    self.ended = true;
                    self.decoder.finish();
                }
            }
            if self.decoder.held() > LONGEST_EVENT {
                self.ended = true;
                let error = self.place.unreadable("an event has no end", String::new());
                return Poll::Ready(Some(Err(error)));
            }
        }
    }
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
