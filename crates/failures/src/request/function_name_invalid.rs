//! A function has a name that the API does not take.

use crate::entry::{Entry, Guide, Retry, certain, likely};
use crate::{Failure, Violation};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "function-name-invalid",
    page: include_str!("function_name_invalid.md"),
    guide: Some(Guide::InvalidArgument),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("invalid function name"),
        certain("duplicate function declaration"),
        likely("function name ** must start with a letter"),
        likely("name must start with a letter or an underscore"),
        likely("alphameric"),
    ],
};

/// A function has a name that the API does not take, or the name of another function.
///
/// Source of the wordings: seen in public error reports. Names may be 64 characters long by all of
/// them, 63 by the older published protos, 128 by the newest SDKs; 64 counts here. Colons, which
/// the newest wording allows, are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunctionNameInvalid {
    /// Other characters, a wrong first one, or too many.
    Form {
        /// Message and field, such as
        /// `GenerateContentRequest.tools[0].function_declarations[0].name`.
        path: String,
        /// The name.
        function: String,
    },
    /// Two declarations of one name.
    Duplicate {
        /// The name.
        function: String,
    },
}

const RULE: &str = "Invalid function name. Must start with a letter or an underscore. Must be \
    alphameric (a-z, A-Z, 0-9), underscores (_), dots (.) or dashes (-), with a maximum \
    length of 64.";

impl FunctionNameInvalid {
    /// Whether a function may have this name.
    pub fn is_valid(name: &str) -> bool {
        let first = |c: char| c.is_ascii_alphabetic() || c == '_';
        let other = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
        name.starts_with(first) && name.chars().all(other) && name.len() <= 64
    }
}

impl Failure for FunctionNameInvalid {
    fn name(&self) -> &'static str {
        "function-name-invalid"
    }

    fn status(&self) -> Status {
        match self {
            Self::Form { .. } => Violation::status(&self.violations()),
            Self::Duplicate { function } => Status::new(
                Code::InvalidArgument,
                format!("Duplicate function declaration found: {function}"),
            ),
        }
    }

    fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Form { path, .. } => vec![Violation::new(path, RULE)],
            Self::Duplicate { .. } => Vec::new(),
        }
    }

    fn examples() -> Vec<Self> {
        vec![
            Self::Form {
                path: "GenerateContentRequest.tools[0].function_declarations[0].name".into(),
                function: "get weather".into(),
            },
            Self::Duplicate {
                function: "get_weather".into(),
            },
        ]
    }
}
