//! A file is absent, expired or another project's.

use crate::Failure;
use propus_wire::status::{Code, Status};

/// A file is absent, expired or another project's.
///
/// Google answers 403, although its troubleshooting guide says 404 (seen in public error
/// reports); we follow the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileNotFoundOrExpired {
    /// The file's id, without `files/`.
    pub id: String,
}

impl Failure for FileNotFoundOrExpired {
    fn name(&self) -> &'static str {
        "file-not-found-or-expired"
    }

    fn status(&self) -> Status {
        let message = format!(
            "You do not have permission to access the File {} or it may not exist.",
            self.id
        );
        Status::new(Code::PermissionDenied, message)
    }

    fn examples() -> Vec<Self> {
        vec![Self {
            id: "abc123def456".into(),
        }]
    }
}
