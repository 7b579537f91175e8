//! The caller is where the API, or its free tier, is not offered.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "location-unsupported",
    page: include_str!("location_unsupported.md"),
    guide: Some(Guide::FailedPrecondition),
    retry: Retry::Never,
    over: &["invalid-argument-generic", "live-api-close"],
    signs: &[
        certain("user location is not supported"),
        certain("free tier is not available in your country"),
        likely("location is not supported"),
        likely("not available in your country"),
        likely("not available in your region"),
        likely("unsupported location"),
        likely("country region or territory not supported"),
        likely("unsupported country"),
    ],
};

/// The caller is where the API, or its free tier, is not offered.
///
/// Source of the wordings: seen in public error reports, without details; the last one is also the
/// description in Google's troubleshooting guide of May 2025.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocationUnsupported {
    /// The API is not offered there.
    Place,
    /// It is offered there to those who pay.
    WithoutBilling,
    /// The same, as Google said it before.
    FreeTier,
}

impl Failure for LocationUnsupported {
    fn name(&self) -> &'static str {
        "location-unsupported"
    }

    fn status(&self) -> Status {
        let message = match self {
            Self::Place => "User location is not supported for the API use.",
            Self::WithoutBilling => {
                "User location is not supported for the API use without a billing account linked."
            }
            Self::FreeTier => {
                "Gemini API free tier is not available in your country. Please enable billing on \
                 your project in Google AI Studio."
            }
        };
        Status::new(Code::FailedPrecondition, message)
    }

    fn examples() -> Vec<Self> {
        vec![Self::Place, Self::WithoutBilling, Self::FreeTier]
    }
}
