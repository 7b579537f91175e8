//! Calls with one reply: what is sent, what is read, and every way in which they fail.

use http::Method;
use propus_client::testing::{KEY, Server, json, reply};
use propus_client::{
    Client, Error,
    transport::Transport,
    wire::{
        Version,
        embed::EmbedContentRequest,
        generate::{Content, CountTokensRequest, GenerateContentRequest},
        status::Code,
    },
};
use std::{error::Error as _, time::Duration};
use tokio::net::TcpListener;

fn hello() -> GenerateContentRequest {
    GenerateContentRequest {
        contents: vec![Content::text("user", "hello")],
        ..Default::default()
    }
}

#[tokio::test]
async fn a_call_carries_key_names_and_deadline() {
    let server = Server::reply(json(
        r#"{"candidates":[{"content":{"parts":[{"text":"hi"}]},"finishReason":"STOP"}],"new":1}"#,
    ))
    .await;
    let client = server
        .builder()
        .base_url(format!("{}/prefix/", server.url()))
        .api_version(Version::V1)
        .timeout(Duration::from_millis(30_500))
        .user_agent("test/1")
        .build()
        .unwrap();
    let answer = client.generate("some-model", &hello()).await.unwrap();
    assert_eq!(answer.text().as_deref(), Some("hi"));
    let request = server.request();
    assert_eq!(
        request.line(),
        "POST /prefix/v1/models/some-model:generateContent HTTP/1.1"
    );
    assert_eq!(request.header("x-goog-api-key"), Some(KEY));
    assert_eq!(request.header("x-server-timeout"), Some("31"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("accept-encoding"), Some("gzip"));
    let product = concat!("propus-client/", env!("CARGO_PKG_VERSION"));
    assert_eq!(request.header("x-goog-api-client"), Some(product));
    assert_eq!(
        request.header("user-agent"),
        Some(format!("test/1 {product}").as_str())
    );
    assert_eq!(
        request.body,
        r#"{"contents":[{"parts":[{"text":"hello"}],"role":"user"}]}"#
    );
}

#[tokio::test]
async fn without_a_deadline_none_is_told() {
    let server = Server::reply(json(r#"{"name":"models/x"}"#)).await;
    let model = server.client().models().get("x").await.unwrap();
    assert_eq!(model.name.as_deref(), Some("models/x"));
    let request = server.request();
    assert_eq!(request.line(), "GET /v1beta/models/x HTTP/1.1");
    assert_eq!(request.header("x-server-timeout"), None);
}

#[tokio::test]
async fn models_come_from_all_pages() {
    let server = Server::replies(vec![
        json(r#"{"models":[{"name":"models/a"}],"nextPageToken":"t&1"}"#),
        json(r#"{"models":[{"name":"models/b"}],"nextPageToken":"t&1"}"#),
    ])
    .await;
    let models = server.client().models().list().await.unwrap();
    let names: Vec<_> = models.into_iter().filter_map(|model| model.name).collect();
    assert_eq!(names, ["models/a", "models/b"]);
    let requests = server.requests();
    let lines: Vec<_> = requests.iter().map(|request| request.line()).collect();
    assert_eq!(
        lines,
        [
            "GET /v1beta/models?pageSize=1000 HTTP/1.1",
            "GET /v1beta/models?pageSize=1000&pageToken=t%261 HTTP/1.1",
        ]
    );
}

#[tokio::test]
async fn inner_requests_name_the_model_again() {
    let server = Server::reply(json(r#"{"totalTokens":3}"#)).await;
    let count = CountTokensRequest {
        generate_content_request: Some(hello()),
        ..Default::default()
    };
    let count = server.client().count_tokens("x", count).await.unwrap();
    assert_eq!(count.total_tokens, Some(3));
    let body = server.request().body;
    assert!(
        body.starts_with(r#"{"generateContentRequest":{"model":"models/x","#),
        "{body}"
    );

    let server = Server::reply(json(r#"{"embeddings":[{"values":[1,0.5]}]}"#)).await;
    let one = EmbedContentRequest {
        content: Some(Content::text("user", "a")),
        ..Default::default()
    };
    let reply = server
        .client()
        .batch_embed("x", vec![one.clone()])
        .await
        .unwrap();
    assert_eq!(reply.embeddings[0].values, [1.0, 0.5]);
    let request = server.request();
    assert_eq!(
        request.line(),
        "POST /v1beta/models/x:batchEmbedContents HTTP/1.1"
    );
    assert!(
        request
            .body
            .starts_with(r#"{"requests":[{"model":"models/x","#),
        "{}",
        request.body
    );

    let server = Server::reply(json(r#"{"embedding":{"values":[1]}}"#)).await;
    let reply = server.client().embed("tunedModels/x", &one).await.unwrap();
    assert_eq!(reply.embedding.unwrap().values, [1.0]);
    let line = server.request().line().to_owned();
    assert_eq!(line, "POST /v1beta/tunedModels/x:embedContent HTTP/1.1");
}

#[tokio::test]
async fn gzip_is_undone() {
    // `{"models":[{"name":"models/zipped"}]}`
    const ZIPPED: [u8; 52] = [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 202, 205, 79, 73, 205, 41, 86, 178, 138, 174, 86,
        202, 75, 204, 77, 85, 178, 130, 138, 232, 87, 101, 22, 20, 164, 166, 40, 213, 198, 214, 2,
        0, 28, 203, 59, 6, 37, 0, 0, 0,
    ];
    let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 52\r\n\r\n";
    let server = Server::reply([head.as_bytes(), &ZIPPED].concat()).await;
    let models = server.client().models().list().await.unwrap();
    assert_eq!(models[0].name.as_deref(), Some("models/zipped"));
}

async fn failure(reply: Vec<u8>) -> Error {
    let server = Server::reply(reply).await;
    server.client().generate("x", &hello()).await.unwrap_err()
}

#[tokio::test]
async fn errors_of_the_api_are_typed() {
    let object = r#"{"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED","details":[
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.5s"}]}}"#;
    for body in [object.to_owned(), format!("[{object}\n]")] {
        let error = failure(reply("429 Too Many Requests", "application/json", &body)).await;
        assert_eq!(error.http_status(), Some(429));
        assert_eq!(
            error.status().map(|status| status.code),
            Some(Code::ResourceExhausted)
        );
        assert_eq!(error.retry_delay(), Some(Duration::from_millis(1500)));
        assert_eq!(error.body(), Some(body.as_str()));
        assert_eq!(
            error.to_string(),
            "429 RESOURCE_EXHAUSTED: slow\nhint: try again in 1.5s"
        );
    }
}

#[tokio::test]
async fn errors_of_strangers_keep_their_text() {
    let error = failure(reply("502 Bad Gateway", "text/html", "<html>no</html>")).await;
    assert_eq!((error.http_status(), error.status()), (Some(502), None));
    assert_eq!(error.body(), Some("<html>no</html>"));
    assert_eq!(error.message(), "502 Bad Gateway: the reply is a web page");
    let error = failure(reply("404 Not Found", "text/plain", "")).await;
    assert_eq!(error.message(), "404 Not Found: the reply is empty");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let head = "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    let error = failure(head.into()).await;
    assert_eq!(error.http_status(), Some(307));
    assert!(error.hint().unwrap().contains("redirects"), "{error}");
}

#[tokio::test]
async fn a_reply_that_is_no_json_is_unreadable() {
    let error = failure(reply("200 OK", "text/html", "<html>\nwelcome")).await;
    assert!(error.is_unreadable());
    assert_eq!(error.body(), Some("<html>\nwelcome"));
    assert!(error.message().ends_with("it is a web page"), "{error}");
    assert_eq!(error.failure(), Some("base-url-wrong"));
    assert!(error.source().is_some());
    let error = failure(json("welcome")).await;
    let end = "it is not the JSON that belongs here: welcome";
    assert!(error.message().ends_with(end), "{error}");
    assert!(failure(json("")).await.message().ends_with("it is empty"));
}

#[tokio::test]
async fn a_reply_that_is_cut_is_truncated() {
    let error = failure(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_vec()).await;
    assert!(error.is_truncated(), "{error:?}");
    let error = failure(Vec::new()).await;
    assert!(
        !error.is_truncated() && !error.is_connect() && !error.is_timeout(),
        "{error:?}"
    );
    assert!(
        error
            .message()
            .starts_with("the exchange with http://127.0.0.1:"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_deadline_counts_for_head_and_body() {
    for beginning in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"] {
        let server = Server::silent_after(beginning).await;
        let client = server.client().with_timeout(Duration::from_millis(50));
        let error = client.models().list().await.unwrap_err();
        assert!(error.is_timeout(), "{error:?}");
        assert!(error.message().ends_with("within 50ms"), "{error}");
        assert_eq!(server.request().header("x-server-timeout"), Some("1"));
    }
}

#[tokio::test]
async fn nobody_there_is_a_connect_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "http://user:a-password@{}/a",
        listener.local_addr().unwrap()
    );
    drop(listener);
    let client = Client::builder()
        .base_url(&url)
        .api_key(KEY)
        .build()
        .unwrap();
    let error = client.models().list().await.unwrap_err();
    assert!(error.is_connect() && !error.is_timeout(), "{error:?}");
    assert_eq!(error.http_status(), None);
    for text in [format!("{error}"), format!("{error:?}")] {
        assert!(
            !text.contains("a-password") && !text.contains(KEY),
            "{text}"
        );
    }
}

#[tokio::test]
async fn the_key_is_hidden_where_the_server_repeats_it() {
    let body = format!(
        r#"{{"error":{{"code":403,"message":"Consumer 'api_key:{KEY}' has been suspended.","status":"PERMISSION_DENIED",
        "details":[{{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"CONSUMER_SUSPENDED",
        "metadata":{{"containerInfo":"api_key:{KEY}"}}}}]}}}}"#
    );
    let error = failure(reply("403 Forbidden", "application/json", &body)).await;
    assert!(error.message().contains("'api_key:<key>'"), "{error}");
    assert!(!format!("{error:?}").contains(KEY), "{error:?}");
    for body in [format!("key {KEY}"), format!("\"{KEY}\"")] {
        let error = failure(json(&body)).await;
        assert!(error.is_unreadable() && error.source().is_some());
        assert!(!format!("{error} {error:?}").contains(KEY), "{error:?}");
    }
}

#[tokio::test]
async fn a_transport_hands_out_any_reply_without_the_key() {
    let body = format!("no such key: {KEY}, and more");
    let server = Server::reply(reply("403 Forbidden", "text/plain", body)).await;
    let transport = Transport::builder(server.url()).secret("x-goog-api-key", "", KEY);
    let transport = transport.build().unwrap();
    let call = transport.call(Method::GET, "v1beta/models");
    let reply = call.exchange().await.unwrap();
    assert_eq!(reply.status(), 403);
    assert_eq!(reply.header("content-type"), Some("text/plain"));
    let text = reply.text(13 + KEY.len()).await.unwrap();
    assert_eq!(text, "no such key: <key>");
}

#[tokio::test]
async fn a_proxy_is_taken_as_told_whatever_the_environment_says() {
    let proxy = Server::reply(json("{}")).await;
    let transport = Transport::builder("http://gemini.test").proxy(Some(proxy.url()));
    let call = transport.build().unwrap().call(Method::GET, "v1/models");
    assert_eq!(call.exchange().await.unwrap().status(), 200);
    let line = proxy.request().line().to_owned();
    assert_eq!(line, "GET http://gemini.test/v1/models HTTP/1.1");
    let wrong = Transport::builder("http://gemini.test").proxy(Some("not an address".into()));
    assert!(wrong.build().unwrap_err().is_setup());
}

#[test]
fn an_authority_that_is_no_certificate_is_refused() {
    let transport = Transport::builder("https://gemini.test").trust(b"nothing");
    assert!(transport.build().unwrap_err().is_setup());
}
