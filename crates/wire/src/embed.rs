//! Messages of `embedContent` and `batchEmbedContents`.

use crate::generate::Content;

crate::message! {
    /// Asks for the vector of one text.
    pub struct EmbedContentRequest {
        /// `models/...`.
        model: Option<String>;
        /// The text; required.
        content: Option<Content>;
        /// What the vector is for.
        task_type: Option<TaskType>;
        /// The title of a document.
        title: Option<String>;
        /// Shortens the vector.
        output_dimensionality: Option<i32>;
        /// Settings of newer embedding models (2026 SDKs).
        embed_content_config: Option<serde_json::Map<String, serde_json::Value>>, beta;
    }

    /// The vector of one text.
    pub struct EmbedContentResponse {
        /// The vector.
        embedding: Option<ContentEmbedding>;
    }

    /// Asks for the vectors of several texts.
    pub struct BatchEmbedContentsRequest {
        /// `models/...`.
        model: Option<String>;
        /// At most 100.
        requests: Vec<EmbedContentRequest>;
    }

    /// The vectors, in the order of the requests.
    pub struct BatchEmbedContentsResponse {
        /// The vectors.
        embeddings: Vec<ContentEmbedding>;
    }

    /// A vector.
    pub struct ContentEmbedding {
        /// Its components.
        values: Vec<f32>;
    }
}

crate::open_enum! {
    /// What a vector is for.
    pub enum TaskType = "TaskType" {
        /// Anything.
        Unspecified = "TASK_TYPE_UNSPECIFIED" 0,
        /// A query that looks for documents.
        RetrievalQuery = "RETRIEVAL_QUERY" 1,
        /// A document to be found.
        RetrievalDocument = "RETRIEVAL_DOCUMENT" 2,
        /// Comparing texts.
        SemanticSimilarity = "SEMANTIC_SIMILARITY" 3,
        /// Sorting into classes.
        Classification = "CLASSIFICATION" 4,
        /// Finding groups.
        Clustering = "CLUSTERING" 5,
        /// A question to be answered.
        QuestionAnswering = "QUESTION_ANSWERING" 6,
        /// A statement to be checked.
        FactVerification = "FACT_VERIFICATION" 7,
        /// A query that looks for code.
        CodeRetrievalQuery = "CODE_RETRIEVAL_QUERY" 8,
    }
}
