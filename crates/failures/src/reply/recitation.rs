//! The answer was stopped because it resembled known texts.

use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::generate::{
    CitationMetadata, CitationSource, FinishReason, GenerateContentResponse,
};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "recitation",
    page: include_str!("recitation.md"),
    guide: Some(Guide::Recitation),
    retry: Retry::Maybe,
    over: &[],
    signs: &[
        certain("finishreason recitation"),
        certain("finishreason finishreason recitation"),
        certain("blocked due to recitation"),
        certain("finishreason 4"),
        likely("due to recitation"),
        likely("recitation"),
        likely("finishreason is 4"),
        likely("generation stopped reason recitation"),
    ],
};

/// An answer that was stopped, without its text, and what it resembled.
///
/// Source of the form: seen in public error reports.
pub fn reply(model: &str) -> GenerateContentResponse {
    let source = CitationSource {
        start_index: Some(181),
        end_index: Some(312),
        uri: Some("https://example.org/book".into()),
        license: None,
    };
    let mut reply = super::ended(model, FinishReason::Recitation, Some(super::silent()));
    for candidate in &mut reply.candidates {
        candidate.citation_metadata = Some(CitationMetadata {
            citation_sources: vec![source.clone()],
        });
    }
    reply
}
