//! The admin API.

use crate::client::{ADMIN, Server};
use axum::body::Body;
use http::Request;
use propus_quota::LimitTable;
use propus_server::quotas::Quotas;
use serde_json::{Value, json};

const PATH: &str = "/v1beta/models/small:generateContent";
const BODY: &str = r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#;

async fn done(server: &Server, method: &str, path: &str, body: Value) -> Value {
    let reply = server.admin(method, path, &body.to_string()).await;
    assert_eq!(reply.status, 200, "{method} {path}: {}", reply.text());
    reply.json()
}

async fn refused(server: &Server, method: &str, path: &str, body: &str) -> (u16, String) {
    let reply = server.admin(method, path, body).await;
    let error = reply.json()["error"].clone();
    assert_eq!(error["code"], reply.status.as_u16());
    assert!(error["status"].is_string());
    (
        reply.status.as_u16(),
        error["message"].as_str().unwrap().to_owned(),
    )
}

#[tokio::test]
async fn only_the_admin_token_opens_it() {
    let server = Server::start();
    let ask = async |name: &str, value: &str| {
        let request = Request::get("/propus/v1/projects").header(name, value);
        server.send(request.body(Body::empty()).unwrap()).await
    };
    assert_eq!(ask("x-goog-api-key", &server.key).await.status, 401);
    let key = format!("Bearer {}", server.key);
    assert_eq!(ask("authorization", &key).await.status, 403);
    assert_eq!(ask("authorization", "Bearer ").await.status, 403);
    let token = format!("Bearer {ADMIN}");
    assert_eq!(ask("authorization", &token).await.status, 200);
    // And it opens nothing else.
    let request = Request::post(PATH).header("x-goog-api-key", ADMIN);
    let reply = server.send(request.body(Body::from(BODY)).unwrap()).await;
    assert_eq!(reply.header("x-propus-failure"), "invalid-api-key");
}

#[tokio::test]
async fn a_project_with_a_key_from_its_making_to_its_end() {
    let server = Server::start();
    let made = done(
        &server,
        "POST",
        "/propus/v1/projects",
        json!({"name": "shop"}),
    )
    .await;
    assert_eq!(
        (&made["name"], &made["tier"]),
        (&json!("shop"), &json!("free"))
    );
    let new = json!({"project": "shop", "name": "web", "restrictions": {"referrers": ["*.example.com/*"]}});
    let key = done(&server, "POST", "/propus/v1/keys", new).await;
    let text = key["key"].as_str().unwrap().to_owned();
    let call = async |referrer: &str| {
        let request = Request::post(PATH)
            .header("x-goog-api-key", &text)
            .header("referer", referrer);
        let reply = server.send(request.body(Body::from(BODY)).unwrap()).await;
        (
            reply.status.as_u16(),
            reply.header("x-propus-failure").to_owned(),
        )
    };
    assert_eq!(call("https://www.example.com/a").await.0, 200);
    assert_eq!(call("https://evil.test/").await.1, "key-restricted-referer");
    let project = "/propus/v1/projects/shop";
    let changed = done(
        &server,
        "PATCH",
        project,
        json!({"tier": "tier2", "suspended": true}),
    )
    .await;
    assert_eq!(
        (&changed["tier"], &changed["billing"]),
        (&json!("tier2"), &json!(true))
    );
    assert_eq!(call("https://www.example.com/a").await.1, "key-suspended");
    done(
        &server,
        "PATCH",
        project,
        json!({"suspended": false, "apiDisabled": true}),
    )
    .await;
    assert_eq!(
        call("https://www.example.com/a").await.1,
        "service-disabled"
    );
    done(&server, "PATCH", project, json!({"apiDisabled": false})).await;
    let path = format!("/propus/v1/keys/{}", key["id"]);
    done(
        &server,
        "PATCH",
        &path,
        json!({"expires": "2020-01-01T00:00:00Z"}),
    )
    .await;
    assert_eq!(call("https://www.example.com/a").await.1, "expired-api-key");
    done(&server, "PATCH", &path, json!({"leaked": true})).await;
    assert_eq!(call("https://www.example.com/a").await.1, "leaked-api-key");
    let ended = done(&server, "PATCH", &path, json!({"revoked": true})).await;
    assert!(ended["revoked"].is_number() && ended.get("key").is_none());
    assert_eq!(call("https://www.example.com/a").await.1, "invalid-api-key");
}

#[tokio::test]
async fn slips_are_named() {
    let server = Server::start();
    for (method, path, body, code, word) in [
        ("GET", "/propus/v1/projects/none", "", 404, "`none`"),
        ("POST", "/propus/v1/projects", "{}", 400, "name"),
        (
            "POST",
            "/propus/v1/projects",
            r#"{"name":"default"}"#,
            409,
            "default",
        ),
        (
            "POST",
            "/propus/v1/projects",
            r#"{"name":"a b"}"#,
            400,
            "a b",
        ),
        (
            "PATCH",
            "/propus/v1/projects/default",
            r#"{"teir":"free"}"#,
            400,
            "teir",
        ),
        (
            "PATCH",
            "/propus/v1/projects/default",
            r#"{"tier":"free","billing":true}"#,
            400,
            "billing",
        ),
        (
            "POST",
            "/propus/v1/keys",
            r#"{"expires":"soon"}"#,
            400,
            "soon",
        ),
        ("PATCH", "/propus/v1/keys/1", "{}", 400, "nothing"),
        ("PATCH", "/propus/v1/keys/99", "{}", 404, "99"),
        ("GET", "/propus/v1/quota", "", 400, "--quotas"),
        (
            "POST",
            "/propus/v1/quota/requests",
            r#"{"model":"m","limits":{}}"#,
            400,
            "no limit",
        ),
        (
            "POST",
            "/propus/v1/quota/requests",
            r#"{"model":"m","limits":{"rpm":-1}}"#,
            400,
            "rpm",
        ),
        ("POST", "/propus/v1/quota/requests/5/approve", "", 404, "5"),
        ("POST", "/propus/v1/keys", "nonsense", 400, "the body"),
    ] {
        let (status, message) = refused(&server, method, path, body).await;
        assert_eq!(status, code, "{method} {path} {body}: {message}");
        assert!(message.contains(word), "{method} {path} {body}: {message}");
    }
    assert_eq!(
        server.admin("GET", "/propus/v1/nothing", "").await.status,
        404
    );
    assert_eq!(
        server
            .admin("DELETE", "/propus/v1/projects", "")
            .await
            .status,
        405
    );
}

#[tokio::test]
async fn a_quota_increase_is_asked_for_and_approved() {
    let limits = "[current.free]\nsmall = { rpm = 1 }";
    let server = Server::counting(Quotas {
        table: LimitTable::builtin().overridden(limits).unwrap(),
        ..Quotas::new()
    });
    assert_eq!(server.post(PATH, BODY).await.status, 200);
    assert_eq!(server.post(PATH, BODY).await.status, 429);
    let new = json!({"model": "small", "limits": {"rpm": 3}, "reason": "a launch"});
    let asked = done(&server, "POST", "/propus/v1/quota/requests", new).await;
    assert_eq!(asked["state"], "asked");
    assert_eq!(server.post(PATH, BODY).await.status, 429);
    let path = format!("/propus/v1/quota/requests/{}/approve", asked["id"]);
    assert_eq!(
        done(&server, "POST", &path, json!({})).await["state"],
        "approved"
    );
    assert_eq!(server.post(PATH, BODY).await.status, 200);
    let usage = done(&server, "GET", "/propus/v1/quota", json!({})).await;
    let model = &usage["models"][0];
    assert_eq!(
        (&model["model"], &model["limits"]["rpm"]),
        (&json!("small"), &json!(3))
    );
    assert_eq!(model["used"]["minute"]["requests"], 2);
    let (status, message) = refused(&server, "POST", &path, "").await;
    assert_eq!(
        (status, message.as_str()),
        (400, "quota request 1 is approved already")
    );
}
