//! Answers every request with one fixed reply of the Gemini API: what the minimal proxy forwards to.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{convert::Infallible, env};
use tokio::net::TcpListener;

const REPLY: &str = r#"{
  "candidates": [
    {
      "content": { "parts": [ { "text": "The bridge stands where the river is slow." } ], "role": "model" },
      "finishReason": "STOP"
    }
  ],
  "usageMetadata": { "promptTokenCount": 120, "candidatesTokenCount": 8, "totalTokenCount": 128 },
  "modelVersion": "gemini-2.5-flash",
  "responseId": "abcdefghijklmnopqrstuv"
}
"#;

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let _ = request.into_body().collect().await;
    let mut response = Response::new(Full::new(Bytes::from_static(REPLY.as_bytes())));
    let kind = "application/json; charset=UTF-8".parse().expect("a valid header");
    response.headers_mut().insert("content-type", kind);
    Ok(response)
}

#[tokio::main]
async fn main() {
    let address = env::args().nth(1).expect("usage: upstream ADDRESS");
    let listener = TcpListener::bind(address).await.expect("the address is free");
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
