//! The storage for files or cached content is full.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "quota-storage",
    page: include_str!("quota_storage.md"),
    guide: Some(Guide::ResourceExhausted),
    retry: Retry::Never,
    over: &["quota-unspecified"],
    signs: &[
        certain("filestoragebytes"),
        certain("~storagetokens~ limit exceeded"),
        certain("~contentstoragetokens~"),
        likely("storage quota"),
        likely("storage limit"),
        likely("storage ** quota exceeded"),
        likely("~storage~ limit exceeded"),
    ],
};

/// The storage for cached content is full.
///
/// Source of the wording: seen in public error reports, for cached content of the free tier only; how
/// Google says it of files is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaStorage {
    /// The quota's name, such as `TotalCachedContentStorageTokensPerModelFreeTier`.
    pub quota: String,
    /// Without `models/`.
    pub model: String,
    /// How much there may be, in tokens.
    pub limit: u64,
    /// How much there would be.
    pub requested: u64,
}

impl Failure for QuotaStorage {
    fn name(&self) -> &'static str {
        "quota-storage"
    }

    fn status(&self) -> Status {
        let message = format!(
            "{} limit exceeded for model {}: limit={}, requested={}",
            self.quota, self.model, self.limit, self.requested
        );
        Status::new(Code::ResourceExhausted, message)
    }

    fn examples() -> Vec<Self> {
        let free = Self {
            quota: "TotalCachedContentStorageTokensPerModelFreeTier".into(),
            model: "gemini-2.5-flash".into(),
            limit: 1_000_000,
            requested: 1_380_442,
        };
        // Without a free tier there is nothing to store in.
        let none = Self {
            limit: 0,
            requested: 4_096,
            ..free.clone()
        };
        vec![free, none]
    }
}
