//! The OAuth token lacks a scope.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::{
    Version,
    status::{Code, Detail, Status},
};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "oauth-scope-insufficient",
    page: include_str!("oauth_scope_insufficient.md"),
    guide: Some(Guide::PermissionDenied),
    retry: Retry::Never,
    over: &["permission-denied-generic"],
    signs: &[
        certain("insufficient authentication scopes"),
        certain("accesstokenscopeinsufficient"),
        likely("insufficient ** scope"),
        likely("insufficientpermissions"),
        likely("insufficient permission"),
    ],
};

/// The OAuth token lacks a scope.
///
/// Source of the wording and the details: seen in public error reports; some add the list `errors`
/// of older Google APIs, which is left out here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthScopeInsufficient {
    /// Of the path.
    pub version: Version,
    /// Such as `GenerativeService`.
    pub service: String,
    /// Such as `GenerateContent`.
    pub method: String,
}

impl Failure for OauthScopeInsufficient {
    fn name(&self) -> &'static str {
        "oauth-scope-insufficient"
    }

    fn status(&self) -> Status {
        let method = super::full_method(self.version, &self.service, &self.method);
        let metadata = [("service", super::SERVICE), ("method", &method)];
        let message = "Request had insufficient authentication scopes.";
        Status::new(Code::PermissionDenied, message).with(Detail::error_info(
            "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            &metadata,
        ))
    }

    fn examples() -> Vec<Self> {
        vec![Self {
            version: Version::V1Beta,
            service: "GenerativeService".into(),
            method: "StreamGenerateContent".into(),
        }]
    }
}
