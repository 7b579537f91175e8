//! The key was good once.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::Status;

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "expired-api-key",
    page: include_str!("expired_api_key.md"),
    guide: Some(Guide::ApiKey),
    retry: Retry::Never,
    over: &["invalid-api-key"],
    signs: &[
        certain("api key expired"),
        certain("please renew the api key"),
        likely("api key has expired"),
        likely("key expired"),
        likely("expired api key"),
    ],
};

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
