//! The prompt was blocked by a safety setting.

use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use propus_wire::generate::{BlockReason, GenerateContentResponse, HarmProbability};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "blocked-safety-prompt",
    page: include_str!("blocked_safety_prompt.md"),
    guide: Some(Guide::Safety),
    retry: Retry::Never,
    over: &[],
    signs: &[
        certain("blockreason safety"),
        certain("blockreason blockreason safety"),
        certain("blockedreason safety"),
        certain("blocked for reason safety"),
        likely("prompt was blocked ** safety"),
        likely("prompt ** blocked ** safety"),
        likely("blocked due to safety ** prompt"),
        possible("response was blocked ** safety"),
        possible("blocked by * safety"),
        certain("blockreason blockedreason safety"),
    ],
};

/// A prompt that was blocked, and the ratings that say why.
///
/// Source of the form: seen in public error reports.
pub fn reply(model: &str) -> GenerateContentResponse {
    let mut reply = super::blocked(model, BlockReason::Safety);
    if let Some(feedback) = &mut reply.prompt_feedback {
        feedback.safety_ratings = super::ratings(HarmProbability::High);
    }
    reply
}
