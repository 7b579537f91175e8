//! The key's project is suspended.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Detail, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "key-suspended",
    page: include_str!("key_suspended.md"),
    guide: Some(Guide::ApiKey),
    retry: Retry::Never,
    over: &["permission-denied-generic"],
    signs: &[
        certain("consumersuspended"),
        certain("consumer ** has been suspended"),
        likely("api key ** suspended"),
        likely("key has been suspended"),
        likely("project ** has been suspended"),
    ],
};

/// The key's project is suspended.
///
/// Google's message and, in newer replies, `containerInfo` hold the key itself. Keys are never said:
/// `<key>` stands for it.
///
/// Source of the wording and the details: seen in public error reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySuspended {
    /// Such as `projects/123`.
    pub consumer: String,
}

impl Failure for KeySuspended {
    fn name(&self) -> &'static str {
        "key-suspended"
    }

    fn status(&self) -> Status {
        let message = "Permission denied: Consumer 'api_key:<key>' has been suspended.";
        let metadata = [
            ("consumer", self.consumer.as_str()),
            ("service", super::SERVICE),
            ("containerInfo", "api_key:<key>"),
        ];
        Status::new(Code::PermissionDenied, message)
            .with(Detail::error_info("CONSUMER_SUSPENDED", &metadata))
            .with(Detail::localized(message))
    }

    fn examples() -> Vec<Self> {
        vec![Self {
            consumer: "projects/530118840217".into(),
        }]
    }
}
