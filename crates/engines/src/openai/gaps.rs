//! What a request asks and an OpenAI-compatible server cannot be asked: all of it is said at once.

use super::fields;
use propus_failures::{Failure, Problem, Violation};
use propus_wire::status::Status;
use std::cell::RefCell;

/// Fields that this engine cannot put into OpenAI's words, or not with these values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untranslatable {
    /// Each with its reason.
    pub violations: Vec<Violation>,
}

impl Failure for Untranslatable {
    fn name(&self) -> &'static str {
        "param-unsupported-by-model"
    }

    fn status(&self) -> Status {
        Violation::status(&self.violations)
    }

    fn violations(&self) -> Vec<Violation> {
        self.violations.clone()
    }
}

/// The gaps of one request. Shared by everything that translates it, hence the cell.
pub(super) struct Gaps<'a> {
    /// The message at the root.
    root: &'static str,
    /// Rows of the table of fields that the operator lets go.
    dropped: &'a [String],
    found: RefCell<Vec<Violation>>,
}

impl<'a> Gaps<'a> {
    pub(super) fn of(root: &'static str, dropped: &'a [String]) -> Self {
        Self {
            root,
            dropped,
            found: RefCell::default(),
        }
    }

    /// Notes that the field of a row, such as `GenerationConfig.topK`, cannot be translated where it
    /// stands, such as at `generation_config.top_k`.
    pub(super) fn refuse(&self, row: &str, path: &str, rule: impl Into<String>) {
        debug_assert!(fields::row(row).is_some(), "the table lacks {row}");
        if self.dropped.iter().any(|dropped| dropped == row) {
            tracing::debug!(field = path, "dropped, as the settings say");
            return;
        }
        let path = format!("{}.{path}", self.root);
        self.found.borrow_mut().push(Violation::new(path, rule));
    }

    pub(super) fn into_result(self) -> Result<(), Problem> {
        let violations = self.found.into_inner();
        match violations.is_empty() {
            true => Ok(()),
            false => Err(Untranslatable { violations }.into()),
        }
    }
}
