//! Calls that would have failed succeed, and those that cannot say why.

use super::{
    BODY, UNARY, ask, before, gateway, hedging,
    upstream::{Raw, Step, whole},
};
use crate::client::Server;
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

const GOOD: &str = "{\n  \"candidates\": [{\"content\": {\"parts\": [{\"text\": \"x\"}]},\t\"finishReason\": \"STOP\", \"new\": 1}]\n}\n";
const HIGH_DEMAND: &str = r#"{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}"#;
const JSON: &str = "content-type: application/json; charset=UTF-8\r\n";

fn good() -> Vec<Step> {
    whole("200 OK", JSON, GOOD)
}

fn error(status: &str, body: &str) -> Vec<Step> {
    whole(status, JSON, body)
}

#[tokio::test]
async fn a_good_reply_is_passed_as_it_is() {
    let raw = Raw::start(vec![whole(
        "200 OK",
        "content-type: application/json\r\nx-gemini-service-tier: standard\r\nserver-timing: gfet4t7; dur=9\r\n",
        GOOD,
    )])
    .await;
    let server = before(&raw.url, "");
    let headers = [
        ("x-goog-api-client", "gl-test/1"),
        ("x-goog-other", "1"),
        ("user-agent", "test"),
        ("x-server-timeout", "30"),
        (
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ),
        ("tracestate", "vendor=1"),
        ("connection", "close"),
    ];
    let path = format!("{UNARY}?key={}&$alt=json", server.key);
    let reply = ask(&server, &path, &headers).await;
    assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, GOOD));
    assert_eq!(reply.header("x-gemini-service-tier"), "standard");
    assert_eq!(reply.header("server-timing"), "gfet4t7; dur=9");
    assert_eq!(reply.header("server"), "", "it is the upstream's to say");
    assert_eq!(reply.header("x-propus-repairs"), "");
    let request = &raw.requests()[0];
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, BODY);
    assert!(
        head.starts_with("POST /v1beta/models/gemini-2.5-flash:generateContent?$alt=json HTTP/1.1")
    );
    for line in [
        "x-goog-api-client: gl-test/1",
        "x-goog-other: 1",
        "user-agent: test",
        "x-server-timeout: 30",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "tracestate: vendor=1",
        "x-goog-api-key: upstream-key",
    ] {
        assert!(head.contains(line), "{line}: {head}");
    }
    assert!(!head.contains(&server.key), "{head}");
}

#[tokio::test]
async fn accidents_are_repaired_and_told() {
    let accidents = [
        error("503 Service Unavailable", HIGH_DEMAND),
        error(
            "500 Internal Server Error",
            r#"{"error":{"code":500,"message":"An internal error has occurred.","status":"INTERNAL"}}"#,
        ),
        whole(
            "502 Bad Gateway",
            "content-type: text/html\r\n",
            "<html>502 Bad Gateway</html>",
        ),
        vec![Step::Reset],
        vec![
            Step::Write(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"candidates\"".to_vec()),
            Step::Reset,
        ],
        whole(
            "200 OK",
            "content-type: text/html\r\n",
            "<html>sign in</html>",
        ),
        whole("200 OK", JSON, ""),
        whole(
            "200 OK",
            JSON,
            r#"{"candidates":[{"finishReason":"STOP"}]}"#,
        ),
    ];
    for accident in accidents {
        let raw = Raw::start(vec![accident.clone(), good()]).await;
        let server = before(&raw.url, "");
        let reply = ask(&server, UNARY, &[]).await;
        assert_eq!(
            (reply.status.as_u16(), reply.text().as_str()),
            (200, GOOD),
            "{accident:?}"
        );
        assert_eq!(raw.requests().len(), 2, "{accident:?}");
        let told = reply.header("x-propus-repairs");
        assert!(told.ends_with("attempts=2"), "{accident:?}: {told}");
    }
}

#[tokio::test]
async fn what_cannot_be_mended_is_passed_byte_for_byte_in_one_attempt() {
    let bodies = [
        (
            "400 Bad Request",
            r#"{ "error" :{"code":400,"message":"Request contains an invalid argument.","status":"INVALID_ARGUMENT","later":1}}"#,
            "invalid-argument-generic",
        ),
        (
            "400 Bad Request",
            r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}"#,
            "invalid-api-key",
        ),
        (
            "403 Forbidden",
            r#"{"error":{"code":403,"message":"Your API key was reported as leaked. Please use another API key.","status":"PERMISSION_DENIED"}}"#,
            "leaked-api-key",
        ),
        ("429 Too Many Requests", &day(), "quota-per-day"),
    ];
    for (status, body, failure) in bodies {
        let raw = Raw::start(vec![error(status, body)]).await;
        let server = before(&raw.url, "");
        let reply = ask(&server, UNARY, &[]).await;
        assert_eq!(reply.status.as_str(), &status[..3]);
        assert_eq!(reply.text(), body);
        assert_eq!(reply.header("x-propus-failure"), failure);
        assert_eq!(raw.requests().len(), 1, "{failure}");
    }
}

fn day() -> String {
    let quota = json!({"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{
        "quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "20"}]});
    json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": [quota],
        "message": "You exceeded your current quota, please check your plan and billing details."}})
    .to_string()
}

#[tokio::test]
async fn the_day_is_remembered() {
    let raw = Raw::start(vec![error("429 Too Many Requests", &day())]).await;
    let server = before(&raw.url, "");
    for _ in 0..3 {
        let reply = ask(&server, UNARY, &[]).await;
        assert_eq!((reply.status.as_u16(), reply.text()), (429, day()));
    }
    assert_eq!(raw.requests().len(), 1);
    let other = UNARY.replace("2.5-flash", "2.5-pro");
    assert_eq!(ask(&server, &other, &[]).await.status, 429);
    assert_eq!(raw.requests().len(), 2, "another model has its own quota");
}

#[tokio::test]
async fn the_most_telling_failure_is_told() {
    let minute = |text: &str| error("429 Too Many Requests", text);
    let telling = r#"{"error":{"code":429,"message":"Resource has been exhausted (e.g. check quota).","status":"RESOURCE_EXHAUSTED"}}"#;
    let raw = Raw::start(vec![
        error("503 Service Unavailable", HIGH_DEMAND),
        minute(telling),
        vec![Step::Reset],
    ])
    .await;
    let server = before(&raw.url, "");
    let reply = ask(&server, UNARY, &[]).await;
    assert!(
        reply.text() == telling || reply.text() == HIGH_DEMAND,
        "{}",
        reply.text()
    );
    assert_eq!(raw.requests().len(), 6);
    assert!(reply.header("x-propus-repairs").ends_with("attempts=6"));
}

#[tokio::test]
async fn other_keys_and_routes_take_over() {
    let first = Raw::start(vec![error("503 Service Unavailable", HIGH_DEMAND)]).await;
    let second = Raw::start(vec![good()]).await;
    let server = gateway(&format!(
        "[engines.a]\nbase_url = '{}'\napi_key = 'k1'\n[engines.b]\nbase_url = '{}'\napi_key = 'k2'\n\
         [models]\n'gemini-2.5-flash' = {{ routes = ['a'], fallbacks = [{{ engine = 'b', model = 'other' }}] }}",
        first.url, second.url
    ));
    let reply = ask(&server, UNARY, &[]).await;
    assert_eq!(reply.text(), GOOD);
    assert_eq!(reply.header("x-propus-repairs"), "route=b; attempts=2");
    assert!(second.requests()[0].starts_with("POST /v1beta/models/other:generateContent"));
    assert!(second.requests()[0].contains("x-goog-api-key: k2"));

    let raw = Raw::start(vec![error("429 Too Many Requests", &day()), good()]).await;
    let server = gateway(&format!(
        "[engines.a]\nbase_url = '{}'\napi_keys = ['k1', {{ key = 'k2', project = 'p' }}]\n[models]\ndefault = 'a'",
        raw.url
    ));
    let reply = ask(&server, UNARY, &[]).await;
    assert_eq!(reply.header("x-propus-repairs"), "route=a/2; attempts=2");
    for _ in 0..2 {
        // The project whose day is over is passed over.
        let reply = ask(&server, UNARY, &[]).await;
        assert_eq!(reply.header("x-propus-repairs"), "");
    }
    let keys: Vec<_> = raw
        .requests()
        .iter()
        .map(|request| request.contains("k1"))
        .collect();
    assert_eq!(keys, [true, false, false, false]);
}

#[tokio::test]
async fn a_model_of_this_server_may_stand_behind() {
    let raw = Raw::start(vec![error("503 Service Unavailable", HIGH_DEMAND)]).await;
    let server = gateway(&format!(
        "[engines.a]\nbase_url = '{}'\napi_key = 'k'\n[models]\ndefault = {{ routes = ['a'], fallbacks = ['here'] }}",
        raw.url
    ));
    let reply = ask(&server, UNARY, &[]).await;
    assert!(
        reply.text().contains("The bridge is old."),
        "{}",
        reply.text()
    );
    assert_eq!(reply.header("x-propus-repairs"), "route=here; attempts=2");
    assert_eq!(reply.header("x-propus-model"), "small");
}

#[tokio::test]
async fn what_is_wrong_is_refused_before_it_is_sent() {
    let raw = Raw::start(vec![good()]).await;
    let ask = async |server: &Server| {
        let request = Request::post(UNARY).header("x-goog-api-key", &server.key);
        let body =
            r#"{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"temperature":9}}"#;
        server.send(request.body(Body::from(body)).unwrap()).await
    };
    let server = before(&raw.url, "");
    let reply = ask(&server).await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("x-propus-failure")),
        (400, "param-out-of-range")
    );
    assert!(raw.requests().is_empty());
    let reply = ask(&before(&raw.url, "[recovery]\namend = ['ranges']")).await;
    assert_eq!(reply.header("x-propus-repairs"), "amend=ranges");
    let sent: Value =
        serde_json::from_str(raw.requests()[0].split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(sent["generationConfig"]["temperature"], json!(2));
    let unchecked = gateway(&format!(
        "[engines.a]\nbase_url = '{}'\napi_key = 'k'\ncheck = false\n[models]\ndefault = 'a'",
        raw.url
    ));
    assert_eq!(ask(&unchecked).await.status, 200);
}

#[tokio::test]
async fn identical_deterministic_requests_are_answered_from_memory() {
    let raw = Raw::start(vec![good()]).await;
    let server = before(&raw.url, "[cache]\nenabled = true");
    let ask = async |config: &str| {
        let request = Request::post(UNARY).header("x-goog-api-key", &server.key);
        let body = format!(
            r#"{{"contents":[{{"parts":[{{"text":"hi"}}]}}],"generationConfig":{config}}}"#
        );
        let reply = server.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(reply.text(), GOOD);
        reply.header("x-propus-cache").to_owned()
    };
    for (config, first, second) in [
        (r#"{"temperature":0}"#, "", "hit"),
        (r#"{"seed":7}"#, "", "hit"),
        (r#"{"seed":8}"#, "", "hit"),
        (r#"{"temperature":1}"#, "", ""),
    ] {
        assert_eq!(
            (ask(config).await.as_str(), ask(config).await.as_str()),
            (first, second)
        );
    }
    assert_eq!(raw.requests().len(), 5);
}

#[tokio::test]
async fn a_silent_route_is_hedged_where_that_is_on() {
    let slow = Raw::start(vec![vec![Step::Hang]]).await;
    let quick = Raw::start(vec![good()]).await;
    let server = hedging(&slow.url, &quick.url);
    let reply = ask(&server, UNARY, &[]).await;
    assert_eq!(reply.text(), GOOD);
    assert_eq!(reply.header("x-propus-repairs"), "route=b; attempts=2");
    slow.left().await;
}

#[tokio::test]
async fn a_wait_that_the_upstream_names_is_kept_to() {
    let told = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Quota exceeded.",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.25s"}]}});
    let raw = Raw::start(vec![
        error("429 Too Many Requests", &told.to_string()),
        good(),
    ])
    .await;
    let server = before(&raw.url, "");
    let began = std::time::Instant::now();
    let reply = ask(&server, UNARY, &[]).await;
    assert!(began.elapsed().as_millis() >= 250);
    assert_eq!(reply.header("x-propus-repairs"), "wait=0.25s; attempts=2");
    // Who has no time for it hears so at once.
    let raw = Raw::start(vec![error("429 Too Many Requests", &told.to_string())]).await;
    let server = before(&raw.url, "");
    let reply = ask(&server, UNARY, &[("x-server-timeout", "0.2")]).await;
    assert_eq!((reply.status.as_u16(), raw.requests().len()), (429, 1));
}

#[tokio::test]
async fn a_context_that_is_too_long_goes_to_the_larger_model() {
    let long = r#"{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}"#;
    let raw = Raw::start(vec![error("400 Bad Request", long), good()]).await;
    let server = gateway(&format!(
        "[engines.a]\nbase_url = '{}'\napi_key = 'k'\n[models]\ndefault = 'a'\n\
         'gemini-2.5-flash' = {{ routes = ['a'], larger = 'gemini-2.5-pro' }}",
        raw.url
    ));
    let reply = ask(&server, UNARY, &[]).await;
    assert_eq!(
        reply.header("x-propus-repairs"),
        "larger_model=yes; attempts=2"
    );
    assert!(raw.requests()[1].starts_with("POST /v1beta/models/gemini-2.5-pro:generateContent"));
}

#[tokio::test]
async fn a_recitation_is_asked_again_a_little_warmer() {
    let recited = whole(
        "200 OK",
        JSON,
        r#"{"candidates":[{"finishReason":"RECITATION"}]}"#,
    );
    let raw = Raw::start(vec![recited.clone(), good()]).await;
    let server = before(&raw.url, "[recovery]\ntemperature_step = 0.5");
    let reply = ask(&server, UNARY, &[]).await;
    assert_eq!(
        reply.header("x-propus-repairs"),
        "replies=1; temperature=1.5; attempts=2"
    );
    let asked = raw.requests().pop().unwrap();
    let sent: Value = serde_json::from_str(asked.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(sent["generationConfig"]["temperature"], json!(1.5));
    assert_eq!(
        sent["contents"],
        serde_json::from_str::<Value>(BODY).unwrap()["contents"]
    );
    // What stays a recitation is passed as it came.
    let raw = Raw::start(vec![recited]).await;
    let reply = ask(&before(&raw.url, ""), UNARY, &[]).await;
    assert_eq!((reply.status.as_u16(), raw.requests().len()), (200, 2));
    assert_eq!(reply.json()["candidates"][0]["finishReason"], "RECITATION");
}

#[tokio::test]
async fn the_other_version_is_tried_where_that_is_allowed() {
    let lacks = r#"{"error":{"code":400,"message":"Invalid JSON payload received. Unknown name \"later\": Cannot find field.","status":"INVALID_ARGUMENT"}}"#;
    let raw = Raw::start(vec![error("400 Bad Request", lacks), good()]).await;
    let server = before(&raw.url, "[recovery]\nother_version = true");
    let path = UNARY.replace("v1beta", "v1");
    let reply = ask(&server, &path, &[]).await;
    assert_eq!(
        reply.header("x-propus-repairs"),
        "other_version=yes; attempts=2"
    );
    assert!(raw.requests()[1].starts_with("POST /v1beta/"));
}

#[tokio::test]
async fn repetitions_stay_within_the_routes_budget() {
    let raw = Raw::start(vec![error("503 Service Unavailable", HIGH_DEMAND)]).await;
    let server = before(
        &raw.url,
        "[recovery.budget]\nof_calls = 0.0\nper_second = 0.0\nmost = 2",
    );
    for attempts in [3, 4, 5] {
        assert_eq!(ask(&server, UNARY, &[]).await.status, 503);
        assert_eq!(raw.requests().len(), attempts);
    }
}

#[tokio::test]
async fn a_route_that_fails_again_and_again_is_passed_over() {
    let bad = Raw::start(vec![error("503 Service Unavailable", HIGH_DEMAND)]).await;
    let well = Raw::start(vec![good()]).await;
    let server = gateway(&format!(
        "[engines.a]\nbase_url = '{}'\napi_key = 'k1'\n[engines.b]\nbase_url = '{}'\napi_key = 'k2'\n\
         [models]\ndefault = {{ routes = ['a'], fallbacks = ['b'] }}",
        bad.url, well.url
    ));
    for _ in 0..8 {
        assert_eq!(ask(&server, UNARY, &[]).await.status, 200);
    }
    assert_eq!((bad.requests().len(), well.requests().len()), (5, 8));
}
