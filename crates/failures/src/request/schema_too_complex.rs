//! A schema is too deep or too large to be enforced.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "schema-too-complex",
    page: include_str!("schema_too_complex.md"),
    guide: Some(Guide::InvalidArgument),
    retry: Retry::Never,
    over: &["schema-unsupported", "invalid-argument-generic"],
    signs: &[
        certain("too many states for serving"),
        certain("maximum allowed nesting depth"),
        certain("schema produces a constraint"),
        likely("schema is too complex"),
        likely("schema ** too deep"),
        likely("too much branching"),
        likely("nesting depth"),
    ],
};

/// A schema is too deep or too large to be enforced.
///
/// Source of the wordings: seen in public error reports. The depth at which Google stops is not
/// published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaTooComplex {
    /// The schema of the answer is nested too deeply.
    ResponseTooDeep,
    /// The schema of a function is nested too deeply.
    FunctionTooDeep,
    /// The automaton of the schema has too many states.
    TooManyStates,
}

impl Failure for SchemaTooComplex {
    fn name(&self) -> &'static str {
        "schema-too-complex"
    }

    fn status(&self) -> Status {
        let message = match self {
            Self::ResponseTooDeep => {
                "A schema in GenerationConfig in the request exceeds the maximum allowed nesting \
                 depth."
            }
            Self::FunctionTooDeep => {
                "A FunctionDeclaration in the request exceeds the maximum allowed nesting depth."
            }
            Self::TooManyStates => TOO_MANY_STATES,
        };
        Status::new(Code::InvalidArgument, message)
    }

    fn examples() -> Vec<Self> {
        vec![
            Self::ResponseTooDeep,
            Self::FunctionTooDeep,
            Self::TooManyStates,
        ]
    }
}

// Two spaces behind the first sentence: they were in most of the reports.
const TOO_MANY_STATES: &str = "The specified schema produces a constraint that has too many states \
    for serving.  Typical causes of this error are schemas with lots of text (for example, very \
    long property or enum names), schemas with long array length limits (especially when nested), \
    or schemas using complex value matchers (for example, integers or numbers with minimum/maximum \
    bounds or strings with complex formats like date-time)";
