//! Failures of how much is asked in how long.

pub mod quota_free_tier_zero;
pub mod quota_per_day;
pub mod quota_per_minute;
pub mod quota_per_user;
pub mod quota_region_zero;
pub mod quota_shared_capacity;
pub mod quota_storage;
pub mod quota_tokens_per_day;
pub mod quota_tokens_per_minute;
pub mod quota_unspecified;
