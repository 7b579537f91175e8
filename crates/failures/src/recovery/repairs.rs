//! What was done for a call, as the caller is told: the header `x-propus-repairs`.

use super::history::History;
use crate::amend::Kind;
use propus_wire::scalar::{duration_in, duration_text};
use std::{fmt, str::FromStr, time::Duration};

/// The name of the header.
pub const HEADER: &str = "x-propus-repairs";

/// What was done for a call. Written out it is a list such as `wait=2.1s; route=b; attempts=3`,
/// without what was not done, and empty where nothing was.
///
/// ```
/// use propus_failures::recovery::Repairs;
///
/// let repairs: Repairs = "wait=2.1s; route=b; attempts=3".parse()?;
/// assert_eq!(repairs.attempts, 3);
/// assert_eq!(repairs.route.as_deref(), Some("b"));
/// assert_eq!(repairs.to_string(), "wait=2.1s; route=b; attempts=3");
/// # Ok::<(), propus_failures::recovery::NotRepairs>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Repairs {
    /// How long was waited; written in milliseconds at most.
    pub wait: Duration,
    /// The route that served at last, where it is not the first.
    pub route: Option<String>,
    /// Whether the larger model served.
    pub larger_model: bool,
    /// The corrections that were made.
    pub amend: Vec<Kind>,
    /// Whether the other version of the API served.
    pub other_version: bool,
    /// The longer deadline that was given.
    pub deadline: Option<Duration>,
    /// Whether the answer was streamed from the service and put together.
    pub streamed: bool,
    /// How often the model was asked again.
    pub replies: u32,
    /// The temperature that was set.
    pub temperature: Option<f64>,
    /// How often the answer was continued.
    pub resumes: u32,
    /// Attempts; 1 where the first one served.
    pub attempts: u32,
}

impl Repairs {
    /// What a history tells.
    pub(super) fn of(history: &History) -> Self {
        let (first, last) = (history.routes.first(), history.routes.last());
        Self {
            wait: history.waited,
            route: last.filter(|last| Some(*last) != first).cloned(),
            larger_model: history.larger_model,
            amend: history.amended.clone(),
            other_version: history.other_version,
            deadline: history.deadline,
            streamed: history.streamed,
            replies: history.replies,
            temperature: history.temperature,
            resumes: history.resumes,
            attempts: history.attempts.max(1),
        }
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.told().next().is_none()
    }

    /// The names of what was done, as they stand in the header: a few fixed words, fit to count by.
    ///
    /// ```
    /// let repairs: propus_failures::recovery::Repairs = "wait=2.1s; attempts=3".parse()?;
    /// assert_eq!(repairs.kinds().collect::<Vec<_>>(), ["wait", "attempts"]);
    /// # Ok::<(), propus_failures::recovery::NotRepairs>(())
    /// ```
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.told().map(|(name, _)| name)
    }

    /// What was done, with the values as the header has them.
    fn told(&self) -> impl Iterator<Item = (&'static str, String)> {
        let count = |count: u32| (count > 0).then(|| count.to_string());
        let yes = |is: bool| is.then(|| "yes".to_owned());
        let names: Vec<_> = self.amend.iter().map(|kind| kind_name(*kind)).collect();
        let names = Some(names.join("+")).filter(|names| !names.is_empty());
        let attempts = count(self.attempts).filter(|_| self.attempts > 1);
        [
            ("wait", Some(written(self.wait)).filter(|wait| wait != "0s")),
            ("route", self.route.as_deref().map(escaped)),
            ("larger_model", yes(self.larger_model)),
            ("amend", names),
            ("other_version", yes(self.other_version)),
            ("deadline", self.deadline.map(written)),
            ("streamed", yes(self.streamed)),
            ("replies", count(self.replies)),
            ("temperature", self.temperature.map(|t| t.to_string())),
            ("resumes", count(self.resumes)),
            ("attempts", attempts),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }

    fn set(&mut self, name: &str, value: &str) -> Option<()> {
        match name {
            "wait" => self.wait = duration_in(value)?,
            "route" => self.route = Some(unescaped(value)?),
            "larger_model" => self.larger_model = value == "yes",
            "amend" => self.amend = value.split('+').map(kind).collect::<Option<_>>()?,
            "other_version" => self.other_version = value == "yes",
            "deadline" => self.deadline = Some(duration_in(value)?),
            "streamed" => self.streamed = value == "yes",
            "replies" => self.replies = value.parse().ok()?,
            "temperature" => {
                self.temperature = Some(value.parse().ok().filter(|t: &f64| t.is_finite())?);
            }
            "resumes" => self.resumes = value.parse().ok()?,
            "attempts" => self.attempts = value.parse().ok()?,
            // A later Propus may tell more.
            _ => (),
        }
        Some(())
    }
}

impl fmt::Display for Repairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, value)) in self.told().enumerate() {
            let between = if place > 0 { "; " } else { "" };
            write!(f, "{between}{name}={value}")?;
        }
        Ok(())
    }
}

impl FromStr for Repairs {
    type Err = NotRepairs;

    fn from_str(text: &str) -> Result<Self, NotRepairs> {
        let mut repairs = Self {
            attempts: 1,
            ..Self::default()
        };
        for item in text
            .split(';')
            .map(str::trim)
            .filter(|item| !item.is_empty())
        {
            let (name, value) = item.split_once('=').unwrap_or((item, ""));
            let unfit = || NotRepairs {
                item: item.to_owned(),
            };
            repairs.set(name.trim(), value.trim()).ok_or_else(unfit)?;
        }
        Ok(repairs)
    }
}

/// An item that is none of [`Repairs`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRepairs {
    /// The item, such as `wait=soon`.
    pub item: String,
}

impl fmt::Display for NotRepairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` of `{HEADER}` has no value that fits", self.item)
    }
}

impl std::error::Error for NotRepairs {}

/// Nobody needs more than milliseconds.
fn written(duration: Duration) -> String {
    let whole = Duration::from_secs(duration.as_secs());
    duration_text(whole + Duration::from_millis(u64::from(duration.subsec_millis())))
}

const KINDS: [(Kind, &str); 6] = [
    (Kind::Fields, "fields"),
    (Kind::Schema, "schema"),
    (Kind::Names, "names"),
    (Kind::Ranges, "ranges"),
    (Kind::History, "history"),
    (Kind::Conflicts, "conflicts"),
];

fn kind_name(kind: Kind) -> &'static str {
    let row = KINDS.iter().find(|(known, _)| *known == kind);
    row.map_or("", |(_, name)| name)
}

fn kind(name: &str) -> Option<Kind> {
    let row = KINDS.iter().find(|(_, known)| *known == name);
    row.map(|(kind, _)| *kind)
}

/// A name that neither ends an item nor a header: other bytes become `%xx`.
fn escaped(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/@+".contains(&byte);
    let write = |byte: u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    name.bytes().map(write).collect()
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        (bytes, rest) = match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                (bytes, after)
            }
            (b'%', _) => return None,
            (byte, after) => {
                bytes.push(*byte);
                (bytes, after)
            }
        };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_was_not_done_is_not_told() {
        let mut history = History::default();
        history.begin("a");
        assert!(history.repairs().is_empty());
        history.begin("b");
        assert_eq!(history.repairs().to_string(), "route=b; attempts=2");
        history.begin("a");
        assert_eq!(history.repairs().to_string(), "attempts=3");
    }

    #[test]
    fn odd_headers_are_refused_and_new_items_passed_over() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let said = text.parse::<Repairs>().unwrap_err().to_string();
            assert!(said.starts_with(&format!("`{expected}`")), "{said}");
        }
        check("attempts=3; wait=soon", "wait=soon");
        check("attempts=-1", "attempts=-1");
        check("amend=schema+spelling", "amend=schema+spelling");
        check("route=%4", "route=%4");
        check("route=%FF", "route=%FF");
        check("wait", "wait");
        check("temperature=inf", "temperature=inf");
        let repairs: Repairs = " attempts = 2 ;; shortened=yes".parse().unwrap();
        assert_eq!(repairs.to_string(), "attempts=2");
        assert_eq!("".parse::<Repairs>().unwrap().attempts, 1);
    }

    prop_compose! {
        fn repairs()(
            wait in 0..10_000_000_u64,
            route in proptest::option::of("\\PC*"),
            flags: [bool; 3],
            kinds in proptest::sample::subsequence(Kind::ALL.to_vec(), 0..=6),
            deadline in proptest::option::of(0..10_000_000_u64),
            counts in [0..9_u32, 0..9_u32],
            attempts in 1..9_u32,
            temperature in proptest::option::of(0.0..2.0_f64),
        ) -> Repairs {
            Repairs {
                wait: Duration::from_millis(wait),
                route,
                larger_model: flags[0],
                amend: kinds,
                other_version: flags[1],
                deadline: deadline.map(Duration::from_millis),
                streamed: flags[2],
                replies: counts[0],
                temperature,
                resumes: counts[1],
                attempts,
            }
        }
    }

    proptest! {
        #[test]
        fn a_header_is_read_back(repairs in repairs()) {
            let text = repairs.to_string();
            prop_assert!(text.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{}", text);
            prop_assert_eq!(text.parse::<Repairs>(), Ok(repairs), "{}", text);
        }

        #[test]
        fn any_text_is_answered(text in "\\PC*") {
            let _ = text.parse::<Repairs>();
        }
    }
}
