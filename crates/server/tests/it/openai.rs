//! The OpenAI-compatible surface.

use crate::client::{Reply, Server};
use axum::body::Body;
use http::Request;
use serde_json::Value;

async fn chat(server: &Server, body: &str) -> Reply {
    let request = Request::post("/v1beta/openai/chat/completions")
        .header("authorization", format!("Bearer {}", server.key));
    server
        .send(request.body(Body::from(body.to_owned())).unwrap())
        .await
}

const ASK: &str = r#"{"model":"small","messages":[{"role":"user","content":"hi"}]}"#;

#[tokio::test]
async fn a_completion() {
    let reply = chat(&Server::start(), ASK).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let json = reply.json();
    assert_eq!(json["object"], "chat.completion");
    assert_eq!(
        json["choices"][0]["message"]["content"],
        "The bridge is old."
    );
    assert_eq!(json["choices"][0]["finish_reason"], "stop");
    assert_eq!(json["usage"]["total_tokens"], 5);
}

#[tokio::test]
async fn a_streamed_completion_ends_with_done() {
    let body = ASK.replacen(
        '{',
        r#"{"stream":true,"stream_options":{"include_usage":true},"#,
        1,
    );
    let reply = chat(&Server::start(), &body).await;
    let text = reply.text();
    assert!(text.ends_with("data: [DONE]\n\n"));
    let content: String = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok())
        .filter_map(|event| Some(event["choices"][0]["delta"]["content"].as_str()?.to_owned()))
        .collect();
    assert_eq!(content, "The bridge is old.");
    assert!(text.contains("\"total_tokens\":5"));
}

#[tokio::test]
async fn a_tool_call() {
    let body = r#"{"model":"gemini-2.5-flash","messages":[{"role":"user","content":"call a tool"}],
        "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"integer"}}}}}]}"#;
    let json = chat(&Server::start(), body).await.json();
    let choice = &json["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls", "{json}");
    assert_eq!(
        choice["message"]["tool_calls"][0]["function"]["arguments"],
        "{\"a\":1}"
    );
}

#[tokio::test]
async fn embeddings_and_models() {
    let server = Server::start();
    let body = r#"{"model":"gemini-embedding-001","input":["a","b"]}"#;
    let request = Request::post("/v1beta/openai/embeddings")
        .header("authorization", format!("Bearer {}", server.key));
    let reply = server.send(request.body(Body::from(body)).unwrap()).await;
    assert_eq!(
        reply.json()["data"].as_array().map(Vec::len),
        Some(2),
        "{}",
        reply.text()
    );
    assert_eq!(
        server.get("/v1beta/openai/models").await.json()["data"][0]["id"],
        "models/small"
    );
    assert_eq!(
        server.get("/v1beta/openai/models/small").await.json()["id"],
        "models/small"
    );
    assert_eq!(server.get("/v1beta/openai/models/nobody").await.status, 404);
    assert_eq!(server.get("/v1beta/openai/nothing").await.status, 404);
}
