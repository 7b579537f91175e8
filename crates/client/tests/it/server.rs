//! A server for one request, which sends exactly the bytes that a test gives it.

use propus_client::{Builder, Client};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

/// The key of all tests.
pub(crate) const KEY: &str = "AIza-a-key-for-tests";

pub(crate) struct Server {
    address: SocketAddr,
    requests: oneshot::Receiver<Vec<Request>>,
}

/// A request as it came.
#[derive(Debug)]
pub(crate) struct Request {
    head: String,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

impl Server {
    /// Sends one reply to each request, each on a connection of its own, and closes it.
    pub(crate) async fn replies(replies: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, requests) = oneshot::channel();
        tokio::spawn(async move {
            let mut seen = Vec::new();
            for reply in replies {
                let (mut connection, _) = listener.accept().await.unwrap();
                seen.push(read(&mut connection).await);
                connection.write_all(&reply).await.unwrap();
                connection.shutdown().await.unwrap();
            }
            sender.send(seen).ok();
        });
        Self { address, requests }
    }

    pub(crate) async fn reply(reply: impl Into<Vec<u8>>) -> Self {
        Self::replies(vec![reply.into()]).await
    }

    /// Sends the beginning of a reply and then nothing more, without closing.
    pub(crate) async fn silent_after(beginning: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, requests) = oneshot::channel();
        tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            let seen = read(&mut connection).await;
            connection.write_all(beginning.as_bytes()).await.unwrap();
            sender.send(vec![seen]).ok();
            // Until the client goes.
            connection.read_u8().await.ok();
        });
        Self { address, requests }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn builder(&self) -> Builder {
        Client::builder().base_url(self.url()).api_key(KEY)
    }

    pub(crate) fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    pub(crate) async fn requests(self) -> Vec<Request> {
        self.requests.await.unwrap()
    }

    pub(crate) async fn request(self) -> Request {
        self.requests().await.pop().unwrap()
    }
}

async fn read(connection: &mut TcpStream) -> Request {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        assert_ne!(connection.read_buf(&mut bytes).await.unwrap(), 0);
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut request = Request {
        head,
        body: String::new(),
    };
    let length = request.header("content-length").unwrap_or("0");
    let length: usize = length.parse().unwrap();
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        assert_ne!(connection.read_buf(&mut body).await.unwrap(), 0);
    }
    request.body = String::from_utf8(body).unwrap();
    request
}

/// A whole reply.
pub(crate) fn reply(status: &str, content_type: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// A good reply in JSON.
pub(crate) fn json(body: &str) -> Vec<u8> {
    reply("200 OK", "application/json; charset=UTF-8", body)
}

/// A stream that has arrived whole.
pub(crate) fn events(body: &str) -> Vec<u8> {
    reply("200 OK", "text/event-stream", body)
}
