//! What was found, for people and for programs.

use crate::{secrets::Secrets, text};
use propus_failures::explain::{Answer, explain};
use serde::Serialize;
use std::fmt;

/// How a probe ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// Worth a look; calls may work.
    Warn,
    /// Calls cannot work so.
    Fail,
    /// Not tried, since an earlier probe failed.
    Skipped,
}

/// One finding of a probe; a probe may have several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Probe {
    /// What was looked at: `key`, `tls`, `stream` and so on.
    pub probe: &'static str,
    /// How it ended.
    pub state: State,
    /// What was tried.
    pub tried: String,
    /// What was seen.
    pub seen: String,
    /// What to do, best first.
    #[serde(rename = "do")]
    pub advice: Vec<String>,
    /// The failure's name in the catalogue.
    pub failure: Option<&'static str>,
}

/// All findings, in the order of the examination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether nothing failed; warnings are allowed.
    pub healthy: bool,
    /// The findings.
    pub probes: Vec<Probe>,
}

impl Probe {
    fn new(probe: &'static str, state: State, tried: &str, seen: impl Into<String>) -> Self {
        Self {
            probe,
            state,
            tried: tried.to_owned(),
            seen: seen.into(),
            advice: Vec::new(),
            failure: None,
        }
    }

    pub(crate) fn ok(probe: &'static str, tried: &str, seen: impl Into<String>) -> Self {
        Self::new(probe, State::Ok, tried, seen)
    }

    pub(crate) fn warn(probe: &'static str, tried: &str, seen: impl Into<String>) -> Self {
        Self::new(probe, State::Warn, tried, seen)
    }

    pub(crate) fn fail(probe: &'static str, tried: &str, seen: impl Into<String>) -> Self {
        Self::new(probe, State::Fail, tried, seen)
    }

    pub(crate) fn skipped(probe: &'static str, because: &str) -> Self {
        Self::new(probe, State::Skipped, "nothing", because)
    }

    /// Adds what to do.
    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice.push(advice.into());
        self
    }

    /// Names the failure; the advice of its page follows.
    pub(crate) fn is(mut self, failure: &'static str) -> Self {
        self.failure = Some(failure);
        if let Answer::Page(entry) = explain(failure) {
            self.advice.extend(entry.page().fixes());
        }
        self
    }

    pub(crate) fn failed(&self) -> bool {
        self.state == State::Fail
    }
}

impl Report {
    /// The only way to a report: nothing secret comes through.
    pub(crate) fn new(mut probes: Vec<Probe>, secrets: &Secrets) -> Self {
        for probe in &mut probes {
            let texts = [&mut probe.tried, &mut probe.seen].into_iter();
            for text in texts.chain(&mut probe.advice) {
                *text = secrets.hide(text);
            }
        }
        Self {
            healthy: !probes.iter().any(Probe::failed),
            probes,
        }
    }
}

impl Report {
    /// One line on the whole.
    pub fn summary(&self) -> String {
        let count = |state| {
            self.probes
                .iter()
                .filter(|probe| probe.state == state)
                .count()
        };
        let warnings = text::count(count(State::Warn), "warning");
        match (count(State::Fail), count(State::Warn)) {
            (0, 0) => "healthy".to_owned(),
            (0, _) => format!("healthy, with {warnings}"),
            (failed, 0) => format!("not healthy: {}", text::count(failed, "failure")),
            (failed, _) => format!(
                "not healthy: {} and {warnings}",
                text::count(failed, "failure")
            ),
        }
    }
}

/// Lines of advice that are printed; the page has the rest.
const MOST_ADVICE: usize = 3;

/// Where texts begin, and how wide a line is.
const INDENT: usize = 18;
const WIDTH: usize = 100;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.probes
            .iter()
            .try_for_each(|probe| write!(f, "{probe}"))
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Fail => "fail",
            State::Skipped => "skip",
        };
        let line = |f: &mut fmt::Formatter<'_>, state: &str, name: &str, text: &str| {
            writeln!(
                f,
                "{state:<6}{name:<12}{}",
                text::wrapped(text, INDENT, WIDTH)
            )
        };
        line(f, state, self.probe, &self.seen)?;
        if self.state != State::Skipped {
            line(f, "", "tried", &self.tried)?;
        }
        for advice in self.advice.iter().take(MOST_ADVICE) {
            line(f, "", "do", advice)?;
        }
        match self.failure {
            Some(failure) => line(f, "", "more", &format!("propus explain {failure}")),
            None => Ok(()),
        }
    }
}
