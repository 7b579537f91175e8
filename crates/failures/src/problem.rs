//! A failure as a value: what is raised, carried through the server and rendered once.

use crate::violation::Violation;
use propus_wire::status::Status;
use std::{fmt, sync::Arc};

/// One failure mode: a struct of facts that answers every question about itself.
pub trait Failure: fmt::Debug + Send + Sync + 'static {
    /// The catalogue name, kebab-case: the cause, never the status code.
    fn name(&self) -> &'static str;

    /// How Google's server says it.
    fn status(&self) -> Status;

    /// What the operator should read in the log besides the status; may name hosts, paths and
    /// causes, never keys.
    fn log(&self) -> Option<String> {
        None
    }

    /// What our own headers say besides, by their names.
    fn headers(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// The lines `* Message.path: rule` that this failure adds to a message of that family; empty
    /// where Google says it in a sentence of its own.
    fn violations(&self) -> Vec<Violation> {
        Vec::new()
    }

    /// A few values of this failure, for tests, injection and documentation.
    fn examples() -> Vec<Self>
    where
        Self: Sized,
    {
        Vec::new()
    }
}

/// Any failure, ready to be returned as an error.
#[derive(Clone, Debug)]
pub struct Problem(Arc<dyn Failure>);

impl Problem {
    /// The failure's catalogue name.
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// How Google's server says it.
    pub fn status(&self) -> Status {
        self.0.status()
    }

    /// What the operator should read besides.
    pub fn log(&self) -> Option<String> {
        self.0.log()
    }

    /// What our own headers say besides.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        self.0.headers()
    }

    /// Its lines in a message of the family `* Message.path: rule`.
    pub fn violations(&self) -> Vec<Violation> {
        self.0.violations()
    }

    /// The failure itself.
    pub fn failure(&self) -> &dyn Failure {
        &*self.0
    }
}

impl<F: Failure> From<F> for Problem {
    fn from(failure: F) -> Self {
        Self(Arc::new(failure))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status();
        write!(
            f,
            "{} {}: {}",
            status.code.http(),
            status.code.name(),
            status.message
        )
    }
}

impl std::error::Error for Problem {}
