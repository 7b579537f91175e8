//! The prompt was blocked for a reason that is not said.

use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::generate::{BlockReason, GenerateContentResponse};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "block-reason-other",
    page: include_str!("block_reason_other.md"),
    guide: Some(Guide::Safety),
    retry: Retry::Maybe,
    over: &[],
    signs: &[
        certain("blockreason other"),
        certain("blockreason blockreason other"),
        certain("blockedreason other"),
        certain("blockedreasonother"),
        certain("blocked for reason other"),
        likely("prompt was blocked ** other"),
        certain("blockreason blockedreason other"),
    ],
};

/// A prompt that was blocked, without a rating that would say why.
///
/// Source of the form: seen in public error reports.
pub fn reply(model: &str) -> GenerateContentResponse {
    super::blocked(model, BlockReason::Other)
}
