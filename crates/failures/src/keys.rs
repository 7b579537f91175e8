//! Failures of who asks.

pub mod expired_api_key;
pub mod invalid_api_key;
pub mod key_format_new;
pub mod key_restricted_api;
pub mod key_restricted_app;
pub mod key_restricted_ip;
pub mod key_restricted_referer;
pub mod key_suspended;
pub mod leaked_api_key;
pub mod legacy_key_rejected;
pub mod missing_auth;
pub mod oauth_scope_insufficient;
pub mod permission_denied_generic;
pub mod tuned_model_permission;
pub mod wrong_auth_scheme;

use propus_wire::status::{Code, Detail, Status};

/// Google answers 400 for a key that is wrong or expired, with the same reason for both.
fn key_invalid(message: &str) -> Status {
    let service = ("service", "generativelanguage.googleapis.com");
    Status::new(Code::InvalidArgument, message)
        .with(Detail::error_info("API_KEY_INVALID", &[service]))
        .with(Detail::localized(message))
}
