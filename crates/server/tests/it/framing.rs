//! How replies are framed, and what a connection may do.

use crate::client::Server;
use axum::body::Body;
use http::Request;
use serde_json::Value;

const ASK: &str = r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#;
const STREAM: &str = "/v1beta/models/small:streamGenerateContent";

#[tokio::test]
async fn events_are_data_lines_and_nothing_else() {
    let reply = Server::start()
        .post(&format!("{STREAM}?alt=sse"), ASK)
        .await;
    assert_eq!(reply.header("content-type"), "text/event-stream");
    let text = reply.text();
    assert!(text.ends_with("\r\n\r\n"));
    let events: Vec<Value> = text
        .trim_end()
        .split("\r\n\r\n")
        .map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap())
        .collect();
    assert_eq!(events.len(), 4);
    let finished = |event: &Value| event["candidates"][0]["finishReason"].is_string();
    assert!(finished(&events[3]) && !events[..3].iter().any(finished));
    assert_eq!(events[3]["usageMetadata"]["candidatesTokenCount"], 4);
}

#[tokio::test]
async fn a_list_ends_with_its_bracket() {
    let reply = Server::start().post(STREAM, ASK).await;
    assert_eq!(
        reply.header("content-type"),
        "application/json; charset=UTF-8"
    );
    assert_eq!(reply.bytes.last(), Some(&b']'));
    assert_eq!(reply.json().as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn enums_may_be_numbers() {
    let server = Server::start();
    for query in [
        "?$alt=json;enum-encoding=int",
        "?%24alt=json%3Benum-encoding%3Dint",
    ] {
        let reply = server
            .post(&format!("/v1beta/models/small:generateContent{query}"), ASK)
            .await;
        assert_eq!(
            reply.json()["candidates"][0]["finishReason"],
            1,
            "{}",
            reply.text()
        );
    }
}

#[tokio::test]
async fn pretty_printing_can_be_turned_off() {
    let reply = Server::start()
        .post(
            "/v1beta/models/small:generateContent?prettyPrint=false",
            ASK,
        )
        .await;
    assert!(!reply.text().contains('\n'));
}

#[tokio::test]
async fn errors_take_the_form_of_their_path() {
    let server = Server::start();
    let unknown = "/v1beta/models/nobody:streamGenerateContent";
    let reply = server.post(unknown, ASK).await;
    assert_eq!(
        (
            reply.status.as_u16(),
            reply.json()[0]["error"]["code"].as_u64()
        ),
        (404, Some(404))
    );
    let reply = server.post(&format!("{unknown}?alt=sse"), ASK).await;
    assert_eq!(reply.header("content-type"), "text/event-stream");
    assert_eq!(reply.json()["error"]["status"], "NOT_FOUND");
    let reply = server.post("/v1beta/openai/chat/completions", "{").await;
    assert_eq!(reply.json()[0]["error"]["status"], "INVALID_ARGUMENT");
}

#[tokio::test]
async fn gzip_goes_both_ways_but_not_into_streams() {
    use std::io::{Read, Write};
    let server = Server::start();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(ASK.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let send = async |path: &str| {
        let request = Request::post(path)
            .header("x-goog-api-key", &server.key)
            .header("content-encoding", "gzip")
            .header("accept-encoding", "gzip, deflate");
        server
            .send(request.body(Body::from(packed.clone())).unwrap())
            .await
    };
    let reply = send("/v1beta/models/small:generateContent").await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("content-encoding")),
        (200, "gzip")
    );
    let mut text = String::new();
    flate2::read::GzDecoder::new(&reply.bytes[..])
        .read_to_string(&mut text)
        .unwrap();
    assert!(text.contains("The bridge is old."));
    let reply = send(&format!("{STREAM}?alt=sse")).await;
    assert_eq!(reply.header("content-encoding"), "");
    assert!(reply.text().starts_with("data: "));
}

#[tokio::test]
async fn browsers_may_call_from_anywhere() {
    let server = Server::start();
    let request = Request::options("/v1beta/models/small:generateContent")
        .header("origin", "http://localhost:3000")
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "content-type,x-goog-api-key",
        );
    let reply = server.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("access-control-allow-origin"),
        "http://localhost:3000"
    );
    assert_eq!(
        reply.header("access-control-allow-headers"),
        "content-type,x-goog-api-key"
    );
}
