//! Streams: nothing broken is passed on before it has begun, and nothing ends in silence after.

use super::{
    LIST, STREAM, UNARY, ask, before,
    upstream::{Raw, Step, chunk, end, head, whole},
};
use crate::client::Server;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;

const SSE: &str = "content-type: text/event-stream\r\n";
const JSON: &str = "content-type: application/json; charset=UTF-8\r\n";

fn event(text: &str, reason: &str) -> String {
    let json = said(text, reason);
    format!("data: {json}\r\n\r\n")
}

fn said(text: &str, reason: &str) -> String {
    format!(
        r#"{{"candidates": [{{"content": {{"parts": [{{"text": "{text}"}}],"role": "model"}}{reason}}}],"odd":  1}}"#
    )
}

const STOP: &str = r#","finishReason": "STOP""#;

fn good() -> Vec<Step> {
    vec![
        head("200 OK", SSE),
        chunk(event("a", "").as_bytes()),
        chunk(event("b", STOP).as_bytes()),
        end(),
    ]
}

/// The pieces of a streamed reply, and whether it came to its end.
async fn pieces(server: &Server, path: &str) -> (Vec<String>, bool) {
    let request = Request::post(path).header("x-goog-api-key", &server.key);
    let request = request.body(Body::from(super::BODY)).unwrap();
    let mut body = server.open(request).await.into_body();
    let mut pieces = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => {
                pieces.push(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
            }
            Err(_) => return (pieces, false),
        }
    }
    (pieces, true)
}

#[tokio::test]
async fn a_good_stream_is_passed_piece_by_piece() {
    let raw = Raw::start(vec![good()]).await;
    let server = before(&raw.url, "");
    let (got, ended) = pieces(&server, STREAM).await;
    assert_eq!(got.concat(), event("a", "") + &event("b", STOP));
    assert!(ended && got.len() <= 2);
}

#[tokio::test]
async fn what_breaks_before_its_beginning_is_asked_again() {
    let quiet = r#"data: {"candidates":[{"content":{"parts":[{"text":""}]}}]}"#.to_owned() + "\n\n";
    let error = r#"{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}"#;
    let of = |steps: Vec<Step>| [vec![head("200 OK", SSE)], steps].concat();
    let accidents = [
        of(vec![end()]),
        of(vec![Step::Reset]),
        of(vec![chunk(quiet.as_bytes()), end()]),
        of(vec![chunk(quiet.as_bytes()), Step::Reset]),
        of(vec![chunk(b"data: {\"candidates\": [{\"con"), end()]),
        of(vec![chunk(b"<html></html>\n\n"), end()]),
        of(vec![chunk(format!("data: {error}\n\n").as_bytes()), end()]),
        of(vec![chunk(format!("{error}\n\n").as_bytes()), end()]),
        of(vec![chunk(event("", STOP).as_bytes()), end()]),
        whole("503 Service Unavailable", SSE, error),
    ];
    for accident in accidents {
        let raw = Raw::start(vec![accident.clone(), good()]).await;
        let server = before(&raw.url, "");
        let reply = ask(&server, STREAM, &[]).await;
        assert_eq!(
            reply.text(),
            event("a", "") + &event("b", STOP),
            "{accident:?}"
        );
        assert!(
            reply.header("x-propus-repairs").ends_with("attempts=2"),
            "{accident:?}"
        );
    }
}

#[tokio::test]
async fn what_breaks_behind_its_beginning_ends_with_an_error() {
    let begun = chunk(event("a", "").as_bytes());
    for (broken, before_it) in [
        (vec![begun.clone(), end()], event("a", "")),
        (
            vec![begun.clone(), chunk(event("b", "").as_bytes()), Step::Reset],
            String::new(),
        ),
        // Half an event is nobody's: it is left out.
        (
            vec![
                begun.clone(),
                chunk(b"data: {\"candidates\": [{\"con"),
                end(),
            ],
            event("a", ""),
        ),
        // Where it came with a whole one, it is ended.
        (
            vec![chunk((event("a", "") + "data: {\"x").as_bytes()), end()],
            event("a", "") + "data: {\"x\r\n\r\n",
        ),
    ] {
        let raw = Raw::start(vec![[vec![head("200 OK", SSE)], broken.clone()].concat()]).await;
        let server = before(&raw.url, "");
        let (got, ended) = pieces(&server, STREAM).await;
        let text = got.concat();
        assert!(ended && text.starts_with(&before_it), "{broken:?}: {text}");
        let last = got.last().unwrap();
        assert!(
            last.starts_with(r#"{"error":{"code":503"#),
            "{broken:?}: {got:?}"
        );
        assert_eq!(raw.requests().len(), 1, "{broken:?}");
    }
    let begun = chunk(format!("[{}", said("a", "")).as_bytes());
    let raw = Raw::start(vec![vec![head("200 OK", JSON), begun, end()]]).await;
    let (got, _) = pieces(&before(&raw.url, ""), LIST).await;
    let list: Vec<serde_json::Value> = serde_json::from_str(&got.concat()).unwrap();
    assert_eq!((list.len(), &list[1]["error"]["code"]), (2, &503.into()));
}

#[tokio::test]
async fn an_error_of_the_upstreams_is_passed_as_it_is() {
    let error = "{\"error\": {\"code\": 500,\"message\": \"x\",\"status\": \"INTERNAL\"}}\n\n";
    let steps = vec![
        head("200 OK", SSE),
        chunk(event("a", "").as_bytes()),
        chunk(error.as_bytes()),
        end(),
    ];
    let raw = Raw::start(vec![steps]).await;
    let (got, _) = pieces(&before(&raw.url, ""), STREAM).await;
    assert_eq!(got.concat(), event("a", "") + error);
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_work() {
    let steps = vec![
        head("200 OK", SSE),
        chunk(event("a", "").as_bytes()),
        Step::Hang,
    ];
    let raw = Raw::start(vec![steps]).await;
    let server = before(&raw.url, "");
    let request = Request::post(STREAM).header("x-goog-api-key", &server.key);
    let request = request.body(Body::from(super::BODY)).unwrap();
    let mut body = server.open(request).await.into_body();
    body.frame().await.unwrap().unwrap();
    drop(body);
    raw.left().await;

    let raw = Raw::start(vec![vec![Step::Hang]]).await;
    let server = before(&raw.url, "");
    let call = ask(&server, UNARY, &[]);
    tokio::select! {
        _ = call => panic!("nothing came"),
        () = async {
            while raw.requests().is_empty() {
                tokio::task::yield_now().await;
            }
        } => {}
    }
    raw.left().await;
}

#[tokio::test]
async fn a_call_that_runs_out_of_time_is_streamed() {
    let raw = Raw::start(vec![vec![Step::Hang], good()]).await;
    let server = super::gateway(&format!(
        "[engines.a]\nbase_url = '{}'\napi_key = 'k'\nfirst_byte_timeout_seconds = 0.05\n[models]\ndefault = 'a'\n\
         [recovery]\nlongest_deadline_seconds = 0",
        raw.url
    ));
    let reply = ask(&server, UNARY, &[]).await;
    assert_eq!(reply.header("x-propus-repairs"), "streamed=yes; attempts=2");
    let json = reply.json();
    assert_eq!(json["candidates"][0]["content"]["parts"][0]["text"], "ab");
    assert_eq!(json["candidates"][0]["finishReason"], "STOP");
    assert_eq!(json["odd"], 1);
    let asked = &raw.requests()[1];
    assert!(
        asked.starts_with("POST /v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse")
    );
}

#[tokio::test]
async fn the_callers_deadline_ends_all_attempts() {
    let raw = Raw::start(vec![vec![Step::Hang]]).await;
    let server = before(&raw.url, "");
    let reply = ask(&server, UNARY, &[("x-server-timeout", "0.1")]).await;
    assert_eq!((reply.status.as_u16(), raw.requests().len()), (504, 1));
}

#[tokio::test]
async fn a_broken_answer_is_continued_where_that_is_allowed() {
    let broken = vec![
        head("200 OK", SSE),
        chunk(event("One ", "").as_bytes()),
        chunk(event("two ", "").as_bytes()),
        end(),
    ];
    let rest = vec![
        head("200 OK", SSE),
        chunk(event("three", STOP).as_bytes()),
        end(),
    ];
    let raw = Raw::start(vec![broken.clone(), rest]).await;
    let server = before(&raw.url, "[recovery]\nresumes = 1");
    let (got, _) = pieces(&server, STREAM).await;
    let expected = event("One ", "") + &event("two ", "") + &event("three", STOP);
    assert_eq!(got.concat(), expected);
    let asked = raw.requests().pop().unwrap();
    let body: serde_json::Value =
        serde_json::from_str(asked.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(
        body["contents"][1],
        serde_json::json!({"role": "model", "parts": [{"text": "One two "}]})
    );
    // Once only, and a call of a function is none that could be continued.
    let raw = Raw::start(vec![broken]).await;
    let (got, _) = pieces(&before(&raw.url, "[recovery]\nresumes = 1"), STREAM).await;
    assert!(got.last().unwrap().starts_with("{\"error\""), "{got:?}");
    assert_eq!(raw.requests().len(), 2);
    let call = r#"data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}}]}}]}"#;
    let steps = vec![
        head("200 OK", SSE),
        chunk(format!("{call}\n\n").as_bytes()),
        end(),
    ];
    let raw = Raw::start(vec![steps]).await;
    let (got, _) = pieces(&before(&raw.url, "[recovery]\nresumes = 1"), STREAM).await;
    assert!(got.last().unwrap().starts_with("{\"error\""), "{got:?}");
    assert_eq!(raw.requests().len(), 1);
}
