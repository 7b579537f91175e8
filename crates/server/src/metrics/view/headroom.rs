//! What the quotas leave a project, from the reply of `GET /propus/v1/quota?project=`.

use propus_quota::{Limits, Usage};
use serde::Deserialize;
use serde_json::Value;
use std::fmt;

/// What is left of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadRoom {
    /// The model.
    pub model: String,
    /// Requests in a minute.
    pub requests_minute: Of,
    /// Input tokens in a minute.
    pub tokens_minute: Of,
    /// Requests in a day.
    pub requests_day: Of,
    /// Input tokens in a day.
    pub tokens_day: Of,
}

/// How much of a limit is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Of {
    /// What was used.
    pub used: u64,
    /// Of how much; `None` is as much as one likes.
    pub limit: Option<u64>,
}

impl Of {
    /// The share that is left, 0 to 1: all where there is no limit, nothing where the limit is 0.
    pub fn left(self) -> f64 {
        match self.limit {
            None => 1.0,
            Some(0) => 0.0,
            Some(limit) => limit.saturating_sub(self.used) as f64 / limit as f64,
        }
    }
}

/// Why a reply tells nothing of quotas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaError(String);

impl fmt::Display for QuotaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the reply of the quota is not as expected: {}", self.0)
    }
}

impl std::error::Error for QuotaError {}

#[derive(Deserialize)]
struct Reply {
    models: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    model: String,
    limits: Limits,
    used: Usage,
}

impl HeadRoom {
    /// Reads the reply: one for each model of which something was used.
    pub fn read(reply: &Value) -> Result<Vec<Self>, QuotaError> {
        let read: Result<Reply, _> = serde_path_to_error::deserialize(reply);
        let reply = read.map_err(|error| QuotaError(error.to_string()))?;
        Ok(reply.models.into_iter().map(Self::of).collect())
    }

    fn of(model: Model) -> Self {
        let Model {
            model,
            limits,
            used,
        } = model;
        let of = |used, limit| Of { used, limit };
        Self {
            model,
            requests_minute: of(used.minute.requests, limits.rpm),
            tokens_minute: of(used.minute.tokens, limits.tpm),
            requests_day: of(used.day.requests, limits.rpd),
            tokens_day: of(used.day.tokens, limits.tpd),
        }
    }

    /// The share that the tightest limit leaves, 0 to 1.
    pub fn least(&self) -> f64 {
        let all = [
            self.requests_minute,
            self.tokens_minute,
            self.requests_day,
            self.tokens_day,
        ];
        all.into_iter().map(Of::left).fold(1.0, f64::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_tightest_limit_counts() {
        let reply = json!({"project": "default", "models": [{
            "model": "m",
            "limits": {"rpm": 10, "tpm": null, "rpd": 20, "tpd": 0},
            "used": {"minute": {"requests": 4, "tokens": 9}, "day": {"requests": 15, "tokens": 0}},
        }]});
        let mut rooms = HeadRoom::read(&reply).unwrap();
        let room = &mut rooms[0];
        assert_eq!(room.requests_minute.left(), 0.6);
        assert_eq!(room.tokens_minute.left(), 1.0);
        assert_eq!(room.requests_day.left(), 0.25);
        assert_eq!(room.least(), 0.0);
        room.tokens_day.limit = None;
        assert_eq!(room.least(), 0.25);
    }

    #[test]
    fn another_reply_is_named() {
        let error = HeadRoom::read(&json!({"models": [{"model": 1}]})).unwrap_err();
        assert!(error.to_string().contains("models[0].model"), "{error}");
    }
}
