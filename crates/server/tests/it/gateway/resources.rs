//! Everything that is no model's: files, uploads, caches, OpenAI's surface; and what must not be done twice.

use super::{
    BODY, ask, before, gateway,
    upstream::{Raw, Step, whole},
};
use axum::body::Body;
use http::{Method, Request};

const JSON: &str = "content-type: application/json\r\n";
const BUSY: &str = r#"{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}"#;

#[tokio::test]
async fn any_path_of_the_api_is_passed() {
    let raw = Raw::start(vec![whole("200 OK", JSON, "{ \"x\":1}")]).await;
    let server = before(&raw.url, "");
    for (method, path) in [
        (Method::GET, "/v1beta/files?pageSize=3"),
        (Method::GET, "/v1beta/models"),
        (Method::GET, "/v1beta/models/gemini-2.5-flash"),
        (Method::DELETE, "/v1beta/files/abc"),
        (Method::PATCH, "/v1beta/cachedContents/abc?updateMask=ttl"),
        (
            Method::POST,
            "/v1beta/models/gemini-2.5-flash:batchGenerateContent",
        ),
        (Method::POST, "/v1beta/tunedModels/x:generateContent"),
        (Method::GET, "/v1beta/batches/x"),
        (Method::GET, "/v1alpha/whatever/there/is"),
        (Method::GET, "/download/v1beta/files/abc:download?alt=media"),
    ] {
        let request = Request::builder().method(&method).uri(path);
        let request = request.header("x-goog-api-key", &server.key);
        let reply = server.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(
            (reply.status.as_u16(), reply.text().as_str()),
            (200, "{ \"x\":1}"),
            "{path}"
        );
        let asked = raw.requests().pop().unwrap();
        assert!(
            asked.starts_with(&format!("{method} {path} HTTP/1.1")),
            "{path}: {asked}"
        );
        assert!(asked.contains("x-goog-api-key: upstream-key"), "{asked}");
    }
    let page = server.get("/favicon.ico").await;
    assert_eq!(page.status, 404);
    assert_eq!(raw.requests().len(), 10);
}

#[tokio::test]
async fn uploads_lead_through_here_and_are_not_kept() {
    let raw = Raw::start(Vec::new()).await;
    let (url, host) = (raw.url.clone(), "gateway.test:8787");
    let started = whole(
        "200 OK",
        &format!(
            "x-goog-upload-url: {url}/upload/v1beta/files?upload_id=7&upload_protocol=resumable\r\nx-goog-upload-status: active\r\n"
        ),
        "",
    );
    let upstream = Raw::start(vec![
        started,
        whole("200 OK", JSON, r#"{"file":{"name":"files/7"}}"#),
    ])
    .await;
    // The address is the upstream's own.
    let started = whole(
        "200 OK",
        &format!(
            "x-goog-upload-url: {}/upload/v1beta/files?upload_id=7\r\n",
            upstream.url
        ),
        "",
    );
    let first = Raw::start(vec![started]).await;
    let server = before(&first.url, "");
    let request = |path: &str| {
        Request::post(path.to_owned())
            .header("host", host)
            .header("x-goog-api-key", &server.key)
            .header("x-goog-upload-command", "start")
    };
    let elsewhere = server
        .send(request("/upload/v1beta/files").body(Body::empty()).unwrap())
        .await;
    let address = elsewhere.header("x-goog-upload-url");
    assert!(
        address.starts_with(&upstream.url),
        "what is not the upstream's own stays: {address}"
    );

    let server = before(&upstream.url, "");
    let upload = vec![b'x'; 3 << 20];
    let request = Request::put("/upload/v1beta/files?upload_id=7")
        .header("x-goog-api-key", &server.key)
        .header("content-length", upload.len());
    let reply = server
        .send(request.body(Body::from(upload.clone())).unwrap())
        .await;
    assert_eq!(reply.status, 200);
    let asked = upstream.requests().pop().unwrap();
    assert!(asked.starts_with("PUT /upload/v1beta/files?upload_id=7 HTTP/1.1"));
    assert!(asked.len() > upload.len());
}

#[tokio::test]
async fn what_creates_is_made_again_only_where_nothing_was_done() {
    let done = || whole("200 OK", JSON, "{}");
    let create = async |accident: Vec<Step>| {
        let raw = Raw::start(vec![accident, done()]).await;
        let server = before(&raw.url, "");
        let request = Request::post("/v1beta/cachedContents").header("x-goog-api-key", &server.key);
        let reply = server.send(request.body(Body::from("{}")).unwrap()).await;
        (reply.status.as_u16(), raw.requests().len())
    };
    assert_eq!(
        create(whole("503 Service Unavailable", JSON, BUSY)).await,
        (200, 2)
    );
    assert_eq!(
        create(whole("500 Internal Server Error", JSON, "{}")).await,
        (500, 1)
    );
    assert_eq!(create(vec![Step::Reset]).await, (503, 1));
    // A body that was too large to be kept has gone.
    let raw = Raw::start(vec![whole("503 Service Unavailable", JSON, BUSY), done()]).await;
    let server = before(&raw.url, "");
    let large = vec![b'x'; 2 << 20];
    let request = Request::post("/v1beta/cachedContents")
        .header("x-goog-api-key", &server.key)
        .header("content-length", large.len());
    let reply = server.send(request.body(Body::from(large)).unwrap()).await;
    assert_eq!(
        (
            reply.status.as_u16(),
            reply.text().as_str(),
            raw.requests().len()
        ),
        (503, BUSY, 1)
    );
}

#[tokio::test]
async fn openais_surface_is_passed_with_its_own_key() {
    let sse = "content-type: text/event-stream\r\n";
    let good = "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\ndata: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let raw = Raw::start(vec![whole("200 OK", sse, ""), whole("200 OK", sse, good)]).await;
    let server = before(&raw.url, "");
    let request = Request::post("/v1beta/openai/chat/completions")
        .header("authorization", format!("Bearer {}", server.key));
    let body =
        r#"{"model":"gemini-2.5-flash","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let reply = server.send(request.body(Body::from(body)).unwrap()).await;
    assert_eq!(reply.text(), good);
    assert!(reply.header("x-propus-repairs").ends_with("attempts=2"));
    let asked = raw.requests().pop().unwrap();
    assert!(
        asked.contains("authorization: Bearer upstream-key") && asked.ends_with(body),
        "{asked}"
    );
}

#[tokio::test]
async fn files_belong_to_the_first_key() {
    let raw = Raw::start(vec![whole(
        "200 OK",
        JSON,
        r#"{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}]}"#,
    )])
    .await;
    let server = gateway(&format!(
        "[engines.a]\nbase_url = '{}'\napi_keys = ['k1', 'k2']\n[models]\ndefault = 'a'",
        raw.url
    ));
    let body = r#"{"contents":[{"parts":[{"fileData":{"mimeType":"text/plain","fileUri":"https://generativelanguage.googleapis.com/v1beta/files/abc"}}]}]}"#;
    for _ in 0..3 {
        let reply = server.post(super::UNARY, body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    assert!(raw.requests().iter().all(|request| request.contains("k1")));
    for _ in 0..2 {
        server.post(super::UNARY, BODY).await;
    }
    assert!(raw.requests().iter().any(|request| request.contains("k2")));
}

#[tokio::test]
async fn the_callers_own_key_may_be_passed() {
    let raw = Raw::start(vec![whole("400 Bad Request", JSON, r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}"#)]).await;
    let server = gateway(&format!(
        "[engines.a]\nbase_url = '{}'\npass_key = true\n[models]\ndefault = 'a'",
        raw.url
    ));
    for _ in 0..2 {
        assert_eq!(ask(&server, super::UNARY, &[]).await.status, 400);
    }
    let requests = raw.requests();
    assert!(requests.len() == 2 && requests[1].contains(&server.key));
}

#[tokio::test]
async fn openais_surface_goes_to_other_names_and_models_of_this_server() {
    let busy = whole("503 Service Unavailable", JSON, &format!("[{BUSY}]"));
    let raw = Raw::start(vec![busy]).await;
    let server = gateway(&format!(
        "[engines.a]\nbase_url = '{}'\napi_key = 'k'\n[models]\n\
         default = {{ routes = [{{ engine = 'a', model = 'other' }}], fallbacks = ['here'] }}",
        raw.url
    ));
    let request = Request::post("/v1beta/openai/chat/completions")
        .header("authorization", format!("Bearer {}", server.key));
    let body = r#"{"model":"gpt-x","messages":[{"role":"user","content":"hi"}]}"#;
    let reply = server.send(request.body(Body::from(body)).unwrap()).await;
    assert!(
        reply.text().contains("The bridge is old."),
        "{}",
        reply.text()
    );
    assert_eq!(reply.header("x-propus-repairs"), "route=here; attempts=2");
    assert!(raw.requests()[0].ends_with(&body.replace("gpt-x", "other")));
}
