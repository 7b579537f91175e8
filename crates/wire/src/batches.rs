//! Messages of requests that are answered together, within a day and at half the price.
//!
//! Source: the SDKs of 2026 (google-genai 2.19 and 3.4). The numbers of the states are not published
//! with them; these are in the order of their names there.

use crate::{
    embed::{EmbedContentRequest, EmbedContentResponse},
    generate::{GenerateContentRequest, GenerateContentResponse},
    operations::RpcStatus,
};
use serde_json::{Map, Value};

crate::message! {
    /// Begins a batch.
    pub struct BatchGenerateContentRequest {
        /// The batch; required.
        batch: Option<GenerateContentBatch>;
    }

    /// Begins a batch of embeddings.
    pub struct AsyncBatchEmbedContentRequest {
        /// The batch; required.
        batch: Option<EmbedContentBatch>;
    }

    /// Requests that are answered together; also the metadata of the operation that does it.
    pub struct GenerateContentBatch {
        /// `models/...`.
        model: Option<String>;
        /// `batches/...`.
        name: Option<String>;
        /// For people; required.
        display_name: Option<String>;
        /// What to answer; required.
        input_config: Option<BatchInput>;
        /// Where the answers are.
        output: Option<BatchOutput>;
        /// When it was made (RFC 3339).
        create_time: Option<String>;
        /// When it ended (RFC 3339).
        end_time: Option<String>;
        /// When it changed last (RFC 3339).
        update_time: Option<String>;
        /// How many requests are where.
        batch_stats: Option<BatchStats>;
        /// How far it is.
        state: Option<BatchState>;
        /// Those with a higher number come first.
        priority: Option<i64>;
        /// Whom to tell when it ends.
        webhook_config: Option<Map<String, Value>>;
    }

    /// Where the requests are.
    pub struct BatchInput = "InputConfig" {
        /// `files/...`: a file with one JSON object for each line.
        file_name: Option<String>, @oneof(source);
        /// In the message itself; 20 MB at most.
        requests: Option<InlinedRequests>, @oneof(source);
    }

    /// Requests in the message itself.
    pub struct InlinedRequests {
        /// Each of them.
        requests: Vec<InlinedRequest>;
    }

    /// One request of a batch.
    pub struct InlinedRequest {
        /// The request.
        request: Option<GenerateContentRequest>;
        /// The caller's own marks, which come back with the answer.
        metadata: Option<Map<String, Value>>;
    }

    /// Where the answers are.
    pub struct BatchOutput = "GenerateContentBatchOutput" {
        /// `files/...`: a file with one JSON object for each line.
        responses_file: Option<String>, @oneof(output);
        /// In the message itself.
        inlined_responses: Option<InlinedResponses>, @oneof(output);
    }

    /// Answers in the message itself.
    pub struct InlinedResponses {
        /// In the order of the requests.
        inlined_responses: Vec<InlinedResponse>;
    }

    /// One answer of a batch.
    pub struct InlinedResponse {
        /// The request's marks.
        metadata: Option<Map<String, Value>>;
        /// Why there is no answer.
        error: Option<RpcStatus>, @oneof(output);
        /// The answer.
        response: Option<GenerateContentResponse>, @oneof(output);
    }

    /// How many requests are where.
    pub struct BatchStats {
        /// All.
        request_count: Option<i64>;
        /// Answered.
        successful_request_count: Option<i64>;
        /// Failed.
        failed_request_count: Option<i64>;
        /// Not looked at yet.
        pending_request_count: Option<i64>;
    }

    /// One line of a file of requests.
    pub struct BatchLine {
        /// The caller's own mark, which comes back with the answer.
        key: Option<String>;
        /// The request.
        request: Option<GenerateContentRequest>;
    }

    /// One line of a file of answers.
    pub struct BatchAnswer {
        /// The request's mark.
        key: Option<String>;
        /// The answer.
        response: Option<GenerateContentResponse>;
        /// Why there is none.
        error: Option<RpcStatus>;
    }

    /// Texts that become vectors together.
    pub struct EmbedContentBatch {
        /// `models/...`.
        model: Option<String>;
        /// `batches/...`.
        name: Option<String>;
        /// For people; required.
        display_name: Option<String>;
        /// The texts; required.
        input_config: Option<EmbedBatchInput>;
        /// Where the vectors are.
        output: Option<EmbedBatchOutput>;
        /// When it was made (RFC 3339).
        create_time: Option<String>;
        /// When it ended (RFC 3339).
        end_time: Option<String>;
        /// When it changed last (RFC 3339).
        update_time: Option<String>;
        /// How many texts are where.
        batch_stats: Option<BatchStats>;
        /// How far it is.
        state: Option<BatchState>;
        /// Those with a higher number come first.
        priority: Option<i64>;
    }

    /// Where the texts are.
    pub struct EmbedBatchInput = "InputEmbedContentConfig" {
        /// `files/...`: a file with one JSON object for each line.
        file_name: Option<String>, @oneof(source);
        /// In the message itself.
        requests: Option<InlinedEmbedRequests>, @oneof(source);
    }

    /// Texts in the message itself.
    pub struct InlinedEmbedRequests = "InlinedEmbedContentRequests" {
        /// Each of them.
        requests: Vec<InlinedEmbedRequest>;
    }

    /// One text of a batch.
    pub struct InlinedEmbedRequest = "InlinedEmbedContentRequest" {
        /// The text and what its vector is for.
        request: Option<EmbedContentRequest>;
        /// The caller's own marks, which come back with the vector.
        metadata: Option<Map<String, Value>>;
    }

    /// Where the vectors are.
    pub struct EmbedBatchOutput = "EmbedContentBatchOutput" {
        /// `files/...`: a file with one JSON object for each line.
        responses_file: Option<String>, @oneof(output);
        /// In the message itself.
        inlined_responses: Option<InlinedEmbedResponses>, @oneof(output),
            @json("inlinedEmbedContentResponses", "inlined_embed_content_responses");
    }

    /// Vectors in the message itself.
    pub struct InlinedEmbedResponses = "InlinedEmbedContentResponses" {
        /// In the order of the texts.
        inlined_responses: Vec<InlinedEmbedResponse>;
    }

    /// One vector of a batch.
    pub struct InlinedEmbedResponse = "InlinedEmbedContentResponse" {
        /// The text's marks.
        metadata: Option<Map<String, Value>>;
        /// Why there is no vector.
        error: Option<RpcStatus>, @oneof(output);
        /// The vector.
        response: Option<EmbedContentResponse>, @oneof(output);
    }
}

crate::open_enum! {
    /// How far a batch is.
    pub enum BatchState = "BatchState" {
        /// Never sent.
        Unspecified = "BATCH_STATE_UNSPECIFIED" 0,
        /// It waits.
        Pending = "BATCH_STATE_PENDING" 1,
        /// It runs.
        Running = "BATCH_STATE_RUNNING" 2,
        /// It is answered; single requests may have failed.
        Succeeded = "BATCH_STATE_SUCCEEDED" 3,
        /// It failed as a whole.
        Failed = "BATCH_STATE_FAILED" 4,
        /// Its owner ended it.
        Cancelled = "BATCH_STATE_CANCELLED" 5,
        /// It waited for longer than two days.
        Expired = "BATCH_STATE_EXPIRED" 6,
    }
}

impl BatchState {
    /// Whether nothing more will come.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Succeeded | Self::Failed | Self::Cancelled | Self::Expired
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_lie_two_levels_deep() {
        let json = r#"{"inlinedResponses":{"inlinedResponses":[{"response":{"candidates":[]}},{"error":{"code":3}}]}}"#;
        let output: BatchOutput = serde_json::from_str(json).unwrap();
        let answers = output.inlined_responses.unwrap().inlined_responses;
        assert!(answers[0].response.is_some());
        assert_eq!(answers[1].error.as_ref().unwrap().code, Some(3));
        let json = r#"{"inlinedEmbedContentResponses":{"inlinedResponses":[{"response":{"embedding":{"values":[1.0]}}}]}}"#;
        let output: EmbedBatchOutput = serde_json::from_str(json).unwrap();
        assert_eq!(output.inlined_responses.unwrap().inlined_responses.len(), 1);
    }

    #[test]
    fn a_state_that_is_new_is_not_final() {
        assert!(BatchState::Expired.is_final());
        assert!(!BatchState::Unknown("BATCH_STATE_PAUSED".into()).is_final());
    }
}
