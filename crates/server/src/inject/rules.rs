//! Failures for requests that do not ask for them: by key, project, model or method.

use super::{
    fault::Fault,
    plan::{Plan, Spec},
};
use crate::{accounts::Project, wildcard::is_like};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};
use thiserror::Error;

/// The methods that a rule may name; the last three are OpenAI's paths.
const METHODS: [&str; 9] = [
    "generateContent",
    "streamGenerateContent",
    "countTokens",
    "embedContent",
    "batchEmbedContents",
    "models.list",
    "models.get",
    "chat/completions",
    "embeddings",
];
/// The longest id, in letters.
const LONGEST_ID: usize = 64;
/// How many letters of a key's end may be said; whole keys are never kept.
const ENDING: std::ops::RangeInclusive<usize> = 4..=8;

/// Which requests fail, and how; `[[inject]]` in TOML, an object in JSON.
///
/// ```
/// use propus_server::inject::{Injector, Rule};
/// # use serde::Deserialize;
/// let rule: Rule = serde_json::from_str(
///     r#"{ "match": { "model": "gemini-*-pro" }, "outcome": "overloaded-503*2,ok", "times": 10 }"#,
/// )?;
/// assert!(Injector::with_rules(vec![rule]).is_ok());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Names the rule: up to 64 letters, digits, `-`, `_` and `.`. Without one it gets one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Which requests; all where nothing is said.
    #[serde(default, rename = "match")]
    pub matches: Match,
    /// What comes, as in the header: `overloaded-503*2,ok`.
    pub outcome: String,
    /// How many requests go through the outcomes; the rest pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// How many requests pass first.
    #[serde(default)]
    pub after: u64,
    /// How long it takes before anything comes, in seconds, up to an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// How long `slow-chunks` waits before each chunk, in seconds, up to an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<f64>,
    /// How many chunks of a stream come first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunk: Option<usize>,
    /// Which part of those whose turn it is, from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Makes `probability` hit the same ones every time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// Which requests a rule is for; what is left out does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// A key's number, or its last 4 to 8 letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// A project's name or number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// A model without `models/`; `*` stands for any letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// A method such as `generateContent`, `models.list` or `chat/completions`; `*` as above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
}

/// What a rule can see of a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Called<'a> {
    /// The key's number; none where keys do not matter.
    pub key_number: Option<i64>,
    /// The key.
    pub key: Option<&'a str>,
    /// The project.
    pub project: Option<&'a Project>,
    /// The model, without `models/`.
    pub model: Option<&'a str>,
    /// The method.
    pub method: &'a str,
}

/// Why a rule cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("rule `{rule}`: {cause}")]
pub struct RuleError {
    /// Its id, or its place where it has none.
    pub rule: String,
    /// What is wrong, with the field.
    pub cause: String,
}

/// A rule with what it did so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// The rule.
    #[serde(flatten)]
    pub rule: Rule,
    /// How many requests it was for.
    pub seen: u64,
    /// To how many of them something happened.
    pub hit: u64,
}

/// A rule at work.
pub(super) struct Live {
    pub(super) id: String,
    rule: Rule,
    plan: Plan,
    seen: AtomicU64,
    hit: AtomicU64,
}

impl Live {
    pub(super) fn new(id: String, mut rule: Rule) -> Result<Self, RuleError> {
        let failed = |cause| RuleError {
            rule: id.clone(),
            cause,
        };
        check_id(&id).map_err(failed)?;
        rule.matches.check().map_err(failed)?;
        let plan = Plan::new(&rule.spec()).map_err(failed)?;
        // It is listed beside the rule.
        rule.id = None;
        Ok(Self {
            id,
            rule,
            plan,
            seen: AtomicU64::new(0),
            hit: AtomicU64::new(0),
        })
    }

    pub(super) fn fits(&self, called: &Called<'_>) -> bool {
        self.rule.matches.fits(called)
    }

    /// What comes now; counts the request.
    pub(super) fn turn(&self) -> Option<Fault> {
        let before = self.seen.fetch_add(1, Ordering::Relaxed);
        let fault = self.plan.turn(before)?.clone();
        let hit = u64::from(!fault.is_nothing());
        self.hit.fetch_add(hit, Ordering::Relaxed);
        Some(fault)
    }

    pub(super) fn listed(&self) -> Listed {
        Listed {
            id: self.id.clone(),
            rule: self.rule.clone(),
            seen: self.seen.load(Ordering::Relaxed),
            hit: self.hit.load(Ordering::Relaxed),
        }
    }
}

impl Rule {
    fn spec(&self) -> Spec {
        Spec {
            outcome: self.outcome.clone(),
            times: self.times,
            after: self.after,
            seconds: self.seconds,
            every: self.every,
            chunk: self.chunk,
            probability: self.probability,
            seed: self.seed,
        }
    }
}

impl Match {
    fn check(&self) -> Result<(), String> {
        let fields = [
            ("key", &self.key),
            ("project", &self.project),
            ("model", &self.model),
            ("method", &self.method),
        ];
        for (name, value) in fields {
            if value.as_deref() == Some("") {
                return Err(format!("`match.{name}` is empty; leave it out to mean all"));
            }
        }
        if let Some(key) = &self.key
            && key.parse::<i64>().is_err()
            && !ENDING.contains(&key.chars().count())
        {
            return Err("`match.key` is neither a key's number nor its last 4 to 8 letters".into());
        }
        if let Some(model) = self.model.as_deref()
            && model.starts_with("models/")
        {
            return Err("`match.model` is a name without `models/`".into());
        }
        if let Some(method) = &self.method
            && !METHODS.iter().any(|known| is_like(known, method))
        {
            let known = METHODS.join(", ");
            return Err(format!(
                "`match.method` is `{method}`, and there are only {known}"
            ));
        }
        Ok(())
    }

    fn fits(&self, called: &Called<'_>) -> bool {
        let key = |wanted: &String| {
            let number = called.key_number.map(|number| number.to_string());
            let is_number = number.as_ref() == Some(wanted);
            let is_ending = ENDING.contains(&wanted.len());
            is_number || (is_ending && called.key.is_some_and(|key| key.ends_with(wanted.as_str())))
        };
        let project = |wanted: &String| {
            let is_it = |project: &Project| {
                project.name == *wanted || project.number.to_string() == *wanted
            };
            called.project.is_some_and(is_it)
        };
        let model = |wanted: &String| called.model.is_some_and(|model| is_like(model, wanted));
        let method = |wanted: &String| is_like(called.method, wanted);
        self.key.as_ref().is_none_or(key)
            && self.project.as_ref().is_none_or(project)
            && self.model.as_ref().is_none_or(model)
            && self.method.as_ref().is_none_or(method)
    }
}

fn check_id(id: &str) -> Result<(), String> {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    match !id.is_empty() && id.len() <= LONGEST_ID && id.chars().all(is_letter) {
        true => Ok(()),
        false => Err(format!(
            "`id` is not 1 to {LONGEST_ID} letters, digits, `-`, `_` and `.`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn stars_stand_for_any_letters() {
        for (text, pattern, expected) in [
            ("gemini-2.5-pro", "gemini-2.5-pro", true),
            ("gemini-2.5-pro", "gemini-2.5", false),
            ("gemini-2.5-pro", "gemini-*", true),
            ("gemini-2.5-pro", "*-pro", true),
            ("gemini-2.5-pro", "*", true),
            ("gemini-2.5-pro", "*2*5*", true),
            ("gemini-2.5-pro", "*5*2*", false),
            ("aba", "ab*ba", false),
            ("", "*", true),
            ("x", "", false),
        ] {
            assert_eq!(is_like(text, pattern), expected, "{text} {pattern}");
        }
    }

    #[test]
    fn all_that_is_said_must_fit() {
        let project = Project {
            number: 4711,
            name: "tests".into(),
            ..Project::default()
        };
        let called = Called {
            key_number: Some(3),
            key: Some("AIzaPropusabcd"),
            project: Some(&project),
            model: Some("small"),
            method: "generateContent",
        };
        for (json, expected) in [
            ("{}", true),
            (r#"{"key":"3"}"#, true),
            (r#"{"key":"4"}"#, false),
            (r#"{"key":"abcd"}"#, true),
            (r#"{"key":"abce"}"#, false),
            (r#"{"project":"tests"}"#, true),
            (r#"{"project":"4711"}"#, true),
            (r#"{"project":"other"}"#, false),
            (r#"{"key":"3","model":"sm*","method":"*Content"}"#, true),
            (r#"{"key":"3","model":"sm*","method":"countTokens"}"#, false),
        ] {
            let matches: Match = serde_json::from_str(json).unwrap();
            assert_eq!(matches.check(), Ok(()), "{json}");
            assert_eq!(matches.fits(&called), expected, "{json}");
        }
        let nobody = Called::default();
        let matches: Match = serde_json::from_str(r#"{"project":"tests"}"#).unwrap();
        assert!(!matches.fits(&nobody));
    }

    #[test]
    fn fields_that_do_not_exist_are_named() {
        for (json, word) in [
            (r#"{"outcome":"ok","time":1}"#, "time"),
            (r#"{"match":{}}"#, "outcome"),
            (r#"{"outcome":"ok","match":{"mode":"x"}}"#, "mode"),
        ] {
            let error = serde_json::from_str::<Rule>(json).unwrap_err();
            assert!(error.to_string().contains(word), "{error}");
        }
    }

    proptest! {
        #[test]
        fn a_text_is_like_itself_with_a_star_anywhere(text in "[a-c*]{0,8}", from in 0usize..9, to in 0usize..9) {
            let text = text.replace('*', "");
            let (from, to) = (from.min(text.len()), to.min(text.len()));
            let (from, to) = (from.min(to), from.max(to));
            let pattern = format!("{}*{}", &text[..from], &text[to..]);
            prop_assert!(is_like(&text, &pattern));
        }

        #[test]
        fn patterns_never_panic(text in "\\PC{0,20}", pattern in "\\PC{0,20}") {
            is_like(&text, &pattern);
        }
    }
}
