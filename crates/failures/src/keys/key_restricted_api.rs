//! The key may not call this method.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::{
    Version,
    status::{Code, Detail, Status},
};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "key-restricted-api",
    page: include_str!("key_restricted_api.md"),
    guide: Some(Guide::PermissionDenied),
    retry: Retry::Never,
    over: &["permission-denied-generic"],
    signs: &[
        certain("apikeyserviceblocked"),
        certain("requests to this api ** blocked"),
        likely("requests to this api"),
        likely("methodname ** are blocked"),
    ],
};

/// The key may not call this method.
///
/// Source of the wording and the details: seen in public error reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRestrictedApi {
    /// Of the path.
    pub version: Version,
    /// Such as `GenerativeService`.
    pub service: String,
    /// Such as `GenerateContent`.
    pub method: String,
    /// Such as `projects/123`.
    pub consumer: String,
}

impl Failure for KeyRestrictedApi {
    fn name(&self) -> &'static str {
        "key-restricted-api"
    }

    fn status(&self) -> Status {
        let api = super::SERVICE;
        let method = super::full_method(self.version, &self.service, &self.method);
        let message = format!("Requests to this API {api} method {method} are blocked.");
        Status::new(Code::PermissionDenied, &message)
            .with(Detail::error_info(
                "API_KEY_SERVICE_BLOCKED",
                &[
                    ("consumer", &self.consumer),
                    ("service", api),
                    ("apiName", api),
                    ("methodName", &method),
                ],
            ))
            .with(Detail::localized(&message))
    }

    fn examples() -> Vec<Self> {
        vec![Self {
            version: Version::V1Beta,
            service: "GenerativeService".into(),
            method: "GenerateContent".into(),
            consumer: "projects/123".into(),
        }]
    }
}
