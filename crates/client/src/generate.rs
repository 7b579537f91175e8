//! `generateContent`, `streamGenerateContent` and `countTokens`.

use crate::{Chunks, Client, Error, models};
use propus_wire::generate::{
    CountTokensRequest, CountTokensResponse, GenerateContentRequest, GenerateContentResponse,
};
use reqwest::Method;

impl Client {
    /// Asks a model and waits for the whole answer. An answer that was blocked, or ended before
    /// its natural end, is no error: its finish reason and prompt feedback tell.
    pub async fn generate(
        &self,
        model: &str,
        request: &GenerateContentRequest,
    ) -> Result<GenerateContentResponse, Error> {
        let path = format!("{}:generateContent", models::path(model)?);
        let call = self.call(Method::POST, &path).json(request);
        call.send().await?.json().await
    }

    /// Asks a model and returns the answer in chunks, as the model writes it.
    pub async fn stream(
        &self,
        model: &str,
        request: &GenerateContentRequest,
    ) -> Result<Chunks, Error> {
        let path = format!("{}:streamGenerateContent", models::path(model)?);
        let call = self
            .call(Method::POST, &path)
            .query("alt", "sse")
            .json(request);
        Ok(Chunks::new(call.send().await?))
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
        let path = format!("{}:countTokens", models::path(model)?);
        let call = self.call(Method::POST, &path).json(&request);
        call.send().await?.json().await
    }
}
