//! The caller may not do this, and Google gives no reason.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, likely, possible};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "permission-denied-generic",
    page: include_str!("permission_denied_generic.md"),
    guide: Some(Guide::PermissionDenied),
    retry: Retry::Never,
    over: &[],
    signs: &[
        likely("caller does not have permission"),
        likely("iampermissiondenied"),
        likely("not found or permission denied"),
        possible("permissiondenied"),
        possible("permission denied"),
        possible("403 forbidden"),
        possible("status 403"),
        possible("code 403"),
        possible("http 403"),
        possible("error 403"),
    ],
};

/// The caller may not do this, and Google gives no reason.
///
/// Source of the wordings: seen in public error reports. Cached content has no label of its own;
/// Google answers 403 for content that is absent, so it is told here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PermissionDeniedGeneric {
    /// Anything else.
    Caller,
    /// The cached content is absent, expired or another project's.
    CachedContent,
}

impl Failure for PermissionDeniedGeneric {
    fn name(&self) -> &'static str {
        "permission-denied-generic"
    }

    fn status(&self) -> Status {
        let message = match self {
            Self::Caller => "The caller does not have permission",
            Self::CachedContent => "CachedContent not found (or permission denied)",
        };
        Status::new(Code::PermissionDenied, message)
    }

    fn examples() -> Vec<Self> {
        vec![Self::Caller, Self::CachedContent]
    }
}
