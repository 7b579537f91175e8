//! A parameter lies outside what the model allows.

use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use crate::{Failure, Violation};
use propus_wire::status::Status;

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "param-out-of-range",
    page: include_str!("param_out_of_range.md"),
    guide: Some(Guide::Parameters),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("must be in the range"),
        certain("but the supported range is from"),
        certain("only one candidate can be specified"),
        certain("number of stopsequences must not exceed"),
        certain("stopsequences must not exceed"),
        likely("temperature must be"),
        likely("topp must be"),
        likely("topk must be"),
        likely("candidatecount must"),
        likely("maxoutputtokens must be"),
        likely("value is out of range"),
        likely("supported range is"),
        likely("supported values are"),
        possible("out of range"),
        possible("value error temperature"),
        possible("request contains an invalid argument"),
        possible("400 invalidargument"),
    ],
};

/// A parameter lies outside what the model allows.
///
/// Source: Google's troubleshooting guide (its table of model parameters). The wordings of
/// temperature and stop sequences were seen in public error reports; the other parameters follow
/// their form, which is a guess.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamOutOfRange {
    /// The message that holds it, such as `GenerateContentRequest.generation_config`.
    pub message: String,
    /// The parameter, snake_case.
    pub parameter: &'static str,
    /// What was asked.
    pub value: f64,
    /// What is allowed.
    pub allowed: Allowed,
}

/// What a parameter may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Allowed {
    /// A real number from the first to the second.
    Real(f64, f64),
    /// A whole number from the first to the second.
    Whole(i64, i64),
    /// A whole number from this one on.
    AtLeast(i64),
    /// A list of at most this many entries.
    Entries(usize),
}

impl ParamOutOfRange {
    /// The nearest allowed value.
    pub fn nearest(&self) -> f64 {
        match self.allowed {
            Allowed::Real(least, most) if self.value.is_nan() => least.min(most),
            Allowed::Real(least, most) => self.value.max(least).min(most),
            Allowed::Whole(least, most) => self.value.max(least as f64).min(most as f64),
            Allowed::AtLeast(least) => self.value.max(least as f64),
            Allowed::Entries(most) => self.value.min(most as f64),
        }
    }

    fn rule(&self) -> String {
        let name = self.parameter;
        match self.allowed {
            // Google writes reals with a decimal point: `[0.0, 2.0]`.
            Allowed::Real(least, most) => {
                format!("{name} must be in the range [{least:?}, {most:?}].")
            }
            Allowed::Whole(least, most) => {
                format!("{name} must be in the range [{least}, {most}].")
            }
            Allowed::AtLeast(1) => format!("{name} must be positive."),
            Allowed::AtLeast(least) => {
                format!("{name} must be greater than or equal to {least}.")
            }
            Allowed::Entries(most) => format!("the number of {name} must not exceed {most}."),
        }
    }
}

impl Failure for ParamOutOfRange {
    fn name(&self) -> &'static str {
        "param-out-of-range"
    }

    fn status(&self) -> Status {
        Violation::status(&self.violations())
    }

    fn violations(&self) -> Vec<Violation> {
        let path = format!("{}.{}", self.message, self.parameter);
        vec![Violation::new(path, self.rule())]
    }

    fn examples() -> Vec<Self> {
        [
            ("temperature", 3.5, Allowed::Real(0.0, 2.0)),
            ("candidate_count", 9.0, Allowed::Whole(1, 8)),
            ("max_output_tokens", -1.0, Allowed::AtLeast(1)),
            ("stop_sequences", 6.0, Allowed::Entries(5)),
        ]
        .map(|(parameter, value, allowed)| Self {
            message: "GenerateContentRequest.generation_config".into(),
            parameter,
            value,
            allowed,
        })
        .into()
    }
}
