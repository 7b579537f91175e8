//! The prepaid credits are used up.

use crate::entry::{Entry, Guide, Retry, certain, likely};

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
