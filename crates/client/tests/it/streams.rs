//! Streamed answers: good ones, and every way in which they break.

use futures::StreamExt;
use propus_client::testing::{KEY, Server, events, json, reply};
use propus_client::{
    Chunks, Error,
    wire::generate::{Content, GenerateContentRequest},
    wire::status::Code,
};
use std::time::Duration;

const FIRST: &str = r#"{"candidates":[{"content":{"parts":[{"text":"héllo "}],"role":"model"}}]}"#;
const LAST: &str =
    r#"{"candidates":[{"content":{"parts":[{"text":"you"}]},"finishReason":"STOP"}]}"#;
const FAILED: &str = r#"{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}"#;

fn hello() -> GenerateContentRequest {
    GenerateContentRequest {
        contents: vec![Content::text("user", "hello")],
        ..Default::default()
    }
}

/// The texts of the chunks, and the error that ended them.
async fn drain(mut chunks: Chunks) -> (Vec<String>, Option<Error>) {
    let mut texts = Vec::new();
    let mut last = None;
    while let Some(item) = chunks.next().await {
        assert!(last.is_none(), "an error is the last item");
        match item {
            Ok(chunk) => texts.push(chunk.text().unwrap_or_default()),
            Err(error) => last = Some(error),
        }
    }
    assert!(chunks.next().await.is_none(), "an end stays an end");
    (texts, last)
}

async fn stream(reply: Vec<u8>) -> (Vec<String>, Option<Error>) {
    let server = Server::reply(reply).await;
    let chunks = server.client().stream("x", &hello()).await.unwrap();
    drain(chunks).await
}

async fn check_good(reply: Vec<u8>) {
    let (texts, error) = stream(reply).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(texts, ["héllo ", "you"]);
}

async fn check_broken(reply: Vec<u8>) -> Error {
    let (texts, error) = stream(reply).await;
    assert_eq!(texts, ["héllo "]);
    error.expect("this stream is broken")
}

#[tokio::test]
async fn a_stream_is_asked_for_as_events() {
    let server = Server::reply(events(format!("data: {LAST}\n\n"))).await;
    let chunks = server.client().stream("x", &hello()).await.unwrap();
    assert!(drain(chunks).await.1.is_none());
    let request = server.request();
    let line = "POST /v1beta/models/x:streamGenerateContent?alt=sse HTTP/1.1";
    assert_eq!(request.line(), line);
}

#[tokio::test]
async fn good_streams_in_all_their_forms() {
    check_good(events(format!("data: {FIRST}\r\n\r\ndata: {LAST}\r\n\r\n"))).await;
    check_good(events(format!(
        ": ping\n\nevent: x\ndata: {FIRST}\n\ndata: {LAST}"
    )))
    .await;
    check_good(events(format!(
        "data: {FIRST}\n\ndata: {LAST}\n\ndata: [DONE]\n\n"
    )))
    .await;
    check_good(json(format!("[{FIRST}\n,\r\n{LAST}]"))).await;
}

#[tokio::test]
async fn chunks_of_http_may_cut_anything() {
    let body = format!("data: {FIRST}\r\n\r\ndata: {LAST}\r\n\r\n");
    let mut chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for byte in body.bytes() {
        chunked.extend([b"1\r\n", [byte].as_slice(), b"\r\n"].concat());
    }
    check_good([chunked.as_slice(), b"0\r\n\r\n"].concat()).await;
    let error = check_broken(chunked[..chunked.len() - 6 * 20].to_vec()).await;
    assert!(error.is_truncated(), "{error:?}");
}

#[tokio::test]
async fn an_error_in_a_stream_is_that_error() {
    for late in [
        format!("{FAILED}\n\n"),
        format!("{}\n\n", FAILED.replace([','], ",\n  ")),
        format!("data: {FAILED}\n\n"),
        format!("event: error\ndata: {FAILED}\n\n"),
        FAILED.to_owned(),
        format!("[{FAILED}]"),
    ] {
        let error = check_broken(events(format!("data: {FIRST}\r\n\r\n{late}"))).await;
        assert_eq!(
            error.status().map(|status| status.code),
            Some(Code::Unavailable)
        );
        assert_eq!(error.http_status(), Some(503));
        assert_eq!(error.message(), "503 UNAVAILABLE: overloaded");
    }
}

#[tokio::test]
async fn a_list_gives_its_chunks_before_its_error() {
    let error = check_broken(json(format!("[{FIRST},\r\n{FAILED}]"))).await;
    assert_eq!(error.http_status(), Some(503));
}

#[tokio::test]
async fn an_error_in_a_stream_hides_the_key() {
    let late = FAILED.replace("overloaded", KEY);
    let error = check_broken(events(format!("data: {FIRST}\n\n{late}"))).await;
    assert_eq!(error.message(), "503 UNAVAILABLE: <key>");
    assert!(!format!("{error:?}").contains(KEY), "{error:?}");
}

#[tokio::test]
async fn an_end_without_finish_reason_is_truncation() {
    let error = check_broken(events(format!("data: {FIRST}\n\n"))).await;
    assert!(error.is_truncated(), "{error:?}");
    let error = check_broken(events(format!("data: {FIRST}\n\ndata: {{\"candi"))).await;
    assert!(error.is_truncated(), "{error:?}");
    let (texts, error) = stream(events("")).await;
    assert!(texts.is_empty() && error.unwrap().is_truncated());
    let second = r#"{"candidates":[{"index":1,"content":{"parts":[]}},{"finishReason":"STOP"}]}"#;
    let (_, error) = stream(events(format!("data: {second}\n\n"))).await;
    assert!(error.unwrap().is_truncated());
}

#[tokio::test]
async fn a_refused_prompt_is_a_whole_answer() {
    let blocked = r#"data: {"promptFeedback":{"blockReason":"SAFETY"}}"#;
    let (texts, error) = stream(events(format!("{blocked}\n\n"))).await;
    assert_eq!(texts, [""]);
    assert!(error.is_none(), "{error:?}");
}

#[tokio::test]
async fn what_is_no_chunk_is_unreadable() {
    let error = check_broken(events(format!("data: {FIRST}\n\ndata: hello\n\n: more\n"))).await;
    assert_eq!(error.body(), Some("hello"));
    let error = check_broken(events(format!(
        "data: {FIRST}\n\ndata: {{\"candidates\":7}}\n\n"
    )))
    .await;
    assert!(error.is_unreadable(), "{error:?}");
    let (_, error) = stream(reply("200 OK", "text/html", "<html>\n<p>hi")).await;
    assert!(error.unwrap().is_unreadable());
}

#[tokio::test]
async fn an_error_before_the_stream_is_that_error() {
    let server = Server::reply(reply(
        "503 Service Unavailable",
        "text/event-stream",
        FAILED,
    ))
    .await;
    let error = server.client().stream("x", &hello()).await.unwrap_err();
    assert_eq!(
        error.status().map(|status| status.code),
        Some(Code::Unavailable)
    );
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_a_stream() {
    let server = Server::silent_after(
        "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\ndata: {\"candidates\":[{}]}\n\n",
    )
    .await;
    let client = server.client().with_timeout(Duration::from_millis(100));
    let chunks = client.stream("x", &hello()).await.unwrap();
    let (texts, error) = drain(chunks).await;
    assert_eq!(texts, [""]);
    assert!(error.unwrap().is_timeout());
}
