//! No model has this name in this API version.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use propus_wire::{Version, status::Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "model-not-found",
    page: include_str!("model_not_found.md"),
    guide: Some(Guide::RightModel),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("publisher model ** was not found"),
        likely("was not found or your project does not have access"),
        certain("is not found for api version"),
        likely("modelnotfound"),
        likely("model * not found"),
        likely("model ** does not exist"),
        likely("requested entity was not found"),
        likely("unknown model"),
        possible("404 notfound"),
        possible("notfound"),
        possible("not found for api version"),
        possible("404 not found"),
        possible("status 404"),
    ],
};

/// No model has this name in this API version.
///
/// Source: Google's troubleshooting guide (404); wording seen in public error reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelNotFound {
    /// The name that was asked for, without `models/`.
    pub model: String,
    /// Of the path.
    pub version: Version,
    /// What was asked of it.
    pub method: String,
    /// Names that look like it, the most similar first; for our header.
    pub nearest: Vec<String>,
}

impl Failure for ModelNotFound {
    fn name(&self) -> &'static str {
        "model-not-found"
    }

    fn status(&self) -> Status {
        super::not_found(&self.model, self.version, &self.method)
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        let nearest = self.nearest.join(", ");
        match nearest.is_empty() {
            true => Vec::new(),
            false => vec![("x-propus-nearest", nearest)],
        }
    }

    fn log(&self) -> Option<String> {
        let nearest = self.nearest.join(", ");
        (!nearest.is_empty()).then(|| format!("nearest: {nearest}"))
    }

    fn examples() -> Vec<Self> {
        vec![Self {
            model: "gemini-9".into(),
            version: Version::V1Beta,
            method: "generateContent".into(),
            nearest: vec!["gemini-3.8-flash".into()],
        }]
    }
}
