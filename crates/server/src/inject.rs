//! Failures on demand, for those who test how their program bears them.
//!
//! A request asks for them by the header `x-propus-inject`:
//!
//! ```text
//! OUTCOME[*N][,OUTCOME[*N]]...[;NAME=VALUE]...
//! ```
//!
//! An outcome is a failure of the catalogue or one of [`names::OWN`]. Each comes `N` times, once where no
//! number is said; the last one without a number goes on for ever, and behind a last one with a number
//! requests pass. So `overloaded-503` always fails, `overloaded-503*2` fails twice, and
//! `overloaded-503*2,ok,quota-per-minute` fails twice, passes once and then always fails.
//!
//! | parameter | meaning |
//! |---|---|
//! | `after=N` | so many requests pass before the list begins |
//! | `times=N` | so many requests go through the list, the rest pass |
//! | `probability=P` | of those whose turn it is, only this part is hit, 0 to 1 |
//! | `seed=N` | which ones are hit by `probability` is the same every time |
//! | `seconds=S` | how long it takes before anything comes |
//! | `chunk=N` | so many chunks of a stream come first; 1 where nothing is said |
//! | `every=S` | how long `slow-chunks` waits before each chunk |
//! | `id=TOKEN` | counts requests by this, else by the header itself |
//!
//! [`Rule`]s say the same without a header, for requests of a key, a project, a model or a method. And a
//! model called `fault-NAME` always fails so. The header wins over the rules, a rule over the model's name.

mod fault;
pub mod names;
mod plan;
mod rules;

pub use fault::{Fault, What};
pub use rules::{Called, Listed, Match, Rule, RuleError};

use plan::{Plan, Spec};
use propus_failures::{Failure, Problem};
use propus_wire::status::{Code, Status};
use rules::Live;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError, RwLock},
};

/// The header.
pub const HEADER: &str = "x-propus-inject";
/// What begins the name of a model that always fails.
pub const MODEL: &str = "fault-";

/// Most ids that are counted; beyond it the oldest counts are forgotten all at once.
const MOST_COUNTED: usize = 100_000;
/// Most rules; each request is held against all of them.
const MOST_RULES: usize = 1000;

/// Says which requests fail, and counts them.
#[derive(Default)]
pub struct Injector {
    counts: Mutex<HashMap<String, u64>>,
    rules: RwLock<Vec<Live>>,
}

impl Injector {
    /// One that begins with rules. The error names the rule and the field that is wrong.
    pub fn with_rules(rules: Vec<Rule>) -> Result<Self, RuleError> {
        let injector = Self::default();
        for (place, rule) in rules.into_iter().enumerate() {
            let known = |id: &String| injector.rules().iter().any(|listed| listed.id == *id);
            if let Some(id) = rule.id.clone().filter(known) {
                let cause = "`id` is taken by another rule".into();
                return Err(RuleError { rule: id, cause });
            }
            let named = rule.id.is_some();
            injector.put(rule).map_err(|mut error| {
                if !named {
                    error.rule = format!("number {}", place + 1);
                }
                error
            })?;
        }
        Ok(injector)
    }

    /// What happens to a request with this header; nothing where its turn is not or no more.
    pub fn due(&self, header: &str) -> Result<Option<Fault>, Problem> {
        let slip = |cause| Problem::from(Slip(format!("{HEADER}: {cause}")));
        let (spec, id) = Spec::read(header).map_err(slip)?;
        let plan = Plan::new(&spec).map_err(slip)?;
        let count = self.count(id.as_deref().unwrap_or(header));
        Ok(plan.turn(count).cloned())
    }

    /// What the rules say of a request: the first whose turn it is decides, and all before it count.
    pub fn ruled(&self, called: &Called<'_>) -> Option<Fault> {
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        let mut fitting = rules.iter().filter(|rule| rule.fits(called));
        fitting.find_map(Live::turn)
    }

    /// What happens to every request of a model of this name.
    pub fn of_model(&self, model: &str) -> Option<Result<Fault, Problem>> {
        let spec = Spec::of(model.strip_prefix(MODEL)?);
        let slip = |cause| Slip(format!("the model `{model}`: {cause}")).into();
        let plan = Plan::new(&spec).map_err(slip);
        Some(plan.map(|plan| plan.turn(0).cloned().unwrap_or_default()))
    }

    /// The rules in their order, with what they did.
    pub fn rules(&self) -> Vec<Listed> {
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        rules.iter().map(Live::listed).collect()
    }

    /// Adds a rule, or puts it in the place of the one with its id, and counts anew. Without an id it gets
    /// one. Gives the rule as it is listed.
    pub fn put(&self, rule: Rule) -> Result<Listed, RuleError> {
        let mut rules = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        let id = rule.id.clone().unwrap_or_else(|| unused(&rules));
        let live = Live::new(id, rule)?;
        let listed = live.listed();
        match rules.iter().position(|other| other.id == live.id) {
            Some(place) => rules[place] = live,
            None if rules.len() < MOST_RULES => rules.push(live),
            None => {
                let cause = format!("there are {MOST_RULES} rules already; remove some");
                let rule = live.id;
                return Err(RuleError { rule, cause });
            }
        }
        Ok(listed)
    }

    /// Removes a rule; whether there was one of this id.
    pub fn remove(&self, id: &str) -> bool {
        let mut rules = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        let before = rules.len();
        rules.retain(|rule| rule.id != id);
        rules.len() < before
    }

    /// Removes all rules; how many there were.
    pub fn clear(&self) -> usize {
        let mut rules = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *rules).len()
    }

    /// How often an id was seen before.
    fn count(&self, id: &str) -> u64 {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= MOST_COUNTED && !counts.contains_key(id) {
            counts.clear();
        }
        let count = counts.entry(id.to_owned()).or_default();
        let before = *count;
        *count += 1;
        before
    }
}

fn unused(rules: &[Live]) -> String {
    let names = (1..).map(|number| format!("rule-{number}"));
    let mut free = names.filter(|name| rules.iter().all(|rule| rule.id != *name));
    free.next().expect("some number is not taken")
}

/// What is wrong with a wish for failures. Unlike Google's refusals it says what: the caller is a person
/// who writes a test.
#[derive(Clone, Debug)]
pub struct Slip(pub String);

impl Failure for Slip {
    fn name(&self) -> &'static str {
        "invalid-argument-generic"
    }

    fn status(&self) -> Status {
        Status::new(Code::InvalidArgument, self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(injector: &Injector, header: &str) -> bool {
        injector.due(header).unwrap().is_some()
    }

    #[test]
    fn requests_are_counted_by_id() {
        let injector = Injector::default();
        let header = "overloaded_503; after=1; times=2; id=a";
        let seen: Vec<bool> = (0..5).map(|_| due(&injector, header)).collect();
        assert_eq!(seen, [false, true, true, false, false]);
        assert!(!due(&injector, "overloaded-503;after=1;id=b"));
        assert!(due(&injector, "quota-per-day;times=1"));
        assert!(!due(&injector, "quota-per-day;times=1"));
        assert!(due(&injector, "quota-per-day") && due(&injector, "quota-per-day"));
    }

    #[test]
    fn slips_are_told_to_the_caller() {
        let injector = Injector::default();
        for (header, word) in [
            ("nonsense", "no outcome is called `nonsense`"),
            ("overloaded_530", "overloaded-503"),
            ("", "no outcome is named"),
            ("overloaded-503,,ok", "no outcome is named"),
            ("overloaded-503*x", "`*x`"),
            ("overloaded-503*0", "`*0`"),
            ("overloaded-503;times=x", "`times=x`"),
            ("overloaded-503;when=1", "`when`"),
            ("overloaded-503;seconds=99999", "`seconds`"),
            ("overloaded-503;seconds=-1", "`seconds`"),
            ("overloaded-503;times", "`times` has no value"),
            ("overloaded-503;probability=1.5", "`probability`"),
            ("overloaded-503;probability=NaN", "`probability`"),
            ("overloaded-503;seed=1", "`seed`"),
            ("overloaded-503;every=1", "`every`"),
            ("base-url-wrong;chunk=2", "`chunk`"),
            ("tls-error", "handshake"),
        ] {
            let problem = injector.due(header).unwrap_err();
            let message = problem.status().message;
            assert!(message.contains(word), "{header}: {message}");
        }
    }

    #[test]
    fn a_model_is_named_after_its_failure() {
        let injector = Injector::default();
        assert!(injector.of_model("gemini-2.5-flash").is_none());
        let fault = injector.of_model("fault-overloaded-503").unwrap().unwrap();
        assert!(matches!(fault.what, What::Error(problem) if problem.name() == "overloaded-503"));
        assert!(injector.of_model("fault-nonsense").unwrap().is_err());
    }

    fn rule(json: &str) -> Rule {
        serde_json::from_str(json).unwrap()
    }

    fn called<'a>(model: &'a str, method: &'a str) -> Called<'a> {
        Called {
            model: Some(model),
            method,
            ..Called::default()
        }
    }

    #[test]
    fn the_first_rule_whose_turn_it_is_decides() {
        let injector = Injector::with_rules(vec![
            rule(r#"{"id":"a","match":{"model":"gemini-*"},"outcome":"overloaded-503","times":1}"#),
            rule(r#"{"match":{"method":"streamGenerateContent"},"outcome":"internal-500"}"#),
        ])
        .unwrap();
        let names = |model, method| match injector.ruled(&called(model, method)).map(|f| f.what) {
            Some(What::Error(problem)) => problem.name(),
            _ => "",
        };
        let stream = "streamGenerateContent";
        assert_eq!(names("other", "generateContent"), "");
        assert_eq!(names("gemini-x", stream), "overloaded-503");
        assert_eq!(names("gemini-x", stream), "internal-500");
        assert_eq!(names("gemini-x", "generateContent"), "");
        let seen: Vec<_> = injector.rules().iter().map(|r| (r.seen, r.hit)).collect();
        assert_eq!(seen, [(3, 1), (1, 1)]);
        // Put anew, it counts anew.
        let again = r#"{"id":"a","outcome":"quota-per-day"}"#;
        assert_eq!(injector.put(rule(again)).unwrap().seen, 0);
        assert_eq!(names("x", "countTokens"), "quota-per-day");
        assert_eq!(injector.rules()[1].id, "rule-1");
        assert!(injector.remove("a") && !injector.remove("a"));
        assert_eq!((injector.clear(), injector.rules().len()), (1, 0));
    }

    #[test]
    fn errors_of_rules_name_rule_and_field() {
        for (json, words) in [
            (
                r#"[{"id":"a","outcome":"nonsense"}]"#,
                ["rule `a`", "`nonsense`"],
            ),
            (
                r#"[{"outcome":"ok"},{"outcome":"ok","probability":2}]"#,
                ["rule `number 2`", "`probability`"],
            ),
            (
                r#"[{"id":"a","outcome":"ok"},{"id":"a","outcome":"ok"}]"#,
                ["rule `a`", "`id`"],
            ),
            (r#"[{"id":"a/b","outcome":"ok"}]"#, ["rule `a/b`", "`id`"]),
            (
                r#"[{"id":"a","outcome":"ok","match":{"method":"generate"}}]"#,
                ["rule `a`", "`match.method`"],
            ),
            (
                r#"[{"id":"a","outcome":"ok","match":{"model":""}}]"#,
                ["rule `a`", "`match.model`"],
            ),
            (
                r#"[{"id":"a","outcome":"ok","match":{"key":"AIzaSyA1234567890"}}]"#,
                ["rule `a`", "`match.key`"],
            ),
        ] {
            let rules: Vec<Rule> = serde_json::from_str(json).unwrap();
            let error = match Injector::with_rules(rules) {
                Err(error) => error.to_string(),
                Ok(_) => panic!("{json}"),
            };
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        }
    }
}
