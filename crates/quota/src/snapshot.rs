//! What a ledger has counted, in a form to be written down and read again.

use crate::usage::Used;
use serde::{Deserialize, Serialize};

/// All that counts in a ledger. Requests that run count with their estimates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// By project and model, in their order.
    pub accounts: Vec<Account>,
}

/// What one project used of one model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The project.
    pub project: String,
    /// The model.
    pub model: String,
    /// The log of the last minute, the oldest first.
    pub minute: Vec<Moment>,
    /// The sums of the day.
    pub day: Used,
    /// When that day ends, in milliseconds since 1970.
    pub day_ends: u64,
}

/// What was admitted within 100 ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Their beginning, in milliseconds since 1970.
    pub at: u64,
    /// What was admitted.
    #[serde(flatten)]
    pub used: Used,
}
