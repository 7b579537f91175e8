//! What each failure of the catalogue allows: which course recovery takes, and what it concerns.

use crate::{
    amend::Kind,
    catalogue::ENTRIES,
    entry::{Entry, Retry},
};
use serde::Serialize;

/// What a failure concerns: everything else may still serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// The call itself or its reply: no route is at fault, and none should rest for it.
    Call,
    /// This route: its address and its model as they are at the moment.
    Route,
    /// The key: another one of the same project may do.
    Key,
    /// The model, whoever asks for it.
    Model,
    /// The model for this project: most quotas are counted so.
    ProjectModel,
    /// All models and keys of the project.
    Project,
    /// All projects of the billing account or of the person.
    Account,
}

/// How a failure may be recovered from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// The request is at fault: every route refuses it until it is amended.
    Request,
    /// The context is too long for the model.
    TooLong,
    /// The key, the account or the model is refused until somebody changes something.
    Refused,
    /// Money or a limit of 0: as refused, but said as a quota.
    Spent,
    /// Over until midnight.
    Day,
    /// Over for a time that is mostly named.
    Minute,
    /// The service has no room or an accident.
    Busy,
    /// The time was too short.
    Late,
    /// The connection or the stream broke.
    Broken,
    /// The model gave no answer, and may give one if asked again.
    Again,
    /// The model gave no answer and would give none again; also what clients do to themselves.
    Final,
}

/// The entry of a failure; none where the catalogue has no such name.
pub(super) fn entry(name: &str) -> Option<&'static Entry> {
    ENTRIES.iter().copied().find(|entry| entry.name == name)
}

impl Course {
    /// The course of a failure. It follows what the catalogue says of trying again; a name matters
    /// where the same word of the catalogue calls for different deeds.
    pub(super) fn of(entry: &Entry) -> Self {
        match (entry.retry, entry.name) {
            (_, "context-too-long") => Self::TooLong,
            // Google's 503 for a deadline: the catalogue advises patience, and more time is better.
            (Retry::LongerDeadline, _) | (_, "deadline-503") => Self::Late,
            (Retry::Day, _) => Self::Day,
            (Retry::Delay, _) => Self::Minute,
            (_, "recitation" | "finish-other" | "empty-response" | "malformed-function-call") => {
                Self::Again
            }
            (
                Retry::Backoff,
                "network-error" | "stream-truncated" | "stream-error-midway" | "stream-parse-error",
            ) => Self::Broken,
            (Retry::Backoff, _) => Self::Busy,
            (Retry::Maybe, _) => Self::Final,
            // A file that is still processed is waited for by asking for the file, not by asking again.
            (Retry::Poll, _) => Self::Request,
            (Retry::Never, name) => match Scope::of(name) {
                Scope::Call => Self::Request,
                _ if is_spent(name) => Self::Spent,
                _ => Self::Refused,
            },
        }
    }
}

/// What comes with 429 and does not pass by itself within a day.
fn is_spent(name: &str) -> bool {
    matches!(
        name,
        "prepay-depleted"
            | "spend-cap"
            | "quota-free-tier-zero"
            | "quota-region-zero"
            | "quota-storage"
    )
}

impl Scope {
    /// What a failure concerns, by its name alone.
    pub(super) fn of(name: &str) -> Self {
        match name {
            "expired-api-key"
            | "invalid-api-key"
            | "key-format-new"
            | "key-restricted-api"
            | "key-restricted-app"
            | "key-restricted-ip"
            | "key-restricted-referer"
            | "key-suspended"
            | "leaked-api-key"
            | "legacy-key-rejected"
            | "missing-auth"
            | "oauth-scope-insufficient"
            | "permission-denied-generic"
            | "tuned-model-permission"
            | "wrong-auth-scheme" => Self::Key,
            "model-method-mismatch" | "model-not-found" | "model-retired" => Self::Model,
            "quota-free-tier-zero"
            | "quota-per-day"
            | "quota-per-minute"
            | "quota-storage"
            | "quota-tokens-per-day"
            | "quota-tokens-per-minute" => Self::ProjectModel,
            "project-invalid" | "quota-region-zero" | "service-disabled" | "spend-cap" => {
                Self::Project
            }
            "account-disabled-tos"
            | "billing-country-restricted"
            | "billing-required"
            | "location-unsupported"
            | "prepay-depleted"
            | "quota-per-user"
            | "spend-rate-limit" => Self::Account,
            "base-url-wrong"
            | "tls-error"
            | "quota-shared-capacity"
            | "quota-unspecified"
            | "cancelled-499"
            | "client-timeout"
            | "deadline-503"
            | "deadline-504"
            | "internal-500"
            | "overloaded-503"
            | "network-error"
            | "stream-error-midway"
            | "stream-parse-error"
            | "stream-truncated" => Self::Route,
            _ => Self::Call,
        }
    }
}

/// Which corrections may mend a request that failed so; empty where none does.
pub(super) fn amendments(name: &str) -> &'static [Kind] {
    match name {
        "unknown-field" => &[Kind::Fields, Kind::Schema, Kind::History],
        "wrong-enum-or-type" => &[Kind::Fields, Kind::Schema, Kind::History, Kind::Ranges],
        "missing-required-field" => &[Kind::Fields, Kind::Schema, Kind::History],
        "function-name-invalid" => &[Kind::Names],
        "schema-unsupported" => &[Kind::Schema, Kind::Fields],
        "schema-too-complex" => &[Kind::Schema],
        "function-call-order" | "multiturn-role-order" | "thought-signature-missing" => {
            &[Kind::History]
        }
        "feature-conflict"
        | "param-conflict"
        | "safety-settings-invalid"
        | "tool-param-deprecated" => &[Kind::Conflicts],
        "param-out-of-range" | "thinking-config-invalid" => &[Kind::Ranges, Kind::Conflicts],
        "param-unsupported-by-model" => &[Kind::Ranges],
        "base64-invalid" | "mime-unsupported" => &[Kind::Fields],
        // It does not say what is wrong; what changes nothing is decided again without it.
        "invalid-argument-generic" => &Kind::ALL,
        _ => &[],
    }
}
