//! What a reload leaves as it was. What was learnt of it, such as limits and rests, still holds.

use crate::gateway::ways::Known;
use std::collections::{HashMap, HashSet};

/// Engines with the same address, and those of their keys that are the same.
#[derive(Debug, Default)]
pub(super) struct Same {
    engines: HashSet<String>,
    /// Engine and number of a key before, and its number after.
    keys: HashMap<(String, usize), usize>,
    projects: HashSet<String>,
}

impl Same {
    /// What of the engines before is there after. An upstream of which no key has stayed is another one.
    pub fn between(before: &HashMap<String, Known>, after: &HashMap<String, Known>) -> Self {
        let mut same = Self::default();
        for (name, known) in before {
            if let Some(now) = after.get(name) {
                same.compare(name, known, now);
            }
        }
        same
    }

    fn compare(&mut self, name: &str, before: &Known, after: &Known) {
        match (before, after) {
            (Known::Here(before), Known::Here(after)) if before == after => {
                self.engines.insert(name.to_owned());
            }
            (Known::Google(before), Known::Google(after))
                if before.base_url() == after.base_url() =>
            {
                for (at, key) in before.keys().iter().enumerate() {
                    if let Some(now) = after.keys().iter().position(|other| other == key) {
                        self.engines.insert(name.to_owned());
                        self.keys.insert((name.to_owned(), at), now);
                        self.projects.insert(key.project.clone());
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether an engine is the same.
    pub fn has_engine(&self, engine: &str) -> bool {
        self.engines.contains(engine)
    }

    /// The number that a key has now; none where it is gone.
    pub fn key(&self, engine: &str, before: usize) -> Option<usize> {
        self.keys.get(&(engine.to_owned(), before)).copied()
    }

    /// Whether a key of a project has stayed.
    pub fn has_project(&self, project: &str) -> bool {
        self.projects.contains(project)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use propus_engines::google::{Google, Settings};
    use std::sync::Arc;

    fn engines(rows: &[(&str, &str)]) -> HashMap<String, Known> {
        let known = |text: &str| match text.strip_prefix("here ") {
            Some(model) => Known::Here(model.to_owned()),
            None => {
                let settings: Settings = toml::from_str(text).unwrap();
                Known::Google(Arc::new(Google::new(&settings).unwrap()))
            }
        };
        let rows = rows.iter();
        rows.map(|(name, text)| ((*name).to_owned(), known(text)))
            .collect()
    }

    #[test]
    fn address_and_key_make_an_upstream() {
        let keys = "api_keys = [{ key = 'k', project = 'p' }, { key = 'l', project = 'q' }]";
        let moved = "api_keys = [{ key = 'm', project = 'r' }, { key = 'k', project = 'p' }]";
        let before = [
            ("moved", keys),
            ("as-it-was", "api_key = 'k'"),
            ("other-key", "api_key = 'k'"),
            ("other-url", "api_key = 'k'"),
            ("passed", "pass_key = true"),
            ("gone", "api_key = 'k'"),
            ("small", "here small"),
            ("large", "here large"),
        ];
        let after = [
            ("moved", moved),
            ("as-it-was", "api_key = 'k'\nsilence_timeout_seconds = 5"),
            ("other-key", "api_key = 'x'"),
            (
                "other-url",
                "api_key = 'k'\nbase_url = 'http://127.0.0.1:1'",
            ),
            ("passed", "pass_key = true"),
            ("small", "here small"),
            ("large", "here larger"),
        ];
        let same = Same::between(&engines(&before), &engines(&after));
        let mut stayed: Vec<_> = same.engines.iter().map(String::as_str).collect();
        stayed.sort_unstable();
        assert_eq!(stayed, ["as-it-was", "moved", "passed", "small"]);
        assert_eq!(
            (same.key("moved", 0), same.key("moved", 1)),
            (Some(1), None)
        );
        assert!(same.has_project("p") && !same.has_project("q") && !same.has_project("r"));
    }
}
