//! A broken rule of a message, in the form `* Message.path: rule`.

use propus_wire::status::{Code, Status};
use std::fmt;

/// One line of such a message. Google checks a whole request and says all of its lines at once
/// (seen in public error reports).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Message and field, such as `GenerateContentRequest.contents[0].parts`.
    pub path: String,
    /// What is wrong there, with Google's own full stop or without.
    pub rule: String,
}

impl Violation {
    /// A rule broken at a path.
    pub fn new(path: impl Into<String>, rule: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            rule: rule.into(),
        }
    }

    /// The path without the message in front, such as `contents[0].parts`; none where the whole
    /// message is meant.
    pub fn field(&self) -> Option<&str> {
        self.path.split_once('.').map(|(_, field)| field)
    }

    /// The status that says all of them: one line each, each with its star and line break.
    pub fn status(violations: &[Violation]) -> Status {
        let lines: String = violations.iter().map(Violation::to_string).collect();
        Status::new(Code::InvalidArgument, lines)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "* {}: {}", self.path, self.rule)
    }
}
