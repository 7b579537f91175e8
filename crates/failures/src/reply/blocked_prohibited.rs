//! Blocked for content that no setting allows.

use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::generate::{BlockReason, GenerateContentResponse};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "blocked-prohibited",
    page: include_str!("blocked_prohibited.md"),
    guide: Some(Guide::Safety),
    retry: Retry::Never,
    over: &[],
    signs: &[
        certain("prohibitedcontent"),
        certain("~prohibitedcontent"),
        certain("finishreason blocklist"),
        certain("blockreason blocklist"),
        certain("finishreason spii"),
        certain("finishreason finishreason spii"),
        certain("finishreason finishreason blocklist"),
        likely("prohibited content"),
        likely("prohibited use policy"),
        certain("blockreason blockedreason blocklist"),
        certain("blockreason blockedreason prohibitedcontent"),
    ],
};

/// A prompt that was blocked for prohibited content.
///
/// Source of the form: seen in public error reports.
pub fn reply(model: &str) -> GenerateContentResponse {
    super::blocked(model, BlockReason::ProhibitedContent)
}
