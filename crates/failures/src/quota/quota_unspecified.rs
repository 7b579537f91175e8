//! Something is exhausted, and the error does not say what.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, likely, possible};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "quota-unspecified",
    page: include_str!("quota_unspecified.md"),
    guide: Some(Guide::ResourceExhausted),
    retry: Retry::Backoff,
    over: &[],
    signs: &[
        likely("resource has been exhausted"),
        likely("quota has been exceeded"),
        likely("exceeded your current quota"),
        likely("quota exceeded"),
        likely("check quota"),
        possible("resourceexhausted"),
        possible("resource exhausted"),
        possible("429 too many requests"),
        possible("too many requests"),
        possible("ratelimitexceeded"),
        possible("rate limit"),
        possible("status 429"),
        possible("code 429"),
        possible("http 429"),
        possible("error 429"),
        possible("429"),
    ],
};

/// Something is exhausted, and the error does not say what.
///
/// Source of the wording: seen in public error reports, always without details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaUnspecified;

impl Failure for QuotaUnspecified {
    fn name(&self) -> &'static str {
        "quota-unspecified"
    }

    fn status(&self) -> Status {
        let message = "Resource has been exhausted (e.g. check quota).";
        Status::new(Code::ResourceExhausted, message)
    }

    fn examples() -> Vec<Self> {
        vec![Self]
    }
}
