//! The model's resource name has another form than `models/...`.

use crate::entry::{Entry, Guide, Retry, certain, likely};
use crate::{Failure, Violation};
use propus_wire::status::Status;

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "model-name-format",
    page: include_str!("model_name_format.md"),
    guide: Some(Guide::RightModel),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("model names should start with models"),
        certain("unexpected model name format"),
        likely("invalid model name"),
        likely("model name format"),
        likely("malformed model name"),
    ],
};

/// The model's resource name has another form than `models/...`.
///
/// Source of the wording: seen in public error reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelNameFormat {
    /// Message and field, such as `BatchEmbedContentsRequest.requests[0].model`.
    pub path: String,
    /// The name that was sent.
    pub model: String,
}

impl Failure for ModelNameFormat {
    fn name(&self) -> &'static str {
        "model-name-format"
    }

    fn status(&self) -> Status {
        Violation::status(&self.violations())
    }

    fn violations(&self) -> Vec<Violation> {
        vec![Violation::new(&self.path, "unexpected model name format")]
    }

    fn examples() -> Vec<Self> {
        vec![Self {
            path: "BatchEmbedContentsRequest.requests[0].model".into(),
            model: "text-embedding-004".into(),
        }]
    }
}
