//! A stream that has begun: its pieces are passed on as they come, and its end is honest.

use crate::{
    gateway::{
        asked::Form,
        attempt::{Attempted, cut},
        attempts::Course,
        seen::Running,
        told::{Failed, Told, streamed},
        watch::{Said, Watch},
        ways::Way,
    },
    metrics::Record,
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
use propus_wire::{
    frame::Frame,
    generate::{GenerateContentResponse, Part},
};
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
    /// The attempt that it is of: it ends with the stream.
    pub running: Option<Running>,
}

impl Course {
    /// Passes a stream on.
    pub fn stream(self, way: Way, begun: Begun) -> Response {
        let (status, headers) = (begun.status, begun.headers.clone());
        self.record.mended();
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

/// What came of a stream so far, for its end.
struct Passing {
    record: Record,
    form: Form,
    usage: Option<Box<GenerateContentResponse>>,
    /// Pieces and more that the caller has.
    passed: u32,
    /// The answer's text; none where it is more than text, which cannot be continued.
    text: Option<String>,
    /// The error with which the upstream has ended it, by its name in the catalogue.
    erred: Option<&'static str>,
}

impl Passing {
    fn note(&mut self, said: Said) {
        match said {
            Said::Error(text) => {
                let outcome = Outcome::of_stream_error(text.as_bytes(), self.passed);
                self.erred = Some(outcome.failure);
            }
            Said::Chunk(chunk) => {
                self.record.saw_chunk(&chunk);
                self.add_text(&chunk);
                if chunk.usage_metadata.is_some() {
                    self.usage = Some(chunk);
                }
            }
            Said::Other { .. } | Said::Unreadable => self.text = None,
        }
    }

    fn add_text(&mut self, chunk: &GenerateContentResponse) {
        let mut text = self.text.take().filter(|_| chunk.candidates.len() <= 1);
        let contents = chunk.candidates.iter().flat_map(|one| &one.content);
        for part in contents.flat_map(|content| &content.parts) {
            let plain = Part {
                text: part.text.clone(),
                ..Part::default()
            };
            text = text.filter(|_| *part == plain);
            if let (Some(text), Some(more)) = (&mut text, &part.text) {
                text.push_str(more);
            }
        }
        self.text = text;
    }

    /// The text so far, where the rest could follow it in the same frame.
    fn resumable(&self) -> Option<&str> {
        let text = self.text.as_deref().filter(|text| !text.is_empty());
        text.filter(|_| self.form == Form::Stream(Frame::Events))
    }
}

/// The pieces as they come. A piece that only goes on with an event waits until the event is whole, for
/// nobody could read it before; so a break within an event leaves nothing of it behind.
fn passing(
    mut course: Course,
    mut way: Way,
    mut begun: Begun,
) -> impl Stream<Item = Result<Bytes, io::Error>> {
    async_stream::stream! {
        let packed = begun.headers.contains_key(header::CONTENT_ENCODING);
        let form = course.asked.form;
        let text = Some(String::new());
        let record = course.record.clone();
        let mut so_far = Passing { record, form, usage: None, passed: 0, text, erred: None };
        let (failed, within) = loop {
            let Begun { held, mut pieces, mut watch, chunks, running, .. } = begun;
            for chunk in chunks {
                so_far.note(Said::Chunk(Box::new(chunk)));
            }
            let mut within = watch.is_within();
            for piece in held {
                so_far.passed = so_far.passed.saturating_add(1);
                yield Ok(piece);
            }
            let mut pending = Vec::new();
            let fault = loop {
                let (said, ended) = match timeout_at(course.asked.deadline.at(), pieces.next()).await {
                    Ok(Some(Ok(piece))) => {
                        let said = watch.push(&piece);
                        pending.push(piece);
                        (said, false)
                    }
                    Ok(Some(Err(broken))) => break Some(Failed::broken(broken)),
                    Ok(None) => (watch.finish(), true),
                    Err(_) => break Some(out_of_time(&course)),
                };
                let cut_off = ended && said.contains(&Said::Unreadable);
                let whole = !cut_off && (!said.is_empty() || !watch.is_within());
                said.into_iter().for_each(|said| so_far.note(said));
                if whole && !pending.is_empty() {
                    within = watch.is_within();
                    so_far.passed = so_far.passed.saturating_add(1);
                    for piece in pending.drain(..) {
                        yield Ok(piece);
                    }
                }
                if ended {
                    let is_cut = so_far.erred.is_none() && !watch.has_ended();
                    break is_cut.then(|| cut(so_far.passed));
                }
            };
            // Where the upstream broke off behind the answer's end, nothing is missing.
            let fault = fault.filter(|_| !watch.has_ended() && so_far.erred.is_none());
            let failure = fault.as_ref().map(|failed| failed.outcome.failure).or(so_far.erred);
            if let Some(running) = running {
                running.ended(failure);
            }
            let Some(mut failed) = fault else {
                match so_far.erred {
                    Some(failure) => course.tell_late_failure(failure, None),
                    None => course.tell_answer(None),
                }
                course.settle(so_far.usage).await;
                return;
            };
            failed.outcome.progress = Progress::of_chunks(so_far.passed);
            let failed = Arc::new(failed);
            course.note(&way, &failed);
            drop(pieces);
            let text = so_far.resumable().filter(|_| !packed && !within).map(str::to_owned);
            let next = match text {
                Some(text) => continued(&mut course, &way, &failed, &text).await,
                None => None,
            };
            match next {
                Some((next_way, next)) => (way, begun) = (next_way, next),
                None => break (failed, within),
            }
        };
        course.tell_late_failure(failed.outcome.failure, Some(&failed.told));
        course.settle(None).await;
        let Told::Own(problem) = &failed.told else { return };
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
        yield Ok(course.last_words(problem));
    }
}

/// The rest of a broken stream, where there may be one.
async fn continued(
    course: &mut Course,
    way: &Way,
    failed: &Failed,
    text: &str,
) -> Option<(Way, Begun)> {
    let next = course.resume(way, &failed.outcome, text).await?;
    match course.attempt(&next).await {
        Attempted::Begun(begun) => {
            course.served(&next);
            Some((next, *begun))
        }
        Attempted::Served(_) | Attempted::Answered(..) => None,
        Attempted::Failed(failed) => {
            course.note(&next, &Arc::new(failed));
            None
        }
    }
}

fn out_of_time(course: &Course) -> Failed {
    Failed {
        outcome: Outcome::of_fault(Fault::Timeout, Progress::Answered),
        told: Told::Own(course.asked.deadline.passed()),
    }
}
