//! What is wrong with a request, and the error that says so.

use crate::status::{Code, Detail, FieldViolation, Status};
use std::fmt;

/// Why a request cannot be read.
#[derive(Clone, Debug, PartialEq)]
pub enum Violations {
    /// It is not JSON, not even by Google's lax rules.
    Syntax {
        /// What is wrong, with an excerpt of the body and a caret below the place.
        reason: String,
        /// The byte at which it is wrong.
        at: usize,
    },
    /// It is JSON, but does not fit the message: every fault, in the order of the document.
    Fields(Vec<Fault>),
    /// It cannot be read and the second walk found no reason.
    Unexplained,
}

/// One place in which a body does not fit its message.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What kind of fault. Google's words do not tell it safely: they repeat the caller's own.
    pub kind: FaultKind,
    /// The message or field that is meant, in snake_case, such as `contents[0].parts`; empty for the
    /// whole body.
    pub path: String,
    /// The name in there that is meant, as the caller wrote it; none where the path says all.
    pub name: Option<String>,
    /// How Google says it.
    pub description: String,
}

/// Kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// There is no field of this name.
    UnknownName,
    /// There is a field of this name in this place, but only in `v1beta`, or in `v1` since 2026.
    OtherVersion,
    /// A value of another type than the field's, or none of its enum's.
    Value,
    /// Bytes that are not base64.
    Base64,
    /// A second field of a oneof, of which one can be set.
    SetTwice,
}

impl From<Fault> for FieldViolation {
    fn from(fault: Fault) -> Self {
        let field = Some(fault.path).filter(|path| !path.is_empty());
        let description = fault.description;
        Self { field, description }
    }
}

impl From<Violations> for Status {
    fn from(violations: Violations) -> Status {
        let status = Status::new(Code::InvalidArgument, violations.to_string());
        match violations {
            Violations::Fields(faults) => {
                let field_violations = faults.into_iter().map(FieldViolation::from).collect();
                status.with(Detail::BadRequest { field_violations })
            }
            Violations::Syntax { .. } | Violations::Unexplained => status,
        }
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { reason, .. } => write!(f, "{INVALID_JSON} {reason}"),
            Self::Fields(faults) => {
                for (place, fault) in faults.iter().enumerate() {
                    f.write_str(if place == 0 { "" } else { "\n" })?;
                    f.write_str(&fault.description)?;
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
    list: Vec<Fault>,
    text: usize,
}

impl Faults {
    /// A name that is not expected there.
    pub(super) fn name(&mut self, kind: FaultKind, path: &str, name: &str, reason: &str) {
        let name = shortened(name);
        let at = match path {
            "" => String::new(),
            path => format!(" at '{path}'"),
        };
        let description = format!("{INVALID_JSON} Unknown name \"{name}\"{at}: {reason}");
        self.add(kind, path, Some(name), description);
    }

    /// A whole body that is no message.
    pub(super) fn root(&mut self) {
        const ROOT: &str = "Root element must be a message.";
        let description = format!("{INVALID_JSON} Unknown name \"\": {ROOT}");
        self.add(FaultKind::Value, "", None, description);
    }

    /// A value that is not expected there.
    pub(super) fn value(&mut self, kind: FaultKind, path: &str, type_name: &str, reason: &str) {
        let description = match path {
            "" => format!("Invalid value ({type_name}), {reason}"),
            path => format!("Invalid value at '{path}' ({type_name}), {reason}"),
        };
        self.add(kind, path, None, description);
    }

    fn add(&mut self, kind: FaultKind, path: &str, name: Option<String>, description: String) {
        if self.text >= MOST_TEXT {
            return;
        }
        self.text += description.len() + path.len();
        self.list.push(Fault {
            kind,
            path: path.to_owned(),
            name,
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
