//! A streamed answer: events become chunks, and an end that is none becomes an error.

use crate::{
    Error, Reply,
    sse::Event,
    transport::{self, Events},
};
use futures::{Stream, StreamExt, future::poll_fn, stream::BoxStream};
use propus_failures::recovery::Outcome;
use propus_wire::generate::{Candidate, Content, GenerateContentResponse};
use serde::Deserialize;
use serde_json::Value;
use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// The chunks of an answer, as the model writes it. They add up to the whole reply by
/// themselves: [`Chunks::reply`] gives what has come so far, [`Chunks::collect_reply`] waits for
/// the rest.
///
/// An error is the last item. An answer that ends without a finish reason is an error
/// ([`Error::is_truncated`]), since what came before it is only a part. Dropping the stream tells
/// the server to stop.
///
/// ```
/// # propus_client::testing::example([propus_client::testing::stream(&["Because ", "of the air."])], async |client| {
/// use futures::TryStreamExt;
///
/// let mut chunks = client.model("gemini-flash-latest").stream("Why is the sky blue?").await?;
/// while let Some(chunk) = chunks.try_next().await? {
///     print!("{}", chunk.text().unwrap_or_default());
/// }
/// assert_eq!(chunks.reply().text()?, "Because of the air.");
/// # Ok(()) });
/// ```
pub struct Chunks {
    source: Source,
    /// Chunks that were taken from the source before anybody asked.
    first: Option<GenerateContentResponse>,
    whole: Reply,
}

/// Where chunks come from.
enum Source {
    /// One reply of the server.
    Reply(Box<Arrival>),
    /// Several of them, with functions run in between.
    Rounds(BoxStream<'static, Result<Piece, Error>>),
}

/// What several replies give.
pub(crate) enum Piece {
    Chunk(Box<GenerateContentResponse>),
    /// The reply so far asks for functions: these turns go on with the conversation.
    Turns(Vec<Content>),
}

impl Chunks {
    pub(crate) fn new(reply: transport::Reply) -> Self {
        Self::of(Source::Reply(Box::new(Arrival::new(reply))))
    }

    pub(crate) fn of_rounds(pieces: BoxStream<'static, Result<Piece, Error>>) -> Self {
        Self::of(Source::Rounds(pieces))
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            first: None,
            whole: Reply::default(),
        }
    }

    /// Waits for the first chunk, which a failed attempt does not reach.
    pub(crate) async fn begun(mut self) -> Result<Self, Error> {
        let first = poll_fn(|context| self.poll_source(context)).await;
        self.first = first.transpose()?;
        Ok(self)
    }

    /// What a stream came to whose first chunk ends it, while nobody has that chunk; `None` where it
    /// goes on or is good.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        let first = self.first.as_ref()?;
        let mut progress = Progress::default();
        progress.see(first);
        match progress.missing() {
            None => Outcome::of_reply(first),
            Some(_) => None,
        }
    }

    /// What has come so far, as a reply.
    pub fn reply(&self) -> Reply {
        self.whole.clone()
    }

    /// Waits for the rest, and gives the whole reply.
    ///
    /// ```
    /// # propus_client::testing::example([propus_client::testing::stream(&["a", "b"])], async |client| {
    /// let chunks = client.model("gemini-flash-latest").stream("The alphabet?").await?;
    /// assert_eq!(chunks.collect_reply().await?.text()?, "ab");
    /// # Ok(()) });
    /// ```
    pub async fn collect_reply(mut self) -> Result<Reply, Error> {
        while let Some(chunk) = self.next().await {
            chunk?;
        }
        Ok(self.whole)
    }

    fn poll_source(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<GenerateContentResponse, Error>>> {
        match &mut self.source {
            Source::Reply(arrival) => arrival.poll_next(context),
            Source::Rounds(pieces) => loop {
                match ready!(pieces.poll_next_unpin(context)) {
                    Some(Ok(Piece::Chunk(chunk))) => return Poll::Ready(Some(Ok(*chunk))),
                    Some(Ok(Piece::Turns(turns))) => {
                        self.whole = Reply::after(turns, GenerateContentResponse::default());
                    }
                    Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                    None => return Poll::Ready(None),
                }
            },
        }
    }
}

impl Stream for Chunks {
    type Item = Result<GenerateContentResponse, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = match self.first.take() {
            Some(first) => Some(Ok(first)),
            None => ready!(self.poll_source(context)),
        };
        if let Some(Ok(chunk)) = &item {
            self.whole.absorb(chunk);
        }
        Poll::Ready(item)
    }
}

impl fmt::Debug for Chunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunks").finish_non_exhaustive()
    }
}

/// The chunks of one reply of the server.
struct Arrival {
    events: Events,
    ready: VecDeque<GenerateContentResponse>,
    progress: Progress,
    failed: Option<Error>,
    ended: bool,
    /// A web page instead of a stream holds no events.
    is_page: bool,
}

impl Arrival {
    fn new(reply: transport::Reply) -> Self {
        let content_type = reply.header("content-type").unwrap_or_default();
        Self {
            is_page: content_type.starts_with("text/html"),
            events: reply.events(),
            ready: VecDeque::new(),
            progress: Progress::default(),
            failed: None,
            ended: false,
        }
    }

    /// Takes in an event that is not a chunk and no more: its chunks become ready.
    fn accept(&mut self, text: &str) -> Result<(), Error> {
        // The sentinel of another API, which proxies add at times.
        if text.trim() == "[DONE]" {
            return Ok(());
        }
        let json = serde_json::from_str::<Value>(text).map_err(|error| {
            if self.events.has_ended() {
                self.events.truncated("the stream ended within an event")
            } else {
                self.events.unreadable(text, &error)
            }
        })?;
        // Without `alt=sse`, which a proxy may drop, the reply is a list of chunks.
        let list = match json {
            Value::Array(list) => list,
            chunk => vec![chunk],
        };
        for json in list {
            let chunk = self.chunk(&json)?;
            self.progress.see(&chunk);
            self.ready.push_back(chunk);
        }
        Ok(())
    }

    fn chunk(&self, json: &Value) -> Result<GenerateContentResponse, Error> {
        if let Some(error) = self.events.refusal(json) {
            return Err(error);
        }
        let chunk = GenerateContentResponse::deserialize(json);
        chunk.map_err(|error| self.events.unreadable(&json.to_string(), &error))
    }

    fn check_end(&self) -> Result<(), Error> {
        match self.progress.missing() {
            Some(_) if self.is_page => Err(self.events.unreadable_page()),
            Some(what) => Err(self.events.truncated(what)),
            None => Ok(()),
        }
    }

    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<GenerateContentResponse, Error>>> {
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(chunk)));
            }
            if let Some(error) = self.failed.take() {
                return Poll::Ready(Some(Err(error)));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            let result = match ready!(self.events.poll_next_unpin(context)) {
                Some(Ok(Event::Data(text) | Event::Bare(text))) => {
                    if let Some(chunk) = plain(&text) {
                        self.progress.see(&chunk);
                        return Poll::Ready(Some(Ok(chunk)));
                    }
                    self.accept(&text)
                }
                Some(Err(error)) => Err(error),
                None => {
                    self.ended = true;
                    self.check_end()
                }
            };
            if let Err(error) = result {
                // Chunks that came in the same event go first.
                self.ended = true;
                self.failed = Some(error);
            }
        }
    }
}

/// The chunk of an event that is one beyond doubt: it answers and names no error. Nearly all are,
/// and they need no look at their JSON first.
fn plain(text: &str) -> Option<GenerateContentResponse> {
    if text.contains("\"error\"") {
        return None;
    }
    let chunk: GenerateContentResponse = serde_json::from_str(text).ok()?;
    (!chunk.candidates.is_empty()).then_some(chunk)
}

/// What a stream has shown of its answers so far.
#[derive(Debug, Default)]
struct Progress {
    /// Whether the prompt was refused: no answer follows.
    blocked: bool,
    /// The answers seen, and whether each of them has its finish reason.
    answers: Vec<(i32, bool)>,
}

impl Progress {
    fn see(&mut self, chunk: &GenerateContentResponse) {
        let feedback = chunk.prompt_feedback.as_ref();
        self.blocked |= feedback.is_some_and(|feedback| feedback.block_reason.is_some());
        for candidate in &chunk.candidates {
            self.see_candidate(candidate);
        }
    }

    fn see_candidate(&mut self, candidate: &Candidate) {
        let index = candidate.index.unwrap_or(0);
        let finished = candidate.finish_reason.is_some();
        match self.answers.iter_mut().find(|answer| answer.0 == index) {
            Some(answer) => answer.1 |= finished,
            None => self.answers.push((index, finished)),
        }
    }

    /// What a stream that ends now lacks.
    fn missing(&self) -> Option<&'static str> {
        if self.blocked {
            return None;
        }
        if self.answers.is_empty() {
            return Some("the stream ended before the answer began");
        }
        let all = self.answers.iter().all(|answer| answer.1);
        (!all).then_some("the stream ended without a finish reason")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(event: &str, text: Option<&str>) {
        let chunk = plain(event);
        assert_eq!(chunk.and_then(|chunk| chunk.text()).as_deref(), text);
    }

    #[test]
    fn only_what_is_a_chunk_beyond_doubt_is_taken_at_once() {
        check(
            r#"{"candidates":[{"content":{"parts":[{"text":"an \"error\""}]}}]}"#,
            Some(r#"an "error""#),
        );
        check(
            r#"{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"error":{"code":503}}"#,
            None,
        );
        check(r#"{"error":{"code":503}}"#, None);
        check(r#"{"\u0065rror":{"code":503}}"#, None);
        check(
            r#"[{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}]"#,
            None,
        );
        check(r#"{"candidates":[{"content":{"parts":[{"text":"a"}"#, None);
        check(r#"{"usageMetadata":{}}"#, None);
    }
}
