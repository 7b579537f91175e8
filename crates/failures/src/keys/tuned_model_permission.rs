//! The caller may not use this tuned model, or it does not exist.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "tuned-model-permission",
    page: include_str!("tuned_model_permission.md"),
    guide: Some(Guide::PermissionDenied),
    retry: Retry::Never,
    over: &["permission-denied-generic"],
    signs: &[
        certain("permission to access tuned model"),
        likely("permission ** tunedmodels"),
        likely("access tuned model"),
    ],
};

/// The caller may not use this tuned model, or it does not exist: Google does not tell the two
/// apart.
///
/// Source: Google's troubleshooting guide (403); wording seen in public error reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TunedModelPermission {
    /// The model, without `tunedModels/`.
    pub id: String,
}

impl Failure for TunedModelPermission {
    fn name(&self) -> &'static str {
        "tuned-model-permission"
    }

    fn status(&self) -> Status {
        let message = format!(
            "You do not have permission to access tuned model tunedModels/{}",
            self.id
        );
        Status::new(Code::PermissionDenied, message)
    }

    fn examples() -> Vec<Self> {
        vec![Self {
            id: "my-model-1a2b3c".into(),
        }]
    }
}
