//! The key was found in public.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "leaked-api-key",
    page: include_str!("leaked_api_key.md"),
    guide: Some(Guide::ApiKey),
    retry: Retry::Never,
    over: &["permission-denied-generic"],
    signs: &[
        certain("reported as leaked"),
        likely("key ** leaked"),
        likely("leaked api key"),
    ],
};

/// The key was found in public and is blocked.
///
/// Source of the wording: seen in public error reports, always without details. Google's
/// troubleshooting guide has the case since early 2026.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeakedApiKey;

impl Failure for LeakedApiKey {
    fn name(&self) -> &'static str {
        "leaked-api-key"
    }

    fn status(&self) -> Status {
        let message = "Your API key was reported as leaked. Please use another API key.";
        Status::new(Code::PermissionDenied, message)
    }

    fn examples() -> Vec<Self> {
        vec![Self]
    }
}
