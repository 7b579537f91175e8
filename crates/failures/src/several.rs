//! Several faults of one request, said in one message as Google does.
//!
//! Not a failure mode of its own: it carries the name of the first one.

use crate::{Failure, Problem, Violation};
use propus_wire::status::Status;

/// Faults of the family `* Message.path: rule`, in the order in which they were found.
#[derive(Clone, Debug)]
pub struct Several {
    first: Problem,
    rest: Vec<Problem>,
}

impl Several {
    /// Joins faults into one problem; `None` where there is nothing to join.
    pub fn join(mut faults: Vec<Problem>) -> Option<Problem> {
        match faults.len() {
            0 | 1 => faults.pop(),
            _ => {
                let rest = faults.split_off(1);
                let first = faults.pop()?;
                Some(Several { first, rest }.into())
            }
        }
    }

    /// Every fault by itself.
    pub fn faults(&self) -> impl Iterator<Item = &Problem> {
        std::iter::once(&self.first).chain(&self.rest)
    }
}

impl Failure for Several {
    fn name(&self) -> &'static str {
        self.first.name()
    }

    fn status(&self) -> Status {
        Violation::status(&self.violations())
    }

    fn log(&self) -> Option<String> {
        let names: Vec<_> = self.faults().map(Problem::name).collect();
        Some(format!("found {}", names.join(", ")))
    }

    fn violations(&self) -> Vec<Violation> {
        self.faults().flat_map(Problem::violations).collect()
    }
}
