//! Failures on demand, for those who test how their program bears them.
//!
//! `x-propus-inject: NAME[;times=N][;after=N][;seconds=S][;id=TOKEN]` on a request: the first `after`
//! requests pass, then `times` fail (all, where it is left out), the rest pass. Requests are counted by
//! `id`, so that "once, then success" works with any client; without one, by the header itself.
//! `seconds` lets a failure take its time. A model called `fault-NAME` always fails so.

use crate::pipeline::deadline::seconds;
use propus_failures::{
    Problem, catalogue, request::invalid_argument_generic::InvalidArgumentGeneric,
};
use propus_wire::generate::GenerateContentResponse;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// The header.
pub const HEADER: &str = "x-propus-inject";
/// What begins the name of a model that always fails.
pub const MODEL: &str = "fault-";

/// Most ids that are counted; beyond it the oldest counts are forgotten all at once.
const MOST_COUNTED: usize = 100_000;
/// The longest wait that can be asked for.
const LONGEST: Duration = Duration::from_secs(3600);
/// Which model a provoked reply says it is from.
const REPLIED_AS: &str = "gemini-3.5-flash";
/// How long a silent server is silent where nothing else is said.
const SILENCE: Duration = Duration::from_secs(60);

/// What happens to a request.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What goes wrong.
    pub what: What,
    /// How long it takes before that.
    pub delay: Duration,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum What {
    /// An error in Google's words.
    Error(Problem),
    /// Nothing comes for a while, then the answer.
    Silence,
    /// The connection ends without an answer.
    Reset,
    /// The stream ends behind its first chunk, without a finish reason.
    Truncated,
    /// An error behind the stream's first chunk.
    ErrorMidway(Problem),
    /// The body is cut amid its JSON.
    Unparsable,
    /// Google's page for addresses that do not exist.
    WrongAddress,
    /// A reply with status 200 that is blocked, cut short or empty.
    Reply(Box<GenerateContentResponse>),
}

/// What is asked for, and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Asked {
    name: String,
    times: Option<u64>,
    after: u64,
    delay: Option<Duration>,
    id: Option<String>,
}

/// Counts the requests that ask for failures.
#[derive(Default)]
pub struct Injector {
    counts: Mutex<HashMap<String, u64>>,
}

impl Injector {
    /// What happens to a request with this header; nothing where its turn is not or no more.
    pub fn due(&self, header: &str) -> Result<Option<Fault>, Problem> {
        let asked = read(header).map_err(slip)?;
        let fault = fault(&asked.name, asked.delay)?;
        let count = self.count(asked.id.as_deref().unwrap_or(header));
        let is_due = count >= asked.after
            && asked
                .times
                .is_none_or(|times| count < asked.after.saturating_add(times));
        Ok(is_due.then_some(fault))
    }

    /// What happens to every request of a model of this name.
    pub fn of_model(&self, model: &str) -> Option<Result<Fault, Problem>> {
        Some(fault(model.strip_prefix(MODEL)?, None))
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

fn slip(cause: String) -> Problem {
    let cause = Some(format!("{HEADER}: {cause}"));
    InvalidArgumentGeneric { cause }.into()
}

fn read(header: &str) -> Result<Asked, String> {
    let mut pieces = header.split(';').map(str::trim);
    let mut asked = Asked {
        name: pieces.next().unwrap_or_default().replace('_', "-"),
        ..Asked::default()
    };
    for piece in pieces.filter(|piece| !piece.is_empty()) {
        let (name, value) = piece
            .split_once('=')
            .ok_or_else(|| format!("`{piece}` has no value"))?;
        let number = || {
            value
                .parse::<u64>()
                .map_err(|_| format!("`{name}={value}` is no number"))
        };
        match name {
            "times" => asked.times = Some(number()?),
            "after" => asked.after = number()?,
            "seconds" => {
                let seconds = seconds(value).filter(|wait| *wait <= LONGEST);
                let wrong = || format!("`seconds={value}` is not 0 to {}", LONGEST.as_secs());
                asked.delay = Some(seconds.ok_or_else(wrong)?);
            }
            "id" => asked.id = Some(value.to_owned()),
            other => return Err(format!("there is no `{other}`; times, after, seconds, id")),
        }
    }
    Ok(asked)
}

/// A failure by its name in the catalogue.
fn fault(name: &str, delay: Option<Duration>) -> Result<Fault, Problem> {
    let what = match name {
        "client-timeout" => What::Silence,
        "network-error" => What::Reset,
        "stream-truncated" => What::Truncated,
        "stream-error-midway" => What::ErrorMidway(example("overloaded-503")?),
        "stream-parse-error" => What::Unparsable,
        "base-url-wrong" => What::WrongAddress,
        name => match reply(name) {
            Some(reply) => What::Reply(Box::new(reply)),
            None => What::Error(example(name)?),
        },
    };
    let usual = match what {
        What::Silence => SILENCE,
        _ => Duration::ZERO,
    };
    Ok(Fault {
        what,
        delay: delay.unwrap_or(usual),
    })
}

/// A failure that comes as a reply.
fn reply(name: &str) -> Option<GenerateContentResponse> {
    let replies = catalogue::replies(REPLIED_AS);
    let found = replies.into_iter().find(|(failure, _)| *failure == name);
    found.map(|(_, reply)| reply)
}

fn example(name: &str) -> Result<Problem, Problem> {
    let mut examples = catalogue::examples().into_iter();
    examples
        .find(|problem| problem.name() == name)
        .ok_or_else(|| {
            let known = catalogue::ENTRIES.iter().any(|entry| entry.name == name);
            slip(match known {
                true => format!("`{name}` cannot be provoked yet"),
                false => {
                    format!("no failure is called `{name}`; `propus explain --list` has all names")
                }
            })
        })
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
    fn slips_are_named() {
        let injector = Injector::default();
        for (header, word) in [
            ("nonsense", "no failure is called `nonsense`"),
            ("overloaded-503;times=x", "times=x"),
            ("overloaded-503;when=1", "when"),
            ("overloaded-503;seconds=99999", "seconds=99999"),
            ("overloaded-503;times", "has no value"),
            ("sdk-accessor-non-text", "cannot be provoked"),
        ] {
            let problem = injector.due(header).unwrap_err();
            let log = problem.log().unwrap();
            assert!(log.contains(word), "{header}: {log}");
        }
    }

    #[test]
    fn every_error_and_reply_of_the_catalogue_can_be_provoked() {
        for (name, _) in catalogue::replies(REPLIED_AS) {
            assert!(
                matches!(fault(name, None).unwrap().what, What::Reply(_)),
                "{name}"
            );
        }
        for problem in catalogue::examples() {
            let fault = fault(problem.name(), None).unwrap();
            assert!(
                matches!(fault.what, What::Error(provoked) if provoked.name() == problem.name())
            );
        }
    }
}
