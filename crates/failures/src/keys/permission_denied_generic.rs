//! The caller may not do this, and Google gives no reason.

use crate::Failure;
use propus_wire::status::{Code, Status};

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
