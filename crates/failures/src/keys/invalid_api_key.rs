//! The key is not one of ours.

use crate::Failure;
use propus_wire::status::Status;

/// The key is not one of ours.
///
/// Source of the wording and the details: seen in public error reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidApiKey;

impl Failure for InvalidApiKey {
    fn name(&self) -> &'static str {
        "invalid-api-key"
    }

    fn status(&self) -> Status {
        super::key_invalid("API key not valid. Please pass a valid API key.")
    }

    fn examples() -> Vec<Self> {
        vec![Self]
    }
}
