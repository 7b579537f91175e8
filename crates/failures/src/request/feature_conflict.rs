//! Two features do not go together.

use crate::Failure;
use propus_wire::status::{Code, Status};

/// Two features do not go together on this model.
///
/// Source of the wordings: seen in public error reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeatureConflict {
    /// Function declarations and a JSON or enum answer.
    FunctionsWithJson {
        /// The MIME type of the answer.
        mime_type: String,
    },
    /// Built-in tools and a JSON or enum answer.
    ToolsWithJson {
        /// The MIME type of the answer.
        mime_type: String,
    },
    /// Built-in tools and function declarations.
    ToolsWithFunctions,
}

impl Failure for FeatureConflict {
    fn name(&self) -> &'static str {
        "feature-conflict"
    }

    fn status(&self) -> Status {
        let message = match self {
            Self::FunctionsWithJson { mime_type } => {
                format!("Function calling with a response mime type: '{mime_type}' is unsupported")
            }
            Self::ToolsWithJson { mime_type } => {
                format!("Tool use with a response mime type: '{mime_type}' is unsupported")
            }
            Self::ToolsWithFunctions => "Tool use with function calling is unsupported".into(),
        };
        Status::new(Code::InvalidArgument, message)
    }

    fn examples() -> Vec<Self> {
        let mime_type = || "application/json".to_owned();
        vec![
            Self::FunctionsWithJson {
                mime_type: mime_type(),
            },
            Self::ToolsWithJson {
                mime_type: mime_type(),
            },
            Self::ToolsWithFunctions,
        ]
    }
}
