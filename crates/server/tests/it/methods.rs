//! Each method's good replies.

use crate::client::Server;
use axum::body::Body;
use http::Request;
use serde_json::json;

const ASK: &str = r#"{"contents":[{"parts":[{"text":"hi there"}]}]}"#;

#[tokio::test]
async fn generate_content_says_all_that_google_says() {
    let reply = Server::start()
        .post("/v1beta/models/small:generateContent", ASK)
        .await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("content-type"),
        "application/json; charset=UTF-8"
    );
    assert_eq!(reply.header("x-propus-model"), "small");
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert_eq!(reply.header("x-frame-options"), "SAMEORIGIN");
    assert_eq!(reply.header("x-xss-protection"), "0");
    assert!(reply.header("server-timing").starts_with("gfet4t7; dur="));
    assert!(reply.text().starts_with("{\n  \"candidates\": ["));
    let mut json = reply.json();
    let id = json["responseId"].take();
    assert_eq!(id.as_str().unwrap().len(), 22);
    assert_eq!(
        json,
        json!({
            "candidates": [{
                "content": { "parts": [{ "text": "The bridge is old." }], "role": "model" },
                "finishReason": "STOP"
            }],
            "usageMetadata": {
                "promptTokenCount": 2, "candidatesTokenCount": 4, "totalTokenCount": 6,
                "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": 2 }]
            },
            "modelVersion": "small",
            "createTime": "2026-11-24T12:00:00.000000Z",
            "responseId": null
        })
    );
}

#[tokio::test]
async fn a_stand_in_answers_under_the_asked_name() {
    let server = Server::start();
    let reply = server
        .post("/v1/models/gemini-2.5-flash:generateContent", ASK)
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("x-propus-model"), "small");
    assert_eq!(reply.json()["modelVersion"], "gemini-2.5-flash");
    let model = server.get("/v1beta/models/gemini-2.5-flash").await.json();
    assert_eq!(model["name"], "models/gemini-2.5-flash");
    assert!(
        model["description"]
            .as_str()
            .unwrap()
            .contains("stand-in small")
    );
}

#[tokio::test]
async fn strict_models_have_no_stand_ins() {
    let server = Server::with(Default::default(), true);
    let reply = server
        .post("/v1/models/gemini-2.5-flash:generateContent", ASK)
        .await;
    assert_eq!(reply.status, 404);
    let list = server.get("/v1beta/models").await.json();
    assert_eq!(list["models"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn tokens_are_counted_in_both_forms() {
    let server = Server::start();
    let nested = format!(
        r#"{{"generateContentRequest":{}}}"#,
        ASK.replacen('{', r#"{"model":"models/small","#, 1)
    );
    for body in [ASK, &nested] {
        let reply = server.post("/v1beta/models/small:countTokens", body).await;
        assert_eq!(reply.json()["totalTokens"], 2, "{}", reply.text());
    }
}

#[tokio::test]
async fn texts_become_vectors() {
    let server = Server::start();
    let one = r#"{"content":{"parts":[{"text":"a"}]}}"#;
    let reply = server.post("/v1beta/models/small:embedContent", one).await;
    assert_eq!(
        reply.json()["embedding"]["values"]
            .as_array()
            .unwrap()
            .len(),
        16
    );
    let two = format!(
        r#"{{"requests":[{},{}]}}"#,
        with_model(one),
        with_model(one)
    );
    let reply = server
        .post(
            "/v1/models/gemini-embedding-001:batchEmbedContents",
            &two.replace("small", "gemini-embedding-001"),
        )
        .await;
    assert_eq!(
        reply.json()["embeddings"].as_array().map(Vec::len),
        Some(2),
        "{}",
        reply.text()
    );
}

fn with_model(body: &str) -> String {
    body.replacen('{', r#"{"model":"models/small","#, 1)
}

#[tokio::test]
async fn models_come_in_pages() {
    let server = Server::start();
    let (mut names, mut token) = (Vec::new(), String::new());
    loop {
        let page = server
            .get(&format!("/v1beta/models?pageSize=9&pageToken={token}"))
            .await
            .json();
        let models = page["models"].as_array().unwrap();
        assert!(models.len() <= 9);
        names.extend(
            models
                .iter()
                .map(|model| model["name"].as_str().unwrap().to_owned()),
        );
        match page["nextPageToken"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(names[0], "models/small");
    assert!(names.contains(&"models/gemini-flash-latest".to_owned()));
    let mut once = names.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), names.len());
}

#[tokio::test]
async fn the_latest_aliases_exist_on_v1beta_only() {
    let server = Server::start();
    for alias in [
        "gemini-flash-latest",
        "gemini-flash-lite-latest",
        "gemini-pro-latest",
    ] {
        let path = |version| format!("/{version}/models/{alias}:generateContent");
        assert_eq!(
            server.post(&path("v1beta"), ASK).await.status,
            200,
            "{alias}"
        );
        let reply = server.post(&path("v1"), ASK).await;
        assert_eq!(reply.status, 404);
        let message = reply.json()["error"]["message"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(message.contains(&format!("models/{alias} is not found for API version v1,")));
    }
}

#[tokio::test]
async fn the_front_page_and_health_need_no_key() {
    let server = Server::start();
    for path in ["/", "/healthz", "/readyz"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let reply = server.send(request).await;
        assert_eq!(reply.status, 200, "{path}");
    }
    assert_eq!(server.get("/").await.json()["name"], "propus");
}
