//! The monthly spending cap is reached.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "spend-cap",
    page: include_str!("spend_cap.md"),
    guide: Some(Guide::ResourceExhausted),
    retry: Retry::Never,
    over: &["quota-unspecified"],
    signs: &[
        certain("exceeded its * spending cap"),
        certain("exceeded its spending cap"),
        likely("spending cap"),
        likely("spend cap"),
    ],
};

/// The monthly spending cap is reached.
///
/// Source of the wordings: seen in public error reports, without details; that of the account was
/// seen once, on a page of another provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpendCap {
    /// The cap that was set for the project.
    Project,
    /// The same without the word `monthly`; it was seen both ways.
    ProjectPlain,
    /// The cap of the billing account's tier.
    Account,
}

impl Failure for SpendCap {
    fn name(&self) -> &'static str {
        "spend-cap"
    }

    fn status(&self) -> Status {
        let message = match self {
            Self::Project => {
                "Your project has exceeded its monthly spending cap. Please go to AI Studio at \
                 https://ai.studio/spend to manage your project spend cap."
            }
            Self::ProjectPlain => {
                "Your project has exceeded its spending cap. Please go to AI Studio at \
                 https://ai.studio/spend to manage your project spend cap."
            }
            Self::Account => {
                "Your billing account has exceeded its monthly spending cap. Please go to AI Studio \
                 at https://aistudio.google.com to manage your billing. Learn more at \
                 https://ai.google.dev/gemini-api/docs/billing."
            }
        };
        Status::new(Code::ResourceExhausted, message)
    }

    fn examples() -> Vec<Self> {
        vec![Self::Project, Self::ProjectPlain, Self::Account]
    }
}
