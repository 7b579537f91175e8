//! The model was shut down, or is closed to new users.

use crate::Day;
use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use propus_wire::{
    Version,
    status::{Code, Status},
};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "model-retired",
    page: include_str!("model_retired.md"),
    guide: Some(Guide::RightModel),
    retry: Retry::Never,
    over: &["model-not-found", "invalid-argument-generic"],
    signs: &[
        certain("is no longer available"),
        certain("has been shut down"),
        certain("has been retired"),
        certain("no longer available to new users"),
        likely("has been deprecated"),
        likely("is deprecated ** model"),
        likely("model ** discontinued"),
        likely("was shut down"),
        likely("update your code to use a newer model"),
        possible("is not found for api version"),
    ],
};

/// The model was shut down, or is closed to new users.
///
/// Source of the wordings: seen in public error reports. Until 2026 a model that was shut down was
/// simply not found; since then Google says that it is gone, and since the summer of 2026 what to
/// use instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelRetired {
    /// The model's name, without `models/`.
    pub model: String,
    /// Of the path.
    pub version: Version,
    /// What was asked of it.
    pub method: String,
    /// The first day without it.
    pub since: Option<Day>,
    /// Whether those who used it before still may.
    pub to_new_users: bool,
    /// What Google recommends instead.
    pub replacement: Option<String>,
}

/// The first day on which a shut-down model was said to be gone; the last one before, of
/// 2026-01-14, is not found.
const SAID: Day = Day::new(2026, 2, 1);

impl Failure for ModelRetired {
    fn name(&self) -> &'static str {
        "model-retired"
    }

    fn status(&self) -> Status {
        if !self.to_new_users && self.since.is_some_and(|day| day < SAID) {
            return super::not_found(&self.model, self.version, &self.method);
        }
        let users = if self.to_new_users {
            " to new users"
        } else {
            ""
        };
        let newer = match &self.replacement {
            Some(model) => format!("models/{model}"),
            None => "a newer model".into(),
        };
        let message = format!(
            "This model models/{} is no longer available{users}. Please update your code to use \
             {newer} for the latest features and improvements.",
            self.model
        );
        Status::new(Code::NotFound, message)
    }

    fn log(&self) -> Option<String> {
        let since = self.since.map(|day| format!("gone since {day}"));
        let instead = self
            .replacement
            .as_ref()
            .map(|model| format!("use `{model}`"));
        let facts: Vec<String> = since.into_iter().chain(instead).collect();
        (!facts.is_empty()).then(|| facts.join(", "))
    }

    fn examples() -> Vec<Self> {
        let gone = Self {
            model: "gemini-2.0-flash".into(),
            version: Version::V1Beta,
            method: "generateContent".into(),
            since: Some(Day::new(2026, 6, 1)),
            to_new_users: false,
            replacement: None,
        };
        let early = Self {
            model: "gemini-1.5-flash".into(),
            since: Some(Day::new(2025, 9, 29)),
            ..gone.clone()
        };
        let closed = Self {
            model: "gemini-2.5-flash".into(),
            since: None,
            to_new_users: true,
            ..gone.clone()
        };
        let replaced = Self {
            replacement: Some("gemini-3.6-flash".into()),
            ..gone.clone()
        };
        vec![gone, early, closed, replaced]
    }
}
