//! The billing account's country may not use the API.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "billing-country-restricted",
    page: include_str!("billing_country_restricted.md"),
    guide: Some(Guide::PermissionDenied),
    retry: Retry::Never,
    over: &["permission-denied-generic"],
    signs: &[
        certain("restricted from your billing country"),
        likely("billing country"),
    ],
};

/// The billing account's country may not use the API.
///
/// Source of the wording: seen once in a public error report, without details.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillingCountryRestricted {
    /// Such as `projects/123`.
    pub consumer: String,
}

impl Failure for BillingCountryRestricted {
    fn name(&self) -> &'static str {
        "billing-country-restricted"
    }

    fn status(&self) -> Status {
        let message = format!(
            "Access to generativelanguage.googleapis.com is restricted from your billing country \
             and was denied for {}.",
            self.consumer
        );
        Status::new(Code::PermissionDenied, message)
    }

    fn examples() -> Vec<Self> {
        vec![Self {
            consumer: "projects/377120945583".into(),
        }]
    }
}
