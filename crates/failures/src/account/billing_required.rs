//! What was asked for needs a paid plan.

use crate::entry::{Entry, Guide, Retry, certain, likely, possible};

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
