//! An environment to be examined, and what every examination is checked for.

use crate::api::KEY;
use propus_doctor::{Environment, Probe, Report, Settings, State, examine};
use propus_failures::explain::{Answer, explain};
use std::{
    ffi::OsString,
    time::{Duration, SystemTime},
};
use tempfile::TempDir;

/// Values that must be in no report.
pub(crate) const SECRETS: [&str; 5] = [
    KEY,
    "AQ.Ab8RN6another-key-of-the-newer-kind",
    "AIzaSyWRONG-wrong-WRONG-wrong-WRONG-wro",
    "proxy-password-1",
    "a-key-of-no-known-kind-at-all",
];

pub(crate) struct Patient {
    pub(crate) environment: Environment,
    pub(crate) settings: Settings,
    /// An empty folder, which is also the PATH: no Python of this machine is asked.
    pub(crate) folder: TempDir,
}

impl Patient {
    /// With a key and a base URL.
    pub(crate) fn at(url: impl Into<String>) -> Self {
        Self::bare()
            .with("GEMINI_API_KEY", KEY)
            .with("GOOGLE_GEMINI_BASE_URL", url.into())
    }

    /// With nothing at all.
    pub(crate) fn bare() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment {
            variables: vec![("PATH".into(), folder.path().into())],
            folder: folder.path().into(),
            now: SystemTime::now(),
            authorities: Vec::new(),
        };
        Self {
            environment,
            settings: Settings::default(),
            folder,
        }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        let variables = &mut self.environment.variables;
        variables.retain(|(known, _)| known != name);
        variables.push((name.into(), value.into()));
        self
    }

    pub(crate) fn model(mut self, model: &str) -> Self {
        self.settings.model = Some(model.to_owned());
        self
    }

    pub(crate) fn timeout(mut self, milliseconds: u64) -> Self {
        self.settings.timeout = Duration::from_millis(milliseconds);
        self
    }

    /// Examines, and checks what is true of every report.
    pub(crate) async fn examine(self) -> Seen {
        let report = examine(&self.environment, &self.settings).await;
        let (text, json) = (
            report.to_string(),
            serde_json::to_string_pretty(&report).unwrap(),
        );
        let debug = format!("{:?} {:?} {report:?}", self.environment, self.settings);
        for secret in SECRETS {
            assert!(!debug.contains(secret), "{debug}");
            assert!(!text.contains(secret) && !json.contains(secret), "{text}");
        }
        for probe in &report.probes {
            assert!(
                !probe.seen.is_empty() && !probe.tried.is_empty(),
                "{probe:?}"
            );
            assert!(
                probe.state != State::Fail || !probe.advice.is_empty(),
                "{probe:?}"
            );
            if let Some(name) = probe.failure {
                assert!(matches!(explain(name), Answer::Page(_)), "{name}");
            }
        }
        let failed = report.probes.iter().any(|probe| probe.state == State::Fail);
        assert_eq!(report.healthy, !failed);
        Seen { report, text }
    }
}

pub(crate) struct Seen {
    pub(crate) report: Report,
    pub(crate) text: String,
}

impl Seen {
    /// The worst finding of a probe.
    pub(crate) fn probe(&self, name: &str) -> &Probe {
        let severity = |probe: &&Probe| match probe.state {
            State::Fail => 3,
            State::Warn => 2,
            State::Ok => 1,
            State::Skipped => 0,
        };
        let found = self
            .report
            .probes
            .iter()
            .filter(|probe| probe.probe == name);
        let worst = found.max_by_key(severity);
        worst.unwrap_or_else(|| panic!("no probe `{name}` in\n{}", self.text))
    }

    /// Checks a probe's state, words of what was seen, and its failure.
    #[track_caller]
    pub(crate) fn has(&self, name: &str, state: State, words: &str, failure: &str) -> &Self {
        let probe = self.probe(name);
        let found = (probe.state, probe.failure.unwrap_or_default());
        assert_eq!(found, (state, failure), "{name} in\n{}", self.text);
        assert!(
            probe.seen.contains(words),
            "`{words}` is not in {:?} of\n{}",
            probe.seen,
            self.text
        );
        self
    }

    /// Checks that these are as they should be.
    #[track_caller]
    pub(crate) fn are_ok(&self, names: &[&str]) -> &Self {
        for name in names {
            self.has(name, State::Ok, "", "");
        }
        self
    }

    /// Checks that these were not tried.
    #[track_caller]
    pub(crate) fn are_skipped(&self, names: &[&str]) -> &Self {
        for name in names {
            self.has(name, State::Skipped, "", "");
        }
        self
    }

    /// Checks that a probe advises something.
    #[track_caller]
    pub(crate) fn advises(&self, name: &str, words: &str) -> &Self {
        let advice = &self.probe(name).advice;
        assert!(
            advice.iter().any(|line| line.contains(words)),
            "`{words}` is not in {advice:?}"
        );
        self
    }
}
