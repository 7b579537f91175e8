//! `generateContent`, `streamGenerateContent` and `countTokens`, as the API has them.

use crate::{Chunks, Client, Error, models, preflight};
use propus_wire::generate::{
    CountTokensRequest, CountTokensResponse, GenerateContentRequest, GenerateContentResponse,
};
use reqwest::Method;

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
        self.json(self.call(Method::POST, &path).json(request))
            .await
    }

    /// Asks a model and returns the answer in chunks, as the model writes it. With
    /// [retries](crate::Retries) it waits for the first of them.
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
        let read = |reply| async move {
            match Chunks::new(reply) {
                chunks if waits => chunks.begun().await,
                chunks => Ok(chunks),
            }
        };
        self.tried(call, read).await
    }

    /// Counts the tokens of a conversation or of a whole request.
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
