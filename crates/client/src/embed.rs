//! `embedContent` and `batchEmbedContents`.

use crate::{Client, Contents, Error, models, preflight};
use http::Method;
use propus_wire::{
    embed::{
        BatchEmbedContentsRequest, BatchEmbedContentsResponse, EmbedContentRequest,
        EmbedContentResponse, TaskType,
    },
    generate::Content,
};

/// The most texts that Google takes at a time.
const MOST: usize = 100;

impl Client {
    /// Turns a text into a vector.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"embedding":{"values":[0.6,0.8]}}"#)], async |client| {
    /// use propus_client::wire::{embed::EmbedContentRequest, generate::Content};
    ///
    /// let request = EmbedContentRequest {
    ///     content: Some(Content::text("user", "tall towers")),
    ///     ..Default::default()
    /// };
    /// let response = client.embed("gemini-embedding-001", &request).await?;
    /// assert_eq!(response.embedding.unwrap_or_default().values, [0.6, 0.8]);
    /// # Ok(()) });
    /// ```
    pub async fn embed(
        &self,
        model: &str,
        request: &EmbedContentRequest,
    ) -> Result<EmbedContentResponse, Error> {
        preflight::check(self, model, request)?;
        let path = format!("{}:embedContent", models::path(model)?);
        self.json(self.call(Method::POST, &path).json(request))
            .await
    }

    /// Turns texts into vectors, which come in the order of the requests; Google takes 100 at a
    /// time.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"embeddings":[{"values":[1.0]},{"values":[0.0]}]}"#)], async |client| {
    /// use propus_client::wire::{embed::EmbedContentRequest, generate::Content};
    ///
    /// let requests = ["Eiffel", "Pisa"].map(|text| EmbedContentRequest {
    ///     content: Some(Content::text("user", text)),
    ///     ..Default::default()
    /// });
    /// let response = client.batch_embed("gemini-embedding-001", requests.into()).await?;
    /// assert_eq!(response.embeddings.len(), 2);
    /// # Ok(()) });
    /// ```
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
        preflight::check(self, model, &batch)?;
        let path = format!("{}:batchEmbedContents", models::path(model)?);
        self.json(self.call(Method::POST, &path).json(&batch)).await
    }
}

/// A model that turns texts into vectors, with the settings that they share. Made by
/// [`Client::embedding_model`].
///
/// ```
/// # use propus_client::testing::json;
/// # let replies = [json(r#"{"embedding":{"values":[0.6,0.8]}}"#), json(r#"{"embeddings":[{"values":[1.0,0.0]},{"values":[0.0,1.0]}]}"#)];
/// # propus_client::testing::example(replies, async |client| {
/// use propus_client::wire::embed::TaskType;
///
/// let model = client.embedding_model("gemini-embedding-001").dimensions(768);
/// let query = model.clone().task(TaskType::RetrievalQuery).embed("tall towers").await?;
/// let documents = model.task(TaskType::RetrievalDocument).embed_all(["Eiffel", "Pisa"]).await?;
/// assert_eq!((query.len(), documents.len()), (2, 2));
/// # Ok(()) });
/// ```
#[derive(Clone, Debug)]
pub struct EmbeddingModel {
    client: Client,
    name: String,
    request: EmbedContentRequest,
}

impl EmbeddingModel {
    pub(crate) fn new(client: Client, name: String) -> Self {
        Self {
            client,
            name,
            request: EmbedContentRequest::default(),
        }
    }

    /// What the vectors are for.
    #[must_use]
    pub fn task(mut self, task: TaskType) -> Self {
        self.request.task_type = Some(task);
        self
    }

    /// Shortens the vectors to so many components.
    #[must_use]
    pub fn dimensions(mut self, dimensions: i32) -> Self {
        self.request.output_dimensionality = Some(dimensions);
        self
    }

    /// The title of a document; only for [`TaskType::RetrievalDocument`].
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.request.title = Some(title.into());
        self
    }

    /// The vector of a text.
    pub async fn embed(&self, contents: impl Into<Contents>) -> Result<Vec<f32>, Error> {
        let content = merged(contents.into());
        let response = self.client.embed(&self.name, &self.asking(content)).await?;
        response
            .embedding
            .map(|embedding| embedding.values)
            .ok_or_else(|| self.client.lacking("it holds no vector"))
    }

    /// The vectors of texts, in their order. They go to the server a hundred at a time.
    pub async fn embed_all<C: Into<Contents>>(
        &self,
        texts: impl IntoIterator<Item = C>,
    ) -> Result<Vec<Vec<f32>>, Error> {
        let requests = texts
            .into_iter()
            .map(|text| self.asking(merged(text.into())));
        let requests: Vec<_> = requests.collect();
        let mut vectors = Vec::with_capacity(requests.len());
        for batch in requests.chunks(MOST) {
            let response = self.client.batch_embed(&self.name, batch.to_vec()).await?;
            if response.embeddings.len() != batch.len() {
                let (came, due) = (response.embeddings.len(), batch.len());
                let what = format!("it holds {came} vectors in place of {due}");
                return Err(self.client.lacking(what));
            }
            vectors.extend(response.embeddings.into_iter().map(|one| one.values));
        }
        Ok(vectors)
    }

    fn asking(&self, content: Content) -> EmbedContentRequest {
        EmbedContentRequest {
            content: Some(content),
            ..self.request.clone()
        }
    }
}

/// All parts in one content: a vector is one of all of them.
fn merged(contents: Contents) -> Content {
    let parts = contents.0.into_iter().flat_map(|content| content.parts);
    Content {
        parts: parts.collect(),
        role: None,
    }
}
