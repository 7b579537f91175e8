//! Requests that are answered together, within a day and at half the price.

use crate::{Client, Error, Pages, Poll, error::Kind, models};
use http::Method;
use propus_wire::{
    batches::{
        AsyncBatchEmbedContentRequest, BatchAnswer, BatchGenerateContentRequest, BatchInput,
        BatchLine, BatchOutput, BatchState, BatchStats, EmbedBatchInput, EmbedBatchOutput,
        EmbedContentBatch, GenerateContentBatch, InlinedEmbedRequest, InlinedEmbedRequests,
        InlinedRequest, InlinedRequests,
    },
    embed::{EmbedContentRequest, EmbedContentResponse},
    generate::{GenerateContentRequest, GenerateContentResponse},
    operations::{ListOperationsResponse, Operation},
    status::Status,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Requests that are answered together.
///
/// ```
/// # use propus_client::testing::json;
/// # let begun = r#"{"name":"batches/b1","metadata":{"state":"BATCH_STATE_PENDING"}}"#;
/// # let done = r#"{"name":"batches/b1","done":true,"metadata":{"state":"BATCH_STATE_SUCCEEDED","output":{"inlinedResponses":{"inlinedResponses":[
/// #   {"response":{"candidates":[{"content":{"parts":[{"text":"4"}]},"finishReason":"STOP"}]}},
/// #   {"error":{"code":3,"message":"no"}}]}}}}"#;
/// # propus_client::testing::example([json(begun), json(done)], async |client| {
/// use propus_client::{Poll, Reply};
///
/// let model = client.model("gemini-flash-latest");
/// let requests = vec![model.whole_request("2 + 2?")?, model.whole_request("3 + 3?")?];
/// let batches = client.batches();
/// let batch = batches.create("gemini-flash-latest", "sums", requests).await?;
/// let batch = batches.wait(batch.name(), Poll::default()).await?;
/// for answer in batches.answers(&batch).await? {
///     match answer.result {
///         Ok(response) => println!("{}", Reply::from(response).text()?),
///         Err(status) => println!("{}: {}", status.code.name(), status.message),
///     }
/// }
/// # Ok(()) });
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Batches<'a> {
    client: &'a Client,
}

/// A batch as it stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    operation: Operation,
}

/// What one request of a batch came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer<T> {
    /// The caller's mark: the key of a line, or the metadata's field `key`.
    pub key: Option<String>,
    /// The answer, or why there is none.
    pub result: Result<T, Status>,
}

impl<'a> Batches<'a> {
    pub(crate) fn new(client: &'a Client) -> Self {
        Self { client }
    }

    /// Begins a batch of requests in the call itself; Google takes 20 MB so. Not made again by
    /// [retries](crate::Retries) unless the server refused it, since each creation makes another.
    pub async fn create(
        self,
        model: &str,
        display_name: &str,
        requests: Vec<GenerateContentRequest>,
    ) -> Result<Batch, Error> {
        let requests = requests.into_iter().map(|mut request| {
            request
                .model
                .get_or_insert_with(|| models::full_name(model));
            InlinedRequest {
                request: Some(request),
                metadata: None,
            }
        });
        let requests = InlinedRequests {
            requests: requests.collect(),
        };
        let input = BatchInput {
            requests: Some(requests),
            ..Default::default()
        };
        self.create_of(model, display_name, input).await
    }

    /// Begins a batch of the requests in an uploaded [file](Client::files), one on each line; see
    /// [`lines`].
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"name":"batches/b1","metadata":{"state":"BATCH_STATE_RUNNING","batchStats":{"requestCount":"2","pendingRequestCount":"1"}}}"#)], async |client| {
    /// let batch = client.batches().create_from_file("gemini-flash-latest", "sums", "files/f1").await?;
    /// assert_eq!(batch.name(), "batches/b1");
    /// # Ok(()) });
    /// ```
    pub async fn create_from_file(
        self,
        model: &str,
        display_name: &str,
        file: &str,
    ) -> Result<Batch, Error> {
        let input = BatchInput {
            file_name: Some(models::resource("files", file)?),
            ..Default::default()
        };
        self.create_of(model, display_name, input).await
    }

    /// Begins a batch with all that the API has for one.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"name":"batches/b1","metadata":{"state":"BATCH_STATE_RUNNING","batchStats":{"requestCount":"2","pendingRequestCount":"1"}}}"#)], async |client| {
    /// use propus_client::wire::batches::{BatchInput, GenerateContentBatch};
    ///
    /// let batch = GenerateContentBatch {
    ///     display_name: Some("sums".into()),
    ///     input_config: Some(BatchInput { file_name: Some("files/f1".into()), ..Default::default() }),
    ///     priority: Some(1),
    ///     ..Default::default()
    /// };
    /// client.batches().create_with("gemini-flash-latest", batch).await?;
    /// # Ok(()) });
    /// ```
    pub async fn create_with(
        self,
        model: &str,
        batch: GenerateContentBatch,
    ) -> Result<Batch, Error> {
        let path = format!("{}:batchGenerateContent", models::path(model)?);
        let request = BatchGenerateContentRequest { batch: Some(batch) };
        let call = self.client.call(Method::POST, &path).json(&request);
        self.client.json(call).await.map(Batch::of)
    }

    async fn create_of(
        self,
        model: &str,
        display_name: &str,
        input: BatchInput,
    ) -> Result<Batch, Error> {
        let batch = GenerateContentBatch {
            display_name: Some(display_name.to_owned()),
            input_config: Some(input),
            ..Default::default()
        };
        self.create_with(model, batch).await
    }

    /// Begins a batch of texts that become vectors; [`Batches::embeddings`] reads them.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"name":"batches/b1","done":true,"metadata":{"output":{"inlinedEmbedContentResponses":{"inlinedResponses":[{"response":{"embedding":{"values":[1.0]}}}]}}}}"#)], async |client| {
    /// use propus_client::wire::{embed::EmbedContentRequest, generate::Content};
    ///
    /// let request = EmbedContentRequest {
    ///     content: Some(Content::text("user", "a long text")),
    ///     ..Default::default()
    /// };
    /// let batches = client.batches();
    /// let batch = batches.create_embeddings("gemini-embedding-001", "texts", vec![request]).await?;
    /// for vector in batches.embeddings(&batch) {
    ///     assert!(vector.result.is_ok());
    /// }
    /// # Ok(()) });
    /// ```
    pub async fn create_embeddings(
        self,
        model: &str,
        display_name: &str,
        requests: Vec<EmbedContentRequest>,
    ) -> Result<Batch, Error> {
        let requests = requests.into_iter().map(|mut request| {
            request
                .model
                .get_or_insert_with(|| models::full_name(model));
            InlinedEmbedRequest {
                request: Some(request),
                metadata: None,
            }
        });
        let requests = InlinedEmbedRequests {
            requests: requests.collect(),
        };
        let batch = EmbedContentBatch {
            display_name: Some(display_name.to_owned()),
            input_config: Some(EmbedBatchInput {
                requests: Some(requests),
                ..Default::default()
            }),
            ..Default::default()
        };
        let path = format!("{}:asyncBatchEmbedContent", models::path(model)?);
        let request = AsyncBatchEmbedContentRequest { batch: Some(batch) };
        let call = self.client.call(Method::POST, &path).json(&request);
        self.client.json(call).await.map(Batch::of)
    }

    /// How far it is. The name is `batches/x` or `x`.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"name":"batches/b1","metadata":{"state":"BATCH_STATE_RUNNING","batchStats":{"requestCount":"2","pendingRequestCount":"1"}}}"#)], async |client| {
    /// use propus_client::wire::batches::BatchState;
    ///
    /// let batch = client.batches().get("batches/b1").await?;
    /// assert_eq!(batch.state(), Some(BatchState::Running));
    /// assert_eq!(batch.stats().and_then(|stats| stats.pending_request_count), Some(1));
    /// # Ok(()) });
    /// ```
    pub async fn get(self, name: &str) -> Result<Batch, Error> {
        let call = self.client.call(Method::GET, &path(name)?);
        self.client.json(call).await.map(Batch::of)
    }

    /// Waits until it has ended. One that failed as a whole, expired or was cancelled is an error.
    pub async fn wait(self, name: &str, poll: Poll) -> Result<Batch, Error> {
        let not_yet = || format!("`{name}` is not answered");
        let look = || async {
            let batch = self.get(name).await?;
            Ok(batch.is_done().then_some(batch))
        };
        poll.until(not_yet, look).await?.checked()
    }

    /// All of them.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"operations":[{"name":"batches/b1"}]}"#)], async |client| {
    /// let batches = client.batches().list().await?;
    /// assert_eq!(batches[0].name(), "batches/b1");
    /// # Ok(()) });
    /// ```
    pub fn list(self) -> Pages<Batch> {
        let path = Ok("batches".into());
        Pages::of::<ListOperationsResponse>(self.client, path, 100).mapped(Batch::of)
    }

    /// Ends it early. What is answered already stays.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json("{}")], async |client| {
    /// client.batches().cancel("batches/b1").await?;
    /// # Ok(()) });
    /// ```
    pub async fn cancel(self, name: &str) -> Result<(), Error> {
        let path = format!("{}:cancel", path(name)?);
        let call = self.client.call(Method::POST, &path);
        self.client.done(call.json(&serde_json::json!({}))).await
    }

    /// Forgets it.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json("{}")], async |client| {
    /// client.batches().delete("batches/b1").await?;
    /// # Ok(()) });
    /// ```
    pub async fn delete(self, name: &str) -> Result<(), Error> {
        let call = self.client.call(Method::DELETE, &path(name)?);
        self.client.done(call).await
    }

    /// The answers of a batch that has ended, also where they are in a file. Those in the reply
    /// have the order of the requests.
    pub async fn answers(
        self,
        batch: &Batch,
    ) -> Result<Vec<Answer<GenerateContentResponse>>, Error> {
        let output: BatchOutput = batch.output();
        if let Some(file) = &output.responses_file {
            let bytes = self.client.files().download(file).await?;
            return self.read_lines(&bytes);
        }
        let inlined = output.inlined_responses.unwrap_or_default();
        let answers = inlined.inlined_responses.into_iter().map(|one| Answer {
            key: key(one.metadata.as_ref()),
            result: result(one.response, one.error),
        });
        Ok(answers.collect())
    }

    /// The vectors of a batch of texts that has ended, in the order of the texts.
    pub fn embeddings(self, batch: &Batch) -> Vec<Answer<EmbedContentResponse>> {
        let output: EmbedBatchOutput = batch.output();
        let inlined = output.inlined_responses.unwrap_or_default();
        let answers = inlined.inlined_responses.into_iter().map(|one| Answer {
            key: key(one.metadata.as_ref()),
            result: result(one.response, one.error),
        });
        answers.collect()
    }

    fn read_lines(self, bytes: &[u8]) -> Result<Vec<Answer<GenerateContentResponse>>, Error> {
        let lines = bytes.split(|byte| *byte == b'\n').enumerate();
        let full = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
        full.map(|(at, line)| {
            let answer: BatchAnswer = serde_json::from_slice(line).map_err(|error| {
                let what = format!("line {} of the answers is not JSON", at + 1);
                self.client.lacking(what).because(error)
            })?;
            Ok(Answer {
                key: answer.key,
                result: result(answer.response, answer.error),
            })
        })
        .collect()
    }
}

/// Requests as the text of a file for [`Batches::create_from_file`]: each with a mark that comes
/// back with its answer.
///
/// ```
/// use propus_client::{lines, wire::generate::{Content, GenerateContentRequest}};
///
/// let request = GenerateContentRequest {
///     contents: vec![Content::text("user", "2 + 2?")],
///     ..Default::default()
/// };
/// let text = lines([("first", request)]);
/// assert_eq!(text.lines().count(), 1);
/// assert!(text.starts_with(r#"{"key":"first","request":{"contents""#));
/// ```
pub fn lines<K: Into<String>>(
    requests: impl IntoIterator<Item = (K, GenerateContentRequest)>,
) -> String {
    let mut text = String::new();
    for (key, request) in requests {
        let line = BatchLine {
            key: Some(key.into()),
            request: Some(request),
        };
        // Messages have no form that JSON lacks.
        text.push_str(&serde_json::to_string(&line).unwrap_or_default());
        text.push('\n');
    }
    text
}

impl Batch {
    fn of(operation: Operation) -> Self {
        Self { operation }
    }

    /// `batches/x`.
    pub fn name(&self) -> &str {
        self.operation.name.as_deref().unwrap_or_default()
    }

    /// How far it is.
    pub fn state(&self) -> Option<BatchState> {
        self.about().state
    }

    /// How many requests are where.
    pub fn stats(&self) -> Option<BatchStats> {
        self.about().batch_stats
    }

    /// Whether nothing more will come.
    pub fn is_done(&self) -> bool {
        let ended = self.state().is_some_and(|state| state.is_final());
        ended || self.operation.done == Some(true)
    }

    /// All that the server says of it.
    pub fn about(&self) -> GenerateContentBatch {
        let metadata = self.operation.metadata.clone().unwrap_or_default();
        serde_json::from_value(Value::Object(metadata)).unwrap_or_default()
    }

    /// The operation behind it.
    pub fn operation(&self) -> &Operation {
        &self.operation
    }

    /// Where the answers are: with the metadata, as of 2026, or in the operation's response.
    fn output<T: DeserializeOwned + Default + PartialEq>(&self) -> T {
        let metadata = self.operation.metadata.as_ref();
        let output = metadata.and_then(|metadata| metadata.get("output").cloned());
        let response = || self.operation.response.clone().map(Value::Object);
        let output = output.or_else(response).unwrap_or_default();
        serde_json::from_value(output).unwrap_or_default()
    }

    fn checked(self) -> Result<Self, Error> {
        let state = self.state();
        let status = match &self.operation.error {
            Some(error) => error.status(),
            None => match &state {
                Some(
                    state @ (BatchState::Failed | BatchState::Cancelled | BatchState::Expired),
                ) => Status::new(code(state), format!("its state is {}", state.as_str())),
                _ => return Ok(self),
            },
        };
        let what = format!("the batch `{}`", self.name());
        Err(Error::new(Kind::Failed { what, status }))
    }
}

fn code(state: &BatchState) -> propus_wire::status::Code {
    use propus_wire::status::Code;
    match state {
        BatchState::Cancelled => Code::Cancelled,
        BatchState::Expired => Code::DeadlineExceeded,
        _ => Code::Unknown,
    }
}

fn key(metadata: Option<&serde_json::Map<String, Value>>) -> Option<String> {
    Some(metadata?.get("key")?.as_str()?.to_owned())
}

fn result<T>(
    response: Option<T>,
    error: Option<propus_wire::operations::RpcStatus>,
) -> Result<T, Status> {
    match (response, error) {
        (_, Some(error)) => Err(error.status()),
        (Some(response), None) => Ok(response),
        (None, None) => Err(propus_wire::operations::RpcStatus::default().status()),
    }
}

fn path(name: &str) -> Result<String, Error> {
    models::resource("batches", name)
}
