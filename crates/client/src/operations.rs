//! Work that goes on behind the API, and models that answer by it.

use crate::{
    Client, Error, Pages, Poll,
    error::Kind,
    models::{self, encoded},
    pages::page,
};
use http::Method;
use propus_wire::operations::{ListOperationsResponse, Operation, PredictRequest, PredictResponse};

/// Work that goes on behind the API.
#[derive(Clone, Copy, Debug)]
pub struct Operations<'a> {
    client: &'a Client,
}

page! { ListOperationsResponse { operations: Operation } }

impl<'a> Operations<'a> {
    pub(crate) fn new(client: &'a Client) -> Self {
        Self { client }
    }

    /// How far it is. The name is the operation's own, such as `models/x/operations/y`.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"name":"models/veo/operations/1","metadata":{}}"#)], async |client| {
    /// let operation = client.operations().get("models/veo/operations/1").await?;
    /// assert_eq!(operation.done, None);
    /// # Ok(()) });
    /// ```
    pub async fn get(self, name: &str) -> Result<Operation, Error> {
        let call = self.client.call(Method::GET, &path(name)?);
        self.client.json(call).await
    }

    /// Waits until it has ended. One that failed is an error.
    ///
    /// ```
    /// # use propus_client::testing::json;
    /// # let replies = [json(r#"{"name":"models/veo/operations/1","done":true,"response":{"a":1}}"#)];
    /// # propus_client::testing::example(replies, async |client| {
    /// use propus_client::Poll;
    ///
    /// let operation = client.operations().wait("models/veo/operations/1", Poll::default()).await?;
    /// assert_eq!(operation.response.unwrap()["a"], 1);
    /// # Ok(()) });
    /// ```
    pub async fn wait(self, name: &str, poll: Poll) -> Result<Operation, Error> {
        let not_yet = || format!("`{name}` is not done");
        let done = || async {
            let operation = self.get(name).await?;
            Ok((operation.done == Some(true)).then_some(operation))
        };
        let operation = poll.until(not_yet, done).await?;
        match &operation.error {
            Some(error) => Err(Error::new(Kind::Failed {
                what: format!("`{name}`"),
                status: error.status(),
            })),
            None => Ok(operation),
        }
    }

    /// The operations of a model or of another resource, such as `tunedModels/x`.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"operations":[{"name":"models/veo/operations/1"}]}"#)], async |client| {
    /// assert_eq!(client.operations().list("models/veo").await?.len(), 1);
    /// # Ok(()) });
    /// ```
    pub fn list(self, parent: &str) -> Pages<Operation> {
        let path = path(parent).map(|parent| format!("{parent}/operations"));
        Pages::of::<ListOperationsResponse>(self.client, path, 100)
    }

    /// Asks it to end early, where the server can.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json("{}")], async |client| {
    /// client.operations().cancel("tunedModels/mine/operations/1").await?;
    /// # Ok(()) });
    /// ```
    pub async fn cancel(self, name: &str) -> Result<(), Error> {
        let path = format!("{}:cancel", path(name)?);
        let call = self.client.call(Method::POST, &path);
        self.client.done(call.json(&serde_json::json!({}))).await
    }

    /// Forgets it.
    pub async fn delete(self, name: &str) -> Result<(), Error> {
        let call = self.client.call(Method::DELETE, &path(name)?);
        self.client.done(call).await
    }
}

impl Client {
    /// Asks a model that predicts, and waits for all of it. Google's Imagen models, which drew this
    /// way, ended in 2026: models that draw now [generate](crate::Reply::media).
    ///
    /// ```
    /// # propus_client::testing::example([propus_client::testing::json(r#"{"predictions":[{"bytesBase64Encoded":"AAEC"}]}"#)], async |client| {
    /// use propus_client::wire::operations::PredictRequest;
    ///
    /// let request = PredictRequest {
    ///     instances: vec![serde_json::json!({"prompt": "A lighthouse"})],
    ///     parameters: Some(serde_json::json!({"sampleCount": 1})),
    /// };
    /// let response = client.predict("imagen-4.0-generate-001", &request).await?;
    /// assert_eq!(response.predictions.len(), 1);
    /// # Ok(()) });
    /// ```
    pub async fn predict(
        &self,
        model: &str,
        request: &PredictRequest,
    ) -> Result<PredictResponse, Error> {
        let path = format!("{}:predict", models::path(model)?);
        self.json(self.call(Method::POST, &path).json(request))
            .await
    }

    /// Asks a model that takes its time; [`Operations::wait`] waits for it. Google's Veo models,
    /// which filmed this way, ended in 2026.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"name":"models/veo/operations/1"}"#), json(r#"{"name":"models/veo/operations/1","done":true,"response":{}}"#)], async |client| {
    /// use propus_client::{Poll, wire::operations::PredictRequest};
    ///
    /// let request = PredictRequest {
    ///     instances: vec![serde_json::json!({"prompt": "Waves at night"})],
    ///     ..Default::default()
    /// };
    /// let operation = client.predict_long_running("veo-3.1-generate-preview", &request).await?;
    /// client.operations().wait(operation.name.as_deref().unwrap_or_default(), Poll::default()).await?;
    /// # Ok(()) });
    /// ```
    pub async fn predict_long_running(
        &self,
        model: &str,
        request: &PredictRequest,
    ) -> Result<Operation, Error> {
        let path = format!("{}:predictLongRunning", models::path(model)?);
        self.json(self.call(Method::POST, &path).json(request))
            .await
    }
}

/// An operation's name as a path.
fn path(name: &str) -> Result<String, Error> {
    let trimmed = name.trim();
    let path = encoded(trimmed).filter(|path| path.contains('/'));
    path.ok_or_else(|| {
        Error::setup(
            format!("`{name}` is not the name of an operation or of what has some"),
            "names look like `models/x/operations/y`",
        )
    })
}
