//! Failures of the account behind a key: where it is, what it pays, what it is allowed.

pub mod account_disabled_tos;
pub mod billing_country_restricted;
pub mod billing_required;
pub mod location_unsupported;
pub mod prepay_depleted;
pub mod project_invalid;
pub mod service_disabled;
pub mod spend_cap;
pub mod spend_rate_limit;
