//! The model cannot think as long or as deeply as asked.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "thinking-config-invalid",
    page: include_str!("thinking_config_invalid.md"),
    guide: Some(Guide::Parameters),
    retry: Retry::Never,
    over: &[
        "param-out-of-range",
        "model-method-mismatch",
        "invalid-argument-generic",
    ],
    signs: &[
        certain("budget * is invalid"),
        certain("only works in thinking mode"),
        certain("must be greater than the thinking budget"),
        certain("thinking is not enabled for"),
        certain("thinking budget ** out of range"),
        certain("thinking level * is not supported"),
        certain("thinking level * not supported for"),
        likely("thinkingbudget ** not supported"),
        likely("thinkinglevel ** not supported"),
        likely("thinkinglevel ** invalid"),
        likely("thinking is not supported"),
        likely("unable to disable thinking"),
        likely("does not support thinking"),
        likely("thinkingconfig is only enabled when"),
        possible("thinkingbudget"),
        possible("thinkingconfig"),
        certain("thinking budget is not supported"),
        certain("thinking level is not supported"),
    ],
};

/// The model cannot think as long or as deeply as asked.
///
/// Source of the wordings: seen in public error reports, the newest of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ThinkingConfigInvalid {
    /// A budget outside the model's range.
    Budget {
        /// What was asked.
        budget: i32,
        /// The least that it takes.
        min: i32,
        /// The most.
        max: i32,
    },
    /// A budget of 0 for a model that always thinks.
    CannotBeOff,
    /// A budget for a model that takes none.
    NoBudget,
    /// A level for a model that takes none.
    NoLevel,
    /// A level that this model does not have.
    Level {
        /// What was asked.
        level: String,
        /// What there is.
        levels: Vec<String>,
    },
    /// The whole answer is shorter than its thinking.
    BudgetOverOutput {
        /// The budget.
        budget: i32,
        /// `maxOutputTokens`.
        max_output_tokens: i32,
    },
}

impl ThinkingConfigInvalid {
    fn message(&self) -> String {
        match self {
            Self::Budget { budget, min, max } => format!(
                "The thinking budget {budget} is invalid. \
                 Please choose a value between {min} and {max}."
            ),
            Self::CannotBeOff => {
                "Budget 0 is invalid. This model only works in thinking mode.".into()
            }
            Self::NoBudget => "Thinking budget is not supported for this model.".into(),
            Self::NoLevel => "Thinking level is not supported for this model.".into(),
            Self::Level { level, .. } => {
                format!("Thinking level {level} is not supported for this model.")
            }
            Self::BudgetOverOutput { .. } => "GenerateContentRequest.generation_config: \
                max_output_tokens must be greater than the thinking budget."
                .into(),
        }
    }
}

impl Failure for ThinkingConfigInvalid {
    fn name(&self) -> &'static str {
        "thinking-config-invalid"
    }

    fn status(&self) -> Status {
        Status::new(Code::InvalidArgument, self.message())
    }

    fn examples() -> Vec<Self> {
        vec![
            Self::Budget {
                budget: 256,
                min: 512,
                max: 24576,
            },
            Self::CannotBeOff,
            Self::NoBudget,
            Self::NoLevel,
            Self::Level {
                level: "MINIMAL".into(),
                levels: vec!["LOW".into(), "HIGH".into()],
            },
            Self::BudgetOverOutput {
                budget: 1024,
                max_output_tokens: 100,
            },
        ]
    }
}
