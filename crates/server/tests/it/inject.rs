//! Failures on demand.

use crate::client::Server;
use axum::body::Body;
use http::Request;

const BODY: &str = r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#;

async fn ask(server: &Server, path: &str, inject: &str) -> crate::client::Reply {
    let request = Request::post(path)
        .header("x-goog-api-key", &server.key)
        .header("x-propus-inject", inject);
    server.send(request.body(Body::from(BODY)).unwrap()).await
}

#[tokio::test]
async fn once_and_then_success() {
    let server = Server::start();
    let path = "/v1beta/models/small:generateContent";
    let inject = "quota-per-minute;times=1;id=x";
    let reply = ask(&server, path, inject).await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("x-propus-failure")),
        (429, "quota-per-minute")
    );
    assert_eq!(ask(&server, path, inject).await.status, 200);
    let slip = ask(&server, path, "quota-per-minuet").await;
    assert_eq!(slip.status, 400);
}

#[tokio::test]
async fn a_model_may_be_a_failure() {
    let server = Server::start();
    for (model, status) in [("fault-overloaded-503", 503), ("fault-leaked-api-key", 403)] {
        let path = format!("/v1beta/models/{model}:generateContent");
        assert_eq!(
            server.post(&path, BODY).await.status.as_u16(),
            status,
            "{model}"
        );
    }
}

#[tokio::test]
async fn streams_are_cut_and_fail_midway() {
    let server = Server::start();
    let path = "/v1beta/models/small:streamGenerateContent?alt=sse";
    let whole = ask(&server, path, "overloaded-503;times=0").await.text();
    assert!(whole.contains("finishReason"), "{whole}");
    let cut = ask(&server, path, "stream-truncated").await.text();
    assert!(
        cut.matches("data: ").count() == 1 && !cut.contains("finishReason"),
        "{cut}"
    );
    let failed = ask(&server, path, "stream-error-midway").await.text();
    assert!(
        failed.starts_with("data: ") && failed.contains("\"code\":503"),
        "{failed}"
    );
    let path = "/v1beta/models/small:generateContent";
    let broken = ask(&server, path, "stream-parse-error").await.text();
    assert!(serde_json::from_str::<serde_json::Value>(&broken).is_err() && broken.len() > 20);
    let page = ask(&server, path, "base-url-wrong").await;
    assert_eq!(page.status, 404);
    assert!(page.text().contains("<html"), "{}", page.text());
}

#[tokio::test]
async fn replies_that_are_failures_come_in_the_methods_form() {
    let server = Server::start();
    let path = "/v1beta/models/small:generateContent";
    let reply = ask(&server, path, "blocked-safety-prompt").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["promptFeedback"]["blockReason"], "SAFETY");
    let path = "/v1beta/models/small:streamGenerateContent?alt=sse";
    let events = ask(&server, path, "recitation").await.text();
    assert!(
        events.starts_with("data: {") && events.contains("RECITATION"),
        "{events}"
    );
    let diagnosed = server.post("/propus/v1/diagnose", &events).await;
    assert_eq!(diagnosed.json()["causes"][0]["failure"], "recitation");
}
