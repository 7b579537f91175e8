//! What is sent: calls drawn by chance, each with the way in which its first attempt fails.

use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

/// Which part of the first attempts fails.
const FAILING: f64 = 0.3;

/// How a first attempt fails: `quota`, or what the injector knows.
const CAUSES: [&str; 10] = [
    "quota",
    "overloaded-503",
    "internal-500",
    "network-error",
    "network-error;chunk=1",
    "stream-truncated",
    "slow-first-byte;seconds=1",
    "proxy-page",
    "empty-response",
    "stream-error-midway",
];

/// What stands for no failure.
const NOTHING: &str = "ok";

const MARK: &str = "[soak ";

/// One call, and how its first attempt fails.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) id: String,
    pub(crate) what: What,
    pub(crate) fails: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum What {
    Whole,
    Stream,
    Create,
}

/// The same calls every time.
pub(crate) fn plans(calls: u64) -> impl Iterator<Item = Plan> {
    let mut chance = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    (0..calls).map(move |at| Plan::draw(at, &mut chance))
}

impl Plan {
    fn draw(at: u64, chance: &mut impl Rng) -> Self {
        let what = match chance.random_range(0..20) {
            0 => What::Create,
            1..10 => What::Stream,
            _ => What::Whole,
        };
        let cause = CAUSES[chance.random_range(0..CAUSES.len())];
        Self {
            id: at.to_string(),
            what,
            fails: chance.random_bool(FAILING).then_some(cause),
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self.what {
            What::Whole => "unary",
            What::Stream => "streamed",
            What::Create => "creating",
        }
    }

    /// The prompt, with the plan in it: texts get through every client and proxy, headers do not.
    pub(crate) fn prompt(&self) -> String {
        format!("hi {MARK}{} {}]", self.id, self.fails.unwrap_or(NOTHING))
    }

    /// Whether nobody could save it: the answer had begun, or something may have been created.
    pub(crate) fn is_lost(&self) -> bool {
        match (self.what, self.fails) {
            (_, None) => false,
            (What::Stream, Some(cause)) => {
                matches!(
                    cause,
                    "network-error;chunk=1" | "stream-truncated" | "stream-error-midway"
                )
            }
            (What::Create, Some(cause)) => !matches!(cause, "quota" | "overloaded-503"),
            (What::Whole, Some(_)) => false,
        }
    }

    /// All of it for another program.
    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.id,
            "kind": self.kind(),
            "prompt": self.prompt(),
            "fails": self.fails,
            "lost": self.is_lost(),
        })
    }
}

/// The id of the call whose prompt stands in a body, and how its first attempt fails.
pub(crate) fn marked(body: &[u8]) -> Option<(String, Option<String>)> {
    let body = String::from_utf8_lossy(body);
    let (_, rest) = body.split_once(MARK)?;
    let (id, cause) = rest.split_once(']')?.0.split_once(' ')?;
    let cause = Some(cause).filter(|cause| *cause != NOTHING);
    Some((id.to_owned(), cause.map(str::to_owned)))
}
