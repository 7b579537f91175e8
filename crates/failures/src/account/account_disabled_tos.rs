//! The account is disabled for breaking the terms of service.

use crate::entry::{Entry, Guide, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "account-disabled-tos",
    page: include_str!("account_disabled_tos.md"),
    guide: Some(Guide::PermissionDenied),
    retry: Retry::Never,
    over: &["permission-denied-generic"],
    signs: &[
        certain("violation of terms of service"),
        certain("disabled in this account"),
        likely("violated ** terms of service"),
        likely("violation of ** terms"),
    ],
};
