//! A reply as it arrives: headers, then bytes, JSON or events.

use super::{
    Server,
    arriving::{Arriving, Broken, Limits},
};
use crate::{
    error::{Error, Kind, Refusal, beginning},
    sse::{Decoder, Event},
};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use http::{HeaderMap, StatusCode, response::Parts};
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{
    fmt, io, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

/// The longest event: no API sends more, and memory is not endless.
const LONGEST_EVENT: usize = 256 << 20;

/// The longest body of an error that is kept.
const LONGEST_REFUSAL: usize = 1 << 20;

/// Where a call went and how long it may take: what errors tell about it.
pub(super) struct Place {
    server: Arc<Server>,
    /// Credentials of the call alone.
    secrets: Vec<String>,
    timeout: Option<Duration>,
}

impl Place {
    pub(super) fn new(
        server: Arc<Server>,
        secrets: Vec<String>,
        timeout: Option<Duration>,
    ) -> Self {
        Self {
            server,
            secrets,
            timeout,
        }
    }

    pub(super) fn error(&self, kind: Kind) -> Error {
        Error::new(kind).at(&self.server.shown)
    }

    /// What did not come in time.
    pub(super) fn late(&self, kind: Kind) -> Error {
        self.error(kind)
            .because(io::Error::from(io::ErrorKind::TimedOut))
    }

    /// Puts a mark in the place of credentials.
    fn redact(&self, mut text: String) -> String {
        for secret in self.server.secrets.iter().chain(&self.secrets) {
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

    /// A body that did not arrive whole, or not in time.
    fn broken(&self, broken: Broken) -> Error {
        match broken {
            Broken::Late => self.late(Kind::Timeout {
                allowed: self.timeout,
            }),
            Broken::Cut(error) => {
                let what = "the connection broke off";
                self.error(Kind::Truncated { what }).because(error)
            }
        }
    }
}

/// A reply that has begun.
pub struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Arriving,
    place: Place,
}

impl Reply {
    pub(super) fn new(
        head: Parts,
        body: Incoming,
        as_received: bool,
        limits: Limits,
        place: Place,
    ) -> Self {
        let mut headers = head.headers;
        let body = match as_received {
            true => Arriving::plain(body, limits),
            false => Arriving::unpacked(&mut headers, body, limits),
        };
        Self {
            status: head.status,
            headers,
            body,
            place,
        }
    }

    /// A header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }

    /// Status, headers and body, each for itself.
    pub fn into_parts(mut self) -> (StatusCode, HeaderMap, Body) {
        let (status, headers) = (self.status, mem::take(&mut self.headers));
        (status, headers, self.chunks())
    }

    /// All headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The body as it arrives, piece by piece, credentials included.
    pub fn chunks(self) -> Body {
        Body {
            bytes: self.body,
            place: self.place,
            ended: false,
        }
    }

    /// The whole body, as it is.
    pub async fn bytes(self) -> Result<Bytes, Error> {
        let whole = self.body.whole().await;
        whole.map_err(|broken| self.place.broken(broken))
    }

    /// The reply's text without credentials; what goes beyond `most` bytes is left out.
    pub async fn text(self, most: usize) -> Result<String, Error> {
        let mut body = self.body;
        let mut text = Vec::new();
        while let Some(bytes) = body.next().await {
            text.extend_from_slice(&bytes.map_err(|broken| self.place.broken(broken))?);
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
        let body = self.body.whole().await;
        let body = body.map_err(|broken| self.place.broken(broken))?;
        serde_json::from_slice(&body).map_err(|error| {
            let body = String::from_utf8_lossy(&body).into_owned();
            let what = match body.trim() {
                "" => "it is empty".to_owned(),
                text if text.starts_with('<') => "it is a web page".to_owned(),
                text => format!("it is not the JSON that belongs here: {}", beginning(text)),
            };
            self.place
                .unreadable(what, body)
                .because(self.place.redact(error.to_string()))
        })
    }

    /// The reply as events.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([stream(&["a"])], async |client| {
    /// use futures::TryStreamExt;
    /// use propus_client::{Method, sse::Event};
    ///
    /// let call = client.transport().call(Method::POST, "v1beta/models/x:streamGenerateContent");
    /// let mut events = call.query("alt", "sse").send().await?.events();
    /// while let Some(event) = events.try_next().await? {
    ///     let (Event::Data(json) | Event::Bare(json)) = event;
    ///     assert!(json.starts_with("{"));
    /// }
    /// # Ok(()) });
    /// ```
    pub fn events(self) -> Events {
        Events {
            body: self.chunks(),
            decoder: Decoder::default(),
        }
    }

    pub(super) async fn refusal(self) -> Error {
        let http = self.status();
        let mut headers = self.headers;
        for value in headers.values_mut() {
            if let Ok(text) = value.to_str()
                && let Ok(hidden) = self.place.redact(text.to_owned()).parse()
            {
                *value = hidden;
            }
        }
        let mut body = Vec::new();
        let mut pieces = self.body;
        // The status says enough where the body does not arrive.
        while let Some(Ok(piece)) = pieces.next().await {
            body.extend_from_slice(&piece);
            if body.len() > LONGEST_REFUSAL {
                break;
            }
        }
        let body = self
            .place
            .redact(String::from_utf8_lossy(&body).into_owned());
        let refusal = Refusal::read(http, headers, body);
        self.place.error(Kind::Refused(refusal))
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

/// A body as it arrives: pieces as the connection delivers them. It ends behind the first error.
pub struct Body {
    bytes: Arriving,
    place: Place,
    ended: bool,
}

impl Stream for Body {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        match ready!(self.bytes.poll_next_unpin(context)) {
            Some(Ok(bytes)) => Poll::Ready(Some(Ok(bytes))),
            Some(Err(broken)) => {
                self.ended = true;
                Poll::Ready(Some(Err(self.place.broken(broken))))
            }
            None => {
                self.ended = true;
                Poll::Ready(None)
            }
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}

/// The events of a reply, as they arrive. It ends behind the first error.
pub struct Events {
    body: Body,
    decoder: Decoder,
}

impl Events {
    /// The error for an event that says what went wrong on the server; `None` if it does not.
    pub(crate) fn refusal(&self, json: &Value) -> Option<Error> {
        json.get("error")?;
        let place = &self.body.place;
        let text = place.redact(json.to_string());
        let json = serde_json::from_str(&text).unwrap_or_default();
        let refusal = Refusal::in_stream(&text, &json)?;
        Some(place.error(Kind::Refused(refusal)))
    }

    /// The error for a stream that ended too early.
    pub(crate) fn truncated(&self, what: &'static str) -> Error {
        self.body.place.error(Kind::Truncated { what })
    }

    /// The error for an event that is not what belongs here.
    pub(crate) fn unreadable(&self, text: &str, error: &serde_json::Error) -> Error {
        let what = format!(
            "an event is not the JSON that belongs here: {}",
            beginning(text)
        );
        let place = &self.body.place;
        // serde quotes values, and a value may be the key.
        let error = place.redact(error.to_string());
        place.unreadable(what, text.to_owned()).because(error)
    }

    /// The error for a web page in the place of a stream.
    pub(crate) fn unreadable_page(&self) -> Error {
        let place = &self.body.place;
        place.unreadable("it is a web page", String::new())
    }

    /// Whether every byte has arrived: an event that cannot be read now may be cut.
    pub(crate) fn has_ended(&self) -> bool {
        self.body.ended
    }
}

impl Stream for Events {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(event) = self.decoder.next() {
                return Poll::Ready(Some(Ok(event)));
            }
            if self.body.ended {
                return Poll::Ready(None);
            }
            match ready!(self.body.poll_next_unpin(context)) {
                Some(Ok(bytes)) => self.decoder.push(&bytes),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => self.decoder.finish(),
            }
            if self.decoder.held() > LONGEST_EVENT {
                self.body.ended = true;
                let place = &self.body.place;
                let error = place.unreadable("an event has no end", String::new());
                return Poll::Ready(Some(Err(error)));
            }
        }
    }
}
