//! A file is still being processed, or could not be.

use crate::Failure;
use propus_wire::status::{Code, Status};

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
