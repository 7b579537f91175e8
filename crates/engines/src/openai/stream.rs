//! A reply as it arrives: events become chunks, and one that breaks off becomes a problem.

use super::{
    completion::Completion,
    faults::{self, Asked},
    pool::Lease,
    reader::Reader,
    standing::Verdict,
};
use crate::Chunks;
use futures::{StreamExt, stream};
use propus_client::{sse::Event, transport::Reply};
use propus_failures::{Problem, service::deadline_504::Deadline504};
use propus_wire::generate::GenerateContentResponse;
use std::time::Duration;

/// The longest reply that comes at once, in bytes: no model says more.
const LONGEST_REPLY: usize = 64 << 20;

/// The chunks of a reply. They hold the lease: the server is busy until they end or are dropped.
pub(super) fn read(
    reply: Reply,
    lease: Lease,
    asked: Asked,
    include_thoughts: bool,
    silence: Duration,
) -> Chunks {
    let content_type = reply.header("content-type").unwrap_or_default();
    let is_whole = content_type.starts_with("application/json");
    let reading = Reading {
        reader: Reader::new(include_thoughts),
        lease,
        asked,
        has_begun: false,
    };
    match is_whole {
        // What does not stream, or was not asked to, answers at once.
        true => whole(reply, reading),
        false => events(reply, reading, silence),
    }
}

/// A reply of one chunk.
pub(super) fn of(chunk: GenerateContentResponse) -> Chunks {
    stream::iter([Ok(chunk)]).boxed()
}

/// Waits for the first chunk: what fails before it is a problem with a status of its own.
pub(super) async fn begun(mut chunks: Chunks) -> Result<Chunks, Problem> {
    match chunks.next().await {
        Some(Ok(first)) => Ok(stream::iter([Ok(first)]).chain(chunks).boxed()),
        Some(Err(problem)) => Err(problem),
        None => Ok(chunks),
    }
}

struct Reading {
    reader: Reader,
    lease: Lease,
    asked: Asked,
    has_begun: bool,
}

/// What an event says.
enum Step {
    Chunks(Vec<GenerateContentResponse>),
    Done,
}

fn events(reply: Reply, mut reading: Reading, silence: Duration) -> Chunks {
    let mut events = reply.events();
    async_stream::stream! {
        loop {
            let step = match tokio::time::timeout(silence, events.next()).await {
                Ok(Some(Ok(event))) => reading.take(event),
                Ok(Some(Err(error))) => {
                    let fault = faults::of(&error, &reading.asked);
                    reading.lease.judge(fault.verdict);
                    Err(fault.problem)
                }
                // Some servers close the connection without `[DONE]`.
                Ok(None) => Ok(Step::Done),
                Err(_) => Err(reading.silent(silence)),
            };
            match step {
                Ok(Step::Chunks(chunks)) => {
                    for chunk in chunks {
                        yield Ok(chunk);
                    }
                }
                Ok(Step::Done) => {
                    for last in reading.end() {
                        yield last;
                    }
                    return;
                }
                Err(problem) => {
                    yield Err(problem);
                    return;
                }
            }
        }
    }
    .boxed()
}

fn whole(reply: Reply, mut reading: Reading) -> Chunks {
    async_stream::stream! {
        match reply.text(LONGEST_REPLY).await {
            Ok(text) => match reading.take(Event::Data(text)) {
                Ok(Step::Chunks(chunks)) => {
                    for chunk in chunks {
                        yield Ok(chunk);
                    }
                    for last in reading.end() {
                        yield last;
                    }
                }
                Ok(Step::Done) => {}
                Err(problem) => yield Err(problem),
            },
            Err(error) => {
                let fault = faults::of(&error, &reading.asked);
                reading.lease.judge(fault.verdict);
                yield Err(fault.problem);
            }
        }
    }
    .boxed()
}

impl Reading {
    fn take(&mut self, event: Event) -> Result<Step, Problem> {
        let (Event::Data(text) | Event::Bare(text)) = event;
        if text.trim() == "[DONE]" {
            return Ok(Step::Done);
        }
        let event: Completion = serde_json::from_str(&text).map_err(|error| {
            self.lease.judge(Verdict::Bad);
            let server = self.server();
            faults::internal(format!("{server} sent no completion: {error}"))
        })?;
        if event.error.is_some() || event.object.as_deref() == Some("error") {
            return Err(self.failed(&text));
        }
        if !std::mem::replace(&mut self.has_begun, true) {
            self.lease.answer();
        }
        Ok(Step::Chunks(self.reader.take(event)))
    }

    /// The server says that it failed.
    fn failed(&mut self, text: &str) -> Problem {
        let text = self.lease.redact(text);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let error = json.get("error").unwrap_or(&json);
        let fault = faults::in_stream(error, self.server(), &self.asked);
        self.lease.judge(fault.verdict);
        fault.problem
    }

    fn silent(&mut self, silence: Duration) -> Problem {
        self.lease.judge(Verdict::Bad);
        let server = self.server();
        let cause = Some(format!("{server} said nothing for {silence:?}"));
        Deadline504 { cause }.into()
    }

    /// The last chunk, or the problem of a reply that is not complete.
    fn end(&mut self) -> Vec<Result<GenerateContentResponse, Problem>> {
        let mut out: Vec<_> = self.reader.finish().map(Ok).into_iter().collect();
        if self.reader.is_complete() {
            self.lease.judge(Verdict::Good);
        } else {
            self.lease.judge(Verdict::Bad);
            let what = "ended before the answer did";
            out.push(Err(faults::cut(self.server(), what)));
        }
        out
    }

    fn server(&self) -> &str {
        self.lease.member().api.base_url()
    }
}
