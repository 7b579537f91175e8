//! No key came with the request.

use crate::Failure;
use propus_wire::status::{Code, Status};

/// No key came with the request.
///
/// Source: Google's troubleshooting guide (403); wording seen in public error reports, always
/// without details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingAuth;

impl Failure for MissingAuth {
    fn name(&self) -> &'static str {
        "missing-auth"
    }

    fn status(&self) -> Status {
        let message = "Method doesn't allow unregistered callers (callers without established \
            identity). Please use API Key or other form of API consumer identity to call this API.";
        Status::new(Code::PermissionDenied, message)
    }

    fn examples() -> Vec<Self> {
        vec![Self]
    }
}
