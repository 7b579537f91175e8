//! The key was good once.

use crate::Failure;
use propus_wire::status::Status;

/// The key was good once.
///
/// Source of the wording and the details: seen in public error reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiredApiKey;

impl Failure for ExpiredApiKey {
    fn name(&self) -> &'static str {
        "expired-api-key"
    }

    fn status(&self) -> Status {
        super::key_invalid("API key expired. Please renew the API key.")
    }

    fn examples() -> Vec<Self> {
        vec![Self]
    }
}
