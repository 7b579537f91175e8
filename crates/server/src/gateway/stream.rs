//! A stream that has begun: its pieces are passed on as they come, and its end is honest.

use crate::{
    gateway::{
        asked::Form,
        attempt::cut,
        attempts::Course,
        told::{Failed, Told, streamed},
        watch::{Said, Watch},
        ways::Way,
    },
    routes::{generate::apart, openai},
};
use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use http::{HeaderMap, StatusCode, header};
use propus_engines::google::Pieces;
use propus_failures::{
    Problem,
    recovery::{Fault, Outcome, Progress},
};
use propus_wire::generate::GenerateContentResponse;
use std::{io, sync::Arc};
use tokio::time::timeout_at;

/// A stream of which the caller has nothing yet and will have all from now on.
pub(super) struct Begun {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The pieces that have come.
    pub held: Vec<Bytes>,
    pub pieces: Pieces,
    pub watch: Watch,
    pub chunks: Vec<GenerateContentResponse>,
}

impl Course {
    /// Passes a stream on.
    pub fn stream(self, way: Way, begun: Begun) -> Response {
        let (status, headers) = (begun.status, begun.headers.clone());
        let marks = self.marked(Response::new(Body::empty()));
        let body = Body::from_stream(passing(self, way, begun));
        let mut response = streamed(status, headers, body);
        for (name, value) in marks.headers() {
            response.headers_mut().insert(name.clone(), value.clone());
        }
        response
    }

    /// What the caller reads last where a stream broke.
    fn last_words(&self, problem: &Problem) -> Bytes {
        match self.asked.form {
            Form::Stream(frame) => frame.late_error(&problem.status()),
            _ => openai::late_error(problem),
        }
    }
}

/// The pieces as they come. A piece that only goes on with an event waits until the event is whole, for
/// nobody could read it before; so a break within an event leaves nothing of it behind.
fn passing(
    mut course: Course,
    way: Way,
    begun: Begun,
) -> impl Stream<Item = Result<Bytes, io::Error>> {
    async_stream::stream! {
        let Begun { headers, held, mut pieces, mut watch, chunks, .. } = begun;
        let packed = headers.contains_key(header::CONTENT_ENCODING);
        let mut usage = chunks.into_iter().rfind(|chunk| chunk.usage_metadata.is_some());
        let mut passed = u32::try_from(held.len()).unwrap_or(u32::MAX);
        let mut within = watch.is_within();
        for piece in held {
            yield Ok(piece);
        }
        let (mut pending, mut erred) = (Vec::new(), false);
        let fault = loop {
            let next = timeout_at(course.asked.deadline.at(), pieces.next()).await;
            let (said, ended) = match next {
                Ok(Some(Ok(piece))) => {
                    let said = watch.push(&piece);
                    pending.push(piece);
                    (said, false)
                }
                Ok(Some(Err(broken))) => {
                    break Some(Failed::broken(broken));
                }
                Ok(None) => (watch.finish(), true),
                Err(_) => {
                    break Some(Failed {
                        outcome: Outcome::of_fault(Fault::Timeout, Progress::of_chunks(passed)),
                        told: Told::Own(course.asked.deadline.passed()),
                    });
                }
            };
            let mut whole = !said.is_empty() || !watch.is_within();
            for said in said {
                match said {
                    Said::Error(text) => {
                        erred = true;
                        let outcome = Outcome::of_stream_error(text.as_bytes(), passed);
                        tracing::warn!(failure = outcome.failure, "failed inside a stream");
                    }
                    Said::Chunk(chunk) if chunk.usage_metadata.is_some() => usage = Some(*chunk),
                    Said::Chunk(_) | Said::Other { .. } => {}
                    Said::Unreadable => whole &= !ended,
                }
            }
            if whole && !pending.is_empty() {
                within = watch.is_within();
                passed = passed.saturating_add(1);
                for piece in pending.drain(..) {
                    yield Ok(piece);
                }
            }
            if ended {
                let is_whole = erred || watch.has_ended();
                break (!is_whole).then(|| cut(passed));
            }
        };
        // Where the upstream broke off behind the answer's end, nothing is missing.
        let Some(mut failed) = fault.filter(|_| !watch.has_ended() && !erred) else {
            course.settle(usage).await;
            return;
        };
        failed.outcome.progress = Progress::of_chunks(passed);
        let failed = Arc::new(failed);
        course.note(&way, &failed);
        let problem = match &failed.told {
            Told::Own(problem) => problem.clone(),
            Told::Passed(_) => return,
        };
        tracing::warn!(failure = problem.name(), log = problem.log(), "failed inside a stream");
        if packed {
            // Nothing can be put behind what is packed.
            yield Err(io::Error::new(io::ErrorKind::ConnectionReset, "the upstream broke off"));
            return;
        }
        apart().await;
        if within {
            // The broken event ends here, or the error would be a part of it.
            yield Ok(Bytes::from_static(b"\r\n\r\n"));
        }
        yield Ok(course.last_words(&problem));
    }
}
