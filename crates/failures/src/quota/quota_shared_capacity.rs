//! The shared capacity is exhausted, whatever the quota.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use indexmap::IndexMap;
use propus_wire::status::{Code, Detail, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "quota-shared-capacity",
    page: include_str!("quota_shared_capacity.md"),
    guide: Some(Guide::ResourceExhausted),
    retry: Retry::Backoff,
    over: &["quota-unspecified"],
    signs: &[
        certain("no capacity available"),
        certain("modelcapacityexhausted"),
        likely("resource exhausted please try again later"),
        likely("dynamic shared quota"),
        likely("capacity ** exhausted ** server"),
        likely("docs error code 429"),
    ],
};

/// The shared capacity is exhausted, whatever the quota.
///
/// Source of the wordings and the details: seen in public error reports, on Code Assist and Vertex AI
/// only. For the Gemini API itself nothing is known that tells missing capacity from a quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuotaSharedCapacity {
    /// Code Assist: the servers of this model are busy.
    Model(String),
    /// Vertex AI.
    Vertex,
}

impl Failure for QuotaSharedCapacity {
    fn name(&self) -> &'static str {
        "quota-shared-capacity"
    }

    fn status(&self) -> Status {
        let Self::Model(model) = self else {
            let message = "Resource exhausted. Please try again later. Please refer to \
                https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more \
                details.";
            return Status::new(Code::ResourceExhausted, message);
        };
        let message = format!("No capacity available for model {model} on the server");
        Status::new(Code::ResourceExhausted, message).with(Detail::ErrorInfo {
            reason: "MODEL_CAPACITY_EXHAUSTED".into(),
            domain: "cloudcode-pa.googleapis.com".into(),
            metadata: IndexMap::from([("model".into(), model.clone())]),
        })
    }

    fn examples() -> Vec<Self> {
        vec![Self::Model("gemini-3.1-pro-preview".into()), Self::Vertex]
    }
}
