//! A limit that was learnt from a refusal, and how far it is believed. Pure: the time is passed in.
//!
//! A refusal names a limit, and that may be wrong: of another window than the one that was full, shared
//! with others who left room just then, or raised since. So it is checked in two ways. Where more requests
//! were served within the minute than the named limit allows, as many as were served are believed. And
//! it is raised by trying: each five minutes without a refusal add a tenth of it, and a refusal that names
//! nothing takes the last tenth back. After an hour it is learnt again.

use crate::gateway::fleet::Moment;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::time::Instant;

/// How long a limit is believed; then it is learnt again.
pub(super) const BELIEVED: Duration = Duration::from_secs(3600);
/// After so long without a refusal a limit is raised by one step.
pub(super) const RAISED_AFTER: Duration = Duration::from_secs(300);
/// A step is this part of the limit, and 1 at least.
const STEPS_OF_LIMIT: u64 = 10;

/// A limit that was learnt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Believed {
    limit: u64,
    /// Steps that it was raised by until `since`.
    steps: u64,
    since: Instant,
    until: Instant,
}

/// The same as others hear it: times in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Heard {
    limit: u64,
    steps: u64,
    since: u64,
    pub until: u64,
}

impl Believed {
    /// What others are told.
    pub fn told(&self, moment: &Moment) -> Heard {
        Heard {
            limit: self.limit,
            steps: self.steps,
            since: moment.millis(self.since),
            until: moment.millis(self.until),
        }
    }

    /// What another one believes; never for longer than it would be here.
    pub fn heard(moment: &Moment, heard: Heard) -> Option<Self> {
        (heard.limit > 0).then(|| Self {
            limit: heard.limit,
            steps: heard.steps,
            since: moment.instant(heard.since),
            until: moment.instant(heard.until).min(moment.now + BELIEVED),
        })
    }

    /// A limit that the upstream has named, while so many requests of the minute were served; none where it
    /// names 0, for which there is no use in waiting.
    pub fn named(now: Instant, limit: u64, served: u64) -> Option<Self> {
        (limit > 0).then(|| Self {
            limit: limit.max(served),
            steps: 0,
            since: now,
            until: now + BELIEVED,
        })
    }

    /// What is believed now; none where that was too long ago.
    pub fn at(&self, now: Instant) -> Option<u64> {
        let step = (self.limit / STEPS_OF_LIMIT).max(1);
        let allowed = self
            .limit
            .saturating_add(step.saturating_mul(self.steps(now)));
        (now < self.until).then_some(allowed)
    }

    /// The upstream has refused a request and named nothing: the last step was too much.
    pub fn refused(&mut self, now: Instant) {
        self.steps = self.steps(now).saturating_sub(1);
        self.since = now;
    }

    fn steps(&self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.since);
        self.steps
            .saturating_add(passed.as_secs() / RAISED_AFTER.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    #[test]
    fn a_limit_is_raised_by_trying() {
        let start = Instant::now();
        let at = |minutes: u64| start + Duration::from_secs(60 * minutes);
        let mut twenty = Believed::named(at(0), 20, 20).unwrap();
        assert_eq!(twenty.at(at(4)), Some(20));
        assert_eq!(twenty.at(at(5)), Some(22));
        assert_eq!(twenty.at(at(16)), Some(26));
        twenty.refused(at(16));
        assert_eq!(twenty.at(at(16)), Some(24), "one step back");
        assert_eq!(twenty.at(at(20)), Some(24));
        assert_eq!(twenty.at(at(21)), Some(26), "and on from there");
        assert_eq!(twenty.at(at(60)), None, "it is to be learnt again");
        let mut two = Believed::named(at(0), 2, 0).unwrap();
        two.refused(at(1));
        assert_eq!((two.at(at(1)), two.at(at(6))), (Some(2), Some(3)));
    }

    #[test]
    fn others_believe_the_same() {
        let now = Instant::now() + BELIEVED;
        let at = |seconds: u64| Moment {
            now: now + Duration::from_secs(seconds),
            time: UNIX_EPOCH + Duration::from_secs(9_000 + seconds),
        };
        let mut told = Believed::named(now, 20, 0).unwrap();
        told.refused(now + RAISED_AFTER);
        let text = serde_json::to_string(&told.told(&at(400))).unwrap();
        let heard = serde_json::from_str(&text).unwrap();
        let heard = Believed::heard(&at(700), heard).unwrap();
        for seconds in [0, 599, 600, 900, 3_599, 3_600] {
            let then = now + Duration::from_secs(seconds);
            assert_eq!(heard.at(then), told.at(then), "{seconds}");
        }
    }

    #[test]
    fn what_was_served_is_more_than_what_is_said() {
        let now = Instant::now();
        let said = |limit, served| Believed::named(now, limit, served).and_then(|one| one.at(now));
        assert_eq!(said(10, 12), Some(12));
        assert_eq!(said(10, 9), Some(10));
        assert_eq!(said(0, 9), None);
    }
}
