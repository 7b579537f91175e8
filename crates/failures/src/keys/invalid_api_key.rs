//! The key is not one of ours.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use propus_wire::status::Status;

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "invalid-api-key",
    page: include_str!("invalid_api_key.md"),
    guide: Some(Guide::ApiKey),
    retry: Retry::Never,
    over: &[],
    signs: &[
        certain("pass a valid api key"),
        certain("api key not valid"),
        certain("api key not found please pass"),
        likely("apikeyinvalid"),
        likely("api key is invalid"),
        likely("api key is not valid"),
        likely("invalid api key"),
        likely("incorrect api key"),
        likely("invalidapikey"),
        likely("api key ** was not found"),
        possible("bad api key"),
    ],
};

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
