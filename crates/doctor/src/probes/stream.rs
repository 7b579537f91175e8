//! `stream`: whether a streamed answer arrives piece by piece, and whole.

use crate::{
    Probe,
    api::{Api, path},
    arrival::{self, Arrival},
    evidence::{Head, failing, told},
    text::count,
};
use futures::StreamExt;
use http::Method;
use propus_client::{sse::Event, transport::Events};
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

const NAME: &str = "stream";

/// What was found.
pub(crate) struct Streamed {
    pub(crate) probe: Probe,
    /// The reply, if it was an error: it may tell the tier.
    pub(crate) refusal: Option<String>,
}

/// The events of a stream, and when they came.
#[derive(Default)]
struct Log {
    times: Vec<Duration>,
    /// Their text, as far as a diagnosis needs it.
    text: String,
    /// Whether the stream said that it is at its end.
    is_whole: bool,
    /// Whether the time was over before the stream was.
    is_open: bool,
    error: Option<String>,
}

/// Not tried.
pub(crate) fn skipped(because: &str) -> Streamed {
    Streamed {
        probe: Probe::skipped(NAME, because),
        refusal: None,
    }
}

/// Asks for an answer of many words, and looks on until the time is over.
pub(crate) async fn probe(api: &Api, model: &str, limit: Duration) -> Streamed {
    let path = format!("{}:streamGenerateContent", path(model).unwrap_or_default());
    let tried = format!(
        "{}?alt=sse with at most 512 tokens",
        api.told(&Method::POST, &path)
    );
    let body = json!({
        "contents": [{"role": "user", "parts": [{"text": "Count from 1 to 100, in digits."}]}],
        "generationConfig": {"maxOutputTokens": 512},
    });
    let begun = Instant::now();
    let unanswered = |seen: String| Streamed {
        probe: failing(NAME, &tried, seen.clone(), &seen, Some("network-error")),
        refusal: None,
    };
    match timeout(limit, api.stream(&path, &body)).await {
        Ok(Ok(Ok((head, events)))) => {
            let log = Log::read(events, begun, limit).await;
            Streamed {
                probe: judged(&tried, &head, &log),
                refusal: None,
            }
        }
        Ok(Ok(Err(reply))) => Streamed {
            probe: failing(NAME, &tried, reply.told(), &reply.evidence(), None),
            refusal: Some(reply.body),
        },
        Ok(Err(error)) => unanswered(told(&error)),
        Err(_) => unanswered(format!("read timeout: no reply within {limit:?}")),
    }
}

/// The most text that is kept.
const MOST_TEXT: usize = 1 << 20;

impl Log {
    async fn read(mut events: Events, begun: Instant, limit: Duration) -> Self {
        let mut log = Self::default();
        loop {
            match timeout_at(begun + limit, events.next()).await {
                Ok(Some(Ok(event))) => log.add(event, begun.elapsed()),
                Ok(Some(Err(error))) => log.error = Some(told(&error)),
                Ok(None) => return log,
                Err(_) => {
                    log.is_open = true;
                    return log;
                }
            }
        }
    }

    fn add(&mut self, event: Event, at: Duration) {
        let text = match event {
            Event::Data(data) => {
                self.times.push(at);
                self.is_whole |= data.contains("\"finishReason\"");
                format!("data: {data}\n\n")
            }
            Event::Bare(json) => {
                // An error in the place of an event.
                self.is_whole = false;
                format!("{json}\n\n")
            }
        };
        if self.text.len() < MOST_TEXT {
            self.text += &text;
        }
    }
}

fn judged(tried: &str, head: &Head, log: &Log) -> Probe {
    let is_well = log.is_whole || log.is_open;
    if log.times.is_empty() || log.error.is_some() || !is_well {
        return broken(tried, head, log);
    }
    let first = log.times.first().copied().unwrap_or_default();
    let last = log.times.last().copied().unwrap_or_default();
    let open = if log.is_open {
        ", and it was not at its end"
    } else {
        ""
    };
    let times = format!(
        "{}, the first after {:.2} s, the last {:.2} s later{open}{}",
        count(log.times.len(), "event"),
        first.as_secs_f64(),
        last.saturating_sub(first).as_secs_f64(),
        head.told()
    );
    let odd_type = !head.content_type.starts_with("text/event-stream");
    let probe = match arrival::judge(&log.times, head.has_length) {
        Arrival::Buffered => {
            let why = match head.has_length {
                true => " (its length was known before its first byte)",
                false => "",
            };
            let seen = format!("the stream arrives all at once{why}: {times}");
            Probe::warn(NAME, tried, seen)
                .advise(
                    "look for a proxy or gateway that collects replies: `proxy_buffering off` in \
                     nginx, no compression of text/event-stream, no virus scan of it",
                )
                .advise("without that, long answers may run into idle timeouts on the way")
        }
        Arrival::Incremental => Probe::ok(NAME, tried, format!("arrives piece by piece: {times}")),
        Arrival::Unknown => {
            let seen = format!("cannot tell whether it is held back: {times}");
            Probe::ok(NAME, tried, seen)
        }
    };
    match odd_type {
        false => probe,
        true => odd(probe, &head.content_type),
    }
}

/// The SDKs read events whatever they are called, proxies may not pass them on as they come.
fn odd(mut probe: Probe, content_type: &str) -> Probe {
    probe.state = crate::State::Warn;
    let called = if content_type.is_empty() {
        "nothing"
    } else {
        content_type
    };
    probe.seen = format!(
        "{}; its Content-Type is {called}, not text/event-stream",
        probe.seen
    );
    probe.advise("let the gateway keep the Content-Type of the API")
}

fn broken(tried: &str, head: &Head, log: &Log) -> Probe {
    let events = count(log.times.len(), "event");
    let (seen, evidence) = match &log.error {
        Some(error) => (format!("broke off after {events}: {error}"), error.clone()),
        None if log.is_open => {
            let seen = "read timeout: the reply began, and no event came in time".to_owned();
            (seen.clone(), seen)
        }
        None if log.times.is_empty() => {
            let kind = &head.content_type;
            let seen = format!("no event came; the reply's Content-Type is `{kind}`");
            (seen, log.text.clone())
        }
        None => (
            format!("ended without a finishReason after {events}"),
            log.text.clone(),
        ),
    };
    failing(NAME, tried, seen, &evidence, Some("stream-truncated"))
}
