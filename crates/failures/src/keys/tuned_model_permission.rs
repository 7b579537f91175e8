//! The caller may not use this tuned model, or it does not exist.

use crate::Failure;
use propus_wire::status::{Code, Status};

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
