//! Failures on demand.

use crate::client::{ADMIN, Server};
use axum::body::Body;
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use propus_failures::{
    Problem,
    catalogue::{ENTRIES, examples, replies},
    diagnose,
};
use propus_server::{
    inject::{HEADER, Rule, names},
    serve::serve,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::Instant,
};

const BODY: &str = r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#;
const UNARY: &str = "/v1beta/models/small:generateContent";
const STREAM: &str = "/v1beta/models/small:streamGenerateContent?alt=sse";
const CHAT: &str = "/v1beta/openai/chat/completions";

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

/// Failures that need an answer have another model give it.
#[tokio::test(start_paused = true)]
async fn a_model_that_is_a_failure_answers_where_it_must() {
    let server = Server::start();
    for (model, words) in [
        ("fault-stream-error-midway", "\"code\":503"),
        ("fault-slow-chunks", "STOP"),
        ("fault-stream-truncated", "The "),
    ] {
        let path = STREAM.replace("small", model);
        let reply = server.post(&path, BODY).await;
        assert_eq!(reply.status, 200, "{model}: {}", reply.text());
        assert!(reply.text().contains(words), "{model}: {}", reply.text());
        let body = format!(
            r#"{{"model":"models/{model}","stream":true,"messages":[{{"role":"user","content":"hi"}}]}}"#
        );
        let reply = server.post(CHAT, &body).await;
        assert_eq!(reply.status, 200, "{model}: {}", reply.text());
        assert!(
            reply.text().contains("\"model\":\"small\""),
            "{}",
            reply.text()
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

async fn chat(server: &Server, stream: bool, inject: &str) -> crate::client::Reply {
    let body = json!({
        "model": "small", "stream": stream, "messages": [{ "role": "user", "content": "hi" }],
    });
    let request = Request::post(CHAT)
        .header("authorization", format!("Bearer {}", server.key))
        .header("x-propus-inject", inject);
    let body = Body::from(body.to_string());
    server.send(request.body(body).unwrap()).await
}

/// The body's chunks, and whether it came to its end.
async fn chunks(server: &Server, path: &str, inject: &str) -> (Vec<String>, bool) {
    let request = Request::post(path)
        .header("x-goog-api-key", &server.key)
        .header("x-propus-inject", inject);
    read(server.open(request.body(Body::from(BODY)).unwrap()).await).await
}

async fn read(response: Response<Body>) -> (Vec<String>, bool) {
    let (mut body, mut chunks) = (response.into_body(), Vec::new());
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return (chunks, false);
        };
        let chunk = String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap();
        if !chunk.is_empty() {
            chunks.push(chunk);
        }
    }
    (chunks, true)
}

/// The law: whatever the catalogue has is provoked by its name on both surfaces, and known again, or is
/// refused with the reason.
#[tokio::test(start_paused = true)]
async fn the_whole_catalogue_is_provoked() {
    let server = Server::start();
    let errors: Vec<_> = examples().iter().map(Problem::name).collect();
    let replies: Vec<_> = replies("small").into_iter().map(|(name, _)| name).collect();
    let body = r#"{"model":"small","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    for name in ENTRIES.iter().map(|entry| entry.name) {
        for (path, body) in [(STREAM, BODY), (CHAT, body)] {
            let request = Request::post(path)
                .header("x-goog-api-key", &server.key)
                .header("x-propus-inject", name);
            let began = Instant::now();
            let response = server.open(request.body(Body::from(body)).unwrap()).await;
            let failure = response.headers().get("x-propus-failure").cloned();
            let (got, ended) = read(response).await;
            let text = got.concat();
            let is_late = began.elapsed() >= Duration::from_secs(60);
            let is_whole = ended && (text.contains("[DONE]") || text.contains("\"STOP\""));
            if let Some(why) = names::why_not(name) {
                assert!(text.contains(why), "{name}: {text}");
            } else if errors.contains(&name) {
                assert_eq!(failure.unwrap(), name, "{path}");
            } else if replies.contains(&name) {
                assert_eq!((failure, ended), (None, true), "{name}: {text}");
                let causes = diagnose(&text).causes;
                let is_known = causes.iter().any(|cause| cause.failure == name);
                // OpenAI's form keeps little of the reason.
                assert!(is_known || path == CHAT, "{name}: {text}");
            } else if name.starts_with("sdk-") || name == "finish-unknown-enum" {
                assert!(ended && failure.is_none(), "{name}: {text}");
                let bridge = text.contains("bridge");
                assert!(!bridge, "the engine was not asked: {name}: {text}");
            } else {
                assert_ne!(is_whole, name != "client-timeout", "{name}: {text}");
                assert_eq!(is_late, name == "client-timeout", "{name}");
            }
        }
    }
}

#[tokio::test]
async fn a_list_of_outcomes_comes_one_by_one() {
    let server = Server::start();
    let inject = "overloaded-503*2,ok,quota-per-minute;id=list";
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(ask(&server, UNARY, inject).await.status.as_u16());
    }
    assert_eq!(seen, [503, 503, 200, 429, 429]);
    let slip = ask(&server, UNARY, "overloaded-530").await.text();
    assert!(slip.contains("did you mean `overloaded-503`?"), "{slip}");
    let slip = ask(&server, UNARY, "tls-error").await.text();
    assert!(slip.contains("comes about in the handshake"), "{slip}");
}

#[tokio::test]
async fn streams_are_hit_at_the_chunk_that_is_asked_for() {
    let server = Server::start();
    let (whole, _) = chunks(&server, STREAM, "ok").await;
    assert_eq!(whole.len(), 4);
    for (inject, before, ended) in [
        ("stream-truncated;chunk=2", 2, true),
        ("network-error;chunk=3", 3, false),
        ("network-error", 0, false),
        ("stream-truncated;chunk=99", 4, true),
    ] {
        let got = chunks(&server, STREAM, inject).await;
        let same = |(a, b): (&String, &String)| {
            a.split("createTime").next() == b.split("createTime").next()
        };
        assert_eq!((got.0.len(), got.1), (before, ended), "{inject}");
        assert!(got.0.iter().zip(&whole).all(same), "{inject}");
    }
    let (got, ended) = chunks(&server, STREAM, "quota-per-day;chunk=2").await;
    assert!(ended && got.len() == 3, "{got:?}");
    assert!(got[2].starts_with("{\"error\":{\"code\":429"), "{}", got[2]);
    let (got, _) = chunks(&server, STREAM, "stream-parse-error;chunk=2").await;
    assert!(got.len() == 3 && !got[2].ends_with("\r\n\r\n"), "{got:?}");
    // What is no stream fails as a whole.
    let reply = ask(&server, UNARY, "stream-error-midway").await;
    assert_eq!(reply.status, 503);
    let (got, ended) = chunks(&server, UNARY, "stream-truncated").await;
    assert!(
        !ended && got.len() == 1 && got[0].starts_with('{'),
        "{got:?}"
    );
    let text = chat(&server, true, "overloaded-503;chunk=2").await.text();
    let last = text.trim_end().rsplit("\r\n\r\n").next().unwrap();
    assert!(last.starts_with("data: {\"error\":{\"code\":503"), "{text}");
    assert!(!text.contains("[DONE]"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn slow_servers_take_their_time() {
    let server = Server::start();
    for (path, inject, seconds) in [
        (UNARY, "slow-first-byte;seconds=7", 7.0),
        (UNARY, "slow-first-byte", 10.0),
        (UNARY, "client-timeout", 60.0),
        (STREAM, "slow-chunks;every=2.5", 10.0),
        (STREAM, "slow-chunks;every=2;chunk=3", 2.0),
        (STREAM, "slow-chunks;seconds=3", 7.0),
        (STREAM, "overloaded-503;seconds=4", 4.0),
    ] {
        let began = Instant::now();
        let (got, ended) = chunks(&server, path, inject).await;
        assert!(ended && !got.is_empty());
        assert_eq!(began.elapsed().as_secs_f64().round(), seconds, "{inject}");
    }
}

#[tokio::test]
async fn what_stands_in_between_answers_in_its_place() {
    let server = Server::start();
    let page = ask(&server, UNARY, "proxy-page").await;
    assert_eq!(page.status, 502);
    assert!(page.text().contains("502 Bad Gateway"));
    assert_eq!(page.header("server"), "", "it is not Google's");
    let login = ask(&server, UNARY, "login-redirect").await;
    assert_eq!(login.status, 302);
    let request = Request::get(login.header("location"));
    let page = server.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    let empty = ask(&server, UNARY, "empty-body").await;
    assert_eq!((empty.status.as_u16(), empty.bytes.len()), (200, 0));
}

#[tokio::test]
async fn replies_come_in_openais_form_too() {
    let server = Server::start();
    for (name, reason) in [
        ("blocked-safety-prompt", "content_filter"),
        ("recitation", "content_filter"),
        ("max-tokens-empty", "length"),
        (
            "malformed-function-call",
            "function_call_filter: MALFORMED_FUNCTION_CALL",
        ),
        ("empty-response", "stop"),
    ] {
        let whole = chat(&server, false, name).await;
        assert_eq!(whole.status, 200, "{}", whole.text());
        let json = whole.json();
        assert_eq!(json["object"], "chat.completion");
        assert_eq!(json["model"], "small");
        assert_eq!(json["choices"][0]["finish_reason"], reason, "{name}");
        let text = chat(&server, true, name).await.text();
        let events = text.lines().filter_map(|line| line.strip_prefix("data: "));
        let events: Vec<Value> = events
            .filter_map(|e| serde_json::from_str(e).ok())
            .collect();
        let last = &events.last().unwrap()["choices"][0];
        assert_eq!(last["finish_reason"], reason, "{name}: {text}");
        assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
    }
    // Embeddings have no such reply.
    let count = "/v1beta/models/small:countTokens";
    let slip = ask(&server, count, "recitation").await;
    assert_eq!(slip.status, 400);
    assert!(slip.text().contains("`countTokens` has none"));
}

async fn call(server: &Server, method: Method, path: &str, body: &str) -> crate::client::Reply {
    let request = Request::builder().method(method).uri(path);
    let token = format!("Bearer {ADMIN}");
    let request = request.header("authorization", token);
    server
        .send(request.body(Body::from(body.to_owned())).unwrap())
        .await
}

#[tokio::test]
async fn rules_need_no_header() {
    let server = Server::start();
    let path = "/propus/v1/inject";
    let rule = r#"{"id":"pro","match":{"model":"*small","method":"*enerateContent"},"outcome":"overloaded-503*2"}"#;
    let put = server.admin("POST", path, rule).await;
    assert_eq!(put.status, 200, "{}", put.text());
    assert_eq!(put.json()["seen"], 0);
    let count = "/v1beta/models/small:countTokens";
    assert_eq!(server.post(count, BODY).await.status, 200);
    assert_eq!(server.post(UNARY, BODY).await.status, 503);
    // The header wins over the rule, and does not count there.
    assert_eq!(ask(&server, UNARY, "ok").await.status, 200);
    assert_eq!(server.post(STREAM, BODY).await.status, 503);
    assert_eq!(server.post(UNARY, BODY).await.status, 200);
    let listed = server.admin("GET", path, "").await.json();
    let rule = &listed["rules"][0];
    assert_eq!(
        (&rule["seen"], &rule["hit"]),
        (&json!(3), &json!(2)),
        "{listed}"
    );
    assert_eq!(rule["match"]["model"], "*small");
    let names = listed["names"].as_array().unwrap();
    assert!(names.contains(&json!("proxy-page")) && names.contains(&json!("recitation")));
    // A rule wins over the model's name, by whatever surface it is called.
    let chat = r#"{"id":"chat","match":{"model":"fault-leaked-*","method":"chat/completions"},"outcome":"internal-500"}"#;
    assert_eq!(server.admin("POST", path, chat).await.status, 200);
    let fault = r#"{"model":"fault-leaked-api-key","messages":[{"role":"user","content":"hi"}]}"#;
    assert_eq!(server.post(CHAT, fault).await.status, 500);
    let removed = call(&server, Method::DELETE, "/propus/v1/inject/chat", "").await;
    assert_eq!(removed.status, 200);
    assert_eq!(server.post(CHAT, fault).await.status, 403);
    let missing = call(&server, Method::DELETE, "/propus/v1/inject/chat", "").await;
    assert_eq!(missing.status, 404);
    assert!(missing.text().contains("no rule `chat`"));
    let removed = call(&server, Method::DELETE, path, "").await;
    assert_eq!(removed.json(), json!({ "removed": 1 }));
    assert_eq!(
        server.admin("GET", path, "").await.json()["rules"],
        json!([])
    );
}

#[tokio::test]
async fn rules_may_be_for_one_key_or_project() {
    let server = Server::start();
    let ending = &server.key[server.key.len() - 4..];
    for (matches, status) in [
        (json!({ "key": "1" }), 503),
        (json!({ "key": "77" }), 200),
        (json!({ "key": ending }), 503),
        (json!({ "project": "default" }), 503),
        (json!({ "project": "other" }), 200),
    ] {
        let rule = json!({ "id": "r", "match": matches, "outcome": "overloaded-503" });
        let put = server
            .admin("POST", "/propus/v1/inject", &rule.to_string())
            .await;
        assert_eq!(put.status, 200, "{}", put.text());
        assert_eq!(server.post(UNARY, BODY).await.status, status, "{matches}");
    }
}

#[tokio::test]
async fn bad_rules_are_refused_with_the_field() {
    let server = Server::start();
    for (body, word) in [
        ("{", "the body is no rule"),
        (r#"{"outcome":"ok","when":1}"#, "unknown field `when`"),
        (
            r#"{"id":"a","outcome":"ok","probability":7}"#,
            "rule `a`: `probability` is 7",
        ),
        (
            r#"{"id":"a","outcome":"oops"}"#,
            "rule `a`: no outcome is called `oops`",
        ),
        (
            r#"{"match":{"method":"generate"},"outcome":"ok"}"#,
            "rule `rule-1`: `match.method`",
        ),
    ] {
        let reply = server.admin("POST", "/propus/v1/inject", body).await;
        assert_eq!(reply.status, 400, "{body}");
        let message = reply.json()["error"]["message"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(message.contains(word), "{message}");
    }
    let request = Request::get("/propus/v1/inject").body(Body::empty());
    assert_eq!(
        server.send(request.unwrap()).await.status,
        401,
        "it needs the admin token"
    );
}

#[test]
fn rules_are_read_from_toml() {
    #[derive(serde::Deserialize)]
    struct Configuration {
        inject: Vec<Rule>,
    }
    let read = toml::from_str::<Configuration>;
    let good = r#"
        [[inject]]
        id = "busy"
        match = { model = "gemini-*", method = "generateContent" }
        outcome = "overloaded-503*2,ok"
        probability = 0.5
        seed = 7
        [[inject]]
        outcome = "slow-chunks"
        every = 0.5
    "#;
    let rules = read(good).unwrap().inject;
    assert_eq!(rules[0].matches.model.as_deref(), Some("gemini-*"));
    let injector = propus_server::inject::Injector::with_rules(rules).unwrap();
    assert_eq!(injector.rules()[1].id, "rule-1");
    let error = read("[[inject]]\noutcome = 'ok'\nsecond = 1")
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("unknown field `second`"),
        "{error}"
    );
}

#[tokio::test]
async fn servers_that_do_not_provoke_have_no_rules() {
    let server = Server::without_faults();
    let rules = server.admin("GET", "/propus/v1/inject", "").await;
    assert_eq!(rules.status, 404);
    assert_eq!(ask(&server, UNARY, "overloaded-503").await.status, 200);
}

/// What a connection carries when it is asked with this header.
async fn over_tcp(inject: &str) -> Vec<u8> {
    let server = Server::start();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stopped = async { stopped.await.unwrap_or_default() };
    let grace = Duration::from_secs(5);
    let serving = tokio::spawn(serve(listener, server.router(), stopped, grace));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let (key, length) = (&server.key, BODY.len());
    let request = format!(
        "POST {STREAM} HTTP/1.1\r\nhost: x\r\nx-goog-api-key: {key}\r\n{HEADER}: {inject}\r\n\
         connection: close\r\ncontent-length: {length}\r\n\r\n{BODY}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut got = Vec::new();
    // A reset is an error here; what came before it counts.
    let _ = stream.read_to_end(&mut got).await;
    stop.send(()).unwrap();
    serving.await.unwrap();
    got
}

#[tokio::test]
async fn a_reset_leaves_no_answer_on_the_connection() {
    let whole = over_tcp("ok").await;
    assert!(whole.ends_with(b"0\r\n\r\n"));
    assert_eq!(over_tcp("network-error").await, b"");
    let begun = String::from_utf8(over_tcp("network-error;chunk=1").await).unwrap();
    assert_eq!(begun.matches("data: ").count(), 1);
    assert!(!begun.ends_with("0\r\n\r\n"), "{begun}");
    let cut = String::from_utf8(over_tcp("stream-truncated;chunk=2").await).unwrap();
    assert_eq!(cut.matches("data: ").count(), 2);
    assert!(
        cut.ends_with("0\r\n\r\n"),
        "it ends as if it were whole: {cut}"
    );
}
