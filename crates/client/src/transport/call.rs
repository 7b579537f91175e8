//! A call before it is sent. It may be sent again: a clone says the same.

use super::{
    Reply, Times, Transport, header_name, header_value, is_hidden, reply::Place, secret_value,
};
use crate::error::{Error, Kind};
use bytes::Bytes;
use futures::Stream;
use propus_failures::recovery;
use reqwest::{
    Method, Url,
    header::{CONTENT_TYPE, HeaderMap},
};
use serde::Serialize;
use std::time::Duration;

/// A call that was not sent yet.
#[derive(Clone)]
#[must_use = "a call does nothing until it is sent"]
pub struct Call {
    transport: Transport,
    method: Method,
    url: Url,
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
    pub(super) fn new(transport: Transport, method: Method, url: Url) -> Self {
        let times = transport.times;
        Self {
            transport,
            method,
            url,
            headers: HeaderMap::new(),
            body: None,
            times,
            secrets: Vec::new(),
            fault: None,
        }
    }

    /// Adds a query parameter.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    /// Sets the whole query, which is percent-encoded already.
    pub fn raw_query(mut self, query: Option<&str>) -> Self {
        self.url.set_query(query);
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

    /// Adds headers as they are, also several of one name.
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        let mut last = None;
        for (name, value) in headers {
            // Further values of a name come without it.
            last = name.or(last);
            if let Some(name) = &last {
                self.headers.append(name.clone(), value);
            }
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
                let call = self.body(body);
                call.header(CONTENT_TYPE.as_str(), "application/json")
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
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// Whether it may be made twice: whether it reads or generates, and changes nothing.
    pub(crate) fn is_safe(&self) -> bool {
        let last = self.url.path().rsplit('/').next().unwrap_or_default();
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
        let body = self.body.take().map(reqwest::Body::from);
        self.exchanged(body).await
    }

    /// The same with a body that is sent as it comes; it can be sent only once.
    pub async fn exchange_streamed<S, E>(self, body: S) -> Result<Reply, Error>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.exchanged(Some(reqwest::Body::wrap_stream(body))).await
    }

    async fn exchanged(self, body: Option<reqwest::Body>) -> Result<Reply, Error> {
        if let Some(Fault(what, hint)) = self.fault {
            return Err(Error::setup(what, hint));
        }
        let mut request = self
            .transport
            .http
            .request(self.method, self.url)
            .headers(self.headers);
        if let Some(body) = body {
            request = request.body(body);
        }
        if let Some(whole) = self.times.whole {
            request = request.timeout(whole);
        }
        let place = Place::new(self.transport.server, self.secrets, self.times.whole);
        let sent = match self.times.first_byte {
            None => request.send().await,
            Some(allowed) => match tokio::time::timeout(allowed, request.send()).await {
                Ok(sent) => sent,
                Err(_) => return Err(place.error(Kind::Late { allowed })),
            },
        };
        let response = sent.map_err(|error| place.failed(error, Kind::Exchange))?;
        Ok(Reply::new(response, place))
    }

    /// The first fault counts: later ones may follow from it.
    fn failing(mut self, error: Error) -> Self {
        let fault = Fault(error.message(), error.hint().unwrap_or_default());
        self.fault.get_or_insert(fault);
        self
    }
}
