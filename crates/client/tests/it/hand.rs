//! A server that is led by hand: it sends what the test says, when the test says it.

use propus_client::{Builder, Error};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
    sync::mpsc,
};

/// The other end of one connection.
pub struct Sender(mpsc::Sender<Vec<u8>>);

impl Sender {
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.send(bytes.as_ref().to_vec()).await.unwrap();
    }

    /// Sends a piece of a body that comes in pieces.
    pub async fn send_piece(&mut self, piece: impl AsRef<[u8]>) {
        let piece = piece.as_ref();
        let length = format!("{:x}\r\n", piece.len());
        self.send([length.as_bytes(), piece, b"\r\n"].concat())
            .await;
    }
}

/// A server that sends what it is told, when it is told; it closes when the sender is dropped.
/// Gives its base URL.
pub async fn by_hand() -> (Sender, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, mut texts) = mpsc::channel::<Vec<u8>>(1);
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        head(&mut BufReader::new(&mut connection)).await;
        while let Some(text) = texts.recv().await {
            connection.write_all(&text).await.unwrap();
        }
    });
    (Sender(sender), url)
}

/// The head of a request, with the empty line behind it.
pub async fn head(connection: &mut (impl AsyncBufReadExt + Unpin)) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(connection.read_line(&mut head).await.unwrap(), 0, "{head}");
    }
    head
}

/// The next piece of a body that comes in pieces; the last is empty.
pub async fn piece(connection: &mut (impl AsyncBufReadExt + Unpin)) -> Vec<u8> {
    let mut length = String::new();
    connection.read_line(&mut length).await.unwrap();
    let length = usize::from_str_radix(length.trim(), 16).unwrap();
    let mut piece = vec![0; length + 2];
    connection.read_exact(&mut piece).await.unwrap();
    piece.truncate(length);
    piece
}

/// Why a client of these settings gets no answer.
pub async fn refused(builder: Builder) -> Error {
    let client = builder.build().unwrap();
    client.models().get("x").await.unwrap_err()
}
