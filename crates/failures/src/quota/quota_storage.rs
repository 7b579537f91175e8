//! The storage for files or cached content is full.

use crate::entry::{Entry, Guide, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "quota-storage",
    page: include_str!("quota_storage.md"),
    guide: Some(Guide::ResourceExhausted),
    retry: Retry::Never,
    over: &["quota-unspecified"],
    signs: &[
        certain("filestoragebytes"),
        certain("~storagetokens~ limit exceeded"),
        certain("~contentstoragetokens~"),
        likely("storage quota"),
        likely("storage limit"),
        likely("storage ** quota exceeded"),
        likely("~storage~ limit exceeded"),
    ],
};
