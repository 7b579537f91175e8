//! Other settings without a restart: what was learnt of routes that stay the same still holds.

use super::{
    UNARY, ask,
    upstream::{Raw, Step, whole},
};
use crate::{
    client::{Reply, Server},
    metrics::{metrics, value},
};
use propus_server::gateway::{Gateway, Settings};
use serde_json::json;
use std::{collections::BTreeMap, pin::pin, time::Duration};

const GOOD: &str = r#"{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}]}"#;
const BUSY: &str = r#"{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}"#;
const JSON: &str = "content-type: application/json\r\n";
/// Nobody waits for a quota of the minute.
const HURRIED: [(&str, &str); 1] = [("x-server-timeout", "2")];

fn good() -> Vec<Step> {
    whole("200 OK", JSON, GOOD)
}

/// A refusal by one limit, which names when to come again.
fn spent(quota_id: &str, value: &str, delay: &str) -> Vec<Step> {
    let quota = json!({"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [
        {"quotaId": quota_id, "quotaValue": value}]});
    let retry = json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay});
    let told = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": [quota, retry],
        "message": "You exceeded your current quota, please check your plan and billing details."}});
    whole("429 Too Many Requests", JSON, &told.to_string())
}

fn settings(raw: &Raw, key: &str, more: &str) -> Settings {
    let text = format!(
        "[engines.a]\nbase_url = '{}'\napi_key = '{key}'\n[models]\ndefault = 'a'\n\
         [recovery.backoff]\nfirst_seconds = 0.001\nmost_seconds = 0.001\n{more}",
        raw.url
    );
    toml::from_str(&text).unwrap()
}

fn server(settings: &Settings) -> Server {
    let gateway = Gateway::new(settings, &BTreeMap::new()).unwrap();
    Server::changed(|app| app.gateway = Some(gateway))
}

fn reload(server: &Server, settings: &Settings) {
    let gateway = server.app().gateway.as_ref().unwrap();
    gateway.reload(settings, &BTreeMap::new()).unwrap();
}

#[tokio::test]
async fn a_learnt_limit_and_its_tier_are_kept_with_the_key() {
    let minute = "GenerateRequestsPerMinutePerProjectPerModel-PaidTier2";
    let raw = Raw::start(vec![spent(minute, "1", "0.01s"), good()]).await;
    let server = server(&settings(&raw, "k", ""));
    assert_eq!(ask(&server, UNARY, &[]).await.status, 200);
    assert_eq!(raw.requests().len(), 2);
    reload(&server, &settings(&raw, "k", "[recovery]\nattempts = 3"));
    let reply = ask(&server, UNARY, &HURRIED).await;
    assert_eq!(reply.header("x-propus-failure"), "quota-per-minute");
    let violation = &reply.json()["error"]["details"][1]["violations"][0];
    assert_eq!(violation["quotaId"], minute, "{}", reply.text());
    assert_eq!(violation["quotaValue"], "1");
    assert_eq!(raw.requests().len(), 2, "it was not even sent");
    reload(&server, &settings(&raw, "another", ""));
    assert_eq!(ask(&server, UNARY, &HURRIED).await.status, 200);
    // What the file says of limits counts from now on.
    let known = "[pacing.limits.default]\nrequests_per_minute = 1";
    reload(&server, &settings(&raw, "another", known));
    assert_eq!(ask(&server, UNARY, &HURRIED).await.status, 429);
    reload(
        &server,
        &settings(&raw, "another", "[pacing]\nenabled = false"),
    );
    assert_eq!(ask(&server, UNARY, &HURRIED).await.status, 200);
}

#[tokio::test]
async fn a_day_that_is_over_stays_so_for_its_key() {
    let day = "GenerateRequestsPerDayPerProjectPerModel-FreeTier";
    let raw = Raw::start(vec![spent(day, "20", "3s"), good()]).await;
    let server = server(&settings(&raw, "k", ""));
    assert_eq!(ask(&server, UNARY, &[]).await.status, 429);
    reload(&server, &settings(&raw, "k", ""));
    assert_eq!(ask(&server, UNARY, &[]).await.status, 429);
    assert_eq!(raw.requests().len(), 1);
    reload(&server, &settings(&raw, "another", ""));
    assert_eq!(ask(&server, UNARY, &[]).await.status, 200);
}

#[tokio::test]
async fn a_route_that_is_left_out_stays_out() {
    let raw = Raw::start(vec![whole("503 Service Unavailable", JSON, BUSY)]).await;
    let server = server(&settings(&raw, "k", ""));
    while raw.requests().len() < 5 {
        assert_eq!(ask(&server, UNARY, &[]).await.status, 503);
    }
    let up = async || {
        value(
            &metrics(&server).await,
            "propus_route_up",
            &[("route", "a")],
        )
    };
    for (key, more, is_up) in [
        ("k", "", 0.0),
        ("k", "[recovery.budget]\nof_calls = 0.5", 0.0),
        ("another", "", 1.0),
    ] {
        reload(&server, &settings(&raw, key, more));
        assert_eq!(up().await, is_up, "{key} {more}");
    }
}

#[tokio::test]
async fn who_waits_goes_on_waiting_in_the_same_lane() {
    let raw = Raw::start(vec![good()]).await;
    let one = "[pacing.limits.default]\nrequests_per_minute = 1";
    let server = server(&settings(&raw, "k", one));
    assert_eq!(ask(&server, UNARY, &[]).await.status, 200);
    let waiting = async || {
        value(
            &metrics(&server).await,
            "propus_route_queue",
            &[("route", "a")],
        )
    };
    let mut call = pin!(ask(&server, UNARY, &[]));
    while waiting().await < 1.0 {
        tokio::select! {
            biased;
            _ = &mut call => panic!("it did not wait"),
            () = tokio::task::yield_now() => {}
        }
    }
    reload(&server, &settings(&raw, "k", one));
    assert_eq!(waiting().await, 1.0);
    // Behind it there is no room for another minute.
    let full: Reply = ask(&server, UNARY, &[("x-server-timeout", "100")]).await;
    assert_eq!(full.status, 429);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(62)).await;
    tokio::time::resume();
    assert_eq!(call.await.status, 200);
    assert_eq!(waiting().await, 0.0);
}
