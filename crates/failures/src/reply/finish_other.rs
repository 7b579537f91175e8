//! The answer was stopped for a reason that is not said.

use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::generate::{FinishReason, GenerateContentResponse};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "finish-other",
    page: include_str!("finish_other.md"),
    guide: Some(Guide::Safety),
    retry: Retry::Maybe,
    over: &[],
    signs: &[
        certain("finishreason other"),
        certain("finishreason finishreason other"),
        certain("candidate was blocked due to other"),
        certain("finishreason 5"),
        likely("stopped ** reason other"),
        likely("finishreason is 5"),
        likely("generation stopped reason other"),
    ],
};

/// An answer that was stopped, without its content.
///
/// Source of the form: seen in public error reports.
pub fn reply(model: &str) -> GenerateContentResponse {
    super::ended(model, FinishReason::Other, None)
}
