//! The model lacks a feature that the request uses.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "model-feature-unsupported",
    page: include_str!("model_feature_unsupported.md"),
    guide: Some(Guide::RightModel),
    retry: Retry::Never,
    over: &["model-method-mismatch", "invalid-argument-generic"],
    signs: &[
        certain("developer instruction is not enabled"),
        certain("json mode is not enabled"),
        certain("function calling is not enabled"),
        certain("code execution is not enabled"),
        certain("search as tool is not enabled"),
        certain("search grounding is not"),
        likely("systeminstruction is not supported"),
        likely("system instruction is not supported"),
        likely("does not support function calling"),
        likely("does not support system instruction"),
        likely("does not support json mode"),
        likely("does not support tools"),
        likely("tool is not supported for this model"),
        likely("is not enabled for models"),
        likely("is not enabled for this model"),
        certain("is not supported for models"),
        certain("servers are not supported for models"),
        certain("not supported for models"),
    ],
};

/// The model lacks a feature that the request uses.
///
/// Source of the wordings: seen in public error reports; those of code execution, maps and file
/// search follow their form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFeatureUnsupported {
    /// The model's name, without `models/`.
    pub model: String,
    /// Which feature.
    pub feature: Feature,
}

/// Features that are enabled model by model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// `systemInstruction`.
    SystemInstruction,
    /// A JSON MIME type of the answer.
    JsonMode,
    /// Function declarations.
    FunctionCalling,
    /// The tool `googleSearch`.
    GoogleSearch,
    /// The tool `codeExecution`.
    CodeExecution,
    /// The tool `urlContext`.
    UrlContext,
    /// The tool `googleMaps`.
    GoogleMaps,
    /// The tool `fileSearch`.
    FileSearch,
    /// The tool `computerUse`.
    ComputerUse,
    /// The tool `mcpServers`.
    McpServers,
}

impl Feature {
    const ALL: [Self; 10] = [
        Self::SystemInstruction,
        Self::JsonMode,
        Self::FunctionCalling,
        Self::GoogleSearch,
        Self::CodeExecution,
        Self::UrlContext,
        Self::GoogleMaps,
        Self::FileSearch,
        Self::ComputerUse,
        Self::McpServers,
    ];

    fn denied(self) -> &'static str {
        match self {
            Self::SystemInstruction => "Developer instruction is not enabled",
            Self::JsonMode => "JSON mode is not enabled",
            Self::FunctionCalling => "Function calling is not enabled",
            Self::GoogleSearch => "Search Grounding is not supported",
            Self::CodeExecution => "Code execution is not enabled",
            Self::UrlContext => "Url context is not supported",
            Self::GoogleMaps => "Google Maps grounding is not supported",
            Self::FileSearch => "File search is not supported",
            Self::ComputerUse => "Computer Use is not supported",
            Self::McpServers => "MCP servers are not supported",
        }
    }
}

impl Failure for ModelFeatureUnsupported {
    fn name(&self) -> &'static str {
        "model-feature-unsupported"
    }

    fn status(&self) -> Status {
        let message = format!("{} for models/{}", self.feature.denied(), self.model);
        Status::new(Code::InvalidArgument, message)
    }

    fn examples() -> Vec<Self> {
        Feature::ALL
            .map(|feature| Self {
                model: "gemma-3-27b-it".into(),
                feature,
            })
            .into()
    }
}
