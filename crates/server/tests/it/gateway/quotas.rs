//! Quotas on both sides: an upstream's real ones are kept to, and those of own keys count.

use super::{
    BODY, STREAM, UNARY, ask, gateway,
    upstream::{Raw, propus, whole},
};
use crate::client::Server;
use propus_quota::LimitTable;
use propus_server::{
    gateway::{Gateway, Settings},
    quotas::Quotas,
};
use std::collections::BTreeMap;

const SMALL: &str = "/v1beta/models/small-upstream:generateContent";

fn counting(row: &str) -> Quotas {
    let limits = format!("[current.free]\nsmall = {row}\n'gemini-2.5-flash' = {row}");
    Quotas {
        table: LimitTable::builtin().overridden(&limits).unwrap(),
        ..Quotas::new()
    }
}

#[tokio::test]
async fn a_real_429_is_learnt_from_and_not_met_again() {
    let upstream = Server::counting(counting(
        "{ rpm = 2, tpm = 'unlimited', rpd = 'unlimited' }",
    ));
    let url = propus(&upstream).await;
    let server = gateway(&format!(
        "[engines.a]\nbase_url = '{url}'\napi_key = '{}'\n\
         [models]\nsmall-upstream = {{ routes = [{{ engine = 'a', model = 'small' }}] }}",
        upstream.key
    ));
    for _ in 0..2 {
        assert_eq!(ask(&server, SMALL, &[]).await.status, 200);
    }
    // The third one meets the limit, and its caller does not wait for a minute.
    let hurried = [("x-server-timeout", "2")];
    let met = ask(&server, SMALL, &hurried).await;
    assert_eq!(met.header("x-propus-failure"), "quota-per-minute");
    assert!(
        met.text().contains("\"quotaValue\": \"2\""),
        "{}",
        met.text()
    );
}

#[tokio::test]
async fn a_known_limit_is_not_run_into() {
    let raw = Raw::start(vec![whole(
        "200 OK",
        "content-type: application/json\r\n",
        r#"{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}]}"#,
    )])
    .await;
    let server = gateway(&format!(
        "[engines.a]\nbase_url = '{}'\napi_key = 'k'\n[models]\ndefault = 'a'\n\
         [pacing.limits.'gemini-2.5-flash']\nrequests_per_minute = 2",
        raw.url
    ));
    for _ in 0..2 {
        assert_eq!(ask(&server, UNARY, &[]).await.status, 200);
    }
    let reply = ask(&server, UNARY, &[("x-server-timeout", "2")]).await;
    assert_eq!(reply.header("x-propus-failure"), "quota-per-minute");
    let text = reply.text();
    assert!(text.contains("limit: 2, model: gemini-2.5-flash"), "{text}");
    assert_eq!(raw.requests().len(), 2);
}

#[tokio::test]
async fn another_projects_key_has_room() {
    let raw = Raw::start(vec![whole(
        "200 OK",
        "content-type: application/json\r\n",
        r#"{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}]}"#,
    )])
    .await;
    let server = gateway(&format!(
        "[engines.a]\nbase_url = '{}'\napi_keys = ['k1', 'k2']\n[models]\ndefault = 'a'\n\
         [pacing.limits.default]\nrequests_per_minute = 2",
        raw.url
    ));
    for _ in 0..4 {
        assert_eq!(ask(&server, UNARY, &[]).await.status, 200);
    }
    let by = |key: &str| {
        raw.requests()
            .iter()
            .filter(|request| request.contains(key))
            .count()
    };
    assert_eq!((by("k1"), by("k2")), (2, 2));
}

#[tokio::test]
async fn own_keys_have_own_quotas() {
    let good = r#"{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}]}"#;
    let busy = r#"{"error":{"code":400,"message":"Request contains an invalid argument.","status":"INVALID_ARGUMENT"}}"#;
    let kind = "content-type: application/json\r\n";
    let raw = Raw::start(vec![
        whole("400 Bad Request", kind, busy),
        whole("200 OK", kind, good),
    ])
    .await;
    let settings: Settings = toml::from_str(&format!(
        "[engines.a]\nbase_url = '{}'\napi_key = 'k'\n[models]\ndefault = 'a'",
        raw.url
    ))
    .unwrap();
    let gateway = Gateway::new(&settings, &BTreeMap::new()).unwrap();
    let server = Server::changed(|app| {
        app.gateway = Some(gateway);
        app.quotas = Some(counting(
            "{ rpm = 1, tpm = 'unlimited', rpd = 'unlimited' }",
        ));
    });
    // What fails costs nothing.
    assert_eq!(server.post(UNARY, BODY).await.status, 400);
    assert_eq!(server.post(UNARY, BODY).await.status, 200);
    let reply = server.post(UNARY, BODY).await;
    assert_eq!(reply.header("x-propus-failure"), "quota-per-minute");
    assert_eq!(raw.requests().len(), 2);
}

/// A gateway that counts by the row, before an upstream whose reply has this text.
async fn counted(row: &str, reply: &str) -> Server {
    let kind = "content-type: application/json\r\n";
    let raw = Raw::start(vec![whole("200 OK", kind, reply)]).await;
    let settings = format!(
        "[engines.a]\nbase_url = '{}'\napi_key = 'k'\n[models]\ndefault = 'a'",
        raw.url
    );
    let settings: Settings = toml::from_str(&settings).unwrap();
    let gateway = Gateway::new(&settings, &BTreeMap::new()).unwrap();
    Server::changed(|app| {
        app.gateway = Some(gateway);
        app.quotas = Some(counting(row));
    })
}

/// The tokens that the server has counted in this minute.
fn tokens(server: &Server) -> u64 {
    let projects = server.accounts().projects().unwrap();
    let quotas = server.app().quotas.as_ref().unwrap();
    let now = (server.app().settings.clock)();
    let used = quotas.used(now, &projects[0], "gemini-2.5-flash");
    used.minute.tokens
}

const GOOD: &str = r#"{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}]}"#;

#[tokio::test]
async fn a_prompt_is_counted_exactly_where_room_is_short() {
    // Bytes are many more than 3; the prompt is one token.
    let server = counted("{ rpm = 'unlimited', tpm = 3, rpd = 'unlimited' }", GOOD).await;
    for _ in 0..3 {
        assert_eq!(server.post(UNARY, BODY).await.status, 200);
    }
    assert_eq!(tokens(&server), 3);
    let reply = server.post(UNARY, BODY).await;
    assert_eq!(reply.header("x-propus-failure"), "quota-tokens-per-minute");
}

#[tokio::test]
async fn where_there_is_ample_room_the_reply_tells_the_tokens() {
    let row = "{ rpm = 'unlimited', tpm = 1_000_000, rpd = 'unlimited' }";
    let told = GOOD.replace(
        "\"STOP\"}]",
        "\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":7}",
    );
    // Where it tells none, the prompt is counted by then: it is one token.
    let silent = GOOD.replace(
        "\"STOP\"}]",
        "\"STOP\"}],\"usageMetadata\":{\"totalTokenCount\":7}",
    );
    for (reply, expected) in [(told.as_str(), 7), (GOOD, 1), (silent.as_str(), 1)] {
        let server = counted(row, reply).await;
        assert_eq!(server.post(UNARY, BODY).await.status, 200);
        assert_eq!(tokens(&server), expected, "{reply}");
    }
}

#[tokio::test]
async fn streams_that_tell_no_tokens_count_their_prompt_at_their_end() {
    let row = "{ rpm = 'unlimited', tpm = 1_000_000, rpd = 'unlimited' }";
    let cut = GOOD.replace(",\"finishReason\":\"STOP\"", "");
    for chunk in [GOOD, cut.as_str()] {
        let server = counted(row, &format!("data: {chunk}\r\n\r\n")).await;
        let reply = server.post(STREAM, BODY).await;
        assert_eq!(reply.status, 200);
        assert_eq!(tokens(&server), 1, "{}", reply.text());
    }
}

#[tokio::test]
async fn settings_change_without_a_restart() {
    let of = |text: &'static str| {
        let body = format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}]}},"finishReason":"STOP"}}]}}"#
        );
        whole("200 OK", "content-type: application/json\r\n", &body)
    };
    let (one, two) = (
        Raw::start(vec![of("one")]).await,
        Raw::start(vec![of("two")]).await,
    );
    let settings = |raw: &Raw| -> Settings {
        let text = format!(
            "[engines.a]\nbase_url = '{}'\napi_key = 'k'\n[models]\ndefault = 'a'",
            raw.url
        );
        toml::from_str(&text).unwrap()
    };
    let gateway = Gateway::new(&settings(&one), &BTreeMap::new()).unwrap();
    let server = Server::changed(|app| app.gateway = Some(gateway));
    assert!(server.post(UNARY, BODY).await.text().contains("one"));
    let gateway = server.app().gateway.as_ref().unwrap();
    let wrong: Settings = toml::from_str("[models]\ndefault = 'nobody'").unwrap();
    assert!(gateway.reload(&wrong, &BTreeMap::new()).is_err());
    assert!(server.post(UNARY, BODY).await.text().contains("one"));
    gateway.reload(&settings(&two), &BTreeMap::new()).unwrap();
    assert!(server.post(UNARY, BODY).await.text().contains("two"));
}
