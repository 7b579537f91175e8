//! A whole reply, and why it may hold no answer.

use crate::error::{Error, Kind, beginning};
use propus_failures::recovery::Outcome;
use propus_wire::generate::{
    Blob, BlockReason, Candidate, Content, FinishReason, FunctionCall, GenerateContentResponse,
    Part, UsageMetadata,
};
use serde::de::DeserializeOwned;

/// What a model answered.
///
/// ```
/// # propus_client::testing::example([propus_client::testing::text("Because of the air.")], async |client| {
/// let reply = client.model("gemini-flash-latest").generate("Why is the sky blue?").await?;
/// match reply.text() {
///     Ok(text) => assert_eq!(text, "Because of the air."),
///     Err(error) if error.is_blocked() => println!("a filter stopped it: {error}"),
///     Err(error) if error.is_max_tokens() => println!("cut: {:?}", error.partial_text()),
///     Err(error) => println!("{error}"),
/// }
/// # Ok(()) });
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    response: GenerateContentResponse,
    /// Calls of functions and their results, between the prompt and this reply.
    turns: Vec<Content>,
}

impl From<GenerateContentResponse> for Reply {
    fn from(response: GenerateContentResponse) -> Self {
        Self {
            response,
            turns: Vec::new(),
        }
    }
}

impl Reply {
    pub(crate) fn after(turns: Vec<Content>, response: GenerateContentResponse) -> Self {
        Self { response, turns }
    }

    /// Takes in the next chunk of a stream.
    pub(crate) fn absorb(&mut self, chunk: &GenerateContentResponse) {
        self.response.absorb(chunk);
    }

    /// The text of the first answer, thoughts left out. An error where the answer is not whole:
    /// the prompt or the answer was blocked, it came too close to known text, it was cut at the
    /// most tokens, it holds something else than text, or nothing.
    ///
    /// ```
    /// use propus_client::{Reply, wire::generate::GenerateContentResponse};
    ///
    /// let json = r#"{"candidates": [{"content": {"parts": [{"text": "Once upon"}]}, "finishReason": "MAX_TOKENS"}]}"#;
    /// let reply = Reply::from(serde_json::from_str::<GenerateContentResponse>(json).unwrap());
    /// let error = reply.text().unwrap_err();
    /// assert!(error.is_max_tokens());
    /// assert_eq!(error.partial_text(), Some("Once upon"));
    /// ```
    pub fn text(&self) -> Result<String, Error> {
        match NoAnswer::of(&self.response, true) {
            Some(why) => Err(Error::new(Kind::NoAnswer(why))),
            None => Ok(self.response.text().unwrap_or_default()),
        }
    }

    /// The text of the first answer as far as it came, whatever ended it.
    pub fn partial_text(&self) -> Option<String> {
        self.response.text()
    }

    /// The thoughts of the first answer, where they were
    /// [asked for](crate::GenerativeModel::include_thoughts).
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"candidates":[{"content":{"parts":[{"text":"Light scatters.","thought":true},{"text":"Because of the air."}]},"finishReason":"STOP"}]}"#)], async |client| {
    /// let model = client.model("gemini-flash-latest").include_thoughts();
    /// let reply = model.generate("Why is the sky blue?").await?;
    /// assert_eq!(reply.thoughts().as_deref(), Some("Light scatters."));
    /// assert_eq!(reply.text()?, "Because of the air.");
    /// # Ok(()) });
    /// ```
    pub fn thoughts(&self) -> Option<String> {
        let thoughts = self
            .parts()
            .iter()
            .filter(|part| part.thought == Some(true));
        let mut texts = thoughts.filter_map(|part| part.text.as_deref()).peekable();
        texts.peek()?;
        Some(texts.collect())
    }

    /// The answer as one JSON value.
    ///
    /// ```
    /// # propus_client::testing::example([propus_client::testing::text("[1, 2]")], async |client| {
    /// let model = client.model("gemini-flash-latest").json();
    /// let numbers: Vec<u32> = model.generate("Two numbers").await?.json()?;
    /// assert_eq!(numbers, [1, 2]);
    /// # Ok(()) });
    /// ```
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let text = self.text()?;
        serde_json::from_str(&text).map_err(|error| {
            let what = format!(
                "the answer is not the JSON that belongs here: {}",
                beginning(&text)
            );
            Error::new(Kind::NoAnswer(NoAnswer {
                what,
                ..NoAnswer::plain(&self.response)
            }))
            .because(error)
        })
    }

    /// Whether the prompt and the first answer came through whole: text, calls or media.
    pub fn check(&self) -> Result<(), Error> {
        match NoAnswer::of(&self.response, false) {
            Some(why) => Err(Error::new(Kind::NoAnswer(why))),
            None => Ok(()),
        }
    }

    /// The parts of the first answer.
    pub fn parts(&self) -> &[Part] {
        let content = self.candidate().and_then(|one| one.content.as_ref());
        content.map_or(&[], |content| &content.parts)
    }

    /// The functions that the first answer asks for.
    pub fn function_calls(&self) -> impl Iterator<Item = &FunctionCall> {
        self.parts()
            .iter()
            .filter_map(|part| part.function_call.as_ref())
    }

    /// The media of the first answer, such as images.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"iVBORw=="}}]},"finishReason":"STOP"}]}"#)], async |client| {
    /// use propus_client::wire::generate::ResponseModality;
    ///
    /// let painter = client.model("gemini-3.1-flash-image").response_modality(ResponseModality::Image);
    /// let reply = painter.generate("A lighthouse").await?;
    /// for picture in reply.media() {
    ///     assert_eq!(picture.mime_type.as_deref(), Some("image/png"));
    /// }
    /// # Ok(()) });
    /// ```
    pub fn media(&self) -> impl Iterator<Item = &Blob> {
        self.parts()
            .iter()
            .filter_map(|part| part.inline_data.as_ref())
    }

    /// Why the first answer ended.
    pub fn finish_reason(&self) -> Option<&FinishReason> {
        self.candidate()?.finish_reason.as_ref()
    }

    /// What it cost, in tokens.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"candidates":[],"usageMetadata":{"totalTokenCount":12}}"#)], async |client| {
    /// let reply = client.model("gemini-flash-latest").generate("hello").await?;
    /// assert_eq!(reply.usage().and_then(|usage| usage.total_token_count), Some(12));
    /// # Ok(()) });
    /// ```
    pub fn usage(&self) -> Option<&UsageMetadata> {
        self.response.usage_metadata.as_ref()
    }

    /// Calls of functions and their results between the prompt and this reply, where
    /// [tools](crate::Tool) were run. With [`Reply::content`] they go on with a conversation.
    pub fn turns(&self) -> &[Content] {
        &self.turns
    }

    /// The first answer as a turn of a conversation, thought signatures included.
    pub fn content(&self) -> Option<Content> {
        let mut content = self.candidate()?.content.clone()?;
        content.role.get_or_insert_with(|| "model".into());
        Some(content)
    }

    /// The reply as it came.
    pub fn response(&self) -> &GenerateContentResponse {
        &self.response
    }

    /// The reply as it came.
    pub fn into_response(self) -> GenerateContentResponse {
        self.response
    }

    fn candidate(&self) -> Option<&Candidate> {
        self.response.candidates.first()
    }
}

/// Why a good reply holds no answer.
#[derive(Debug, Default)]
pub(crate) struct NoAnswer {
    /// What is the case, where reasons do not say it.
    pub(crate) what: String,
    pub(crate) block: Option<BlockReason>,
    pub(crate) finish: Option<FinishReason>,
    /// What the server adds to the finish reason.
    note: Option<String>,
    /// What came before the answer ended.
    pub(crate) text: Option<String>,
    pub(crate) json: String,
    /// The same without what was said, which is no evidence.
    pub(crate) evidence: String,
    /// Its name in the catalogue.
    pub(crate) failure: Option<&'static str>,
}

impl NoAnswer {
    /// `None` where there is one. With `text` only text counts.
    fn of(response: &GenerateContentResponse, text: bool) -> Option<Self> {
        let plain = || Self::plain(response);
        if let Some(feedback) = &response.prompt_feedback
            && feedback.block_reason.is_some()
        {
            return Some(plain());
        }
        let Some(candidate) = response.candidates.first() else {
            return Some(plain().saying("the reply holds no answer"));
        };
        if !matches!(
            candidate.finish_reason,
            None | Some(FinishReason::Stop | FinishReason::Unspecified)
        ) {
            return Some(plain());
        }
        let parts = candidate.content.iter().flat_map(|content| &content.parts);
        let mut others = parts.filter(|part| part.text.is_none()).peekable();
        let has_text = response.text().is_some_and(|text| !text.is_empty());
        let has_others = others.peek().is_some();
        if has_text || (!text && has_others) {
            return None;
        }
        let calls: Vec<&str> = others
            .filter_map(|part| part.function_call.as_ref()?.name.as_deref())
            .collect();
        let what = match () {
            () if !calls.is_empty() => format!("the answer asks for `{}`", calls.join("`, `")),
            () if has_others => "the answer holds something else than text".into(),
            () => "the model answered with nothing".into(),
        };
        Some(plain().saying(what))
    }

    fn plain(response: &GenerateContentResponse) -> Self {
        let candidate = response.candidates.first();
        let feedback = response.prompt_feedback.as_ref();
        Self {
            what: String::new(),
            block: feedback.and_then(|feedback| feedback.block_reason.clone()),
            finish: candidate.and_then(|one| one.finish_reason.clone()),
            note: candidate.and_then(|one| one.finish_message.clone()),
            text: response.text().filter(|text| !text.is_empty()),
            json: serde_json::to_string(response).unwrap_or_default(),
            evidence: serde_json::to_string(&silent(response)).unwrap_or_default(),
            failure: Outcome::of_reply(response).map(|outcome| outcome.failure),
        }
    }

    fn saying(self, what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            ..self
        }
    }

    pub(crate) fn is_blocked(&self) -> bool {
        use FinishReason::*;
        self.block.is_some()
            || matches!(
                self.finish,
                Some(
                    Safety
                        | Blocklist
                        | ProhibitedContent
                        | Spii
                        | ImageSafety
                        | ImageProhibitedContent
                )
            )
    }

    /// Nothing was said, and no reason tells why.
    pub(crate) fn is_empty(&self) -> bool {
        self.what == "the model answered with nothing" || self.what == "the reply holds no answer"
    }

    pub(crate) fn message(&self) -> String {
        if !self.what.is_empty() {
            return self.what.clone();
        }
        if let Some(reason) = &self.block {
            return format!("the prompt was blocked ({})", reason.as_str());
        }
        let reason = self.finish.as_ref().map_or("", |reason| reason.as_str());
        let what = match (&self.finish, &self.text) {
            (Some(FinishReason::MaxTokens), None) => "the tokens ran out before the first word",
            (Some(FinishReason::MaxTokens), _) => "the answer was cut at the most tokens",
            (_, None) => "the answer was stopped",
            (_, Some(_)) => "the answer was cut",
        };
        match &self.note {
            Some(note) => format!("{what} ({reason}): {}", beginning(note)),
            None => format!("{what} ({reason})"),
        }
    }

    /// What may help where the catalogue does not know it.
    pub(crate) fn hint(&self) -> &'static str {
        match &self.finish {
            _ if self.is_blocked() => "say it in other words",
            Some(FinishReason::MaxTokens) => "raise `maxOutputTokens`, or ask for a shorter answer",
            Some(FinishReason::Recitation) => "ask for something more of the model's own",
            _ if self.what.starts_with("the answer asks for") => {
                "give the functions by `tool`, or read them by `function_calls`"
            }
            _ if self.what.contains("something else than text") => "read it by `parts`",
            _ => "try again",
        }
    }
}

/// The reply with a word in the place of every text.
fn silent(response: &GenerateContentResponse) -> GenerateContentResponse {
    let mut response = response.clone();
    let contents = response
        .candidates
        .iter_mut()
        .flat_map(|one| &mut one.content);
    let texts = contents
        .flat_map(|content| &mut content.parts)
        .flat_map(|part| &mut part.text);
    for text in texts.filter(|text| !text.is_empty()) {
        *text = "text".into();
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: Result<&str, &str>) -> Option<Error> {
        let response: GenerateContentResponse = serde_json::from_str(json).unwrap();
        let text = Reply::from(response).text();
        let seen = text.as_ref().map(String::as_str).map_err(Error::message);
        assert_eq!(seen, expected.map_err(str::to_owned), "{json}");
        text.err()
    }

    #[test]
    fn text_is_there_or_the_reason_why_it_is_not() {
        check(
            r#"{"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"a"}]},"finishReason":"STOP"}]}"#,
            Ok("a"),
        );
        let error = check(
            r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#,
            Err("the prompt was blocked (SAFETY)"),
        )
        .unwrap();
        assert!(error.is_blocked());
        assert_eq!(error.failure(), Some("blocked-safety-prompt"));
        let error = check(
            r#"{"candidates":[{"finishReason":"RECITATION","index":0}]}"#,
            Err("the answer was stopped (RECITATION)"),
        )
        .unwrap();
        assert!(error.is_recitation() && !error.is_blocked());
        assert_eq!(error.failure(), Some("recitation"));
        let error = check(
            r#"{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"MAX_TOKENS"}]}"#,
            Err("the answer was cut at the most tokens (MAX_TOKENS)"),
        )
        .unwrap();
        assert!(error.is_max_tokens());
        assert_eq!(error.partial_text(), Some("a"));
        assert_eq!(error.failure(), None);
        let error = check(
            r#"{"candidates":[{"content":{"role":"model"},"finishReason":"MAX_TOKENS"}]}"#,
            Err("the tokens ran out before the first word (MAX_TOKENS)"),
        )
        .unwrap();
        assert_eq!(error.failure(), Some("max-tokens-empty"));
        let error = check(
            r#"{"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP"}]}"#,
            Err("the model answered with nothing"),
        )
        .unwrap();
        assert!(error.is_empty_answer());
        assert_eq!(error.failure(), Some("empty-response"));
        check("{}", Err("the reply holds no answer"));
        check(
            r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}}]},"finishReason":"STOP"}]}"#,
            Err("the answer asks for `f`"),
        );
        check(
            r#"{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL","finishMessage":"Malformed function call: f("}]}"#,
            Err("the answer was stopped (MALFORMED_FUNCTION_CALL): Malformed function call: f("),
        );
    }

    #[test]
    fn calls_and_media_are_answers_too() {
        let json = r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"},"thoughtSignature":"AAEC"}]},"finishReason":"STOP"}]}"#;
        let response: GenerateContentResponse = serde_json::from_str(json).unwrap();
        let reply = Reply::from(response);
        assert!(reply.check().is_ok());
        let content = reply.content().unwrap();
        assert_eq!(content.role.as_deref(), Some("model"));
        assert_eq!(
            content.parts[0].thought_signature.as_deref(),
            Some([0, 1, 2].as_slice())
        );
    }
}
