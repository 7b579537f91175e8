//! The answer was blocked by a safety setting.

use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use propus_wire::generate::{FinishReason, GenerateContentResponse, HarmProbability};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "blocked-safety-output",
    page: include_str!("blocked_safety_output.md"),
    guide: Some(Guide::Safety),
    retry: Retry::Never,
    over: &[],
    signs: &[
        certain("finishreason safety"),
        certain("finishreason finishreason safety"),
        certain("candidate was blocked due to safety"),
        certain("finishreason 3"),
        likely("response was blocked ** safety"),
        likely("blocked due to safety"),
        likely("stopped ** safety"),
        possible("blocked ** safety"),
        likely("finishreason is 3"),
        likely("generation stopped reason safety"),
    ],
};

/// An answer that was stopped, without its content, and the ratings that say why.
///
/// Source of the form: seen in public error reports; the content was absent, `{}`, or had a role or
/// empty text only.
pub fn reply(model: &str) -> GenerateContentResponse {
    let mut reply = super::ended(model, FinishReason::Safety, None);
    for candidate in &mut reply.candidates {
        candidate.safety_ratings = super::ratings(HarmProbability::Medium);
    }
    reply
}
