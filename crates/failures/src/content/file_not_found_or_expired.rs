//! A file is absent, expired or another project's.

use crate::cards::Profile;
use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use crate::{Failure, Problem};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "file-not-found-or-expired",
    page: include_str!("file_not_found_or_expired.md"),
    guide: Some(Guide::NotFound),
    retry: Retry::Never,
    over: &["permission-denied-generic", "invalid-argument-generic"],
    signs: &[
        certain("permission to access the file"),
        likely("file ** may not exist"),
        likely("file ** not found"),
        likely("file ** expired"),
        possible("requested entity was not found"),
    ],
};

/// A file is absent, expired or another project's.
///
/// Google answers 403, although its troubleshooting guide says 404 (seen in public error
/// reports); we follow the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileNotFoundOrExpired {
    /// The file's id, without `files/`.
    pub id: String,
}

impl FileNotFoundOrExpired {
    /// The failure as a profile's service says it.
    pub fn said(self, profile: Profile) -> Problem {
        match profile {
            Profile::Current => self.into(),
            Profile::May2025 => FileNotFound404(self).into(),
        }
    }
}

/// The same as 404, as Google's troubleshooting guide of May 2025 has it, in the words of other missing
/// resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileNotFound404(pub FileNotFoundOrExpired);

impl Failure for FileNotFound404 {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn status(&self) -> Status {
        Status::new(Code::NotFound, "Requested entity was not found.")
    }
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
