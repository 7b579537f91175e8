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
use tokio::time::Instant;

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
    text: String,
    error: Option<String>,
}

/// Asks for an answer of many words.
pub(crate) async fn probe(api: &Api, model: &str) -> Streamed {
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
    let (head, events) = match api.stream(&path, &body).await {
        Ok(Ok(begun)) => begun,
        Ok(Err(reply)) => {
            return Streamed {
                probe: failing(NAME, &tried, reply.told(), &reply.evidence(), None),
                refusal: Some(reply.body),
            };
        }
        Err(error) => {
            let seen = told(&error);
            let probe = failing(NAME, &tried, seen.clone(), &seen, Some("network-error"));
            return Streamed {
                probe,
                refusal: None,
            };
        }
    };
    let log = Log::read(events, begun).await;
    Streamed {
        probe: judged(&tried, &head, &log, begun.elapsed()),
        refusal: None,
    }
}

impl Log {
    async fn read(mut events: Events, begun: Instant) -> Self {
        let mut log = Self::default();
        while let Some(event) = events.next().await {
            match event {
                Ok(Event::Data(data)) => {
                    log.times.push(begun.elapsed());
                    log.text += &format!("data: {data}\n\n");
                }
                Ok(Event::Bare(json)) => log.text += &format!("{json}\n\n"),
                Err(error) => log.error = Some(told(&error)),
            }
        }
        log
    }

    /// Whether the stream said that it is at its end.
    fn is_whole(&self) -> bool {
        self.error.is_none() && self.text.contains("\"finishReason\"")
    }
}

fn judged(tried: &str, head: &Head, log: &Log, total: Duration) -> Probe {
    if !log.is_whole() || log.times.is_empty() {
        return broken(tried, head, log);
    }
    let first = log.times.first().copied().unwrap_or_default();
    let spread = log
        .times
        .last()
        .copied()
        .unwrap_or_default()
        .saturating_sub(first);
    let times = format!(
        "{}, the first after {:.2} s, the last {:.2} s later{}",
        count(log.times.len(), "event"),
        first.as_secs_f64(),
        spread.as_secs_f64(),
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
            let seen = format!(
                "whole in {:.2} s; cannot tell whether it was held back: {times}",
                total.as_secs_f64()
            );
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
        None if log.times.is_empty() => {
            let kind = &head.content_type;
            (
                format!("no event came; the reply's Content-Type is `{kind}`"),
                log.text.clone(),
            )
        }
        None => (
            format!("ended without a finishReason after {events}"),
            log.text.clone(),
        ),
    };
    failing(NAME, tried, seen, &evidence, Some("stream-truncated"))
}
