//! The key may only be used from some web pages.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Detail, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "key-restricted-referer",
    page: include_str!("key_restricted_referer.md"),
    guide: Some(Guide::PermissionDenied),
    retry: Retry::Never,
    over: &["permission-denied-generic"],
    signs: &[
        certain("requests from referer"),
        certain("httpreferrerblocked"),
        certain("apikeyhttpreferrerblocked"),
        likely("referer ** blocked"),
        likely("referrer ** blocked"),
    ],
};

/// The key may only be used from some web pages, and the call came from none of them.
///
/// Source of the wording and the details: seen in public error reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRestrictedReferer {
    /// The header `Referer`, where one came.
    pub referer: Option<String>,
    /// Such as `projects/123`.
    pub consumer: String,
}

impl Failure for KeyRestrictedReferer {
    fn name(&self) -> &'static str {
        "key-restricted-referer"
    }

    fn status(&self) -> Status {
        let referer = self.referer.as_deref().unwrap_or("<empty>");
        let message = format!("Requests from referer {referer} are blocked.");
        let metadata = [
            ("consumer", self.consumer.as_str()),
            ("service", super::SERVICE),
            ("httpReferrer", referer),
        ];
        Status::new(Code::PermissionDenied, &message)
            .with(Detail::error_info(
                "API_KEY_HTTP_REFERRER_BLOCKED",
                &metadata,
            ))
            .with(Detail::localized(&message))
    }

    fn examples() -> Vec<Self> {
        [None, Some("https://preview.example.org/".to_owned())]
            .map(|referer| Self {
                referer,
                consumer: "projects/730266119045".into(),
            })
            .into()
    }
}
