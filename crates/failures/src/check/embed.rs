//! Requests for vectors.

use super::Check;
use crate::{
    limits::batch_too_large::BatchTooLarge,
    request::{
        missing_required_field::{Missing, MissingRequiredField},
        param_out_of_range::Allowed,
    },
};
use propus_wire::embed::{BatchEmbedContentsRequest, EmbedContentRequest};

/// The most requests of one batch.
const BATCH: usize = 100;

impl Check<'_> {
    pub(super) fn embed(&mut self, request: &EmbedContentRequest) {
        self.one("EmbedContentRequest", request);
    }

    pub(super) fn embed_batch(&mut self, batch: &BatchEmbedContentsRequest) {
        let root = "BatchEmbedContentsRequest";
        let requests = batch.requests.len();
        if requests == 0 {
            self.missing(format!("{root}.requests"), Missing::Field("requests"));
        }
        if requests > BATCH {
            let limit = BATCH;
            self.found(BatchTooLarge { requests, limit });
        }
        for (place, request) in batch.requests.iter().enumerate() {
            let path = format!("{root}.requests[{place}]");
            self.model(format!("{path}.model"), request.model.as_deref());
            self.one(&path, request);
        }
    }

    fn one(&mut self, path: &str, request: &EmbedContentRequest) {
        match &request.content {
            None => self.missing(format!("{path}.content"), Missing::Field("content")),
            Some(content) if content.parts.is_empty() => {
                self.missing(format!("{path}.content.parts"), Missing::Parts);
            }
            Some(content) => {
                self.parts(&format!("{path}.content"), &content.parts);
                let is_empty = |text: &Option<String>| text.as_deref() == Some("");
                if content.parts.iter().any(|part| is_empty(&part.text)) {
                    let content = "EmbedContentRequest.content".into();
                    let fault = MissingRequiredField {
                        path: content,
                        missing: Missing::EmbeddedText,
                    };
                    self.found_at(&format!("{path}.content"), fault);
                }
            }
        }
        if let Some(size) = request.output_dimensionality.filter(|size| *size < 1) {
            self.outside(
                path,
                "output_dimensionality",
                size.into(),
                Allowed::AtLeast(1),
            );
        }
    }
}
