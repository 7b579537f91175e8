//! The transport as others use it: any method, raw bodies, all headers, the time until a reply
//! begins.

use crate::hand::by_hand;
use bytes::Bytes;
use futures::TryStreamExt;
use propus_client::{
    Client, Method,
    testing::{KEY, Server, json, reply, with_headers},
    transport::Transport,
};
use std::time::Duration;

fn transport(server: &Server) -> Transport {
    Transport::builder(server.url())
        .as_received()
        .build()
        .unwrap()
}

#[tokio::test]
async fn bytes_go_through_as_they_are() {
    let answer = with_headers(
        "content-type: application/x-mine\r\nx-one: a\r\nx-one: b\r\ncontent-encoding: gzip\r\n",
        [0, 159, 146, 150],
    );
    let server = Server::reply(answer).await;
    let mut headers = http::HeaderMap::new();
    headers.append("x-two", "1".parse().unwrap());
    headers.append("x-two", "2".parse().unwrap());
    let call = transport(&server)
        .call(Method::PUT, "v1beta/any%2Fthing")
        .raw_query(Some("a=1&b=%20"))
        .headers(headers)
        .body(&b"{ \"as\" : 1 }"[..]);
    let reply = call.exchange().await.unwrap();
    assert_eq!(reply.status(), 200);
    let all: Vec<_> = reply.headers().get_all("x-one").iter().collect();
    assert_eq!(all, ["a", "b"]);
    assert_eq!(reply.header("content-encoding"), Some("gzip"));
    // Nothing was unpacked.
    assert_eq!(&reply.bytes().await.unwrap()[..], [0, 159, 146, 150]);
    let request = server.request();
    assert_eq!(request.line(), "PUT /v1beta/any%2Fthing?a=1&b=%20 HTTP/1.1");
    assert_eq!(request.body, "{ \"as\" : 1 }");
    assert_eq!(request.header("accept-encoding"), None);
    assert_eq!(request.header("content-type"), None);
}

#[tokio::test]
async fn chunks_keep_their_boundaries() {
    let (mut sender, url) = by_hand().await;
    let server = Transport::builder(url).build().unwrap();
    let reply = server.call(Method::GET, "x");
    let (reply, ()) = tokio::join!(
        reply.exchange(),
        sender.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    );
    let mut body = reply.unwrap().chunks();
    for piece in ["data: {\"a\":", "1}\n\n"] {
        sender.send_piece(piece).await;
        assert_eq!(body.try_next().await.unwrap(), Some(Bytes::from(piece)));
    }
    sender.send_piece("").await;
    assert_eq!(body.try_next().await.unwrap(), None);
}

#[tokio::test]
async fn a_body_that_is_cut_ends_with_an_error() {
    let (mut sender, url) = by_hand().await;
    let server = Transport::builder(url).build().unwrap();
    let call = server.call(Method::GET, "x");
    let (reply, ()) = tokio::join!(
        call.exchange(),
        sender.send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc")
    );
    let mut body = reply.unwrap().chunks();
    assert_eq!(body.try_next().await.unwrap(), Some(Bytes::from("abc")));
    drop(sender);
    assert!(body.try_next().await.unwrap_err().is_truncated());
    assert_eq!(body.try_next().await.unwrap(), None);
}

#[tokio::test]
async fn a_call_that_is_dropped_closes_its_connection() {
    use tokio::io::AsyncReadExt;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let client = Client::builder()
        .base_url(url)
        .api_key(KEY)
        .build()
        .unwrap();
    let model = client.model("x");
    let mut call = Box::pin(model.generate("hello"));
    let mut connection = tokio::select! {
        _ = &mut call => panic!("nobody answers"),
        accepted = listener.accept() => accepted.unwrap().0,
    };
    let mut seen = vec![0; 4096];
    tokio::select! {
        _ = &mut call => panic!("nobody answers"),
        read = connection.read(&mut seen) => assert_ne!(read.unwrap(), 0),
    }
    drop(call);
    // Until the client has gone.
    while connection.read(&mut seen).await.unwrap() > 0 {}
}

#[tokio::test(start_paused = true)]
async fn a_reply_must_begin_in_time() {
    let server = Server::silent_after("").await;
    let client = server
        .builder()
        .first_byte_timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    let error = client.models().get("x").await.unwrap_err();
    assert!(error.is_timeout());
    assert!(error.message().ends_with("began within 50ms"), "{error}");
    assert_eq!(error.failure(), Some("client-timeout"));
}

#[tokio::test(start_paused = true)]
async fn a_reply_must_not_fall_silent() {
    let server = Server::silent_after("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{").await;
    let client = server
        .builder()
        .silence_timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    let error = client.models().get("x").await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
}

#[tokio::test]
async fn a_call_may_have_a_key_of_its_own() {
    let other = "AIza-another-key";
    let body = format!("no: {KEY} {other}");
    let server = Server::reply(reply("403 Forbidden", "text/plain", body)).await;
    let transport = Transport::builder(server.url()).secret("x-goog-api-key", "", KEY);
    let call = transport.build().unwrap().call(Method::GET, "x");
    let error = call
        .secret("x-goog-api-key", "", other)
        .send()
        .await
        .unwrap_err();
    assert_eq!(server.request().header("x-goog-api-key"), Some(other));
    assert_eq!(error.body(), Some("no: <key> <key>"));
}

#[tokio::test]
async fn a_token_goes_in_the_place_of_a_key() {
    let token = "ya29.a-token-for-tests";
    let body = format!("no: {token}");
    let server = Server::reply(reply("401 Unauthorized", "text/plain", body)).await;
    let client = Client::builder().base_url(server.url()).access_token(token);
    let error = client.build().unwrap().models().get("x").await.unwrap_err();
    let request = server.request();
    assert_eq!(
        request.header("authorization"),
        Some(format!("Bearer {token}").as_str())
    );
    assert_eq!(request.header("x-goog-api-key"), None);
    assert_eq!(error.body(), Some("no: <key>"));
    assert!(Client::builder().access_token(token).build().is_ok());
}

#[tokio::test]
async fn headers_are_those_of_the_client_and_of_the_call() {
    let server = Server::replies([json("{}"), json("{}")]).await;
    let client = server.builder().header("X-Team", "blue").build().unwrap();
    client.models().get("x").await.unwrap();
    assert_eq!(server.request().header("x-team"), Some("blue"));
    let client = client.with_header("x-trace", "7").unwrap();
    client.models().get("x").await.unwrap();
    let request = server.request();
    assert_eq!(request.header("x-team"), Some("blue"));
    assert_eq!(request.header("x-trace"), Some("7"));
    assert!(!format!("{client:?}").contains("\"7\""), "{client:?}");
    assert!(client.with_header("no good", "x").unwrap_err().is_setup());
    let wrong = Client::builder().api_key("k").header("ä", "x").build();
    assert!(wrong.unwrap_err().is_setup());
}

#[tokio::test]
async fn the_headers_of_an_error_are_kept() {
    let refused = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 9\r\nx-request-id: r7\r\ncontent-length: 0\r\n\r\n";
    let server = Server::reply(refused.to_vec()).await;
    let error = server.client().models().get("x").await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(9)));
    assert_eq!(error.request_id(), Some("r7"));
    assert_eq!(error.header("x-request-id"), Some("r7"));
    assert!(
        error.to_string().ends_with("hint: try again in 9s"),
        "{error}"
    );
}
