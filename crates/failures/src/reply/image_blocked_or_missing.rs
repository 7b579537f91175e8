//! The image was blocked or not made.

use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::generate::{FinishReason, GenerateContentResponse};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "image-blocked-or-missing",
    page: include_str!("image_blocked_or_missing.md"),
    guide: Some(Guide::Safety),
    retry: Retry::Maybe,
    over: &["blocked-prohibited", "finish-other", "recitation"],
    signs: &[
        certain("imagesafety"),
        certain("noimage"),
        certain("imageprohibitedcontent"),
        certain("imagerecitation"),
        certain("imageother"),
        likely("no image was generated"),
        likely("image safety"),
        likely("image generation ** blocked"),
        likely("no image ** response"),
    ],
};

/// An answer whose image was blocked.
///
/// Source of the form: seen in public error reports.
pub fn reply(model: &str) -> GenerateContentResponse {
    super::ended(model, FinishReason::ImageSafety, None)
}
