//! Uploads in pieces, which go on where they broke off.
//!
//! The protocol is Google's resumable upload: a first call names what will come and is answered with
//! an address, which then takes pieces; the last one is marked. Asked by `query`, the server says how
//! much it has.

use crate::{
    Client, Error,
    transport::{Call, Reply},
};
use bytes::{Bytes, BytesMut};
use http::Method;
use propus_wire::{
    files::{CreateFileRequest, CreateFileResponse, File},
    operations::Operation,
    stores::{ChunkingConfig, CustomMetadata, UploadToFileSearchStoreRequest},
};
use serde::Serialize;
use std::{fmt, io, marker::PhantomData, path::PathBuf};
use tokio::io::{AsyncRead, AsyncReadExt};

/// The length of a piece, in bytes, as Google's SDKs have it.
pub const PIECE: usize = 8 << 20;

/// Where an upload comes from.
pub(crate) enum Source {
    Path(PathBuf),
    Bytes(Bytes),
    /// With its length, where it is known.
    Reader(Box<dyn AsyncRead + Send + Unpin>, Option<u64>),
}

/// An upload that has not begun.
///
/// ```
/// # use propus_client::testing::with_headers;
/// # let replies = [
/// #     with_headers("x-goog-upload-url: /upload/v1beta/files?upload_id=1\r\n", ""),
/// #     with_headers("x-goog-upload-status: final\r\n", r#"{"file":{"name":"files/f1","sizeBytes":"5"}}"#)];
/// # propus_client::testing::example(replies, async |client| {
/// let file = client
///     .files()
///     .upload_reader("text/plain", None, "hello".as_bytes())
///     .display_name("greeting")
///     .on_progress(|sent, of| println!("{sent} of {of:?} bytes"))
///     .send()
///     .await?;
/// assert_eq!(file.size_bytes, Some(5));
/// # Ok(()) });
/// ```
#[must_use = "an upload does nothing until it is sent"]
pub struct Upload<'a, T> {
    client: &'a Client,
    /// Behind `upload/` and the version.
    path: Result<String, Error>,
    source: Source,
    name: Option<String>,
    display_name: Option<String>,
    mime_type: Option<String>,
    marks: Vec<CustomMetadata>,
    chunking: Option<ChunkingConfig>,
    progress: Option<Progress<'a>>,
    made: PhantomData<fn() -> T>,
}

type Progress<'a> = Box<dyn FnMut(u64, Option<u64>) + Send + 'a>;

impl<'a, T> Upload<'a, T> {
    fn new(client: &'a Client, path: Result<String, Error>, source: Source) -> Self {
        Self {
            client,
            path,
            source,
            name: None,
            display_name: None,
            mime_type: None,
            marks: Vec::new(),
            chunking: None,
            progress: None,
            made: PhantomData,
        }
    }

    /// What it is called, for people.
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = Some(name.into());
        self
    }

    /// Its IANA type, such as `video/mp4`.
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = Some(mime_type.into());
        self
    }

    /// Told after every piece how many bytes were sent, and of how many where that is known.
    pub fn on_progress(mut self, told: impl FnMut(u64, Option<u64>) + Send + 'a) -> Self {
        self.progress = Some(Box::new(told));
        self
    }
}

impl<'a> Upload<'a, File> {
    pub(crate) fn file(client: &'a Client, source: Source) -> Self {
        Self::new(client, Ok("files".into()), source)
    }

    /// The name to give it, `files/x`; the server finds one if it is not set.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sends all of it. With [retries](crate::Retries), a piece that breaks off is gone on with
    /// from where the server has it.
    pub async fn send(mut self) -> Result<File, Error> {
        let name = match self.name.take() {
            Some(name) => Some(crate::models::resource("files", &name)?),
            None => None,
        };
        let opened = Opened::open(&mut self).await?;
        let request = CreateFileRequest {
            file: Some(File {
                name,
                display_name: self.display_name.take(),
                mime_type: Some(opened.mime_type.clone()),
                size_bytes: opened.length.and_then(|length| length.try_into().ok()),
                ..Default::default()
            }),
        };
        let client = self.client;
        let response: CreateFileResponse = self.transfer(opened, &request).await?;
        response
            .file
            .ok_or_else(|| client.lacking("it holds no file"))
    }
}

impl<'a> Upload<'a, Operation> {
    pub(crate) fn document(
        client: &'a Client,
        store: Result<String, Error>,
        source: Source,
    ) -> Self {
        let path = store.map(|store| format!("{store}:uploadToFileSearchStore"));
        Self::new(client, path, source)
    }

    /// The caller's own mark on the document, which searches may ask for.
    pub fn mark(mut self, mark: CustomMetadata) -> Self {
        self.marks.push(mark);
        self
    }

    /// How the document is cut into pieces.
    pub fn chunking(mut self, chunking: ChunkingConfig) -> Self {
        self.chunking = Some(chunking);
        self
    }

    /// Sends all of it. The store is done with the document when the operation
    /// [is](crate::Operations::wait).
    pub async fn send(mut self) -> Result<Operation, Error> {
        let opened = Opened::open(&mut self).await?;
        let request = UploadToFileSearchStoreRequest {
            display_name: self.display_name.take(),
            custom_metadata: std::mem::take(&mut self.marks),
            chunking_config: self.chunking.take(),
            mime_type: Some(opened.mime_type.clone()),
        };
        self.transfer(opened, &request).await
    }
}

impl<T> Upload<'_, T> {
    async fn transfer<R: serde::de::DeserializeOwned>(
        mut self,
        mut opened: Opened,
        request: &(impl Serialize + Sync),
    ) -> Result<R, Error> {
        let call = self.start(&opened, request)?;
        let address = begin(self.client, call).await?;
        let mut offset = 0;
        let mut piece = opened.next().await?;
        loop {
            // The last piece is marked, so the one behind it is looked at first.
            let next = match piece.len() < PIECE {
                true => Bytes::new(),
                false => opened.next().await?,
            };
            let length = piece.len() as u64;
            let sending = Piece {
                client: self.client,
                address: &address,
                offset,
                bytes: piece,
                is_last: next.is_empty(),
            };
            let reply = sending.send().await?;
            offset += length;
            if let Some(progress) = &mut self.progress {
                progress(offset, opened.length);
            }
            match reply {
                Sent::All(body) => return read(self.client, &body),
                Sent::Part if next.is_empty() => {
                    return Err(self.client.lacking("the upload goes on behind its end"));
                }
                Sent::Part => piece = next,
            }
        }
    }

    /// The call that says what will come.
    fn start(&mut self, opened: &Opened, request: &impl Serialize) -> Result<Call, Error> {
        let path = std::mem::replace(&mut self.path, Ok(String::new()))?;
        let path = format!("upload/{}/{path}", self.client.api_version());
        let mut call = self
            .client
            .bare_call(Method::POST, &path)
            .header("x-goog-upload-protocol", "resumable")
            .header("x-goog-upload-command", "start")
            .header("x-goog-upload-header-content-type", &opened.mime_type)
            .json(request);
        if let Some(length) = opened.length {
            call = call.header("x-goog-upload-header-content-length", &length.to_string());
        }
        if let Some(name) = opened.file_name.as_deref().filter(|name| name.is_ascii()) {
            call = call.header("x-goog-upload-file-name", name);
        }
        Ok(call)
    }
}

/// Begins an upload. Gives the address that takes it.
async fn begin(client: &Client, call: Call) -> Result<String, Error> {
    let address = |reply: Reply| async move {
        let address = reply.header("x-goog-upload-url").map(str::to_owned);
        address.ok_or_else(|| client.lacking("it names no address for the upload"))
    };
    client.tried(call, address).await
}

/// One piece of an upload.
struct Piece<'a> {
    client: &'a Client,
    address: &'a str,
    offset: u64,
    bytes: Bytes,
    is_last: bool,
}

/// What the server says to a piece.
enum Sent {
    /// More may come.
    Part,
    /// That was all; this is its reply.
    All(Bytes),
}

impl Piece<'_> {
    /// Sends it. After a failure the server is asked what it has, and gets the rest.
    async fn send(self) -> Result<Sent, Error> {
        let mut is_first = true;
        let attempt = |_| {
            let asks = !std::mem::take(&mut is_first);
            let this = &self;
            async move {
                match asks {
                    true => this.go_on().await,
                    false => this.send_from(0).await,
                }
            }
        };
        let retries = self.client.retries();
        retries.run(true, None, attempt).await
    }

    async fn go_on(&self) -> Result<Sent, Error> {
        let call = self.call("query")?;
        let reply = call.send().await?;
        if is_final(&reply) {
            return Ok(Sent::All(reply.bytes().await?));
        }
        let received = reply.header("x-goog-upload-size-received");
        let received: Option<u64> = received.and_then(|number| number.trim().parse().ok());
        let have = received.and_then(|received| received.checked_sub(self.offset));
        let have = have.and_then(|have| usize::try_from(have).ok());
        match have.filter(|have| *have <= self.bytes.len()) {
            Some(have) if have == self.bytes.len() && !self.is_last => Ok(Sent::Part),
            Some(have) => self.send_from(have).await,
            None => Err(self.client.lacking("it does not say how much has come")),
        }
    }

    async fn send_from(&self, skip: usize) -> Result<Sent, Error> {
        let command = match self.is_last {
            true => "upload, finalize",
            false => "upload",
        };
        let offset = self.offset + skip as u64;
        let call = self
            .call(command)?
            .header("x-goog-upload-offset", &offset.to_string())
            .body(self.bytes.slice(skip..));
        let reply = call.send().await?;
        // Servers that follow the protocol by half leave the header out of the last reply.
        match is_final(&reply) || (self.is_last && reply.header(STATUS).is_none()) {
            true => Ok(Sent::All(reply.bytes().await?)),
            false => Ok(Sent::Part),
        }
    }

    fn call(&self, command: &str) -> Result<Call, Error> {
        let call = self.client.call_back(Method::POST, self.address)?;
        Ok(call.header("x-goog-upload-command", command))
    }
}

const STATUS: &str = "x-goog-upload-status";

fn is_final(reply: &Reply) -> bool {
    reply
        .header(STATUS)
        .is_some_and(|status| status.eq_ignore_ascii_case("final"))
}

fn read<R: serde::de::DeserializeOwned>(client: &Client, body: &[u8]) -> Result<R, Error> {
    serde_json::from_slice(body).map_err(|error| {
        let what = "the end of an upload is not the JSON that belongs here";
        client.lacking(what).because(error)
    })
}

/// A source that is read.
struct Opened {
    reader: Box<dyn AsyncRead + Send + Unpin>,
    length: Option<u64>,
    mime_type: String,
    file_name: Option<String>,
}

impl Opened {
    async fn open<T>(upload: &mut Upload<'_, T>) -> Result<Self, Error> {
        let source = std::mem::replace(&mut upload.source, Source::Bytes(Bytes::new()));
        let given = upload.mime_type.take();
        let file_name = match &source {
            Source::Path(path) => path.file_name().map(|name| name.to_string_lossy().into()),
            _ => None,
        };
        let guessed = || match &source {
            Source::Path(path) => mime_guess::from_path(path).first_raw().map(str::to_owned),
            _ => None,
        };
        let mime_type = given.or_else(guessed).ok_or_else(|| {
            let name = file_name.as_deref().unwrap_or("the upload");
            Error::setup(
                format!("the type of `{name}` does not follow from its name"),
                "say it by `mime_type`",
            )
        })?;
        let (reader, length): (Box<dyn AsyncRead + Send + Unpin>, _) = match source {
            Source::Path(path) => {
                let unreadable = |error: io::Error| {
                    let what = format!("cannot read `{}`: {error}", path.display());
                    Error::setup(what, "").because(error)
                };
                let file = tokio::fs::File::open(&path).await.map_err(unreadable)?;
                let length = file.metadata().await.map_err(unreadable)?.len();
                (Box::new(file), Some(length))
            }
            Source::Bytes(bytes) => {
                let length = bytes.len() as u64;
                (Box::new(io::Cursor::new(bytes)), Some(length))
            }
            Source::Reader(reader, length) => (reader, length),
        };
        Ok(Self {
            reader,
            length,
            mime_type,
            file_name,
        })
    }

    /// The next piece; shorter only at the end.
    async fn next(&mut self) -> Result<Bytes, Error> {
        let mut piece = BytesMut::new();
        while piece.len() < PIECE {
            let room = (PIECE - piece.len()) as u64;
            let mut part = (&mut self.reader).take(room);
            let read = part.read_buf(&mut piece).await.map_err(|error| {
                Error::setup(format!("cannot read what to upload: {error}"), "").because(error)
            })?;
            if read == 0 {
                break;
            }
        }
        Ok(piece.freeze())
    }
}

impl<T> fmt::Debug for Upload<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("display_name", &self.display_name)
            .field("mime_type", &self.mime_type)
            .finish_non_exhaustive()
    }
}
