//! A file is still being processed, or could not be.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "file-not-active",
    page: include_str!("file_not_active.md"),
    guide: Some(Guide::FailedPrecondition),
    retry: Retry::Poll,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("not in an active state"),
        likely("file ** processing ** not ** active"),
        likely("file is still processing"),
        likely("file ** state processing"),
    ],
};

/// A file is still being processed, or could not be.
///
/// Source of the wording: seen in public error reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileNotActive {
    /// The file's id, without `files/`.
    pub id: String,
}

impl Failure for FileNotActive {
    fn name(&self) -> &'static str {
        "file-not-active"
    }

    fn status(&self) -> Status {
        let message = format!(
            "The File {} is not in an ACTIVE state and usage is not allowed.",
            self.id
        );
        Status::new(Code::FailedPrecondition, message)
    }

    fn examples() -> Vec<Self> {
        vec![Self {
            id: "abc123def456".into(),
        }]
    }
}
