//! Messages of the files that are uploaded for prompts.
//!
//! Source: the published protos of September 2026 and the SDKs' upload of that time.

use crate::{
    generate::{FileData, Part},
    operations::RpcStatus,
};
use bytes::Bytes;
use serde_json::{Map, Value};

crate::message! {
    /// A file that was uploaded, or made by a model. It lives for 48 hours.
    pub struct File {
        /// `files/...`, at most 40 characters behind the slash: lower-case letters, digits, dashes.
        name: Option<String>;
        /// For people; at most 512 characters.
        display_name: Option<String>;
        /// IANA type.
        mime_type: Option<String>;
        /// Its length.
        size_bytes: Option<i64>;
        /// When it came (RFC 3339).
        create_time: Option<String>;
        /// When it changed last (RFC 3339).
        update_time: Option<String>;
        /// When it goes (RFC 3339).
        expiration_time: Option<String>;
        /// The hash of its bytes.
        sha256_hash: Option<Bytes>;
        /// What prompts name it by.
        uri: Option<String>;
        /// Where it can be fetched from; only files that a model made can.
        download_uri: Option<String>;
        /// Whether prompts may use it.
        state: Option<FileState>;
        /// Where it comes from.
        source: Option<FileSource>;
        /// Why it cannot be used.
        error: Option<RpcStatus>;
        /// How long a video is.
        video_metadata: Option<Map<String, Value>>;
    }

    /// Begins an upload.
    pub struct CreateFileRequest {
        /// What is known of the file; its name and type may be set here.
        file: Option<File>;
    }

    /// Ends an upload.
    pub struct CreateFileResponse {
        /// The file.
        file: Option<File>;
    }

    /// One page of files.
    pub struct ListFilesResponse {
        /// The files.
        files: Vec<File>;
        /// Asks for the next page; absent on the last.
        next_page_token: Option<String>;
    }

    /// Names objects of a bucket that prompts may use as files.
    pub struct RegisterFilesRequest {
        /// `gs://bucket/object`.
        uris: Vec<String>;
    }

    /// The files that these objects became.
    pub struct RegisterFilesResponse {
        /// In the order of the objects.
        files: Vec<File>;
    }
}

crate::open_enum! {
    /// Whether prompts may use a file.
    pub enum FileState = "File.State" {
        /// Never sent.
        Unspecified = "STATE_UNSPECIFIED" 0,
        /// Not yet.
        Processing = "PROCESSING" 1,
        /// Yes.
        Active = "ACTIVE" 2,
        /// Never.
        Failed = "FAILED" 10,
    }

    /// Where a file comes from.
    pub enum FileSource = "File.Source" {
        /// Unknown.
        Unspecified = "SOURCE_UNSPECIFIED" 0,
        /// It was uploaded.
        Uploaded = "UPLOADED" 1,
        /// A model made it.
        Generated = "GENERATED" 2,
        /// It lies in a bucket.
        Registered = "REGISTERED" 3,
    }
}

impl From<&File> for Part {
    /// The file as a part of a prompt.
    fn from(file: &File) -> Self {
        Self {
            file_data: Some(FileData {
                mime_type: file.mime_type.clone(),
                file_uri: file.uri.clone(),
            }),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Message, Mode};

    #[test]
    fn a_file_is_read_as_google_writes_it() {
        let json = br#"{"file":{"name":"files/abc","sizeBytes":"5969","state":"ACTIVE","source":"UPLOADED",
            "sha256Hash":"AAEC","uri":"https://x/v1beta/files/abc","videoMetadata":{"videoDuration":"3s"}}}"#;
        let file = CreateFileResponse::from_json(json, Mode::Lenient).unwrap();
        let file = file.file.unwrap();
        assert_eq!(file.size_bytes, Some(5969));
        assert_eq!(file.state, Some(FileState::Active));
        assert_eq!(file.sha256_hash.as_deref(), Some([0, 1, 2].as_slice()));
    }
}
