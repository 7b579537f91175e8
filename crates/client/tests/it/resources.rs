//! Caches, batches, stores, tuned models, operations and lists: what is sent, what is read.

use futures::{StreamExt, TryStreamExt};
use propus_client::{
    Client, Error, Poll,
    testing::{Server, json},
    wire::{
        batches::BatchState,
        caches::CachedContent,
        embed::{EmbedContentRequest, TaskType},
        generate::{Content, GenerateContentRequest},
        operations::PredictRequest,
        status::Code,
        stores::ImportFileRequest,
        tuning::TunedModel,
    },
};
use std::time::Duration;

/// Runs a call against one reply; gives the request's line and body.
async fn sent<T>(
    reply: &str,
    run: impl AsyncFnOnce(Client) -> Result<T, Error>,
) -> (String, String) {
    let server = Server::reply(json(reply)).await;
    if let Err(error) = run(server.client()).await {
        panic!("{error:?}");
    }
    let request = server.request();
    (request.line().to_owned(), request.body)
}

#[tokio::test]
async fn caches() {
    let cache = CachedContent {
        model: Some("gemini-2.5-flash".into()),
        contents: vec![Content::text("user", "long")],
        ttl: Some(Duration::from_secs(600)),
        ..Default::default()
    };
    let (line, body) = sent("{}", async |client| client.caches().create(cache).await).await;
    assert_eq!(line, "POST /v1beta/cachedContents HTTP/1.1");
    assert_eq!(
        body,
        r#"{"model":"models/gemini-2.5-flash","contents":[{"parts":[{"text":"long"}],"role":"user"}],"ttl":"600s"}"#
    );
    let ttl = Duration::from_millis(1500);
    let (line, body) = sent("{}", async |client| client.caches().set_ttl("c", ttl).await).await;
    assert_eq!(
        line,
        "PATCH /v1beta/cachedContents/c?updateMask=ttl HTTP/1.1"
    );
    assert_eq!(body, r#"{"ttl":"1.5s"}"#);
    let time = "2026-01-31T12:00:00Z";
    let (_, body) = sent("{}", async |client| {
        client.caches().set_expire_time("c", time).await
    })
    .await;
    assert_eq!(body, r#"{"expireTime":"2026-01-31T12:00:00Z"}"#);
    let (line, _) = sent("{}", async |client| {
        client.caches().get("cachedContents/c").await
    })
    .await;
    assert_eq!(line, "GET /v1beta/cachedContents/c HTTP/1.1");
    let (line, _) = sent("{}", async |client| client.caches().list().await).await;
    assert_eq!(line, "GET /v1beta/cachedContents?pageSize=1000 HTTP/1.1");
    let (line, _) = sent("{}", async |client| client.caches().delete("c").await).await;
    assert_eq!(line, "DELETE /v1beta/cachedContents/c HTTP/1.1");
}

#[tokio::test]
async fn batches() {
    let requests = vec![GenerateContentRequest::default()];
    let (line, body) = sent("{}", async |client| {
        client.batches().create("x", "sums", requests).await
    })
    .await;
    assert_eq!(line, "POST /v1beta/models/x:batchGenerateContent HTTP/1.1");
    assert_eq!(
        body,
        r#"{"batch":{"displayName":"sums","inputConfig":{"requests":{"requests":[{"request":{"model":"models/x"}}]}}}}"#
    );
    let (_, body) = sent("{}", async |client| {
        client.batches().create_from_file("x", "sums", "f").await
    })
    .await;
    assert_eq!(
        body,
        r#"{"batch":{"displayName":"sums","inputConfig":{"fileName":"files/f"}}}"#
    );
    let texts = vec![EmbedContentRequest::default()];
    let (line, _) = sent("{}", async |client| {
        client.batches().create_embeddings("x", "v", texts).await
    })
    .await;
    assert_eq!(
        line,
        "POST /v1beta/models/x:asyncBatchEmbedContent HTTP/1.1"
    );
    let (line, body) = sent("{}", async |client| client.batches().cancel("b").await).await;
    assert_eq!(
        (line.as_str(), body.as_str()),
        ("POST /v1beta/batches/b:cancel HTTP/1.1", "{}")
    );
    let (line, _) = sent("{}", async |client| client.batches().delete("b").await).await;
    assert_eq!(line, "DELETE /v1beta/batches/b HTTP/1.1");
    let (line, _) = sent("{}", async |client| client.batches().list().await).await;
    assert_eq!(line, "GET /v1beta/batches?pageSize=100 HTTP/1.1");
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_waited_for_and_its_answers_read() {
    let running = json(
        r#"{"name":"batches/b","metadata":{"state":"BATCH_STATE_RUNNING","batchStats":{"requestCount":"2"}}}"#,
    );
    let done = json(
        r#"{"name":"batches/b","done":true,"metadata":{"state":"BATCH_STATE_SUCCEEDED","output":{"responsesFile":"files/out"}}}"#,
    );
    let lines = "{\"key\":\"a\",\"response\":{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"4\"}]}}]}}\n\n{\"key\":\"b\",\"error\":{\"code\":8,\"message\":\"full\"}}\n";
    let server = Server::replies([running, done, json(lines)]).await;
    let client = server.client();
    let batches = client.batches();
    let batch = batches.wait("b", Poll::default()).await.unwrap();
    assert_eq!(batch.state(), Some(BatchState::Succeeded));
    let answers = batches.answers(&batch).await.unwrap();
    assert_eq!(answers[0].key.as_deref(), Some("a"));
    assert_eq!(
        answers[0].result.as_ref().unwrap().text().as_deref(),
        Some("4")
    );
    let refused = answers[1].result.as_ref().unwrap_err();
    assert_eq!(refused.code, Code::ResourceExhausted);
    assert_eq!(
        server.request().line(),
        "GET /v1beta/files/out:download?alt=media HTTP/1.1"
    );
}

#[tokio::test]
async fn a_batch_that_ended_badly_is_an_error() {
    for (reply, expected) in [
        (
            r#"{"name":"batches/b","done":true,"error":{"code":13,"message":"broke"}}"#,
            "the batch `batches/b` failed: INTERNAL broke",
        ),
        (
            r#"{"name":"batches/b","metadata":{"state":"BATCH_STATE_EXPIRED"}}"#,
            "the batch `batches/b` failed: DEADLINE_EXCEEDED its state is BATCH_STATE_EXPIRED",
        ),
    ] {
        let server = Server::reply(json(reply)).await;
        let waited = server.client().batches().wait("b", Poll::default()).await;
        assert_eq!(waited.unwrap_err().message(), expected);
    }
}

#[tokio::test]
async fn a_line_that_is_no_answer_is_named() {
    let done = json(r#"{"name":"batches/b","done":true,"response":{"responsesFile":"files/out"}}"#);
    let server = Server::replies([done, json("{}\noops\n")]).await;
    let client = server.client();
    let batch = client.batches().get("b").await.unwrap();
    let error = client.batches().answers(&batch).await.unwrap_err();
    assert!(
        error
            .message()
            .ends_with("line 2 of the answers is not JSON"),
        "{error}"
    );
}

#[tokio::test]
async fn vectors_of_a_batch_are_read() {
    let done = json(
        r#"{"name":"batches/b","done":true,"metadata":{"output":{"inlinedEmbedContentResponses":{"inlinedResponses":[
        {"response":{"embedding":{"values":[1.0]}},"metadata":{"key":"k"}},{"error":{"code":3}}]}}}}"#,
    );
    let server = Server::reply(done).await;
    let client = server.client();
    let batch = client.batches().get("b").await.unwrap();
    let vectors = client.batches().embeddings(&batch);
    assert_eq!(vectors[0].key.as_deref(), Some("k"));
    assert!(vectors[0].result.is_ok() && vectors[1].result.is_err());
}

#[tokio::test]
async fn stores() {
    let (line, body) = sent("{}", async |client| {
        let stores = client.file_search_stores();
        stores.create("books", Some("gemini-embedding-001")).await
    })
    .await;
    assert_eq!(line, "POST /v1beta/fileSearchStores HTTP/1.1");
    assert_eq!(
        body,
        r#"{"displayName":"books","embeddingModel":"models/gemini-embedding-001"}"#
    );
    let import = ImportFileRequest {
        file_name: Some("files/f".into()),
        ..Default::default()
    };
    let (line, _) = sent("{}", async |client| {
        client.file_search_stores().import("s", &import).await
    })
    .await;
    assert_eq!(line, "POST /v1beta/fileSearchStores/s:importFile HTTP/1.1");
    let (line, _) = sent("{}", async |client| {
        client.file_search_stores().delete("s", true).await
    })
    .await;
    assert_eq!(
        line,
        "DELETE /v1beta/fileSearchStores/s?force=true HTTP/1.1"
    );
    let (line, _) = sent("{}", async |client| {
        client.file_search_stores().documents("s").await
    })
    .await;
    assert_eq!(
        line,
        "GET /v1beta/fileSearchStores/s/documents?pageSize=20 HTTP/1.1"
    );
    let (line, _) = sent("{}", async |client| {
        let name = "fileSearchStores/s/documents/d";
        client
            .file_search_stores()
            .delete_document(name, false)
            .await
    })
    .await;
    assert_eq!(
        line,
        "DELETE /v1beta/fileSearchStores/s/documents/d HTTP/1.1"
    );
    let client = Client::builder()
        .base_url("http://127.0.0.1:1")
        .build()
        .unwrap();
    let error = client.file_search_stores().document("d").await.unwrap_err();
    assert!(error.is_setup(), "{error}");
}

#[tokio::test]
async fn tuned_models() {
    let model = TunedModel::default();
    let (line, _) = sent("{}", async |client| {
        client.tunings().create(&model, Some("mine")).await
    })
    .await;
    assert_eq!(line, "POST /v1beta/tunedModels?tunedModelId=mine HTTP/1.1");
    let (line, _) = sent("{}", async |client| {
        client
            .tunings()
            .update("mine", &model, &["displayName", "topK"])
            .await
    })
    .await;
    assert_eq!(
        line,
        "PATCH /v1beta/tunedModels/mine?updateMask=displayName%2CtopK HTTP/1.1"
    );
    let (line, _) = sent("{}", async |client| client.tunings().delete("mine").await).await;
    assert_eq!(line, "DELETE /v1beta/tunedModels/mine HTTP/1.1");
}

#[tokio::test(start_paused = true)]
async fn operations() {
    let name = "models/veo/operations/o";
    let (line, _) = sent("{}", async |client| {
        let request = PredictRequest::default();
        client.predict_long_running("veo", &request).await
    })
    .await;
    assert_eq!(line, "POST /v1beta/models/veo:predictLongRunning HTTP/1.1");
    let (line, _) = sent("{}", async |client| client.operations().cancel(name).await).await;
    assert_eq!(line, "POST /v1beta/models/veo/operations/o:cancel HTTP/1.1");
    let (line, _) = sent("{}", async |client| {
        client.operations().list("models/veo").await
    })
    .await;
    assert_eq!(
        line,
        "GET /v1beta/models/veo/operations?pageSize=100 HTTP/1.1"
    );
    let running = json(r#"{"name":"models/veo/operations/o"}"#);
    let failed =
        json(r#"{"name":"models/veo/operations/o","done":true,"error":{"code":7,"message":"no"}}"#);
    let server = Server::replies([running, failed]).await;
    let waited = server
        .client()
        .operations()
        .wait(name, Poll::default())
        .await;
    let error = waited.unwrap_err();
    assert_eq!(error.status().unwrap().code, Code::PermissionDenied);
}

#[tokio::test]
async fn pages_are_fetched_as_they_are_needed() {
    let first = json(r#"{"files":[{"name":"files/a"},{"name":"files/b"}],"nextPageToken":"t"}"#);
    let second = json(r#"{"files":[{"name":"files/c"}]}"#);
    let server = Server::replies([first, second]).await;
    let client = server.client();
    let mut files = client.files().list();
    files.try_next().await.unwrap();
    files.try_next().await.unwrap();
    assert_eq!(server.requests().len(), 1);
    let third = files.try_next().await.unwrap().unwrap();
    assert_eq!(third.name.as_deref(), Some("files/c"));
    assert_eq!(
        server.request().line(),
        "GET /v1beta/files?pageSize=100&pageToken=t HTTP/1.1"
    );
    assert!(files.next().await.is_none());
}

#[tokio::test]
async fn vectors_come_a_hundred_at_a_time() {
    let page = |count: usize| {
        let vectors = vec![r#"{"values":[1.0]}"#; count].join(",");
        json(format!(r#"{{"embeddings":[{vectors}]}}"#))
    };
    let server = Server::replies([page(100), page(20), page(1)]).await;
    let model = server
        .client()
        .embedding_model("x")
        .task(TaskType::Clustering);
    let texts: Vec<String> = (0..120).map(|number| number.to_string()).collect();
    assert_eq!(model.embed_all(&texts).await.unwrap().len(), 120);
    assert_eq!(server.requests().len(), 2);
    let error = model.embed_all(["a", "b"]).await.unwrap_err();
    assert!(
        error
            .message()
            .ends_with("it holds 1 vectors in place of 2"),
        "{error}"
    );
}
