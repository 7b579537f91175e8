//! A server that follows a script, for tests and examples: it listens on this machine, sends
//! exactly the bytes that it is given, one reply for each request, and keeps what it was sent.
//!
//! ```
//! use propus_client::testing::{Server, text};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), propus_client::Error> {
//! let server = Server::replies([text("hi")]).await;
//! let reply = server.client().model("gemini-flash-latest").generate("hello").await?;
//! assert_eq!(reply.text()?, "hi");
//! let request = server.request();
//! assert_eq!(request.line(), "POST /v1beta/models/gemini-flash-latest:generateContent HTTP/1.1");
//! assert!(request.body.contains("hello"));
//! # Ok(())
//! # }
//! ```

use crate::{Builder, Client, Error};
use serde_json::json;
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// The key of the clients that [`Server::client`] makes.
pub const KEY: &str = "AIza-a-key-for-tests";

/// A server that follows a script. It ends with the runtime that it was made on.
pub struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
}

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub struct Request {
    head: String,
    /// Its body, where it is text.
    pub body: String,
}

impl Request {
    /// Method, path and version.
    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

impl Server {
    /// Sends one reply to each request, each on a connection of its own, and closes it.
    ///
    /// # Panics
    ///
    /// Where this machine gives no port.
    pub async fn replies<R: Into<Vec<u8>>>(replies: impl IntoIterator<Item = R>) -> Self {
        let replies: Vec<Vec<u8>> = replies.into_iter().map(Into::into).collect();
        let (server, listener) = Self::listen().await;
        let seen = server.seen.clone();
        tokio::spawn(async move {
            for reply in replies {
                let (mut connection, _) = listener.accept().await?;
                // A client may have gone, as one does that lost its patience.
                if let Ok(request) = read(&mut connection).await {
                    lock(&seen).push(request);
                    connection.write_all(&reply).await.ok();
                    connection.shutdown().await.ok();
                }
            }
            io::Result::Ok(())
        });
        server
    }

    /// The same with one reply.
    pub async fn reply(reply: impl Into<Vec<u8>>) -> Self {
        Self::replies([reply.into()]).await
    }

    /// Sends the beginning of a reply and then nothing more, without closing, to every request.
    pub async fn silent_after(beginning: &'static str) -> Self {
        let (server, listener) = Self::listen().await;
        let seen = server.seen.clone();
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut connection, _)) = listener.accept().await {
                if let Ok(request) = read(&mut connection).await {
                    lock(&seen).push(request);
                    connection.write_all(beginning.as_bytes()).await.ok();
                    open.push(connection);
                }
            }
        });
        server
    }

    async fn listen() -> (Self, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("this machine has a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let seen = Arc::default();
        (Self { address, seen }, listener)
    }

    /// The base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Settings that lead here.
    pub fn builder(&self) -> Builder {
        Client::builder().base_url(self.url()).api_key(KEY)
    }

    /// A client that leads here.
    ///
    /// # Panics
    ///
    /// Where the HTTP client cannot start.
    pub fn client(&self) -> Client {
        self.builder().build().expect("its address is good")
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.seen).clone()
    }

    /// The last request.
    ///
    /// # Panics
    ///
    /// Where none has come.
    pub fn request(&self) -> Request {
        self.requests().pop().expect("a request has come")
    }
}

fn lock(seen: &Mutex<Vec<Request>>) -> MutexGuard<'_, Vec<Request>> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn read(connection: &mut TcpStream) -> io::Result<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        more(connection, &mut bytes).await?;
    };
    let mut request = Request {
        head: String::from_utf8_lossy(&bytes[..end]).into_owned(),
        body: String::new(),
    };
    let length = request.header("content-length").unwrap_or("0");
    let length: usize = length.parse().map_err(io::Error::other)?;
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        more(connection, &mut body).await?;
    }
    request.body = String::from_utf8_lossy(&body).into_owned();
    Ok(request)
}

async fn more(connection: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<()> {
    match connection.read_buf(bytes).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// A whole reply.
pub fn reply(status: &str, content_type: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\n");
    framed(&head, body.as_ref())
}

/// A good reply with headers of its own, each with its line break.
pub fn with_headers(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    framed(&format!("HTTP/1.1 200 OK\r\n{headers}"), body.as_ref())
}

fn framed(head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("{head}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A good reply in JSON.
pub fn json(body: impl AsRef<[u8]>) -> Vec<u8> {
    reply("200 OK", "application/json; charset=UTF-8", body)
}

/// A stream that has arrived whole.
pub fn events(body: impl AsRef<[u8]>) -> Vec<u8> {
    reply("200 OK", "text/event-stream", body)
}

/// The whole answer of a model.
pub fn text(text: &str) -> Vec<u8> {
    json(answer(json!([{ "text": text }]), Some("STOP")))
}

/// A whole answer that asks for a function.
pub fn call(name: &str, arguments: serde_json::Value) -> Vec<u8> {
    let call = json!({ "name": name, "args": arguments });
    json(answer(json!([{ "functionCall": call }]), Some("STOP")))
}

/// The answer of a model in chunks.
pub fn stream(chunks: &[&str]) -> Vec<u8> {
    let mut body = String::new();
    for (at, chunk) in chunks.iter().enumerate() {
        let finish = (at + 1 == chunks.len()).then_some("STOP");
        let chunk = answer(json!([{ "text": chunk }]), finish);
        body.push_str(&format!("data: {chunk}\r\n\r\n"));
    }
    events(body)
}

fn answer(parts: serde_json::Value, finish: Option<&str>) -> String {
    let mut candidate = json!({ "content": { "parts": parts, "role": "model" } });
    if let Some(finish) = finish {
        candidate["finishReason"] = finish.into();
    }
    json!({ "candidates": [candidate] }).to_string()
}

/// An error of the API.
pub fn refusal(http: u16, status: &str, message: &str) -> Vec<u8> {
    let body = json!({ "error": { "code": http, "message": message, "status": status } });
    reply(
        &format!("{http} Error"),
        "application/json",
        body.to_string(),
    )
}

/// Runs an example against a server that sends these replies.
///
/// # Panics
///
/// Where the example fails.
pub fn example<R: Into<Vec<u8>>>(
    replies: impl IntoIterator<Item = R>,
    run: impl AsyncFnOnce(Client) -> Result<(), Error>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("this machine lets a runtime begin");
    let result = runtime.block_on(async {
        let server = Server::replies(replies).await;
        run(server.client()).await
    });
    if let Err(error) = result {
        panic!("{error:?}");
    }
}
