//! The body is larger than a request may be.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "payload-too-large",
    page: include_str!("payload_too_large.md"),
    guide: Some(Guide::InvalidArgument),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("request payload size exceeds"),
        certain("referenced files bytes are too large"),
        certain("maximum request body size"),
        likely("payload too large"),
        likely("request entity too large"),
        likely("413"),
        likely("body ** exceeded ** bytes"),
        likely("content too large"),
    ],
};

/// The body is larger than a request may be.
///
/// Source of the wording: seen in public error reports, for 4 MiB; that of larger limits was
/// not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadTooLarge {
    /// The most bytes.
    pub limit: u64,
}

impl Failure for PayloadTooLarge {
    fn name(&self) -> &'static str {
        "payload-too-large"
    }

    fn status(&self) -> Status {
        let message = format!(
            "Request payload size exceeds the limit: {} bytes.",
            self.limit
        );
        Status::new(Code::InvalidArgument, message)
    }

    fn examples() -> Vec<Self> {
        vec![Self { limit: 20_971_520 }]
    }
}
