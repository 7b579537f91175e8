//! What was asked for needs a paid plan.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "billing-required",
    page: include_str!("billing_required.md"),
    guide: Some(Guide::FailedPrecondition),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("only accessible to billed users"),
        likely("precondition check failed"),
        likely("billed users"),
        likely("requires billing"),
        likely("billing ** not enabled"),
        likely("enable billing"),
        likely("billing account ** required"),
        likely("requires ** paid"),
        possible("failedprecondition"),
    ],
};

/// What was asked for needs a paid plan.
///
/// Source of the wordings: seen in public error reports, without details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BillingRequired {
    /// A method, such as those of batches.
    Method,
    /// The image models of Imagen.
    Imagen,
}

impl Failure for BillingRequired {
    fn name(&self) -> &'static str {
        "billing-required"
    }

    fn status(&self) -> Status {
        match self {
            Self::Method => Status::new(Code::FailedPrecondition, "Precondition check failed."),
            Self::Imagen => {
                let message = "Imagen API is only accessible to billed users at this time.";
                Status::new(Code::InvalidArgument, message)
            }
        }
    }

    fn examples() -> Vec<Self> {
        vec![Self::Method, Self::Imagen]
    }
}
