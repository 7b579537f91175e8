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

use propus_wire::{
    Version,
    status::{Code, Detail, Status},
};

/// Google's name of the API.
const SERVICE: &str = "generativelanguage.googleapis.com";

/// Said of tokens that are none, and of keys that are no longer taken.
const INVALID_CREDENTIALS: &str = "Request had invalid authentication credentials. Expected OAuth 2 \
    access token, login cookie or other valid authentication credential. See \
    https://developers.google.com/identity/sign-in/web/devconsole-project.";

/// A method as gRPC names it.
fn full_method(version: Version, service: &str, method: &str) -> String {
    format!("google.ai.generativelanguage.{version}.{service}.{method}")
}

/// Google answers 400 for a key that is wrong or expired, with the same reason for both.
fn key_invalid(message: &str) -> Status {
    Status::new(Code::InvalidArgument, message)
        .with(Detail::error_info(
            "API_KEY_INVALID",
            &[("service", SERVICE)],
        ))
        .with(Detail::localized(message))
}
