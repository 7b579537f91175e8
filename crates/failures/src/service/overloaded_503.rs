//! There is no capacity left at the moment.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "overloaded-503",
    page: include_str!("overloaded_503.md"),
    guide: Some(Guide::Unavailable),
    retry: Retry::Backoff,
    over: &[],
    signs: &[
        certain("model is overloaded"),
        certain("experiencing high demand"),
        certain("service is currently unavailable"),
        likely("high demand"),
        likely("is overloaded"),
        likely("currently overloaded"),
        likely("serviceunavailable"),
        likely("503 unavailable"),
        likely("status unavailable"),
        likely("503 service unavailable"),
        likely("service unavailable"),
        possible("503"),
        possible("unavailable"),
    ],
};

/// There is no capacity left at the moment.
///
/// Source: Google's troubleshooting guide (503); the wordings were seen in public error reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overloaded503 {
    /// What happened, for the log; never with a key in it.
    pub cause: Option<String>,
    /// Which of Google's sentences says it.
    pub wording: Wording,
}

/// How Google says that there is no capacity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wording {
    /// Of a model, since 2026.
    #[default]
    HighDemand,
    /// Of a model, until about 2025.
    Overloaded,
    /// Of the whole service.
    Unavailable,
}

impl Failure for Overloaded503 {
    fn name(&self) -> &'static str {
        "overloaded-503"
    }

    fn status(&self) -> Status {
        let message = match self.wording {
            Wording::HighDemand => {
                "This model is currently experiencing high demand. Spikes in demand are usually \
                 temporary. Please try again later."
            }
            Wording::Overloaded => "The model is overloaded. Please try again later.",
            Wording::Unavailable => "The service is currently unavailable.",
        };
        Status::new(Code::Unavailable, message)
    }

    fn log(&self) -> Option<String> {
        self.cause.clone()
    }

    fn examples() -> Vec<Self> {
        [
            Wording::HighDemand,
            Wording::Overloaded,
            Wording::Unavailable,
        ]
        .map(|wording| Self {
            cause: None,
            wording,
        })
        .into()
    }
}
