//! An upstream that speaks the Gemini API: Google's own service, or another Propus.
//!
//! Exchanges are raw. Method, path, query, headers and bytes go in; status, headers and the pieces of
//! the body come out as they were received. Nothing is read, repaired or repeated here: who makes the
//! attempts decides that. A key never leaves by any other way than in its header.

mod headers;
mod key;
pub mod path;
mod settings;

pub use key::Key;
pub use propus_client::sse;
pub use settings::{KeySetting, Settings};

use crate::secret::{SecretError, Secrets};
use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};
use http::{HeaderMap, Method, StatusCode};
use propus_client::{Error, transport::Transport};
use propus_failures::recovery::{Fault, Outcome, Progress};
use std::{fmt, io, time::Duration};
use thiserror::Error;

/// An upstream and the keys for it.
#[derive(Debug)]
pub struct Google {
    transport: Transport,
    keys: Vec<Key>,
    pass_key: bool,
    check: bool,
    first_byte: Option<Duration>,
    silence: Option<Duration>,
}

/// Why an upstream cannot be used.
#[derive(Debug, Error)]
pub enum SetupError {
    /// A key cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The settings make no sense; `hint` says how they would.
    #[error("{0}")]
    Unfit(String),
    /// The base URL or the certificates.
    #[error(transparent)]
    Transport(#[from] Error),
}

/// What is sent.
pub struct Sending<'a> {
    /// The HTTP method.
    pub method: Method,
    /// The path, percent-encoded, with its version: `/v1beta/models/x:generateContent`.
    pub path: &'a str,
    /// The query, percent-encoded. A `key` in it is the caller's own.
    pub query: Option<&'a str>,
    /// The caller's headers, all of them.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: Sent,
    /// How long the reply's beginning may take, in place of the engine's own limit.
    pub first_byte: Option<Duration>,
}

/// A body that is sent.
pub enum Sent {
    /// It is known, and could be sent again.
    Whole(Bytes),
    /// It is sent as it comes, once.
    Streamed(BoxStream<'static, io::Result<Bytes>>),
}

/// What came back. Dropping it ends the work upstream.
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers that concern who asked; those of the connection are left out.
    pub headers: HeaderMap,
    /// The body.
    pub pieces: Pieces,
}

/// A body as it arrives, with the pieces of the connection. It ends behind the first fault.
pub type Pieces = BoxStream<'static, Result<Bytes, Broken>>;

/// An exchange that did not come to its end.
#[derive(Clone, Debug)]
pub struct Broken {
    /// What it came to.
    pub outcome: Outcome,
    /// What happened, for the log; without keys.
    pub cause: String,
}

impl Google {
    /// Reads the keys and checks the settings. Nothing is sent.
    pub fn new(settings: &Settings) -> Result<Self, SetupError> {
        Self::with(settings, &mut Secrets::default())
    }

    /// The same where several upstreams have their keys from one reader.
    pub fn with(settings: &Settings, secrets: &mut Secrets) -> Result<Self, SetupError> {
        let mut transport = Transport::builder(&settings.base_url)
            .as_received()
            .user_agent("propus-gateway");
        if let Some(connect) = settings.connect_timeout {
            transport = transport.connect_timeout(connect);
        }
        Ok(Self {
            transport: transport.build()?,
            keys: settings.keys(secrets)?,
            pass_key: settings.pass_key,
            check: settings.check,
            first_byte: settings.first_byte_timeout,
            silence: settings.silence_timeout,
        })
    }

    /// The keys, in their order. One without a secret stands for the caller's own.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Whether requests are checked before they are sent.
    pub fn checks(&self) -> bool {
        self.check
    }

    /// How long a reply's beginning may take; none for as long as the caller waits.
    pub fn first_byte(&self) -> Option<Duration> {
        self.first_byte
    }

    /// Where it is, without credentials.
    pub fn base_url(&self) -> &str {
        self.transport.base_url()
    }

    /// Sends a request by one of the keys and waits for the reply to begin, whatever its status.
    pub async fn exchange(&self, key: &Key, sending: Sending<'_>) -> Result<Answer, Broken> {
        let passed = self.pass_key || key.is_callers();
        let query = headers::query(sending.query, passed);
        let mut call = self
            .transport
            .call(sending.method, sending.path)
            .raw_query(query.as_deref())
            .headers(headers::outward(sending.headers, passed));
        if let Some(secret) = key.secret().filter(|_| !passed) {
            call = match sending.path.contains("/openai/") {
                true => call.secret("authorization", "Bearer ", secret),
                false => call.secret("x-goog-api-key", "", secret),
            };
        }
        if let Some(first_byte) = sending.first_byte.or(self.first_byte) {
            call = call.first_byte_timeout(first_byte);
        }
        let reply = match sending.body {
            // A body of no bytes is none: a GET with one would be odd.
            Sent::Whole(body) if body.is_empty() => call.exchange().await,
            Sent::Whole(body) => call.body(body).exchange().await,
            Sent::Streamed(body) => call.exchange_streamed(body).await,
        };
        let reply = reply.map_err(|error| broken(&error))?;
        let (status, headers, body) = reply.into_parts();
        Ok(Answer {
            status,
            headers: headers::inward(headers),
            pieces: pieces(body, self.silence),
        })
    }
}

/// The pieces of a body, each within the time of silence.
fn pieces(mut body: propus_client::transport::Body, silence: Option<Duration>) -> Pieces {
    let Some(silence) = silence else {
        return body
            .map(|piece| piece.map_err(|error| broken(&error)))
            .boxed();
    };
    async_stream::stream! {
        loop {
            match tokio::time::timeout(silence, body.next()).await {
                Ok(Some(Ok(piece))) => yield Ok(piece),
                Ok(Some(Err(error))) => {
                    yield Err(broken(&error));
                    return;
                }
                Ok(None) => return,
                Err(_) => {
                    yield Err(Broken {
                        outcome: Outcome::of_fault(Fault::Timeout, Progress::Answered),
                        cause: format!("the reply was silent for {silence:?}"),
                    });
                    return;
                }
            }
        }
    }
    .boxed()
}

fn broken(error: &Error) -> Broken {
    // What cannot be sent at all is a slip of the request's own.
    let outcome = error
        .outcome()
        .unwrap_or_else(|| Outcome::of_fault(Fault::Unreadable, Progress::NotSent));
    let mut cause = error.message();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        cause = format!("{cause}: {error}");
        source = error.source();
    }
    Broken { outcome, cause }
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(body) => write!(f, "{} bytes", body.len()),
            Self::Streamed(_) => f.write_str("a stream"),
        }
    }
}
