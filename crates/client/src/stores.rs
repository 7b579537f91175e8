//! Stores that models search for pieces of documents.

use crate::{Client, Error, Pages, Upload, models, models::encoded, pages::page, upload::Source};
use bytes::Bytes;
use http::Method;
use propus_wire::{
    operations::Operation,
    stores::{
        Document, FileSearchStore, ImportFileRequest, ListDocumentsResponse,
        ListFileSearchStoresResponse,
    },
};
use std::path::Path;
use tokio::io::AsyncRead;

/// Stores that models search for pieces of documents; [`Tool::file_search`](crate::Tool::file_search)
/// lets a model do so.
///
/// ```
/// # use propus_client::testing::{json, with_headers};
/// # let replies = [
/// #     json(r#"{"name":"fileSearchStores/s1"}"#),
/// #     with_headers("x-goog-upload-url: /upload/v1beta/x?upload_id=1\r\n", ""),
/// #     with_headers("x-goog-upload-status: final\r\n", r#"{"name":"fileSearchStores/s1/upload/operations/1"}"#),
/// #     json(r#"{"name":"fileSearchStores/s1/upload/operations/1","done":true,"response":{}}"#)];
/// # propus_client::testing::example(replies, async |client| {
/// use propus_client::Poll;
///
/// let stores = client.file_search_stores();
/// let store = stores.create("handbooks", None).await?.name.unwrap_or_default();
/// let operation = stores.upload_bytes(&store, "text/plain", "Press the red button.").send().await?;
/// client.operations().wait(&operation.name.unwrap_or_default(), Poll::default()).await?;
/// # Ok(()) });
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FileSearchStores<'a> {
    client: &'a Client,
}

page! {
    ListFileSearchStoresResponse { file_search_stores: FileSearchStore },
    ListDocumentsResponse { documents: Document },
}

impl<'a> FileSearchStores<'a> {
    pub(crate) fn new(client: &'a Client) -> Self {
        Self { client }
    }

    /// Makes a store whose documents are found by the vectors of a model; Google has a usual one.
    pub async fn create(
        self,
        display_name: &str,
        embedding_model: Option<&str>,
    ) -> Result<FileSearchStore, Error> {
        let store = FileSearchStore {
            display_name: Some(display_name.to_owned()),
            embedding_model: embedding_model.map(models::full_name),
            ..Default::default()
        };
        let call = self.client.call(Method::POST, "fileSearchStores");
        self.client.json(call.json(&store)).await
    }

    /// What is known of it. The name is `fileSearchStores/x` or `x`.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"name":"fileSearchStores/s1","activeDocumentsCount":"3"}"#)], async |client| {
    /// let store = client.file_search_stores().get("fileSearchStores/s1").await?;
    /// assert_eq!(store.active_documents_count, Some(3));
    /// # Ok(()) });
    /// ```
    pub async fn get(self, name: &str) -> Result<FileSearchStore, Error> {
        let call = self.client.call(Method::GET, &path(name)?);
        self.client.json(call).await
    }

    /// All of them.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"fileSearchStores":[{"name":"fileSearchStores/s1"}]}"#)], async |client| {
    /// assert_eq!(client.file_search_stores().list().await?.len(), 1);
    /// # Ok(()) });
    /// ```
    pub fn list(self) -> Pages<FileSearchStore> {
        let path = Ok("fileSearchStores".into());
        Pages::of::<ListFileSearchStoresResponse>(self.client, path, 20)
    }

    /// Forgets it; with `force` also its documents, without which only an empty one goes.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json("{}")], async |client| {
    /// client.file_search_stores().delete("fileSearchStores/s1", true).await?;
    /// # Ok(()) });
    /// ```
    pub async fn delete(self, name: &str, force: bool) -> Result<(), Error> {
        let call = self.client.call(Method::DELETE, &path(name)?);
        self.client.done(forced(call, force)).await
    }

    /// Puts an uploaded [file](Client::files) into a store.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"name":"fileSearchStores/s1/operations/1"}"#)], async |client| {
    /// use propus_client::wire::stores::ImportFileRequest;
    ///
    /// let request = ImportFileRequest { file_name: Some("files/f1".into()), ..Default::default() };
    /// client.file_search_stores().import("fileSearchStores/s1", &request).await?;
    /// # Ok(()) });
    /// ```
    pub async fn import(
        self,
        store: &str,
        request: &ImportFileRequest,
    ) -> Result<Operation, Error> {
        let path = format!("{}:importFile", path(store)?);
        let call = self.client.call(Method::POST, &path);
        self.client.json(call.json(request)).await
    }

    /// Begins to upload a file of this machine right into a store. Its type follows from the end
    /// of its name, if it is not [set](Upload::mime_type).
    pub fn upload(self, store: &str, file: impl AsRef<Path>) -> Upload<'a, Operation> {
        let source = Source::Path(file.as_ref().to_owned());
        Upload::document(self.client, path(store), source)
    }

    /// Begins to upload bytes of an IANA type right into a store.
    pub fn upload_bytes(
        self,
        store: &str,
        mime_type: impl Into<String>,
        bytes: impl Into<Bytes>,
    ) -> Upload<'a, Operation> {
        let source = Source::Bytes(bytes.into());
        Upload::document(self.client, path(store), source).mime_type(mime_type)
    }

    /// Begins to upload what a reader gives, of an IANA type, right into a store.
    pub fn upload_reader(
        self,
        store: &str,
        mime_type: impl Into<String>,
        length: Option<u64>,
        reader: impl AsyncRead + Send + Unpin + 'static,
    ) -> Upload<'a, Operation> {
        let source = Source::Reader(Box::new(reader), length);
        Upload::document(self.client, path(store), source).mime_type(mime_type)
    }

    /// The documents of a store.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"documents":[{"name":"fileSearchStores/s1/documents/d1","state":"STATE_ACTIVE"}]}"#)], async |client| {
    /// for document in client.file_search_stores().documents("fileSearchStores/s1").await? {
    ///     println!("{:?}: {:?}", document.name, document.state);
    /// }
    /// # Ok(()) });
    /// ```
    pub fn documents(self, store: &str) -> Pages<Document> {
        let path = path(store).map(|store| format!("{store}/documents"));
        Pages::of::<ListDocumentsResponse>(self.client, path, 20)
    }

    /// What is known of a document, `fileSearchStores/x/documents/y`.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json(r#"{"name":"fileSearchStores/s1/documents/d1","sizeBytes":"20"}"#)], async |client| {
    /// let name = "fileSearchStores/s1/documents/d1";
    /// assert_eq!(client.file_search_stores().document(name).await?.size_bytes, Some(20));
    /// # Ok(()) });
    /// ```
    pub async fn document(self, name: &str) -> Result<Document, Error> {
        let call = self.client.call(Method::GET, &document_path(name)?);
        self.client.json(call).await
    }

    /// Forgets a document; with `force` also the pieces that it was cut into.
    ///
    /// ```
    /// # use propus_client::testing::*;
    /// # example([json("{}")], async |client| {
    /// let name = "fileSearchStores/s1/documents/d1";
    /// client.file_search_stores().delete_document(name, true).await?;
    /// # Ok(()) });
    /// ```
    pub async fn delete_document(self, name: &str, force: bool) -> Result<(), Error> {
        let call = self.client.call(Method::DELETE, &document_path(name)?);
        self.client.done(forced(call, force)).await
    }
}

fn forced(call: crate::transport::Call, force: bool) -> crate::transport::Call {
    match force {
        true => call.query("force", "true"),
        false => call,
    }
}

fn path(name: &str) -> Result<String, Error> {
    models::resource("fileSearchStores", name)
}

fn document_path(name: &str) -> Result<String, Error> {
    let path = encoded(name.trim()).filter(|path| path.contains("/documents/"));
    path.ok_or_else(|| {
        Error::setup(
            format!("`{name}` is not the name of a document"),
            "names look like `fileSearchStores/x/documents/y`",
        )
    })
}
