//! What the catalogue says of every failure: its page, how it is recognised, whether to try again.

use crate::page::Page;
use serde::Serialize;

/// One failure of the catalogue.
#[derive(Debug)]
pub struct Entry {
    /// The name, kebab-case: the cause, never the status code.
    pub name: &'static str,
    /// The page, in Markdown.
    pub page: &'static str,
    /// Where Google's troubleshooting guide speaks of it.
    pub guide: Option<Guide>,
    /// Whether the same call may succeed later.
    pub retry: Retry,
    /// Names of more general failures, or of consequences, that it explains where both are recognised.
    pub over: &'static [&'static str],
    /// What it is recognised by.
    pub signs: &'static [Sign],
}

impl Entry {
    /// Its page, taken apart.
    pub fn page(&self) -> Page<'static> {
        Page::read(self.page)
    }
}

/// How sure a recognition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sure {
    /// One of several explanations.
    Possible,
    /// The usual explanation.
    Likely,
    /// The evidence says it.
    Certain,
}

/// Words that a failure is recognised by; [`mod@crate::diagnose`] says how evidence becomes words.
///
/// `*` stands for a few other words, `**` for a sentence or two; a word with `~` at its beginning or
/// end may be a part of a longer one; what follows `!` must not occur at all.
#[derive(Debug)]
pub struct Sign {
    /// How sure it makes.
    pub sure: Sure,
    /// The words.
    pub pattern: &'static str,
}

/// A sign that only this failure has.
pub const fn certain(pattern: &'static str) -> Sign {
    Sign {
        sure: Sure::Certain,
        pattern,
    }
}

/// A sign that mostly means this failure.
pub const fn likely(pattern: &'static str) -> Sign {
    Sign {
        sure: Sure::Likely,
        pattern,
    }
}

/// A sign that several failures share.
pub const fn possible(pattern: &'static str) -> Sign {
    Sign {
        sure: Sure::Possible,
        pattern,
    }
}

/// Whether the same call may succeed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Retry {
    /// Only another call can succeed.
    Never,
    /// After the delay that the error names, a minute where it names none.
    Delay,
    /// Soon, with exponential backoff.
    Backoff,
    /// After the next midnight Pacific Time.
    Day,
    /// With more time.
    LongerDeadline,
    /// When what it waits for is ready.
    Poll,
    /// Perhaps with another prompt or temperature; the model decides.
    Maybe,
}

impl Retry {
    /// Whether repeating the call unchanged makes sense at all.
    pub fn is_retryable(self) -> bool {
        !matches!(self, Self::Never | Self::Day)
    }
}

/// A part of Google's troubleshooting guide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guide {
    /// The table's row 400 INVALID_ARGUMENT.
    InvalidArgument,
    /// The table's row 400 FAILED_PRECONDITION.
    FailedPrecondition,
    /// The table's row 403 PERMISSION_DENIED.
    PermissionDenied,
    /// The table's row 404 NOT_FOUND.
    NotFound,
    /// The table's row 429 RESOURCE_EXHAUSTED.
    ResourceExhausted,
    /// The table's row 500 INTERNAL.
    Internal,
    /// The table's row 503 UNAVAILABLE.
    Unavailable,
    /// The table's row 504 DEADLINE_EXCEEDED.
    DeadlineExceeded,
    /// "Check your API calls for model parameter errors".
    Parameters,
    /// "Check if you have the right model".
    RightModel,
    /// "Safety issues".
    Safety,
    /// "Recitation issue".
    Recitation,
    /// "Understand token limits".
    TokenLimits,
    /// "Known issues".
    KnownIssues,
    /// The introduction's word on API keys.
    ApiKey,
    /// The introduction's word on the client SDKs.
    ClientSdk,
}

impl Guide {
    /// All parts that speak of failures.
    pub const ALL: [Self; 16] = [
        Self::InvalidArgument,
        Self::FailedPrecondition,
        Self::PermissionDenied,
        Self::NotFound,
        Self::ResourceExhausted,
        Self::Internal,
        Self::Unavailable,
        Self::DeadlineExceeded,
        Self::Parameters,
        Self::RightModel,
        Self::Safety,
        Self::Recitation,
        Self::TokenLimits,
        Self::KnownIssues,
        Self::ApiKey,
        Self::ClientSdk,
    ];

    /// Its heading there.
    pub fn heading(self) -> &'static str {
        match self {
            Self::InvalidArgument => "400 INVALID_ARGUMENT",
            Self::FailedPrecondition => "400 FAILED_PRECONDITION",
            Self::PermissionDenied => "403 PERMISSION_DENIED",
            Self::NotFound => "404 NOT_FOUND",
            Self::ResourceExhausted => "429 RESOURCE_EXHAUSTED",
            Self::Internal => "500 INTERNAL",
            Self::Unavailable => "503 UNAVAILABLE",
            Self::DeadlineExceeded => "504 DEADLINE_EXCEEDED",
            Self::Parameters => "Check your API calls for model parameter errors",
            Self::RightModel => "Check if you have the right model",
            Self::Safety => "Safety issues",
            Self::Recitation => "Recitation issue",
            Self::TokenLimits => "Understand token limits",
            Self::KnownIssues => "Known issues",
            Self::ApiKey => "API key issues",
            Self::ClientSdk => "Client SDKs",
        }
    }
}
