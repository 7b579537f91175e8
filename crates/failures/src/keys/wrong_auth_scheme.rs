//! The request carries a token where a key belongs.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "wrong-auth-scheme",
    page: include_str!("wrong_auth_scheme.md"),
    guide: Some(Guide::PermissionDenied),
    retry: Retry::Never,
    over: &["permission-denied-generic"],
    signs: &[
        certain("api keys are not supported by this api"),
        certain("credentialsmissing"),
        likely("expected oauth 2 access token"),
        likely("expected oauth2 access token"),
        likely("invalid authentication credentials"),
        possible("401 unauthenticated"),
        possible("unauthenticated"),
        possible("401 unauthorized"),
        possible("status 401"),
    ],
};

/// The request carries a token in `Authorization` that is not one; often a key sent as `Bearer`.
///
/// Source of the wording: seen in public error reports, without details in most of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongAuthScheme;

impl Failure for WrongAuthScheme {
    fn name(&self) -> &'static str {
        "wrong-auth-scheme"
    }

    fn status(&self) -> Status {
        Status::new(Code::Unauthenticated, super::INVALID_CREDENTIALS)
    }

    fn examples() -> Vec<Self> {
        vec![Self]
    }
}
