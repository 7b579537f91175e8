//! The project that was named does not exist or is not the caller's.

use crate::entry::{Entry, Guide, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "project-invalid",
    page: include_str!("project_invalid.md"),
    guide: Some(Guide::PermissionDenied),
    retry: Retry::Never,
    over: &["permission-denied-generic"],
    signs: &[
        certain("denied on resource project"),
        certain("consumerinvalid"),
        likely("invalid project"),
        likely("project ** not found or deleted"),
        likely("googlecloudproject ** set"),
    ],
};
