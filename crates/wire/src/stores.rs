//! Messages of stores that models search for pieces of documents.
//!
//! Source: the method lists of June 2026 and google-genai 3.4. The numbers of a document's states
//! are not published with them; these are in the order of their names there.

crate::message! {
    /// A store of documents.
    pub struct FileSearchStore {
        /// `fileSearchStores/...`.
        name: Option<String>;
        /// For people.
        display_name: Option<String>;
        /// When it was made (RFC 3339).
        create_time: Option<String>;
        /// When it changed last (RFC 3339).
        update_time: Option<String>;
        /// Documents that can be found.
        active_documents_count: Option<i64>;
        /// Documents that are being read.
        pending_documents_count: Option<i64>;
        /// Documents that could not be read.
        failed_documents_count: Option<i64>;
        /// The length of all.
        size_bytes: Option<i64>;
        /// `models/...` whose vectors are searched.
        embedding_model: Option<String>;
    }

    /// One page of stores.
    pub struct ListFileSearchStoresResponse {
        /// The stores.
        file_search_stores: Vec<FileSearchStore>;
        /// Asks for the next page; absent on the last.
        next_page_token: Option<String>;
    }

    /// A document of a store.
    pub struct Document {
        /// `fileSearchStores/.../documents/...`.
        name: Option<String>;
        /// For people.
        display_name: Option<String>;
        /// Whether it can be found.
        state: Option<DocumentState>;
        /// Its length.
        size_bytes: Option<i64>;
        /// IANA type.
        mime_type: Option<String>;
        /// When it came (RFC 3339).
        create_time: Option<String>;
        /// When it changed last (RFC 3339).
        update_time: Option<String>;
        /// The caller's own marks, which searches may ask for.
        custom_metadata: Vec<CustomMetadata>;
    }

    /// One page of documents.
    pub struct ListDocumentsResponse {
        /// The documents.
        documents: Vec<Document>;
        /// Asks for the next page; absent on the last.
        next_page_token: Option<String>;
    }

    /// One mark of a document.
    pub struct CustomMetadata {
        /// Its name.
        key: Option<String>;
        /// A text.
        string_value: Option<String>, @oneof(value);
        /// Texts.
        string_list_value: Option<StringList>, @oneof(value);
        /// A number.
        numeric_value: Option<f64>, @oneof(value);
    }

    /// Texts.
    pub struct StringList {
        /// Each of them.
        values: Vec<String>;
    }

    /// How a document is cut into pieces.
    pub struct ChunkingConfig {
        /// Between words.
        white_space_config: Option<WhiteSpaceConfig>;
    }

    /// Cuts between words.
    pub struct WhiteSpaceConfig {
        /// The longest piece.
        max_tokens_per_chunk: Option<i32>;
        /// How much two neighbours share.
        max_overlap_tokens: Option<i32>;
    }

    /// Puts an uploaded file into a store.
    pub struct ImportFileRequest {
        /// `files/...`; required.
        file_name: Option<String>;
        /// The caller's own marks.
        custom_metadata: Vec<CustomMetadata>;
        /// How it is cut.
        chunking_config: Option<ChunkingConfig>;
    }

    /// Begins an upload right into a store.
    pub struct UploadToFileSearchStoreRequest {
        /// For people.
        display_name: Option<String>;
        /// The caller's own marks.
        custom_metadata: Vec<CustomMetadata>;
        /// How it is cut.
        chunking_config: Option<ChunkingConfig>;
        /// IANA type.
        mime_type: Option<String>;
    }

    /// What came of either: the response of their operation.
    pub struct ImportFileResponse {
        /// The store.
        parent: Option<String>;
        /// The document.
        document_name: Option<String>;
    }
}

crate::open_enum! {
    /// Whether a document can be found.
    pub enum DocumentState = "Document.State" {
        /// Never sent.
        Unspecified = "STATE_UNSPECIFIED" 0,
        /// Not yet.
        Pending = "STATE_PENDING" 1,
        /// Yes.
        Active = "STATE_ACTIVE" 2,
        /// Never.
        Failed = "STATE_FAILED" 3,
    }
}
