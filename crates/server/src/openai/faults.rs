//! What is wrong with a body, said all at once as Google does: first what cannot be read, and only
//! if all can be read what is missing.

use propus_failures::{
    Problem,
    request::{
        Unreadable,
        missing_required_field::{Missing, MissingRequiredField},
        unreadable,
    },
    several::Several,
};
use propus_wire::status::{Code, Detail, FieldViolation, Status};
use std::cell::RefCell;

/// So many faults are told. A caller repairs a few at a time, and a large body of nothing but faults
/// must not cost many times its size.
const MOST: usize = 100;

/// The faults found so far. Shared by everything that reads one body, hence the cells.
#[derive(Debug)]
pub(super) struct Faults {
    /// The name of the body's message in Google's reference.
    message: &'static str,
    wrong: RefCell<Vec<(Unreadable, FieldViolation)>>,
    missing: RefCell<Vec<Problem>>,
}

impl Faults {
    /// None yet, in a body of a message.
    pub(super) fn of(message: &'static str) -> Self {
        Self {
            message,
            wrong: RefCell::default(),
            missing: RefCell::default(),
        }
    }

    /// Notes what cannot be read at a path; the empty path is the body itself.
    pub(super) fn wrong(&self, why: Unreadable, path: &str, description: String) {
        let field = (!path.is_empty()).then(|| path.to_owned());
        let violation = FieldViolation { field, description };
        push(&self.wrong, (why, violation));
    }

    /// Notes that the field at a path is required.
    pub(super) fn missing(&self, path: &str, name: &'static str) {
        let fault = MissingRequiredField {
            path: format!("{}.{path}", self.message),
            missing: Missing::Field(name),
        };
        push(&self.missing, fault.into());
    }

    /// The body's problem, if a fault was noted. It bears the name of the first one.
    pub(super) fn into_result(self) -> Result<(), Problem> {
        let (wrong, missing) = (self.wrong.into_inner(), self.missing.into_inner());
        let Some((why, _)) = wrong.first() else {
            return Several::join(missing).map_or(Ok(()), Err);
        };
        let why = *why;
        let field_violations: Vec<_> = wrong.into_iter().map(|(_, violation)| violation).collect();
        let lines: Vec<_> = field_violations
            .iter()
            .map(|v| v.description.as_str())
            .collect();
        let status = Status::new(Code::InvalidArgument, lines.join("\n"));
        Err(unreadable(
            why,
            status.with(Detail::BadRequest { field_violations }),
        ))
    }
}

fn push<T>(faults: &RefCell<Vec<T>>, fault: T) {
    let mut faults = faults.borrow_mut();
    if faults.len() < MOST {
        faults.push(fault);
    }
}

/// The problem of a body that is not JSON. Google puts an excerpt and a caret below the sentence.
pub(super) fn malformed(body: &[u8], error: &serde_json::Error) -> Problem {
    let message = if error.is_eof() {
        "Invalid JSON payload received. Unexpected end of string. Expected a value.\n\n^".into()
    } else {
        let (excerpt, caret) = excerpt(body, error);
        format!("Invalid JSON payload received. Unexpected token.\n{excerpt}\n{caret}^")
    };
    let status = Status::new(Code::InvalidArgument, message);
    unreadable(Unreadable::Json, status)
}

/// Some characters around the place of the error, and the blanks that lead to it.
fn excerpt(body: &[u8], error: &serde_json::Error) -> (String, String) {
    const BEFORE: usize = 20;
    const AFTER: usize = 20;
    let line = body
        .split(|byte| *byte == b'\n')
        .nth(error.line().saturating_sub(1));
    let line = line.unwrap_or_default();
    let at = error.column().saturating_sub(1).min(line.len());
    let before = String::from_utf8_lossy(&line[at.saturating_sub(BEFORE)..at]);
    let after = String::from_utf8_lossy(&line[at..line.len().min(at + AFTER)]);
    let blanks = " ".repeat(before.chars().count());
    (format!("{before}{after}"), blanks)
}
