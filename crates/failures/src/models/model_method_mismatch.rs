//! The model exists, but cannot do this.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use propus_wire::{Version, status::Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "model-method-mismatch",
    page: include_str!("model_method_mismatch.md"),
    guide: Some(Guide::RightModel),
    retry: Retry::Never,
    over: &["model-not-found", "invalid-argument-generic"],
    signs: &[
        certain("only supports interactions api"),
        likely("is not supported in the * api"),
        certain("is not supported by * method"),
        likely("does not support * generatecontent"),
        likely("does not support generatecontent"),
        likely("does not support embedcontent"),
        likely("only supports * predict"),
        likely("is not supported for this method"),
        possible("is not supported for"),
    ],
};

/// The model exists, but cannot do this.
///
/// Source of the wording: seen in public error reports; it is the same as for an unknown name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelMethodMismatch {
    /// The model's name, without `models/`.
    pub model: String,
    /// Of the path.
    pub version: Version,
    /// What was asked of it.
    pub method: String,
    /// What it can do.
    pub methods: Vec<String>,
}

impl Failure for ModelMethodMismatch {
    fn name(&self) -> &'static str {
        "model-method-mismatch"
    }

    fn status(&self) -> Status {
        super::not_found(&self.model, self.version, &self.method)
    }

    fn log(&self) -> Option<String> {
        Some(format!(
            "`{}` supports: {}",
            self.model,
            self.methods.join(", ")
        ))
    }

    fn examples() -> Vec<Self> {
        vec![Self {
            model: "gemini-embedding-001".into(),
            version: Version::V1Beta,
            method: "generateContent".into(),
            methods: vec!["embedContent".into()],
        }]
    }
}
