//! Diagnosis and check over HTTP.

use crate::client::Server;

#[tokio::test]
async fn evidence_is_diagnosed() {
    let server = Server::start();
    let evidence = r#"{"error":{"code":400,"message":"API key expired. Please renew the API key.","status":"INVALID_ARGUMENT"}}"#;
    let wrapped = serde_json::json!({ "evidence": evidence }).to_string();
    for body in [evidence, &wrapped] {
        let reply = server.post("/propus/v1/diagnose", body).await;
        assert_eq!(reply.status, 200);
        let json = reply.json();
        assert_eq!(json["causes"][0]["failure"], "expired-api-key", "{json}");
        assert_eq!(json["causes"][0]["retry"]["retryable"], false);
    }
    let nothing = server
        .post("/propus/v1/diagnose", "all is well")
        .await
        .json();
    assert_eq!(nothing["causes"], serde_json::json!([]));
}

#[tokio::test]
async fn requests_are_checked() {
    let server = Server::start();
    let body = r#"{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"temprature":1}}"#;
    let reply = server
        .post("/propus/v1/check?model=gemini-2.5-flash", body)
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let finding = &reply.json()["findings"][0];
    assert_eq!(finding["failure"], "unknown-field");
    let start = body.find("\"temprature\"").unwrap();
    assert_eq!(finding["place"]["start"], start);
    let good = r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#;
    let reply = server
        .post("/propus/v1/check?model=gemini-2.5-flash", good)
        .await;
    assert_eq!(reply.json()["findings"], serde_json::json!([]));
}

#[tokio::test]
async fn slips_are_named() {
    let server = Server::start();
    for (path, word) in [
        ("/propus/v1/check", "model"),
        ("/propus/v1/check?model=x&method=y", "method=y"),
        ("/propus/v1/check?model=x&other=1", "other"),
    ] {
        let reply = server.post(path, "{}").await;
        assert_eq!(reply.status, 400, "{path} {word}");
    }
}
