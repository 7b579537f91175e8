//! What a failed attempt came to: the failure, what it concerns and how far it got.

use super::{
    course::{Course, Scope, entry},
    decision::Rest,
};
use crate::entry::Sure;
use std::time::Duration;

/// What a failed attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The failure's name in the catalogue.
    pub failure: &'static str,
    /// How sure that is; `Possible` where only the status code tells.
    pub sure: Sure,
    /// The HTTP status, where one came.
    pub http: Option<u16>,
    /// The wait that the service names; never zero.
    pub retry_after: Option<Duration>,
    /// What the failure concerns, which is what should rest for it.
    pub scope: Scope,
    /// How far the attempt got.
    pub progress: Progress,
}

/// How far an attempt got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    /// Nothing was sent: the service knows nothing of the call.
    NotSent,
    /// Something was sent, and nothing came back.
    Sent,
    /// An answer came or began; the caller has nothing of it.
    Answered,
    /// So many chunks of the answer were passed on to the caller.
    Passed(u32),
}

/// What can happen on the way there and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The name has no address, nothing listens there, or connecting took too long.
    Connect,
    /// The server's certificate is not trusted.
    Certificate,
    /// The connection was lost after the call was sent, before the answer began.
    Reset,
    /// The time allowed for the attempt ran out.
    Timeout,
    /// The answer's body was cut off.
    Cut,
    /// The answer is not what the API sends.
    Unreadable,
    /// The caller went away.
    CallerGone,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Connect,
        Self::Certificate,
        Self::Reset,
        Self::Timeout,
        Self::Cut,
        Self::Unreadable,
        Self::CallerGone,
    ];
}

impl Outcome {
    /// A failure of the catalogue that was recognised otherwise, such as a
    /// [`Problem`](crate::Problem) of one's own; none where there is no such name.
    pub fn named(failure: &str) -> Option<Self> {
        let entry = entry(failure)?;
        Some(Self {
            failure: entry.name,
            sure: Sure::Certain,
            http: None,
            retry_after: None,
            scope: Scope::of(entry.name),
            progress: Progress::Answered,
        })
    }

    /// A fault on the way, and how far the attempt got before it.
    pub fn of_fault(fault: Fault, progress: Progress) -> Self {
        let (failure, progress) = match fault {
            Fault::Connect => ("network-error", Progress::NotSent),
            Fault::Certificate => ("tls-error", Progress::NotSent),
            Fault::Reset => ("network-error", progress),
            Fault::Timeout => ("client-timeout", progress),
            Fault::Cut => ("stream-truncated", progress.max(Progress::Answered)),
            Fault::Unreadable => ("stream-parse-error", progress.max(Progress::Answered)),
            Fault::CallerGone => ("cancelled-499", progress),
        };
        let sure = Sure::Certain;
        Self::known(failure, sure).at(progress)
    }

    /// A stream that ended without a finish reason after so many chunks were passed on.
    pub fn of_stream_end(passed: u32) -> Self {
        Self::known("stream-truncated", Sure::Certain).at(Progress::of_chunks(passed))
    }

    /// The same outcome after the attempt got so far.
    #[must_use]
    pub fn at(mut self, progress: Progress) -> Self {
        self.progress = progress;
        self
    }

    /// How long what the failure [concerns](Self::scope) should be left alone.
    pub fn rest(&self) -> Rest {
        match self.course() {
            Course::Day => Rest::UntilMidnightPacific,
            Course::Refused | Course::Spent => Rest::UntilChanged,
            _ => self.retry_after.map_or(Rest::Unsaid, Rest::For),
        }
    }

    /// Whether the service refused the call before it did anything.
    pub(super) fn is_undone(&self) -> bool {
        self.progress == Progress::NotSent
            || self.failure == "overloaded-503"
            || matches!(
                self.course(),
                Course::Request
                    | Course::TooLong
                    | Course::Refused
                    | Course::Spent
                    | Course::Day
                    | Course::Minute
            )
            || self.http == Some(429)
    }

    pub(super) fn course(&self) -> Course {
        entry(self.failure).map_or(Course::Final, Course::of)
    }

    /// A failure that the catalogue surely has.
    pub(super) fn known(failure: &'static str, sure: Sure) -> Self {
        Self {
            failure,
            sure,
            http: None,
            retry_after: None,
            scope: Scope::of(failure),
            progress: Progress::Answered,
        }
    }
}

impl Progress {
    /// After so many chunks were passed on; at 0 the caller has nothing.
    pub fn of_chunks(passed: u32) -> Self {
        match passed {
            0 => Self::Answered,
            passed => Self::Passed(passed),
        }
    }

    /// How many chunks were passed on.
    pub fn chunks(self) -> u32 {
        match self {
            Self::Passed(chunks) => chunks,
            _ => 0,
        }
    }
}
