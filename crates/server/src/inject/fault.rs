//! What goes wrong, by its name.

use super::names;
use propus_failures::{Problem, catalogue};
use propus_wire::generate::{
    Candidate, CodeExecutionResult, Content, ExecutableCode, FinishReason, GenerateContentResponse,
    Language, Outcome, Part,
};
use std::time::Duration;

/// Which model a provoked reply says it is from.
const REPLIED_AS: &str = "gemini-3.5-flash";
/// How long a silent server is silent where nothing else is said.
const SILENCE: Duration = Duration::from_secs(60);
/// How long a slow server takes for its first byte where nothing else is said.
const SLOW: Duration = Duration::from_secs(10);
/// How long slow chunks wait where nothing else is said.
const EVERY: Duration = Duration::from_secs(1);

/// What happens to a request.
#[derive(Clone, Debug, Default)]
pub struct Fault {
    /// What goes wrong.
    pub what: What,
    /// How long it takes before anything comes.
    pub delay: Duration,
    /// How many chunks of a stream come first.
    pub chunk: Option<usize>,
    /// How long each chunk waits behind those.
    pub every: Duration,
}

/// What goes wrong.
#[derive(Clone, Debug, Default)]
pub enum What {
    /// The answer comes, perhaps slowly.
    #[default]
    Nothing,
    /// An error in Google's words; inside the stream where a number of chunks comes first.
    Error(Problem),
    /// The connection ends.
    Reset,
    /// The reply ends before the answer does: a stream without a finish reason, a body at its half.
    Truncated,
    /// The body is cut amid its JSON, and ends as if it were whole.
    Unparsable,
    /// Google's page for addresses that do not exist.
    WrongAddress,
    /// Status 200 without a body.
    Empty,
    /// A gateway's page.
    ProxyPage,
    /// A redirection to a login page.
    Login,
    /// A reply with status 200 that is blocked, cut short, empty, or more than some clients can read.
    Reply {
        /// The failure.
        name: &'static str,
        /// What is replied.
        reply: Box<GenerateContentResponse>,
    },
}

impl Fault {
    /// The fault of a name; without a name of the catalogue or of ours the reason why there is none.
    pub(super) fn named(name: &str) -> Result<Self, String> {
        let fault = Self::default();
        Ok(match name {
            "ok" => fault,
            "slow-first-byte" => fault.after(SLOW),
            "client-timeout" => fault.after(SILENCE),
            "slow-chunks" => Self {
                every: EVERY,
                chunk: Some(0),
                ..fault
            },
            "network-error" => What::Reset.at(0),
            "stream-truncated" => What::Truncated.at(1),
            "stream-error-midway" => What::Error(example("overloaded-503")?).at(1),
            "stream-parse-error" => What::Unparsable.at(1),
            "base-url-wrong" => What::WrongAddress.whole(),
            "empty-body" => What::Empty.whole(),
            "proxy-page" => What::ProxyPage.whole(),
            "login-redirect" => What::Login.whole(),
            name => match reply(name) {
                Some(reply) => reply.whole(),
                None => What::Error(example(name)?).whole(),
            },
        })
    }

    /// What it is called in the catalogue, or among our own outcomes.
    pub fn name(&self) -> &'static str {
        match &self.what {
            What::Nothing if self.is_slow() => "slow-chunks",
            What::Nothing if !self.delay.is_zero() => "slow-first-byte",
            What::Nothing => "ok",
            What::Error(problem) => problem.name(),
            What::Reset => "network-error",
            What::Truncated => "stream-truncated",
            What::Unparsable => "stream-parse-error",
            What::WrongAddress => "base-url-wrong",
            What::Empty => "empty-body",
            What::ProxyPage => "proxy-page",
            What::Login => "login-redirect",
            What::Reply { name, .. } => name,
        }
    }

    /// Whether a number of chunks may come first.
    pub(super) fn takes_chunk(&self) -> bool {
        self.chunk.is_some() || matches!(self.what, What::Error(_))
    }

    /// Whether it waits before each chunk.
    pub(super) fn is_slow(&self) -> bool {
        !self.every.is_zero()
    }

    /// Whether the request goes its way as if nobody had asked.
    pub fn is_nothing(&self) -> bool {
        matches!(self.what, What::Nothing) && self.delay.is_zero() && !self.is_slow()
    }

    fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

impl What {
    fn whole(self) -> Fault {
        Fault {
            what: self,
            ..Fault::default()
        }
    }

    fn at(self, chunk: usize) -> Fault {
        Fault {
            chunk: Some(chunk),
            ..self.whole()
        }
    }
}

/// A failure that comes as a reply.
fn reply(name: &str) -> Option<What> {
    let replies = catalogue::replies(REPLIED_AS).into_iter();
    let mut all = replies.chain(for_clients());
    let (name, reply) = all.find(|(failure, _)| *failure == name)?;
    let reply = Box::new(reply);
    Some(What::Reply { name, reply })
}

/// Good replies that some clients cannot read; the catalogue knows those failures only by what such
/// clients say.
fn for_clients() -> [(&'static str, GenerateContentResponse); 3] {
    let newer = FinishReason::Unknown("NEWER_THAN_THE_CLIENT".into());
    [
        (
            "finish-unknown-enum",
            answer(vec![text("Paris.")], Some(newer)),
        ),
        (
            "sdk-accessor-non-text",
            answer(code(), Some(FinishReason::Stop)),
        ),
        ("sdk-validation-error", bare()),
    ]
}

fn answer(parts: Vec<Part>, finish_reason: Option<FinishReason>) -> GenerateContentResponse {
    let content = Content {
        role: Some("model".into()),
        parts,
    };
    let candidate = Candidate {
        content: Some(content),
        finish_reason,
        ..Candidate::default()
    };
    GenerateContentResponse {
        candidates: vec![candidate],
        model_version: Some(REPLIED_AS.into()),
        ..GenerateContentResponse::default()
    }
}

fn text(text: &str) -> Part {
    Part {
        text: Some(text.into()),
        ..Part::default()
    }
}

/// Code and what it printed: parts of an answer without text, which need no declared function.
fn code() -> Vec<Part> {
    let code = ExecutableCode {
        language: Some(Language::Python),
        code: Some("print(6 * 7)".into()),
        ..ExecutableCode::default()
    };
    let printed = CodeExecutionResult {
        outcome: Some(Outcome::Ok),
        output: Some("42\n".into()),
        ..CodeExecutionResult::default()
    };
    vec![
        Part {
            executable_code: Some(code),
            ..Part::default()
        },
        Part {
            code_execution_result: Some(printed),
            ..Part::default()
        },
    ]
}

/// What strict types miss: content, counts, the model's version. The API leaves them out at times.
fn bare() -> GenerateContentResponse {
    let candidate = Candidate {
        finish_reason: Some(FinishReason::Other),
        ..Candidate::default()
    };
    GenerateContentResponse {
        candidates: vec![candidate],
        ..GenerateContentResponse::default()
    }
}

fn example(name: &str) -> Result<Problem, String> {
    let mut examples = catalogue::examples().into_iter();
    let found = examples.find(|problem| problem.name() == name);
    found.ok_or_else(|| match names::why_not(name) {
        Some(why) => format!("`{name}` cannot be provoked: {why}"),
        None => names::unknown(name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use propus_failures::catalogue::ENTRIES;

    #[test]
    fn every_failure_can_be_provoked_or_says_why_not() {
        for entry in ENTRIES {
            let (name, fault) = (entry.name, Fault::named(entry.name));
            let Some(why) = names::why_not(name) else {
                let fault = fault.unwrap_or_else(|error| panic!("{error}"));
                assert!(!fault.is_nothing(), "{name}");
                match fault.what {
                    What::Error(problem) if name != "stream-error-midway" => {
                        assert_eq!(problem.name(), name);
                    }
                    What::Reply { name: replied, .. } => assert_eq!(replied, name),
                    _ => (),
                }
                continue;
            };
            assert!(why.len() > 40, "{name}: {why}");
            assert!(fault.unwrap_err().contains(why), "{name}");
        }
        let is_known = |name: &str| ENTRIES.iter().any(|entry| entry.name == name);
        assert!(names::NOT_PROVOKABLE.iter().all(|(name, _)| is_known(name)));
    }

    #[test]
    fn our_own_names_are_none_of_the_catalogue_and_do_something() {
        for (name, _) in names::OWN {
            assert!(ENTRIES.iter().all(|entry| entry.name != name), "{name}");
            let fault = Fault::named(name).unwrap();
            assert_eq!(fault.is_nothing(), name == "ok");
        }
        let all: Vec<_> = names::all().collect();
        let expected = ENTRIES.len() - names::NOT_PROVOKABLE.len() + names::OWN.len();
        assert_eq!(all.len(), expected);
        assert!(all.iter().all(|name| Fault::named(name).is_ok()));
    }
}
