//! The API is not enabled in the key's project.

use crate::entry::{Entry, Guide, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "service-disabled",
    page: include_str!("service_disabled.md"),
    guide: Some(Guide::PermissionDenied),
    retry: Retry::Never,
    over: &["permission-denied-generic"],
    signs: &[
        likely("activationurl"),
        certain("before or it is disabled"),
        certain("servicedisabled"),
        likely("has not been used in project"),
        likely("api ** is not enabled"),
        likely("enable it by visiting"),
        likely("api has not been enabled"),
        likely("api is disabled"),
    ],
};
