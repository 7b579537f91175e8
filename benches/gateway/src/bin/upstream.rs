//! Answers as the Gemini API does, with fixed texts: `generateContent` with one reply of about 1 kB,
//! `streamGenerateContent` with 20 events, one every 5 ms and each in its own write. Prints `ready ADDRESS`.

use bytes::Bytes;
use futures::{StreamExt, stream};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    Request, Response, StatusCode,
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::{convert::Infallible, sync::LazyLock, time::Duration};
use tokio::{net::TcpListener, time::sleep};

const EVENTS: usize = 20;
const GAP: Duration = Duration::from_millis(5);

static REPLY: LazyLock<Bytes> = LazyLock::new(|| {
    let text = "The bridge stands where the river is slow, and the mill is silent. ".repeat(9);
    let reply = serde_json::to_vec_pretty(&chunk(&text, true)).expect("it is JSON");
    reply.into()
});

static CHUNKS: LazyLock<Vec<Bytes>> = LazyLock::new(|| {
    let event = |at: usize| {
        let text = format!("The bridge stands where the river is slow, {at}. ");
        format!("data: {}\r\n\r\n", chunk(&text, at + 1 == EVENTS)).into()
    };
    (0..EVENTS).map(event).collect()
});

fn chunk(text: &str, is_last: bool) -> Value {
    let mut candidate =
        json!({"content": {"parts": [{"text": text}], "role": "model"}, "index": 0});
    if is_last {
        candidate["finishReason"] = "STOP".into();
    }
    json!({
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": 170,
            "candidatesTokenCount": 136,
            "totalTokenCount": 306,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 170}],
        },
        "modelVersion": "gemini-2.5-flash",
        "responseId": "abcdefghijklmnopqrstuv",
    })
}

async fn answer(
    request: Request<Incoming>,
) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
    let path = request.uri().path();
    let (streams, whole) = (
        path.ends_with(":streamGenerateContent"),
        path.ends_with(":generateContent"),
    );
    let has_body = request
        .into_body()
        .collect()
        .await
        .is_ok_and(|body| !body.to_bytes().is_empty());
    let (status, kind, body) = match (streams, whole) {
        (true, _) if has_body => (StatusCode::OK, "text/event-stream", events()),
        (_, true) if has_body => (
            StatusCode::OK,
            "application/json; charset=UTF-8",
            Full::new(REPLY.clone()).boxed(),
        ),
        _ => (
            StatusCode::NOT_FOUND,
            "text/plain",
            Full::new(Bytes::from_static(b"no such call")).boxed(),
        ),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let kind = kind.parse().expect("a valid header");
    response.headers_mut().insert("content-type", kind);
    Ok(response)
}

fn events() -> BoxBody<Bytes, Infallible> {
    let events = stream::iter(CHUNKS.iter().enumerate()).then(async |(at, chunk)| {
        if at > 0 {
            sleep(GAP).await;
        }
        Ok(Frame::data(chunk.clone()))
    });
    BodyExt::boxed(StreamBody::new(Box::pin(events)))
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    println!("ready {}", listener.local_addr().expect("it is bound"));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let io = TokioIo::new(stream);
        tokio::spawn(http1::Builder::new().serve_connection(io, service_fn(answer)));
    }
}
