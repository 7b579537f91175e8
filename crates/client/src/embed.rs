//! `embedContent` and `batchEmbedContents`.

use crate::{Client, Error, models};
use propus_wire::embed::{
    BatchEmbedContentsRequest, BatchEmbedContentsResponse, EmbedContentRequest,
    EmbedContentResponse,
};
use reqwest::Method;

impl Client {
    /// Turns a text into a vector.
    pub async fn embed(
        &self,
        model: &str,
        request: &EmbedContentRequest,
    ) -> Result<EmbedContentResponse, Error> {
        let path = format!("{}:embedContent", models::path(model)?);
        let call = self.call(Method::POST, &path).json(request);
        call.send().await?.json().await
    }

    /// Turns texts into vectors, which come in the order of the requests; Google takes 100 at a
    /// time.
    pub async fn batch_embed(
        &self,
        model: &str,
        mut requests: Vec<EmbedContentRequest>,
    ) -> Result<BatchEmbedContentsResponse, Error> {
        // The API wants the model named again in each request.
        for request in &mut requests {
            request
                .model
                .get_or_insert_with(|| models::full_name(model));
        }
        let batch = BatchEmbedContentsRequest {
            requests,
            ..Default::default()
        };
        let path = format!("{}:batchEmbedContents", models::path(model)?);
        let call = self.call(Method::POST, &path).json(&batch);
        call.send().await?.json().await
    }
}
