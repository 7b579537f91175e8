//! A conversation that keeps its own history.

use crate::{Chunks, Contents, Error, GenerativeModel, Reply};
use futures::{Stream, StreamExt};
use propus_wire::generate::{Content, GenerateContentResponse};
use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// A conversation. What was said becomes part of the next question, with the thought signatures
/// that models want back; a turn that failed, was blocked or broke off does not.
///
/// ```
/// # use propus_client::testing::text;
/// # propus_client::testing::example([text("Hello, Ada."), text("You are Ada.")], async |client| {
/// let mut chat = client.model("gemini-flash-latest").chat();
/// chat.send("I am Ada.").await?;
/// assert_eq!(chat.send("Who am I?").await?.text()?, "You are Ada.");
/// assert_eq!(chat.history().len(), 4);
/// # Ok(()) });
/// ```
#[derive(Clone, Debug)]
pub struct Chat {
    model: GenerativeModel,
    history: Vec<Content>,
}

impl Chat {
    pub(crate) fn new(model: GenerativeModel, history: Vec<Content>) -> Self {
        Self { model, history }
    }

    /// Says something and waits for the whole reply.
    pub async fn send(&mut self, contents: impl Into<Contents>) -> Result<Reply, Error> {
        let said = contents.into().0;
        let reply = self.model.generate(self.with(&said)).await?;
        self.keep(said, &reply);
        Ok(reply)
    }

    /// Says something and gives the answer in chunks. It becomes part of the conversation when all
    /// of it was read.
    ///
    /// ```
    /// # use propus_client::testing::stream;
    /// # propus_client::testing::example([stream(&["Hello, ", "Ada."])], async |client| {
    /// use futures::TryStreamExt;
    ///
    /// let mut chat = client.model("gemini-flash-latest").chat();
    /// let mut answer = chat.stream("I am Ada.").await?;
    /// while let Some(chunk) = answer.try_next().await? {
    ///     print!("{}", chunk.text().unwrap_or_default());
    /// }
    /// drop(answer);
    /// assert_eq!(chat.history().len(), 2);
    /// # Ok(()) });
    /// ```
    pub async fn stream(&mut self, contents: impl Into<Contents>) -> Result<ChatChunks<'_>, Error> {
        let said = contents.into().0;
        let chunks = self.model.stream(self.with(&said)).await?;
        Ok(ChatChunks {
            chat: self,
            said,
            chunks,
            failed: false,
        })
    }

    /// The conversation so far.
    pub fn history(&self) -> &[Content] {
        &self.history
    }

    /// The conversation so far, to be changed: what was said can be taken back.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([text("1"), text("2")], async |client| {
    /// let mut chat = client.model("gemini-flash-latest").chat();
    /// chat.send("Tell me a number.").await?;
    /// // Another try: the last question and its answer are taken back.
    /// chat.history_mut().clear();
    /// chat.send("Tell me a number.").await?;
    /// assert_eq!(chat.history().len(), 2);
    /// # Ok(()) });
    /// ```
    pub fn history_mut(&mut self) -> &mut Vec<Content> {
        &mut self.history
    }

    /// The model that is asked.
    pub fn model(&self) -> &GenerativeModel {
        &self.model
    }

    fn with(&self, said: &[Content]) -> Vec<Content> {
        [&self.history, said].concat()
    }

    /// Makes a question and its reply part of the conversation, if the reply is good. One that was
    /// cut at the most tokens is: it can be gone on with.
    fn keep(&mut self, said: Vec<Content>, reply: &Reply) {
        let is_cut = |error: Error| error.is_max_tokens() && error.partial_text().is_some();
        if !reply.check().map_or_else(is_cut, |()| true) {
            return;
        }
        let Some(content) = reply.content() else {
            return;
        };
        self.history.extend(said);
        self.history.extend(reply.turns().iter().cloned());
        self.history.push(content);
    }
}

/// The chunks of an answer in a conversation.
pub struct ChatChunks<'a> {
    chat: &'a mut Chat,
    said: Vec<Content>,
    chunks: Chunks,
    failed: bool,
}

impl ChatChunks<'_> {
    /// What has come so far, as a reply.
    pub fn reply(&self) -> Reply {
        self.chunks.reply()
    }

    /// Waits for the rest, and gives the whole reply.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([stream(&["Hello, ", "Ada."])], async |client| {
    /// let mut chat = client.model("gemini-flash-latest").chat();
    /// let reply = chat.stream("I am Ada.").await?.collect_reply().await?;
    /// assert_eq!(reply.text()?, "Hello, Ada.");
    /// # Ok(()) });
    /// ```
    pub async fn collect_reply(mut self) -> Result<Reply, Error> {
        while let Some(chunk) = self.next().await {
            chunk?;
        }
        Ok(self.reply())
    }
}

impl Stream for ChatChunks<'_> {
    type Item = Result<GenerateContentResponse, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(self.chunks.poll_next_unpin(context));
        match &item {
            Some(Ok(_)) => {}
            Some(Err(_)) => self.failed = true,
            None => {
                let said = std::mem::take(&mut self.said);
                // The end may be asked for again; nothing is kept twice.
                if !self.failed && !said.is_empty() {
                    let reply = self.chunks.reply();
                    self.chat.keep(said, &reply);
                }
            }
        }
        Poll::Ready(item)
    }
}

impl fmt::Debug for ChatChunks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatChunks").finish_non_exhaustive()
    }
}
