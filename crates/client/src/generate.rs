//! `generateContent`, `streamGenerateContent` and `countTokens`, as the API has them.

use crate::{Chunks, Client, Error, models, preflight, retries::Attempt, transport::Call};
use http::Method;
use propus_failures::recovery::Outcome;
use propus_wire::generate::{
    CountTokensRequest, CountTokensResponse, GenerateContentRequest, GenerateContentResponse,
};

impl Client {
    /// Asks a model and waits for the whole answer. An answer that was blocked, or ended before
    /// its natural end, is no error: its finish reason and prompt feedback tell. A
    /// [`GenerativeModel`](Client::model) is more convenient.
    ///
    /// ```
    /// # propus_client::testing::example([propus_client::testing::text("hi")], async |client| {
    /// use propus_client::wire::generate::{Content, GenerateContentRequest};
    ///
    /// let request = GenerateContentRequest {
    ///     contents: vec![Content::text("user", "hello")],
    ///     ..Default::default()
    /// };
    /// let response = client.generate("gemini-flash-latest", &request).await?;
    /// assert_eq!(response.text().as_deref(), Some("hi"));
    /// # Ok(()) });
    /// ```
    pub async fn generate(
        &self,
        model: &str,
        request: &GenerateContentRequest,
    ) -> Result<GenerateContentResponse, Error> {
        preflight::check(self, model, request)?;
        let path = format!("{}:generateContent", models::path(model)?);
        let call = self.call(Method::POST, &path).json(request);
        let attempt = |attempt: Attempt| {
            let call = attempted(&call, request, attempt);
            async move { call.send().await?.json().await }
        };
        let retries = self.retries();
        retries
            .run_judged(true, self.first(request), attempt, Outcome::of_reply)
            .await
    }

    /// Asks a model and returns the answer in chunks, as the model writes it. With
    /// [retries](crate::Retries) it waits for the first of them.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([stream(&["a", "b"])], async |client| {
    /// use propus_client::wire::generate::{Content, GenerateContentRequest};
    ///
    /// let request = GenerateContentRequest {
    ///     contents: vec![Content::text("user", "The alphabet?")],
    ///     ..Default::default()
    /// };
    /// let chunks = client.stream("gemini-flash-latest", &request).await?;
    /// assert_eq!(chunks.collect_reply().await?.text()?, "ab");
    /// # Ok(()) });
    /// ```
    pub async fn stream(
        &self,
        model: &str,
        request: &GenerateContentRequest,
    ) -> Result<Chunks, Error> {
        preflight::check(self, model, request)?;
        let path = format!("{}:streamGenerateContent", models::path(model)?);
        let call = self
            .call(Method::POST, &path)
            .query("alt", "sse")
            .json(request);
        let waits = self.retries().is_on();
        let attempt = |attempt: Attempt| {
            let call = attempted(&call, request, attempt);
            async move {
                match Chunks::new(call.send().await?) {
                    chunks if waits => chunks.begun().await,
                    chunks => Ok(chunks),
                }
            }
        };
        let retries = self.retries();
        retries
            .run_judged(true, self.first(request), attempt, Chunks::outcome)
            .await
    }

    /// How the first attempt is made.
    fn first(&self, request: &GenerateContentRequest) -> Attempt {
        Attempt {
            deadline: self.transport().timeout(),
            temperature: temperature(request),
            ..Attempt::default()
        }
    }

    /// Counts the tokens of a conversation or of a whole request.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"totalTokens":3}"#)], async |client| {
    /// use propus_client::wire::generate::{Content, CountTokensRequest};
    ///
    /// let request = CountTokensRequest {
    ///     contents: vec![Content::text("user", "hello there")],
    ///     ..Default::default()
    /// };
    /// let count = client.count_tokens("gemini-flash-latest", request).await?;
    /// assert_eq!(count.total_tokens, Some(3));
    /// # Ok(()) });
    /// ```
    pub async fn count_tokens(
        &self,
        model: &str,
        mut request: CountTokensRequest,
    ) -> Result<CountTokensResponse, Error> {
        // The API wants the model named again in the inner request.
        if let Some(inner) = &mut request.generate_content_request {
            inner.model.get_or_insert_with(|| models::full_name(model));
        }
        preflight::check(self, model, &request)?;
        let path = format!("{}:countTokens", models::path(model)?);
        self.json(self.call(Method::POST, &path).json(&request))
            .await
    }
}

fn temperature(request: &GenerateContentRequest) -> Option<f64> {
    let config = request.generation_config.as_ref()?;
    config.temperature.map(f64::from)
}

/// The call of an attempt: within its time, and at its temperature.
fn attempted(call: &Call, request: &GenerateContentRequest, attempt: Attempt) -> Call {
    let call = match attempt.temperature {
        Some(other) if Some(other) != temperature(request) => {
            call.clone().json(&warmed(request, other))
        }
        _ => call.clone(),
    };
    attempt.timed(call)
}

/// The request at another temperature.
fn warmed(request: &GenerateContentRequest, temperature: f64) -> GenerateContentRequest {
    let mut request = request.clone();
    let config = request.generation_config.get_or_insert_default();
    // Temperatures go from 0 to 2.
    config.temperature = Some(temperature as f32);
    request
}
