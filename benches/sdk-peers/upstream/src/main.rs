//! Answers as the Gemini API does, with fixed texts: `generateContent` with one reply of about 1 kB,
//! `streamGenerateContent` with events, each in its own write. Prints `ready ADDRESS`.

use bytes::Bytes;
use futures::{StreamExt, stream};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    Request, Response,
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use sdk_load::{CHUNKS, answer, piece};
use std::{convert::Infallible, sync::LazyLock};
use tokio::net::TcpListener;

static REPLY: LazyLock<Bytes> = LazyLock::new(|| {
    let text = answer();
    let reply = format!(
        r#"{{
  "candidates": [
    {{
      "content": {{
        "parts": [
          {{
            "text": "{text}"
          }}
        ],
        "role": "model"
      }},
      "finishReason": "STOP",
      "index": 0
    }}
  ],
  "usageMetadata": {{
    "promptTokenCount": 170,
    "candidatesTokenCount": 136,
    "totalTokenCount": 306,
    "promptTokensDetails": [
      {{
        "modality": "TEXT",
        "tokenCount": 170
      }}
    ]
  }},
  "modelVersion": "gemini-2.5-flash",
  "responseId": "abcdefghijklmnopqrstuv"
}}
"#
    );
    reply.into()
});

static EVENTS: LazyLock<Vec<Bytes>> = LazyLock::new(|| (0..CHUNKS).map(event).collect());

fn event(index: usize) -> Bytes {
    let text = piece(index);
    let (said, all) = (index + 1, index + 171);
    let end = match index + 1 {
        CHUNKS => r#","finishReason": "STOP""#,
        _ => "",
    };
    let event = format!(
        "data: {{\"candidates\": [{{\"content\": {{\"parts\": [{{\"text\": \"{text}\"}}],\"role\": \"model\"}}{end},\"index\": 0}}],\
         \"usageMetadata\": {{\"promptTokenCount\": 170,\"candidatesTokenCount\": {said},\"totalTokenCount\": {all},\
         \"promptTokensDetails\": [{{\"modality\": \"TEXT\",\"tokenCount\": 170}}]}},\
         \"modelVersion\": \"gemini-2.5-flash\",\"responseId\": \"abcdefghijklmnopqrstuv\"}}\r\n\r\n"
    );
    event.into()
}

async fn serve(
    request: Request<Incoming>,
) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
    let streams = request.uri().path().ends_with(":streamGenerateContent");
    let _ = request.into_body().collect().await;
    let (kind, body) = match streams {
        true => ("text/event-stream", events()),
        false => (
            "application/json; charset=UTF-8",
            Full::new(REPLY.clone()).boxed(),
        ),
    };
    let mut response = Response::new(body);
    let kind = kind.parse().expect("a valid header");
    response.headers_mut().insert("content-type", kind);
    Ok(response)
}

fn events() -> BoxBody<Bytes, Infallible> {
    let events = stream::iter(EVENTS.iter()).then(async |event| {
        // The server writes what it has while the next event is not there.
        tokio::task::yield_now().await;
        Ok(Frame::data(event.clone()))
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
        tokio::spawn(http1::Builder::new().serve_connection(io, service_fn(serve)));
    }
}
