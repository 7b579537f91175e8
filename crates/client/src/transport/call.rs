//! A call before it is sent. It may be sent again: a clone says the same.

use super::{
    BoxError, Reply, Times, Transport, arriving::Limits, connect::Sent, header_name, header_value,
    is_hidden, reply::Place, secret_value, target::Target,
};
use crate::error::{Error, Kind};
use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use http::{HeaderMap, HeaderValue, Method, Request, Response, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Either, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_util::client::legacy;
use propus_failures::recovery;
use serde::Serialize;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// A call that was not sent yet.
#[derive(Clone)]
#[must_use = "a call does nothing until it is sent"]
pub struct Call {
    transport: Transport,
    method: Method,
    target: Target,
    /// Its own, which go before those of every call.
    headers: HeaderMap,
    body: Option<Bytes>,
    times: Times,
    /// Credentials of this call alone.
    secrets: Vec<String>,
    fault: Option<Fault>,
}

/// What cannot be sent, and what may help.
#[derive(Clone)]
struct Fault(String, String);

impl Call {
    pub(super) fn new(transport: Transport, method: Method, target: Target) -> Self {
        let times = transport.times;
        Self {
            transport,
            method,
            target,
            headers: HeaderMap::new(),
            body: None,
            times,
            secrets: Vec::new(),
            fault: None,
        }
    }

    /// Adds a query parameter.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.target.add(name, value);
        self
    }

    /// Sets the whole query, which is percent-encoded already.
    pub fn raw_query(mut self, query: Option<&str>) -> Self {
        self.target.set_query(query);
        self
    }

    /// Sets a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let value = header_value(name, value);
        match header_name(name).and_then(|name| Ok((name, value?))) {
            Ok((name, value)) => {
                self.headers.insert(name, value);
                self
            }
            Err(error) => self.failing(error),
        }
    }

    /// Sets headers as they are, also several of one name. They go in the place of what was there.
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        match self.headers.is_empty() {
            true => self.headers = headers,
            false => self.headers.extend(headers),
        }
        self
    }

    /// A credential of this call alone, in place of those that every call carries by that name. It
    /// is kept out of errors.
    pub fn secret(mut self, name: &str, prefix: &str, secret: &str) -> Self {
        let value = secret_value(name, prefix, secret);
        match header_name(name).and_then(|name| Ok((name, value?))) {
            Ok((name, value)) => {
                self.headers.insert(name, value);
                if is_hidden(secret) {
                    self.secrets.push(secret.to_owned());
                }
                self
            }
            Err(error) => self.failing(error),
        }
    }

    /// Sets the body.
    pub fn json(self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => {
                let mut call = self.body(body);
                let json = HeaderValue::from_static("application/json");
                call.headers.insert(CONTENT_TYPE, json);
                call
            }
            Err(error) => self.failing(Error::setup(
                format!("the request cannot be written as JSON: {error}"),
                "",
            )),
        }
    }

    /// Sets the body as it is; its type is the caller's to say.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// How long the call may take, the whole reply included.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.times.whole = Some(timeout);
        self
    }

    /// How long the call may take until its reply begins.
    pub fn first_byte_timeout(mut self, timeout: Duration) -> Self {
        self.times.first_byte = Some(timeout);
        self
    }

    /// Where it goes.
    #[cfg(test)]
    pub(super) fn uri(self) -> Result<http::Uri, http::Error> {
        self.transport.server.uri(self.target)
    }

    /// Whether it may be made twice: whether it reads or generates, and changes nothing.
    pub(crate) fn is_safe(&self) -> bool {
        let last = self.target.path().rsplit('/').next().unwrap_or_default();
        let named = last.rsplit_once(':').map(|(_, method)| method);
        // What only reads may be read again, whatever it is called.
        let method = named.filter(|_| self.method != Method::GET);
        recovery::is_safe(self.method.as_str(), method)
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
    pub async fn exchange(mut self) -> Result<Reply, Error> {
        let body = self.body.take().unwrap_or_default();
        self.exchanged(Either::Left(Full::new(body))).await
    }

    /// The same with a body that is sent as it comes; it can be sent only once.
    pub async fn exchange_streamed<S, E>(self, body: S) -> Result<Reply, Error>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        let frames = body.map_ok(Frame::data).map_err(Into::into);
        let body = StreamBody::new(frames).boxed_unsync();
        self.exchanged(Either::Right(body)).await
    }

    async fn exchanged(self, body: Sent) -> Result<Reply, Error> {
        if let Some(Fault(what, hint)) = self.fault {
            return Err(Error::setup(what, hint));
        }
        let Self {
            transport,
            method,
            target,
            headers,
            times,
            secrets,
            ..
        } = self;
        let server = transport.server;
        let uri = server
            .uri(target)
            .map_err(|error| Error::setup("the path cannot be one of a URL", "").because(error))?;
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        complete(request.headers_mut(), &server.headers);
        let began = Instant::now();
        let sending = server.pool.request(request);
        let as_received = server.as_received;
        let place = Place::new(server, secrets, times.whole);
        let (head, body) = begun(sending, times, &place).await?.into_parts();
        let limits = Limits {
            end: times.whole.and_then(|whole| began.checked_add(whole)),
            silence: times.silence,
        };
        Ok(Reply::new(head, body, as_received, limits, place))
    }

    /// The first fault counts: later ones may follow from it.
    fn failing(mut self, error: Error) -> Self {
        let fault = Fault(error.message(), error.hint().unwrap_or_default());
        self.fault.get_or_insert(fault);
        self
    }
}

/// Adds headers by names that are not there yet.
fn complete(headers: &mut HeaderMap, more: &HeaderMap) {
    for name in more.keys() {
        if !headers.contains_key(name) {
            let values = more.get_all(name).iter();
            values.for_each(|value| _ = headers.append(name, value.clone()));
        }
    }
}

/// The reply, once it begins; it must do so in time.
async fn begun(
    sending: legacy::ResponseFuture,
    times: Times,
    place: &Place,
) -> Result<Response<Incoming>, Error> {
    let late = times
        .first_byte
        .map(|allowed| (allowed, Kind::Late { allowed }));
    let out = |time| {
        (
            time,
            Kind::Timeout {
                allowed: times.whole,
            },
        )
    };
    let limits = [late, times.whole.map(out), times.silence.map(out)];
    let first = limits.into_iter().flatten().min_by_key(|(time, _)| *time);
    let sent = match first {
        None => sending.await,
        Some((time, kind)) => match timeout(time, sending).await {
            Ok(sent) => sent,
            Err(_) => return Err(place.late(kind)),
        },
    };
    sent.map_err(|error| {
        let kind = match error.is_connect() {
            true => Kind::Connect,
            false => Kind::Exchange,
        };
        place.error(kind).because(error)
    })
}
