//! Files for prompts.

use crate::{
    Client, Error, Pages, Poll, Upload,
    error::Kind,
    models,
    pages::page,
    transport::{Body, Call, Reply},
    upload::Source,
};
use bytes::Bytes;
use http::Method;
use propus_wire::files::{
    File, FileState, ListFilesResponse, RegisterFilesRequest, RegisterFilesResponse,
};
use std::path::Path;
use tokio::io::AsyncRead;

/// Files for prompts. Google keeps them for 48 hours.
///
/// ```
/// # use propus_client::testing::{json, text, with_headers};
/// # let active = r#"{"name":"files/f1","mimeType":"text/plain","uri":"https://x/v1beta/files/f1","state":"ACTIVE"}"#;
/// # let replies = [
/// #     with_headers("x-goog-upload-url: /upload/v1beta/files?upload_id=1\r\n", ""),
/// #     with_headers("x-goog-upload-status: final\r\n", r#"{"file":{"name":"files/f1","state":"PROCESSING"}}"#),
/// #     json(active), text("It is about towers."), json("{}")];
/// # propus_client::testing::example(replies, async |client| {
/// use propus_client::{Poll, wire::generate::Part};
///
/// let files = client.files();
/// let file = files.upload_bytes("text/plain", "Towers are tall.").display_name("notes").send().await?;
/// let file = files.wait_active(&file, Poll::default()).await?;
/// let prompt = [Part::from(&file), Part::text("What is this about?")];
/// client.model("gemini-flash-latest").generate(prompt).await?.text()?;
/// files.delete(file.name.as_deref().unwrap_or_default()).await?;
/// # Ok(()) });
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    client: &'a Client,
}

page! { ListFilesResponse { files: File } }

impl<'a> Files<'a> {
    pub(crate) fn new(client: &'a Client) -> Self {
        Self { client }
    }

    /// Begins to upload a file of this machine. Its type follows from the end of its name, if it is
    /// not [set](Upload::mime_type).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), propus_client::Error> {
    /// # use propus_client::testing::*;
    /// # let server = Server::replies([with_headers("x-goog-upload-url: /upload/x\r\n", ""), with_headers("x-goog-upload-status: final\r\n", r#"{"file":{"name":"files/f1"}}"#)]).await;
    /// # let client = server.client();
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    /// let file = client.files().upload(path).mime_type("text/plain").send().await?;
    /// assert_eq!(file.name.as_deref(), Some("files/f1"));
    /// # Ok(()) }
    /// ```
    pub fn upload(self, path: impl AsRef<Path>) -> Upload<'a, File> {
        Upload::file(self.client, Source::Path(path.as_ref().to_owned()))
    }

    /// Begins to upload bytes of an IANA type.
    pub fn upload_bytes(
        self,
        mime_type: impl Into<String>,
        bytes: impl Into<Bytes>,
    ) -> Upload<'a, File> {
        Upload::file(self.client, Source::Bytes(bytes.into())).mime_type(mime_type)
    }

    /// Begins to upload what a reader gives, of an IANA type. Its length may be unknown.
    pub fn upload_reader(
        self,
        mime_type: impl Into<String>,
        length: Option<u64>,
        reader: impl AsyncRead + Send + Unpin + 'static,
    ) -> Upload<'a, File> {
        let source = Source::Reader(Box::new(reader), length);
        Upload::file(self.client, source).mime_type(mime_type)
    }

    /// What is known of it. The name is `files/x` or `x`.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"name":"files/f1","state":"ACTIVE","sizeBytes":"5"}"#)], async |client| {
    /// let file = client.files().get("files/f1").await?;
    /// assert_eq!(file.size_bytes, Some(5));
    /// # Ok(()) });
    /// ```
    pub async fn get(self, name: &str) -> Result<File, Error> {
        let call = self.client.call(Method::GET, &path(name)?);
        self.client.json(call).await
    }

    /// Waits until prompts may use it. One that cannot be processed is an error.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"name":"files/f1","state":"ACTIVE"}"#)], async |client| {
    /// use propus_client::{Poll, wire::files::{File, FileState}};
    /// use std::time::Duration;
    ///
    /// let uploaded = File { name: Some("files/f1".into()), ..Default::default() };
    /// let patience = Poll::default().within(Duration::from_secs(300));
    /// let file = client.files().wait_active(&uploaded, patience).await?;
    /// assert_eq!(file.state, Some(FileState::Active));
    /// # Ok(()) });
    /// ```
    pub async fn wait_active(self, file: &File, poll: Poll) -> Result<File, Error> {
        let name = file.name.as_deref().unwrap_or_default();
        if file.state == Some(FileState::Active) {
            return Ok(file.clone());
        }
        let not_yet = || format!("`{name}` is not processed");
        let look = || async {
            let file = self.get(name).await?;
            match &file.state {
                Some(FileState::Active) => Ok(Some(file)),
                Some(FileState::Failed) => Err(failed(name, &file)),
                _ => Ok(None),
            }
        };
        poll.until(not_yet, look).await
    }

    /// All of them.
    ///
    /// ```
    /// # propus_client::testing::example([propus_client::testing::json(r#"{"files":[{"name":"files/a"}]}"#)], async |client| {
    /// for file in client.files().list().await? {
    ///     println!("{:?}", file.name);
    /// }
    /// # Ok(()) });
    /// ```
    pub fn list(self) -> Pages<File> {
        Pages::of::<ListFilesResponse>(self.client, Ok("files".into()), 100)
    }

    /// Names objects of a bucket, `gs://...`, that prompts may use as files. It needs the rights of
    /// a person or a service, not an API key.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"files":[{"name":"files/f1"}]}"#)], async |client| {
    /// let files = client.files().register(vec!["gs://bucket/talk.mp4".into()]).await?;
    /// assert_eq!(files.len(), 1);
    /// # Ok(()) });
    /// ```
    pub async fn register(self, uris: Vec<String>) -> Result<Vec<File>, Error> {
        let call = self.client.call(Method::POST, "files:register");
        let request = RegisterFilesRequest { uris };
        let response: RegisterFilesResponse = self.client.json(call.json(&request)).await?;
        Ok(response.files)
    }

    /// The bytes of a file, all at once. Only what a model made can be fetched. The name may be the
    /// address that the model gave.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json("bytes")], async |client| {
    /// let video = client.files().download("files/made-by-a-model").await?;
    /// assert_eq!(&video[..], b"bytes");
    /// # Ok(()) });
    /// ```
    pub async fn download(self, name: &str) -> Result<Bytes, Error> {
        let call = self.download_call(name)?;
        self.client.tried(call, |reply| reply.bytes()).await
    }

    /// The bytes of a file as they arrive, such as those of a long video.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json("bytes")], async |client| {
    /// use futures::TryStreamExt;
    ///
    /// let mut video = client.files().download_stream("files/made-by-a-model").await?;
    /// let mut length = 0;
    /// while let Some(piece) = video.try_next().await? {
    ///     length += piece.len();
    /// }
    /// assert_eq!(length, 5);
    /// # Ok(()) });
    /// ```
    pub async fn download_stream(self, name: &str) -> Result<Body, Error> {
        let call = self.download_call(name)?;
        let read = |reply: Reply| async { Ok(reply.chunks()) };
        self.client.tried(call, read).await
    }

    fn download_call(self, name: &str) -> Result<Call, Error> {
        let path = format!("{}:download", path(name_in(name))?);
        Ok(self.client.call(Method::GET, &path).query("alt", "media"))
    }

    /// Forgets it.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json("{}")], async |client| {
    /// client.files().delete("files/f1").await?;
    /// # Ok(()) });
    /// ```
    pub async fn delete(self, name: &str) -> Result<(), Error> {
        let call = self.client.call(Method::DELETE, &path(name)?);
        self.client.done(call).await
    }
}

fn failed(name: &str, file: &File) -> Error {
    let status = file.error.clone().unwrap_or_default().status();
    let what = format!("the processing of `{name}`");
    Error::new(Kind::Failed { what, status })
}

/// The name within an address such as `https://host/v1beta/files/abc:download?alt=media`.
fn name_in(address: &str) -> &str {
    match address.rsplit_once("/files/") {
        Some((before, name)) if before.contains("://") => {
            name.split([':', '?', '/']).next().unwrap_or(name)
        }
        _ => address,
    }
}

fn path(name: &str) -> Result<String, Error> {
    models::resource("files", name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_its_address_too() {
        for (address, name) in [
            ("https://h/v1beta/files/abc:download?alt=media", "abc"),
            ("https://h/prefix/v1/files/abc", "abc"),
            ("files/abc", "files/abc"),
            ("abc", "abc"),
        ] {
            assert_eq!(name_in(address), name);
        }
    }
}
