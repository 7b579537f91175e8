//! What goes over a connection: packed bodies, names in URLs, and connections that end.

use crate::hand::{by_hand, head, piece, refused};
use async_compression::tokio::write::GzipEncoder;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use propus_client::{
    Client, Method,
    testing::{KEY, Server, json, refusal, text, with_headers},
    transport::Transport,
};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
    sync::{mpsc, oneshot},
};

fn client(url: impl Into<String>) -> Client {
    let builder = Client::builder().base_url(url).api_key(KEY);
    builder.build().unwrap()
}

async fn packed(text: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzipEncoder::new(Vec::new());
    encoder.write_all(text.as_ref()).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

#[tokio::test]
async fn a_packed_reply_is_unpacked() {
    let body = packed(r#"{"name":"models/x","displayName":"Ö"}"#).await;
    let headers = "content-type: application/json\r\ncontent-encoding: gzip\r\n";
    let server = Server::reply(with_headers(headers, body)).await;
    let model = server.client().models().get("x").await.unwrap();
    assert_eq!(model.display_name.as_deref(), Some("Ö"));
    assert_eq!(server.request().header("accept-encoding"), Some("gzip"));
}

#[tokio::test]
async fn a_packed_error_is_unpacked() {
    let plain = refusal(400, "INVALID_ARGUMENT", "API key not valid.");
    let at = plain
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let body = packed(&plain[at + 4..]).await;
    let head = "HTTP/1.1 400 Bad Request\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n";
    let server = Server::reply([head.as_bytes(), &body].concat()).await;
    let error = server.client().models().get("x").await.unwrap_err();
    assert_eq!(error.message(), "400 INVALID_ARGUMENT: API key not valid.");
}

#[tokio::test]
async fn a_packed_reply_that_is_broken_is_an_error() {
    let whole = packed("{\"name\":\"models/x\"}").await;
    for body in [&whole[..whole.len() - 9], b"no gzip at all"] {
        let server = Server::reply(with_headers("content-encoding: gzip\r\n", body)).await;
        let error = server.client().models().get("x").await.unwrap_err();
        assert!(error.is_truncated(), "{error:?}");
    }
}

/// What a packed stream adds when this is written and flushed.
async fn more(encoder: &mut GzipEncoder<Vec<u8>>, text: &str) -> Vec<u8> {
    encoder.write_all(text.as_bytes()).await.unwrap();
    encoder.flush().await.unwrap();
    std::mem::take(encoder.get_mut())
}

#[tokio::test]
async fn events_of_a_packed_stream_come_one_by_one() {
    let (mut sender, url) = by_hand().await;
    let model = client(url).model("x");
    let begin = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut encoder = GzipEncoder::new(Vec::new());
    let event = |text: &str, end: &str| {
        format!(
            "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{text}\"}}]}}{end}}}]}}\r\n\r\n"
        )
    };
    let (chunks, ()) = tokio::join!(model.stream("hello"), sender.send(begin));
    let mut chunks = chunks.unwrap();
    // The next event is sent when the one before it has been read.
    for (text, end) in [("a", ""), ("b", ""), ("c", ",\"finishReason\":\"STOP\"")] {
        let piece = more(&mut encoder, &event(text, end)).await;
        sender.send_piece(piece).await;
        let chunk = chunks.try_next().await.unwrap().unwrap();
        assert_eq!(chunk.text().as_deref(), Some(text));
    }
    encoder.shutdown().await.unwrap();
    sender.send_piece(encoder.into_inner()).await;
    sender.send_piece("").await;
    assert!(chunks.next().await.is_none());
    assert_eq!(chunks.reply().text().unwrap(), "abc");
}

#[tokio::test]
async fn the_name_in_a_base_url_is_said_to_the_server_and_not_shown() {
    let server = Server::replies([
        json("{}"),
        json("{}"),
        refusal(401, "UNAUTHENTICATED", "no"),
    ])
    .await;
    let url = server.url().replace("://", "://us%3Aer:pass%20word@");
    let named = client(&url);
    named.models().get("x").await.unwrap();
    let request = server.request();
    let login = Some("Basic dXM6ZXI6cGFzcyB3b3Jk");
    assert_eq!(request.header("authorization"), login);
    assert_eq!(request.header("host"), server.url().strip_prefix("http://"));
    assert_eq!(request.line(), "GET /v1beta/models/x HTTP/1.1");
    // A token is the nearer one.
    let builder = Client::builder()
        .base_url(&url)
        .access_token("ya29.a-token");
    builder.build().unwrap().models().get("x").await.unwrap();
    let token = Some("Bearer ya29.a-token");
    assert_eq!(server.request().header("authorization"), token);
    let error = named.models().get("x").await.unwrap_err();
    let all = format!("{error} {error:?} {named:?} {}", named.base_url());
    for secret in ["pass%20word", "pass word", "dXM6ZXI6"] {
        assert!(!all.contains(secret), "{all}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_must_come_about_in_time() {
    // A server that takes connections and never says a word, of TLS or as a proxy.
    let silent = Server::silent_after("").await;
    let address = silent.url().replace("http://", "");
    let builder = || {
        let builder = Client::builder().api_key(KEY);
        builder.connect_timeout(Duration::from_millis(50))
    };
    for builder in [
        builder().base_url(format!("https://{address}")).proxy(None),
        builder()
            .base_url("https://gemini.test")
            .proxy(Some(silent.url())),
        builder()
            .base_url("http://gemini.test")
            .proxy(Some(format!("socks5h://{address}"))),
    ] {
        let error = refused(builder).await;
        assert!(error.is_connect() && error.is_retryable(), "{error:?}");
        let why = format!("{error:?}");
        assert!(why.contains("no connection within 50ms"), "{why}");
    }
}

#[tokio::test]
async fn a_connection_that_died_between_two_calls_is_replaced() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(format!("http://{}", listener.local_addr().unwrap()));
    let (sender, gone) = oneshot::channel();
    tokio::spawn(async move {
        let (connection, _) = listener.accept().await.unwrap();
        let mut connection = BufReader::new(connection);
        head(&mut connection).await;
        connection.write_all(&json("{}")).await.unwrap();
        connection.shutdown().await.unwrap();
        // The client closes its side when it has seen that.
        connection.read_to_end(&mut Vec::new()).await.unwrap();
        sender.send(()).unwrap();
        let (connection, _) = listener.accept().await.unwrap();
        let mut connection = BufReader::new(connection);
        head(&mut connection).await;
        connection.write_all(&json("{}")).await.unwrap();
    });
    client.models().get("x").await.unwrap();
    gone.await.unwrap();
    client.models().get("x").await.unwrap();
}

#[tokio::test]
async fn a_connection_that_dies_under_a_call_is_an_error_that_may_be_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(format!("http://{}", listener.local_addr().unwrap()));
    tokio::spawn(async move {
        let (connection, _) = listener.accept().await.unwrap();
        head(&mut BufReader::new(connection)).await;
    });
    let error = client.models().get("x").await.unwrap_err();
    assert_eq!(error.failure(), Some("network-error"), "{error:?}");
    assert!(error.is_retryable() && !error.is_connect(), "{error:?}");
}

#[tokio::test]
async fn a_body_is_sent_as_it_comes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::channel::<&str>(1);
    sender.send("one").await.unwrap();
    let server = tokio::spawn(async move {
        let (connection, _) = listener.accept().await.unwrap();
        let mut connection = BufReader::new(connection);
        let head = head(&mut connection).await.to_lowercase();
        assert!(
            head.contains("\r\ntransfer-encoding: chunked\r\n"),
            "{head}"
        );
        assert_eq!(piece(&mut connection).await, b"one");
        // Only now is there a second piece, and then no more.
        sender.send("two").await.unwrap();
        drop(sender);
        assert_eq!(piece(&mut connection).await, b"two");
        assert_eq!(piece(&mut connection).await, b"");
        connection.write_all(&text("hi")).await.unwrap();
    });
    let pieces = stream::unfold(receiver, async |mut receiver| {
        let piece = receiver.recv().await?;
        Some((Ok::<_, std::io::Error>(Bytes::from(piece)), receiver))
    });
    let transport = Transport::builder(url).build().unwrap();
    let call = transport.call(Method::POST, "upload");
    let reply = call.exchange_streamed(pieces).await.unwrap();
    assert_eq!(reply.status(), 200);
    server.await.unwrap();
}

#[tokio::test]
async fn a_body_of_known_length_says_it_and_one_that_breaks_ends_the_call() {
    let server = Server::reply(json("{}")).await;
    let transport = Transport::builder(server.url()).build().unwrap();
    let pieces = ["ab", "cd"].map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)));
    let call = transport.call(Method::POST, "upload");
    let call = call.header("content-length", "4");
    call.exchange_streamed(stream::iter(pieces)).await.unwrap();
    let request = server.request();
    assert_eq!(request.header("transfer-encoding"), None);
    assert_eq!(request.body, "abcd");

    let silent = Server::silent_after("").await;
    let transport = Transport::builder(silent.url()).build().unwrap();
    let broken = [
        Ok(Bytes::from("ab")),
        Err(std::io::Error::other("the file is gone")),
    ];
    let call = transport.call(Method::POST, "upload");
    let error = call
        .exchange_streamed(stream::iter(broken))
        .await
        .unwrap_err();
    assert!(
        format!("{error:?}").contains("the file is gone"),
        "{error:?}"
    );
}
