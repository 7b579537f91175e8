//! The key is of a kind that is no longer accepted.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use propus_wire::{
    Version,
    status::{Code, Detail, Status},
};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "legacy-key-rejected",
    page: include_str!("legacy_key_rejected.md"),
    guide: Some(Guide::ApiKey),
    retry: Retry::Never,
    over: &["wrong-auth-scheme"],
    signs: &[
        certain("accesstokentypeunsupported"),
        likely("unrestricted ** keys ** rejected"),
        possible("expected oauth 2 access token"),
    ],
};

/// The key is of a kind that is no longer accepted: one without restrictions, or one that the
/// service cannot validate.
///
/// The message is that of [`wrong-auth-scheme`](super::wrong_auth_scheme); only the details tell the
/// two apart.
///
/// Source of the wording and the details: seen in public error reports since June 2026. There
/// `ErrorInfo` has no domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacyKeyRejected {
    /// Of the path.
    pub version: Version,
    /// Such as `GenerativeService`.
    pub service: String,
    /// Such as `GenerateContent`.
    pub method: String,
}

impl Failure for LegacyKeyRejected {
    fn name(&self) -> &'static str {
        "legacy-key-rejected"
    }

    fn status(&self) -> Status {
        let method = super::full_method(self.version, &self.service, &self.method);
        let metadata = [("service", super::SERVICE.to_owned()), ("method", method)];
        Status::new(Code::Unauthenticated, super::INVALID_CREDENTIALS).with(Detail::ErrorInfo {
            reason: "ACCESS_TOKEN_TYPE_UNSUPPORTED".into(),
            domain: String::new(),
            metadata: metadata.map(|(name, value)| (name.into(), value)).into(),
        })
    }

    fn examples() -> Vec<Self> {
        let of = |service: &str, method: &str| Self {
            version: Version::V1Beta,
            service: service.into(),
            method: method.into(),
        };
        vec![
            of("GenerativeService", "StreamGenerateContent"),
            of("ModelService", "ListModels"),
        ]
    }
}
