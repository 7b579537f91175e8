//! Replies as Google writes them: two spaces of indent, long integers as texts, enums by name, and
//! fields that this version does not know.

use futures::TryStreamExt;
use propus_client::{
    Client, Error,
    testing::{Server, events, json},
    wire::{
        batches::BatchState,
        embed::EmbedContentRequest,
        generate::{CountTokensRequest, GenerateContentRequest},
        operations::PredictRequest,
    },
};
use serde::Serialize;
use serde_json::{Value, json as value};

/// Reads a reply by a call; what was understood of it is this.
async fn check<T: Serialize>(
    reply: &str,
    read: impl AsyncFnOnce(Client) -> Result<T, Error>,
    expected: Value,
) {
    let server = Server::reply(json(reply)).await;
    let read = read(server.client()).await.unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), expected);
}

const ANSWER: &str = r#"{
  "candidates": [
    {
      "content": {
        "parts": [ { "text": "Hi", "newMetadata": { } , "thoughtSignature" : "AAEC" } ],
        "role": "model"
      },
      "finishReason": "STOP",
      "index": 0,
      "safetyRatings": [ { "category": "HARM_CATEGORY_NEW", "probability": "NEGLIGIBLE" } ],
      "someday": [ 1, { } ]
    }
  ],
  "usageMetadata": {
    "promptTokenCount": 4,
    "totalTokenCount": 5,
    "promptTokensDetails": [ { "modality": "TEXT", "tokenCount": 4 } ],
    "trafficType": "ON_DEMAND"
  },
  "modelVersion": "gemini-2.5-flash",
  "responseId": "abc"
}
"#;

#[tokio::test]
async fn answers() {
    let expected = value!({
        "candidates": [{
            "content": { "parts": [{ "text": "Hi", "thoughtSignature": "AAEC" }], "role": "model" },
            "finishReason": "STOP",
            "index": 0,
            "safetyRatings": [{ "category": "HARM_CATEGORY_NEW", "probability": "NEGLIGIBLE" }],
        }],
        "usageMetadata": {
            "promptTokenCount": 4,
            "totalTokenCount": 5,
            "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": 4 }],
        },
        "modelVersion": "gemini-2.5-flash",
        "responseId": "abc",
    });
    let request = GenerateContentRequest::default();
    let whole = async |client: Client| client.generate("x", &request).await;
    check(ANSWER, whole, expected.clone()).await;
    // The same as an event, and as the list that comes without events.
    let line = ANSWER.replace('\n', "");
    for reply in [
        events(format!("data: {line}\r\n\r\n")),
        json(format!("[{ANSWER}\r\n]\r\n")),
    ] {
        let server = Server::reply(reply).await;
        let chunks = server.client().stream("x", &request).await.unwrap();
        let chunks: Vec<_> = chunks.try_collect().await.unwrap();
        assert_eq!(serde_json::to_value(chunks).unwrap(), value!([expected]));
    }
}

#[tokio::test]
async fn counts_and_vectors() {
    check(
        "{\n  \"totalTokens\": 31,\n  \"promptTokensDetails\": [\n    {\n      \"modality\": \"TEXT\",\n      \"tokenCount\": 31\n    }\n  ]\n}\n",
        async |client| client.count_tokens("x", CountTokensRequest::default()).await,
        value!({ "totalTokens": 31, "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": 31 }] }),
    )
    .await;
    check(
        "{\n  \"embedding\": {\n    \"values\": [\n      0.5,\n      -2,\n      1e-1\n    ]\n  },\n  \"usageMetadata\": {}\n}\n",
        async |client| {
            let request = EmbedContentRequest::default();
            let reply = client.embed("x", &request).await?;
            Ok(reply.embedding.unwrap().values)
        },
        value!([0.5_f32, -2.0_f32, 0.1_f32]),
    )
    .await;
    check(
        "{\n  \"embeddings\": [\n    {\n      \"values\": [\n        0.5\n      ]\n    },\n    {\n      \"values\": [\n        1\n      ]\n    }\n  ]\n}\n",
        async |client| client.batch_embed("x", vec![EmbedContentRequest::default(); 2]).await,
        value!({ "embeddings": [{ "values": [0.5] }, { "values": [1.0] }] }),
    )
    .await;
}

#[tokio::test]
async fn models_and_files() {
    check(
        "{\n  \"models\": [\n    {\n      \"name\": \"models/gemini-2.5-flash\",\n      \"inputTokenLimit\": 1048576,\n      \"supportedGenerationMethods\": [\n        \"generateContent\"\n      ],\n      \"temperature\": 1,\n      \"new\": null\n    }\n  ]\n}\n",
        async |client| client.models().list().try_collect::<Vec<_>>().await,
        value!([{
            "name": "models/gemini-2.5-flash",
            "inputTokenLimit": 1_048_576,
            "supportedGenerationMethods": ["generateContent"],
            "temperature": 1.0,
        }]),
    )
    .await;
    check(
        "{\n  \"name\": \"files/abc-123\",\n  \"mimeType\": \"video/mp4\",\n  \"sizeBytes\": \"5969\",\n  \"state\": \"PROCESSING\",\n  \"source\": \"UPLOADED\",\n  \"expirationTime\": \"2026-12-02T12:00:00.123456789Z\",\n  \"later\": { }\n}\n",
        async |client| client.files().get("abc-123").await,
        value!({
            "name": "files/abc-123",
            "mimeType": "video/mp4",
            "sizeBytes": "5969",
            "state": "PROCESSING",
            "source": "UPLOADED",
            "expirationTime": "2026-12-02T12:00:00.123456789Z",
        }),
    )
    .await;
    // Google answers a deletion with an empty object and its line break.
    check(
        "{}\n",
        async |client| client.files().delete("abc").await,
        value!(null),
    )
    .await;
}

#[tokio::test]
async fn caches_stores_and_tuned_models() {
    check(
        "{\n  \"name\": \"cachedContents/c\",\n  \"model\": \"models/x\",\n  \"usageMetadata\": {\n    \"totalTokenCount\": 4096\n  },\n  \"expireTime\": \"2026-12-01T00:00:00Z\"\n}\n",
        async |client| client.caches().get("c").await,
        value!({
            "name": "cachedContents/c",
            "model": "models/x",
            "usageMetadata": { "totalTokenCount": 4096 },
            "expireTime": "2026-12-01T00:00:00Z",
        }),
    )
    .await;
    check(
        "{\n  \"name\": \"fileSearchStores/s\",\n  \"activeDocumentsCount\": \"2\",\n  \"sizeBytes\": \"1024\"\n}\n",
        async |client| client.file_search_stores().get("s").await,
        value!({ "name": "fileSearchStores/s", "activeDocumentsCount": "2", "sizeBytes": "1024" }),
    )
    .await;
    check(
        "{\n  \"name\": \"tunedModels/t\",\n  \"state\": \"ACTIVE\",\n  \"baseModel\": \"models/x\"\n}\n",
        async |client| client.tunings().get("t").await,
        value!({ "name": "tunedModels/t", "state": "ACTIVE", "baseModel": "models/x" }),
    )
    .await;
}

#[tokio::test]
async fn operations_and_batches() {
    let began = "{\n  \"name\": \"models/veo/operations/o\"\n}\n";
    check(
        began,
        async |client| {
            let request = PredictRequest::default();
            client.predict_long_running("veo", &request).await
        },
        value!({ "name": "models/veo/operations/o" }),
    )
    .await;
    let batch = "{\n  \"name\": \"batches/b\",\n  \"metadata\": {\n    \"@type\": \"type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch\",\n    \"state\": \"BATCH_STATE_SUCCEEDED\",\n    \"batchStats\": {\n      \"requestCount\": \"2\",\n      \"successfulRequestCount\": \"2\"\n    }\n  },\n  \"done\": true\n}\n";
    let server = Server::reply(json(batch)).await;
    let batch = server.client().batches().get("b").await.unwrap();
    assert_eq!(batch.state(), Some(BatchState::Succeeded));
    assert!(batch.is_done());
    assert_eq!(batch.stats().unwrap().successful_request_count, Some(2));
}
