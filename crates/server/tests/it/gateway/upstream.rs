//! Upstreams: another Propus, or one that sends just the bytes that a test wants.

use crate::client::Server;
use propus_server::serve::serve;
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Serves a whole Propus.
pub(crate) async fn propus(server: &Server) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(serve(
        listener,
        server.router(),
        std::future::pending(),
        Duration::ZERO,
    ));
    url
}

/// What a raw upstream does with a request, step by step.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Writes bytes and lets them leave.
    Write(Vec<u8>),
    /// Waits until nobody listens any more.
    Hang,
    /// Breaks the connection.
    Reset,
}

/// An upstream that answers the n-th request with the n-th list of steps, the last one for ever.
pub(crate) struct Raw {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<String>>>,
    left: Arc<tokio::sync::Notify>,
}

impl Raw {
    pub(crate) async fn start(replies: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let left = Arc::new(tokio::sync::Notify::new());
        tokio::spawn(accept(listener, replies, requests.clone(), left.clone()));
        let url = url(address);
        Self {
            url,
            requests,
            left,
        }
    }

    /// The requests so far, heads and bodies.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Waits until a client has left a connection that hangs.
    pub(crate) async fn left(&self) {
        self.left.notified().await;
    }
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

async fn accept(
    listener: TcpListener,
    replies: Vec<Vec<Step>>,
    requests: Arc<Mutex<Vec<String>>>,
    left: Arc<tokio::sync::Notify>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (replies, requests, left) = (replies.clone(), requests.clone(), left.clone());
        tokio::spawn(async move {
            converse(stream, &replies, &requests, &left).await;
        });
    }
}

async fn converse(
    mut stream: TcpStream,
    replies: &[Vec<Step>],
    requests: &Mutex<Vec<String>>,
    left: &tokio::sync::Notify,
) -> Option<()> {
    let request = read(&mut stream).await?;
    let at = {
        let mut requests = requests.lock().unwrap();
        requests.push(request);
        requests.len() - 1
    };
    stream.set_nodelay(true).ok()?;
    for step in replies.get(at).or(replies.last())? {
        match step {
            Step::Write(bytes) => {
                stream.write_all(bytes).await.ok()?;
                stream.flush().await.ok()?;
                // What was written leaves by itself before more is.
                tokio::task::yield_now().await;
            }
            Step::Hang => {
                let mut rest = [0; 1];
                while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
                left.notify_one();
            }
            Step::Reset => {
                let_it_reset(&stream);
                return None;
            }
        }
    }
    stream.shutdown().await.ok()
}

/// Closing then sends a reset in place of an end.
fn let_it_reset(stream: &TcpStream) {
    #[allow(deprecated)] // Zero does not block.
    stream.set_linger(Some(Duration::ZERO)).unwrap();
}

/// A request with its body.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 16 * 1024];
        let read = stream
            .read(&mut piece)
            .await
            .ok()
            .filter(|read| *read > 0)?;
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let lower = head.to_ascii_lowercase();
        let length = lower
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let done = match length {
            Some(length) => body.len() >= length.trim().parse::<usize>().unwrap(),
            None if lower.contains("transfer-encoding: chunked") => body.ends_with("0\r\n\r\n"),
            None => true,
        };
        if done {
            return Some(text);
        }
    }
}

/// A reply of known length.
pub(crate) fn whole(status: &str, headers: &str, body: &str) -> Vec<Step> {
    let length = body.len();
    vec![Step::Write(
        format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}")
            .into_bytes(),
    )]
}

/// The head of a reply in chunks.
pub(crate) fn head(status: &str, headers: &str) -> Step {
    Step::Write(
        format!(
            "HTTP/1.1 {status}\r\n{headers}transfer-encoding: chunked\r\nconnection: close\r\n\r\n"
        )
        .into_bytes(),
    )
}

/// One chunk of a reply.
pub(crate) fn chunk(bytes: &[u8]) -> Step {
    let mut framed = format!("{:x}\r\n", bytes.len()).into_bytes();
    framed.extend_from_slice(bytes);
    framed.extend_from_slice(b"\r\n");
    Step::Write(framed)
}

/// The end of chunks.
pub(crate) fn end() -> Step {
    Step::Write(b"0\r\n\r\n".to_vec())
}
