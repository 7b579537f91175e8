//! What was counted.

use serde::{Deserialize, Serialize};

/// Requests and input tokens of one window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// Requests that were admitted and not cancelled.
    pub requests: u64,
    /// Their input tokens: estimated until settled, then actual.
    pub tokens: u64,
}

/// What a project has used of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// In the last 60 seconds; for up to 100 ms longer, see [`crate::ledger`].
    pub minute: Used,
    /// Since the last midnight Pacific time.
    pub day: Used,
}

impl Used {
    pub(crate) const NONE: Used = Used {
        requests: 0,
        tokens: 0,
    };

    pub(crate) fn add(&mut self, other: Used) {
        self.requests += other.requests;
        self.tokens += other.tokens;
    }

    pub(crate) fn take(&mut self, other: Used) {
        self.requests = self.requests.saturating_sub(other.requests);
        self.tokens = self.tokens.saturating_sub(other.tokens);
    }
}
