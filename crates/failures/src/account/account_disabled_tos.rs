//! The account is disabled for breaking the terms of service.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "account-disabled-tos",
    page: include_str!("account_disabled_tos.md"),
    guide: Some(Guide::PermissionDenied),
    retry: Retry::Never,
    over: &["permission-denied-generic"],
    signs: &[
        certain("violation of terms of service"),
        certain("disabled in this account"),
        likely("violated ** terms of service"),
        likely("violation of ** terms"),
    ],
};

/// The account is disabled for breaking the terms of service.
///
/// Source of the wording: seen in public error reports, all of Code Assist; it adds the list `errors`
/// of older Google APIs, which is left out here. For keys of the Gemini API itself no wording is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountDisabledTos {
    /// Said of "this service".
    Service,
    /// Said of "Gemini".
    Gemini,
}

impl Failure for AccountDisabledTos {
    fn name(&self) -> &'static str {
        "account-disabled-tos"
    }

    fn status(&self) -> Status {
        let what = match self {
            Self::Service => "This service",
            Self::Gemini => "Gemini",
        };
        // The line break and the tabs are Google's.
        let message = format!(
            "{what} has been disabled in this account for violation of Terms of\n\t\tService. If you \
             believe this is an error, contact gemini-code-assist-user-feedback@google.com."
        );
        Status::new(Code::PermissionDenied, message)
    }

    fn examples() -> Vec<Self> {
        vec![Self::Service, Self::Gemini]
    }
}
