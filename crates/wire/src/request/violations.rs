//! What is wrong with a request, and the error that says so.

use crate::status::{Code, Detail, FieldViolation, Status};
use std::fmt;

/// Why a request cannot be read.
#[derive(Clone, Debug, PartialEq)]
pub enum Violations {
    /// It is not JSON, not even by Google's lax rules. The text has the place in it.
    Syntax(String),
    /// It is JSON, but does not fit the message: every fault, in the order of the document.
    Fields(Vec<FieldViolation>),
    /// It cannot be read and the second walk found no reason.
    Unexplained,
}

impl From<Violations> for Status {
    fn from(violations: Violations) -> Status {
        let status = Status::new(Code::InvalidArgument, violations.to_string());
        match violations {
            Violations::Fields(field_violations) => {
                status.with(Detail::BadRequest { field_violations })
            }
            Violations::Syntax(_) | Violations::Unexplained => status,
        }
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(reason) => write!(f, "{INVALID_JSON} {reason}"),
            Self::Fields(violations) => {
                for (place, violation) in violations.iter().enumerate() {
                    f.write_str(if place == 0 { "" } else { "\n" })?;
                    f.write_str(&violation.description)?;
                }
                Ok(())
            }
            Self::Unexplained => f.write_str("Request contains an invalid argument."),
        }
    }
}

impl std::error::Error for Violations {}

const INVALID_JSON: &str = "Invalid JSON payload received.";

/// How much text all faults together may have. Google repeats whole values; a reply that carries a
/// video back helps nobody.
const MOST_TEXT: usize = 512 * 1024;

/// Collects faults until there are too many of them.
#[derive(Default)]
pub(super) struct Faults {
    list: Vec<FieldViolation>,
    text: usize,
}

impl Faults {
    /// A name that is not expected there.
    pub(super) fn name(&mut self, path: &str, name: &str, reason: &str) {
        let name = shortened(name);
        self.add(path, || match path {
            "" => format!("{INVALID_JSON} Unknown name \"{name}\": {reason}"),
            path => format!("{INVALID_JSON} Unknown name \"{name}\" at '{path}': {reason}"),
        });
    }

    /// A value that is not expected there.
    pub(super) fn value(&mut self, path: &str, type_name: &str, reason: &str) {
        self.add(path, || match path {
            "" => format!("Invalid value ({type_name}), {reason}"),
            path => format!("Invalid value at '{path}' ({type_name}), {reason}"),
        });
    }

    fn add(&mut self, path: &str, description: impl FnOnce() -> String) {
        if self.text >= MOST_TEXT {
            return;
        }
        let description = description();
        self.text += description.len() + path.len();
        let field = Some(path).filter(|path| !path.is_empty());
        self.list.push(FieldViolation {
            field: field.map(str::to_owned),
            description,
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn into_result(self) -> Result<(), Violations> {
        match self.is_empty() {
            true => Ok(()),
            false => Err(Violations::Fields(self.list)),
        }
    }
}

/// The beginning of a very long text, all of a shorter one.
pub(super) fn shortened(text: &str) -> String {
    const MOST: usize = 64 * 1024;
    if text.len() <= MOST {
        return text.to_owned();
    }
    let end = (0..=MOST).rev().find(|&end| text.is_char_boundary(end));
    format!("{}…", &text[..end.unwrap_or(0)])
}
