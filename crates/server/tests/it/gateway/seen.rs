//! What operators see of the gateway: counters at `/metrics`, and the line of each request.

use super::{
    BODY, STREAM, UNARY, ask, before, gateway, hedging,
    upstream::{Raw, Step, chunk, end, head, whole},
};
use crate::{
    client::{Reply, Server},
    metrics::{Lines, metrics, value},
};
use axum::body::Body;
use http::{Request, Response};
use http_body_util::BodyExt;
use propus_server::{
    gateway::{Gateway, Settings},
    metrics::view::{Differences, View},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, future::Future, pin::pin, time::Duration};

const GOOD: &str = r#"{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":2}}"#;
const BUSY: &str = r#"{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}"#;
const JSON: &str = "content-type: application/json\r\n";
const SSE: &str = "content-type: text/event-stream\r\n";

fn good() -> Vec<Step> {
    whole("200 OK", JSON, GOOD)
}

fn busy() -> Vec<Step> {
    whole("503 Service Unavailable", JSON, BUSY)
}

/// A refusal that names when to come again.
fn later(delay: &str) -> Vec<Step> {
    let told = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Quota exceeded.",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]}});
    whole("429 Too Many Requests", JSON, &told.to_string())
}

fn attempts(view: &View, route: &str, failure: &str) -> f64 {
    let labels = [("route", route), ("failure", failure)];
    value(view, "propus_route_attempts_total", &labels)
}

fn repairs(view: &View, kind: &str, outcome: &str) -> f64 {
    let labels = [("kind", kind), ("outcome", outcome)];
    value(view, "propus_repairs_total", &labels)
}

fn request(server: &Server, path: &str) -> Request<Body> {
    let request = Request::post(path).header("x-goog-api-key", &server.key);
    request.body(Body::from(BODY)).unwrap()
}

/// Goes on with some work until something is the case.
async fn until<T>(work: impl Future<Output = T>, mut is: impl AsyncFnMut() -> bool) {
    let mut work = pin!(work);
    while !is().await {
        tokio::select! {
            biased;
            _ = &mut work => panic!("it ended before"),
            () = tokio::task::yield_now() => {}
        }
    }
}

#[tokio::test]
async fn a_repair_that_helped_is_counted_with_its_attempts_and_waits() {
    let raw = Raw::start(vec![later("0.25s"), good()]).await;
    let server = before(&raw.url, "");
    let first = metrics(&server).await;
    assert_eq!(value(&first, "propus_route_up", &[("route", "a")]), 1.0);
    let reply = ask(&server, UNARY, &[]).await;
    assert_eq!(reply.header("x-propus-repairs"), "wait=0.25s; attempts=2");
    let view = metrics(&server).await;
    assert_eq!(attempts(&view, "a", "quota-unspecified"), 1.0);
    assert_eq!(attempts(&view, "a", "none"), 1.0);
    assert_eq!(repairs(&view, "wait", "helped"), 1.0);
    assert_eq!(repairs(&view, "attempts", "helped"), 1.0);
    assert_eq!(view.samples().sum("propus_repairs_total"), 2.0);
    assert_eq!(view.samples().sum("propus_wait_seconds_sum"), 0.25);
    let seen = Differences::between(&first, &view, 2.0);
    assert_eq!(seen.attempts["a none"], 0.5);
    assert_eq!(seen.repairs["wait helped"], 0.5);
    assert!(
        seen.wait_p50
            .is_some_and(|wait| (0.1..=0.5).contains(&wait))
    );
    assert!(seen.queues["a"].up);
    // The request itself was answered, with tokens.
    assert_eq!(seen.requests["none"], 0.5);
    assert_eq!((seen.tokens_in, seen.tokens_out), (3.5, 1.0));
}

#[tokio::test]
async fn nothing_is_counted_as_repaired_where_nothing_was() {
    let raw = Raw::start(vec![good()]).await;
    let server = before(&raw.url, "");
    assert_eq!(ask(&server, UNARY, &[]).await.status, 200);
    let view = metrics(&server).await;
    assert_eq!(attempts(&view, "a", "none"), 1.0);
    assert_eq!(view.samples().sum("propus_repairs_total"), 0.0);
    assert_eq!(view.samples().sum("propus_wait_seconds_count"), 0.0);
}

#[tokio::test]
async fn what_did_not_help_is_counted_and_the_upstreams_error_named() {
    let raw = Raw::start(vec![busy()]).await;
    let server = before(&raw.url, "[recovery]\nattempts = 3");
    assert_eq!(ask(&server, UNARY, &[]).await.status, 503);
    let view = metrics(&server).await;
    assert_eq!(attempts(&view, "a", "overloaded-503"), 3.0);
    assert_eq!(repairs(&view, "attempts", "failed"), 1.0);
    let failed = [("failure", "overloaded-503"), ("status", "503")];
    assert_eq!(value(&view, "propus_requests_total", &failed), 1.0);
}

#[tokio::test]
async fn who_leaves_does_not_learn_whether_it_helped() {
    let raw = Raw::start(vec![busy(), vec![Step::Hang]]).await;
    let server = before(&raw.url, "");
    let call = server.open(request(&server, UNARY));
    until(call, async || raw.requests().len() == 2).await;
    let view = metrics(&server).await;
    assert_eq!(attempts(&view, "a", "cancelled-499"), 1.0);
    assert_eq!(repairs(&view, "attempts", "applied"), 1.0);
    let gone = [("failure", "cancelled-499"), ("status", "499")];
    assert_eq!(value(&view, "propus_requests_total", &gone), 1.0);
}

#[tokio::test]
async fn another_route_and_the_one_that_lost_a_race_are_counted() {
    let slow = Raw::start(vec![vec![Step::Hang]]).await;
    let quick = Raw::start(vec![good()]).await;
    let server = hedging(&slow.url, &quick.url);
    assert_eq!(ask(&server, UNARY, &[]).await.status, 200);
    let view = metrics(&server).await;
    assert_eq!(attempts(&view, "a", "cancelled-499"), 1.0);
    assert_eq!(attempts(&view, "b", "none"), 1.0);
    assert_eq!(repairs(&view, "route", "helped"), 1.0);
}

#[tokio::test]
async fn a_route_that_is_left_out_is_down_until_it_serves_again() {
    let bad = Raw::start([vec![busy(); 5], vec![good()]].concat()).await;
    let well = Raw::start(vec![good()]).await;
    let server = gateway(&format!(
        "[engines.a]\nbase_url = '{}'\napi_keys = ['k1', 'k2']\n[engines.b]\nbase_url = '{}'\napi_key = 'k3'\n\
         [models]\ndefault = {{ routes = ['a'], fallbacks = ['b'] }}\n[recovery]\nattempts = 2\n\
         [recovery.backoff]\nfirst_seconds = 0.001\nmost_seconds = 0.002",
        bad.url, well.url
    ));
    while bad.requests().len() < 5 {
        ask(&server, UNARY, &[]).await;
    }
    let up = async || {
        let view = metrics(&server).await;
        let seen = Differences::between(&view, &view, 1.0);
        ["a/1", "a/2", "b"].map(|route| seen.queues[route].up)
    };
    assert_eq!(up().await, [false, false, true]);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(6)).await;
    tokio::time::resume();
    assert_eq!(ask(&server, UNARY, &[]).await.status, 200);
    assert_eq!(bad.requests().len(), 6);
    assert_eq!(up().await, [true; 3]);
}

#[tokio::test]
async fn who_waits_for_a_quota_is_seen_waiting() {
    let raw = Raw::start(vec![good()]).await;
    let server = before(&raw.url, "[pacing.limits.default]\nrequests_per_minute = 1");
    assert_eq!(ask(&server, UNARY, &[]).await.status, 200);
    let waiting = async || {
        let view = metrics(&server).await;
        Differences::between(&view, &view, 1.0).queues["a"].waiting
    };
    assert_eq!(waiting().await, 0.0);
    let mut call = pin!(server.send(request(&server, UNARY)));
    until(&mut call, async || waiting().await == 1.0).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(62)).await;
    tokio::time::resume();
    let reply: Reply = call.await;
    assert_eq!(reply.status, 200);
    assert_eq!(waiting().await, 0.0);
    let view = metrics(&server).await;
    assert_eq!(repairs(&view, "wait", "helped"), 1.0);
    assert!(view.samples().sum("propus_wait_seconds_sum") > 60.0);
}

#[tokio::test]
async fn a_stream_counts_when_it_ends() {
    let event = |reason: &str| {
        let said = format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"text":"x"}}]}}{reason}}}],"usageMetadata":{{"promptTokenCount":7,"candidatesTokenCount":2}}}}"#
        );
        chunk(format!("data: {said}\r\n\r\n").as_bytes())
    };
    let began = [head("200 OK", SSE), event("")];
    let ended = [event(r#","finishReason":"STOP""#), end()];
    let whole = [&began[..], &ended[..]].concat();
    let cut = [&began[..], &[end()]].concat();
    let hangs = [&began[..], &[Step::Hang]].concat();
    let raw = Raw::start(vec![busy(), whole, busy(), cut, busy(), hangs]).await;
    let server = before(&raw.url, "");
    assert!(ask(&server, STREAM, &[]).await.text().contains("STOP"));
    assert!(ask(&server, STREAM, &[]).await.text().contains("error"));
    let left: Response<Body> = server.open(request(&server, STREAM)).await;
    let mut body = left.into_body();
    body.frame().await.unwrap().unwrap();
    drop(body);
    let view = metrics(&server).await;
    for (failure, outcome) in [
        ("none", "helped"),
        ("stream-truncated", "failed"),
        ("cancelled-499", "applied"),
    ] {
        assert_eq!(attempts(&view, "a", failure), 1.0, "{failure}");
        assert_eq!(repairs(&view, "attempts", outcome), 1.0, "{outcome}");
        let requests = value(&view, "propus_requests_total", &[("failure", failure)]);
        assert_eq!(requests, 1.0, "{failure}");
    }
    assert_eq!(attempts(&view, "a", "overloaded-503"), 3.0);
    let output = value(&view, "propus_tokens_total", &[("kind", "output")]);
    assert_eq!(output, 6.0);
}

#[tokio::test]
async fn routes_that_are_no_more_are_not_told() {
    let raw = Raw::start(vec![good()]).await;
    let server = before(&raw.url, "");
    assert_eq!(
        metrics(&server).await.samples().of("propus_route_up").len(),
        1
    );
    let other = toml::from_str("[engines.z]\napi_key = 'k'\n[models]\ndefault = 'z'").unwrap();
    let gateway = server.app().gateway.as_ref().unwrap();
    gateway.reload(&other, &Default::default()).unwrap();
    let view = metrics(&server).await;
    let routes: Vec<_> = view.samples().of("propus_route_up").iter().collect();
    assert_eq!((routes.len(), routes[0].label("route")), (1, "z"));
}

#[tokio::test]
async fn the_line_of_a_request_tells_route_attempts_and_repairs() {
    let bad = Raw::start(vec![busy()]).await;
    let well = Raw::start(vec![good()]).await;
    let settings: Settings = toml::from_str(&format!(
        "[engines.a]\nbase_url = '{}'\napi_key = 'the-key-of-a'\n[engines.b]\nbase_url = '{}'\napi_key = 'k'\n\
         [models]\ndefault = {{ routes = ['a'], fallbacks = ['b'] }}\nalone = 'a'\n\
         [recovery]\nattempts = 2\n\
         [recovery.backoff]\nfirst_seconds = 0.001\nmost_seconds = 0.001",
        bad.url, well.url
    ))
    .unwrap();
    let gateway = Gateway::new(&settings, &BTreeMap::new()).unwrap();
    let server = Server::changed(|app| {
        app.gateway = Some(gateway);
        app.settings.log_answers = true;
    });
    let chat = r#"{"model":"alone","messages":[{"role":"user","content":"hi"}]}"#;
    let lines = Lines::of(async {
        assert_eq!(ask(&server, UNARY, &[]).await.status, 200);
        let alone = "/v1beta/models/alone:generateContent";
        assert_eq!(ask(&server, alone, &[]).await.status, 503);
        let chat = server.post("/v1beta/openai/chat/completions", chat).await;
        assert_eq!(chat.status, 503);
    });
    let lines = lines.await;
    let told = |at: usize, names: &[&str]| -> Vec<Value> {
        let fields = &lines[at]["fields"];
        names.iter().map(|name| fields[name].clone()).collect()
    };
    assert_eq!(lines.len(), 3, "{lines:?}");
    let names = ["model", "status", "route", "attempts", "repairs", "message"];
    let expected = [
        json!("gemini-2.5-flash"),
        json!(200),
        json!("b"),
        json!(2),
        json!("route=b; attempts=2"),
        json!("answered"),
    ];
    assert_eq!(told(0, &names), expected, "{lines:?}");
    let names = ["model", "status", "failure", "route", "attempts", "message"];
    let expected = [
        json!("alone"),
        json!(503),
        json!("overloaded-503"),
        json!("a"),
        json!(2),
        json!("failed"),
    ];
    for at in [1, 2] {
        assert_eq!(told(at, &names), expected, "{lines:?}");
        assert!(!lines[at].to_string().contains("the-key-of-a"));
        let repairs = told(at, &["repairs"])[0].as_str().unwrap().to_owned();
        assert!(repairs.ends_with("attempts=2"), "{repairs}");
    }
}
