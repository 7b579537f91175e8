//! A function call of the current turn came back without its signature.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "thought-signature-missing",
    page: include_str!("thought_signature_missing.md"),
    guide: Some(Guide::InvalidArgument),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("missing a thoughtsignature"),
        certain("missing a thought signature"),
        certain("missing thoughtsignature"),
        certain("missingthoughtsignature"),
        certain("missing thought signature"),
        likely("thoughtsignature is required"),
        likely("must include * thoughtsignature"),
    ],
};

/// A function call of the current turn came back without its signature.
///
/// Source of the wording: seen in public error reports; the part between its two sentences was
/// cut in all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThoughtSignatureMissing {
    /// The function.
    pub function: String,
    /// The turn, counted from 1 as Google does.
    pub position: usize,
}

impl Failure for ThoughtSignatureMissing {
    fn name(&self) -> &'static str {
        "thought-signature-missing"
    }

    fn status(&self) -> Status {
        let message = format!(
            "Function call is missing a thought_signature in functionCall parts. Additional data, \
             function call `default_api:{}` , position {}. Please refer to \
             https://ai.google.dev/gemini-api/docs/thought-signatures for more details.",
            self.function, self.position
        );
        Status::new(Code::InvalidArgument, message)
    }

    fn examples() -> Vec<Self> {
        vec![Self {
            function: "get_weather".into(),
            position: 2,
        }]
    }
}
