//! A failure as a value: what is raised, carried through the server and rendered once.

use crate::violation::Violation;
use propus_wire::status::Status;
use std::{any::Any, fmt, sync::Arc};

/// One failure mode: a struct of facts that answers every question about itself.
pub trait Failure: Any + fmt::Debug + Send + Sync {
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
pub struct Problem {
    failure: Arc<dyn Failure>,
    /// Google's words often do not say where; whoever checks a request knows it.
    place: Option<String>,
}

impl Problem {
    /// The failure's catalogue name.
    pub fn name(&self) -> &'static str {
        self.failure.name()
    }

    /// How Google's server says it.
    pub fn status(&self) -> Status {
        self.failure.status()
    }

    /// What the operator should read besides.
    pub fn log(&self) -> Option<String> {
        self.failure.log()
    }

    /// What our own headers say besides.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        self.failure.headers()
    }

    /// Its lines in a message of the family `* Message.path: rule`.
    pub fn violations(&self) -> Vec<Violation> {
        self.failure.violations()
    }

    /// The failure itself.
    pub fn failure(&self) -> &dyn Failure {
        &*self.failure
    }

    /// The failure, where it is of this kind.
    pub fn downcast_ref<F: Failure>(&self) -> Option<&F> {
        let failure: &dyn Any = self.failure();
        failure.downcast_ref()
    }

    /// The same problem at a place of the request, such as `contents[0].parts`.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    /// The field that is meant, as Google names it, or the place that is known although Google does
    /// not name it; none where the whole request is meant.
    pub fn field(&self) -> Option<String> {
        let violations = self.violations();
        let named = violations.first().and_then(Violation::field);
        named.map(str::to_owned).or_else(|| self.place.clone())
    }

    /// Where in the request the text is that is meant. It differs from the field where Google names
    /// what is no field, as the `data` of a part.
    pub fn place(&self) -> Option<String> {
        self.place.clone().or_else(|| self.field())
    }
}

impl<F: Failure> From<F> for Problem {
    fn from(failure: F) -> Self {
        Self {
            failure: Arc::new(failure),
            place: None,
        }
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
