//! The prepaid credits are used up.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "prepay-depleted",
    page: include_str!("prepay_depleted.md"),
    guide: Some(Guide::ResourceExhausted),
    retry: Retry::Never,
    over: &["quota-unspecified"],
    signs: &[
        certain("prepayment credits are depleted"),
        likely("prepayment credits"),
        likely("prepaid ** depleted"),
        likely("credits are depleted"),
        likely("credits ** depleted"),
        likely("paymentrequired"),
        likely("402 payment required"),
    ],
};

/// The prepaid credits are used up.
///
/// Source of the wordings: seen in public error reports, without details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrepayDepleted {
    /// Whether the message ends with the page of the documentation; it was seen with and without.
    pub with_link: bool,
}

impl Failure for PrepayDepleted {
    fn name(&self) -> &'static str {
        "prepay-depleted"
    }

    fn status(&self) -> Status {
        let mut message = "Your prepayment credits are depleted. Please go to AI Studio at \
            https://ai.studio/projects to manage your project and billing."
            .to_owned();
        if self.with_link {
            // The blank at the end is Google's.
            message += " Learn more at https://ai.google.dev/gemini-api/docs/billing#prepay. ";
        }
        Status::new(Code::ResourceExhausted, message)
    }

    fn examples() -> Vec<Self> {
        [false, true].map(|with_link| Self { with_link }).into()
    }
}
