//! Failures of how much is asked.

pub mod batch_too_large;
pub mod cache_too_small;
pub mod context_too_long;
pub mod payload_too_large;
