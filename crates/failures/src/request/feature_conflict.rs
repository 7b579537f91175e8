//! Two features do not go together.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "feature-conflict",
    page: include_str!("feature_conflict.md"),
    guide: Some(Guide::InvalidArgument),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("tool use with function calling"),
        certain("with a response mime type"),
        certain("function calling with a response"),
        certain("multiple tools are supported only when"),
        likely("tools cannot be combined"),
        likely("cannot be combined with"),
        likely("cannot be used together"),
        certain("please enable * includeserversidetoolinvocations"),
        likely("builtin tools ** function calling"),
        likely("built in tools ** function calling"),
        likely("is not compatible with function calling"),
        possible("1007 ** request contains an invalid argument"),
        possible("received 1007"),
    ],
};

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
    /// Both, on a model that takes both where the calls of built-in tools are shown.
    ToolsWithFunctionsUnseen,
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
            Self::ToolsWithFunctionsUnseen => {
                "Please enable tool_config.include_server_side_tool_invocations to use Built-in \
                 tools with Function calling."
                    .into()
            }
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
            Self::ToolsWithFunctionsUnseen,
        ]
    }
}
