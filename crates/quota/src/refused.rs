//! Why a request was refused, as facts: what a 429 of the Gemini API is made from.

use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Requests.
    Requests,
    /// Input tokens.
    Tokens,
}

/// The time over which a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Window {
    /// Any 60 seconds.
    Minute,
    /// From one midnight Pacific time to the next.
    Day,
}

/// One limit that does not leave room for the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// What is counted.
    pub unit: Unit,
    /// Over which time.
    pub window: Window,
    /// How much is allowed.
    pub limit: u64,
    /// How long until this limit leaves room for the same request, if nothing else is admitted;
    /// [`Duration::MAX`] where it never will. Google sends some seconds even then.
    pub wait: Duration,
}

impl Exhausted {
    /// Whether no wait helps: the limit is 0, or the request alone is larger than it.
    pub fn is_final(&self) -> bool {
        self.wait == Duration::MAX
    }
}

/// A request that was not admitted and counts nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// All limits that leave no room, never empty: requests before tokens, minute before day.
    pub exhausted: Vec<Exhausted>,
}

impl Refused {
    /// How long until all limits leave room; [`Duration::MAX`] where they never will.
    pub fn wait(&self) -> Duration {
        let waits = self.exhausted.iter().map(|exhausted| exhausted.wait);
        waits.max().unwrap_or_default()
    }
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Requests => "requests",
            Unit::Tokens => "input tokens",
        };
        let window = match self.window {
            Window::Minute => "minute",
            Window::Day => "day",
        };
        write!(
            f,
            "the limit of {} {unit} a {window} is exhausted",
            self.limit
        )
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, exhausted) in self.exhausted.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{exhausted}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}
