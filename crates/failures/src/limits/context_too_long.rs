//! The prompt is longer than the model can read.

use crate::Failure;
use propus_wire::status::{Code, Status};

/// The prompt is longer than the model can read.
///
/// Google's troubleshooting guide has this as 500 (and, for the time it takes, as 504); the service
/// answers 400 since (seen in public error reports), and we follow the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextTooLong {
    /// The prompt, in tokens.
    pub tokens: u64,
    /// The most that the model reads.
    pub limit: u64,
}

impl Failure for ContextTooLong {
    fn name(&self) -> &'static str {
        "context-too-long"
    }

    fn status(&self) -> Status {
        let message = format!(
            "The input token count ({}) exceeds the maximum number of tokens allowed ({}).",
            self.tokens, self.limit
        );
        Status::new(Code::InvalidArgument, message)
    }

    fn examples() -> Vec<Self> {
        vec![Self {
            tokens: 1_054_321,
            limit: 1_048_576,
        }]
    }
}
