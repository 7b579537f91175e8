//! A parameter exists, but not for this model.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "param-unsupported-by-model",
    page: include_str!("param_unsupported_by_model.md"),
    guide: Some(Guide::Parameters),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("penalty is not enabled for"),
        certain("logprobs is not enabled for"),
        certain("multiple candidates is not enabled for"),
        likely("seed is not supported"),
        likely("logprobs is not supported"),
        likely("penalty is not supported"),
        likely("temperature is not supported"),
        likely("does not support * penalty"),
        likely("does not support logprobs"),
    ],
};

/// A parameter exists, but not for this model.
///
/// Source of the wordings: seen in public error reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamUnsupportedByModel {
    /// The model's name, without `models/`.
    pub model: String,
    /// Which parameter.
    pub parameter: Parameter,
}

/// Parameters that are enabled model by model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// Presence and frequency penalties.
    Penalty,
    /// Log probabilities.
    Logprobs,
    /// More than one candidate.
    CandidateCount,
}

impl Failure for ParamUnsupportedByModel {
    fn name(&self) -> &'static str {
        "param-unsupported-by-model"
    }

    fn status(&self) -> Status {
        let message = match self.parameter {
            Parameter::Penalty => format!("Penalty is not enabled for models/{}", self.model),
            Parameter::Logprobs => format!("Logprobs is not enabled for models/{}", self.model),
            Parameter::CandidateCount => "Multiple candidates is not enabled for this model".into(),
        };
        Status::new(Code::InvalidArgument, message)
    }

    fn examples() -> Vec<Self> {
        [
            Parameter::Penalty,
            Parameter::Logprobs,
            Parameter::CandidateCount,
        ]
        .map(|parameter| Self {
            model: "gemini-2.5-flash".into(),
            parameter,
        })
        .into()
    }
}
