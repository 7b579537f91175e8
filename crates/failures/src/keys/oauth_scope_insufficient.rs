//! The OAuth token lacks a scope.

use crate::entry::{Entry, Guide, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "oauth-scope-insufficient",
    page: include_str!("oauth_scope_insufficient.md"),
    guide: Some(Guide::PermissionDenied),
    retry: Retry::Never,
    over: &["permission-denied-generic"],
    signs: &[
        certain("insufficient authentication scopes"),
        certain("accesstokenscopeinsufficient"),
        likely("insufficient ** scope"),
        likely("insufficientpermissions"),
        likely("insufficient permission"),
    ],
};
