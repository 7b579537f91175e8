//! Requests and tokens of the last minute against the limits, as far as they are known. Pure: the time is
//! passed in.
//!
//! The minute slides, as in `propus_quota::ledger`, and is a little longer than 60 s: what left here at
//! its end may arrive earlier behind its predecessor than it was sent.

use super::{
    believed::{Believed, Heard},
    learn::Learnt,
};
use crate::gateway::fleet::Moment;
use propus_failures::exhausted::Unit;
use serde::{Deserialize, Serialize};
use std::{collections::VecDeque, time::Duration};
use tokio::time::Instant;

/// The minute, with a second for the ways there.
pub(in crate::gateway) const MINUTE: Duration = Duration::from_secs(61);
/// How finely the log of it is kept.
const TICK: Duration = Duration::from_millis(100);

/// Limits of a minute; none where they are not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Limits {
    pub requests: Option<u64>,
    pub tokens: Option<u64>,
}

/// The count of one lane.
#[derive(Debug)]
pub(super) struct Meter {
    known: Limits,
    /// The part of a limit that is used.
    share: f64,
    requests: Option<Believed>,
    tokens: Option<Believed>,
    log: VecDeque<Slot>,
    sent: Slot,
    /// Until then nothing leaves, for others have used the limits up.
    shut_until: Option<Instant>,
    /// The part of the limits that is left to this server while it cannot ask others, and until when.
    alone: Option<(f64, Instant)>,
}

/// What is believed of limits, as others hear it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Beliefs {
    requests: Option<Heard>,
    tokens: Option<Heard>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    /// When its last request left.
    at: Instant,
    first: Instant,
    requests: u64,
    tokens: u64,
    served: u64,
}

impl Meter {
    pub fn new(known: Limits, share: f64) -> Self {
        let now = Instant::now();
        Self {
            known,
            share,
            requests: None,
            tokens: None,
            log: VecDeque::new(),
            sent: Slot::at(now),
            shut_until: None,
            alone: None,
        }
    }

    /// How long until so many requests, the last one with these tokens, have room; zero for now. More than
    /// a minute's room takes as many minutes.
    pub fn wait(&mut self, now: Instant, requests: u64, tokens: u64) -> Duration {
        self.advance(now);
        let limits = self.limits(now);
        let of = |limit: Option<u64>, asked, count: fn(&Slot) -> u64| {
            limit.map_or(Duration::ZERO, |limit| self.room(now, limit, asked, count))
        };
        of(limits.requests, requests, |slot| slot.requests)
            .max(of(limits.tokens, tokens, |slot| slot.tokens))
            .max(self.shut(now))
    }

    /// Nothing leaves before then.
    pub fn shut_until(&mut self, until: Instant) {
        self.shut_until = self.shut_until.max(Some(until));
    }

    fn shut(&self, now: Instant) -> Duration {
        let shut = self.shut_until;
        shut.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// Others cannot be asked: for a minute only this part of the limits is used.
    pub fn alone(&mut self, now: Instant, part: f64) {
        self.alone = Some((part, now + MINUTE));
    }

    /// Whether only a part of the limits is used since others cannot be asked.
    pub fn is_alone(&self, now: Instant) -> bool {
        self.alone.is_some_and(|(_, until)| now < until)
    }

    /// A request that was counted last does not leave.
    pub fn take_back(&mut self, now: Instant, tokens: u64) {
        self.advance(now);
        let counted = self.log.iter_mut().rfind(|slot| slot.requests > 0);
        for slot in counted.into_iter().chain([&mut self.sent]) {
            slot.requests = slot.requests.saturating_sub(1);
            slot.tokens = slot.tokens.saturating_sub(tokens);
        }
    }

    /// How many requests left in the minute.
    pub fn sent(&mut self, now: Instant) -> u64 {
        self.advance(now);
        self.sent.requests
    }

    /// What others are told of the limits that were learnt, and until when it holds; none where nothing was.
    pub fn beliefs(&self, moment: &Moment) -> Option<(Beliefs, Duration)> {
        let told = |believed: Option<Believed>| believed.map(|one| one.told(moment));
        let (requests, tokens) = (told(self.requests), told(self.tokens));
        let until = requests.iter().chain(&tokens).map(|one| one.until).max()?;
        let lasts = moment.instant(until).saturating_duration_since(moment.now);
        Some((Beliefs { requests, tokens }, lasts))
    }

    /// Another one's beliefs take the place of those that are here.
    pub fn hear(&mut self, moment: &Moment, beliefs: Beliefs) {
        let heard = |one: Option<Heard>| one.and_then(|one| Believed::heard(moment, one));
        self.requests = heard(beliefs.requests).or(self.requests);
        self.tokens = heard(beliefs.tokens).or(self.tokens);
    }

    fn room(&self, now: Instant, limit: u64, asked: u64, count: fn(&Slot) -> u64) -> Duration {
        // A prompt that is larger than the limit alone is the upstream's to refuse.
        let asked = asked.max(1);
        let minutes = (asked - 1) / limit;
        let surplus = (count(&self.sent) + (asked - 1) % limit + 1).saturating_sub(limit);
        let later = MINUTE.saturating_mul(u32::try_from(minutes).unwrap_or(u32::MAX));
        later.saturating_add(self.until_passed(now, surplus, count))
    }

    /// How long until so much has passed out of the minute.
    fn until_passed(&self, now: Instant, mut surplus: u64, count: fn(&Slot) -> u64) -> Duration {
        if surplus == 0 {
            return Duration::ZERO;
        }
        let mut end = now;
        for slot in &self.log {
            end = slot.at + MINUTE;
            surplus = surplus.saturating_sub(count(slot));
            if surplus == 0 {
                break;
            }
        }
        end.saturating_duration_since(now)
    }

    /// A request leaves.
    pub fn count(&mut self, now: Instant, tokens: u64) {
        self.advance(now);
        if self.log.back().is_none_or(|slot| now >= slot.first + TICK) {
            self.log.push_back(Slot::at(now));
        }
        for slot in self.log.back_mut().into_iter().chain([&mut self.sent]) {
            slot.at = now;
            slot.requests += 1;
            slot.tokens += tokens;
        }
    }

    /// A request was served that was sent then. It counts for the minute in which it was sent: slow ones
    /// that end together were not sent together.
    pub fn served(&mut self, now: Instant, sent: Instant) {
        self.advance(now);
        if let Some(slot) = self.log.iter_mut().rfind(|slot| slot.first <= sent) {
            slot.served += 1;
            self.sent.served += 1;
        }
    }

    /// The upstream has refused a request for its quota: it does not count there either.
    pub fn refused(&mut self, now: Instant) {
        self.advance(now);
        let counted = self.log.iter_mut().rfind(|slot| slot.requests > 0);
        if let Some(slot) = counted {
            slot.requests -= 1;
            self.sent.requests -= 1;
        }
    }

    /// The upstream has refused a request and may have named its limits. Tokens are only estimated here, so
    /// what was served of them says nothing against a limit on them.
    pub fn learn(&mut self, now: Instant, learnt: Learnt) {
        self.advance(now);
        let served = self.sent.served;
        match (learnt.requests, learnt.tokens) {
            (None, None) => {
                let believed = self.requests.iter_mut().chain(&mut self.tokens);
                believed.for_each(|believed| believed.refused(now));
            }
            (requests, tokens) => {
                let requests = requests.and_then(|limit| Believed::named(now, limit, served));
                let tokens = tokens.and_then(|limit| Believed::named(now, limit, 0));
                self.requests = requests.or(self.requests);
                self.tokens = tokens.or(self.tokens);
            }
        }
    }

    /// What was learnt is not believed any more.
    pub fn forget(&mut self) {
        (self.requests, self.tokens) = (None, None);
    }

    /// Other limits are known, or another part of them is used.
    pub fn change(&mut self, known: Limits, share: f64) {
        (self.known, self.share) = (known, share);
    }

    /// What a request with these tokens has to wait for, and the limit on it; 0 where none is known.
    pub fn fullest(&mut self, now: Instant, tokens: u64) -> (Unit, u64) {
        self.advance(now);
        let (limits, said) = (self.limits(now), self.said(now));
        let of = |limit: Option<u64>, asked, count: fn(&Slot) -> u64| {
            limit.map(|limit| self.room(now, limit, asked, count))
        };
        let by_requests = of(limits.requests, 1, |slot| slot.requests);
        match of(limits.tokens, tokens, |slot| slot.tokens) > by_requests {
            true => (Unit::InputTokens, said.tokens.unwrap_or_default()),
            false => (Unit::Requests, said.requests.unwrap_or_default()),
        }
    }

    /// Whether tokens are limited.
    pub fn counts_tokens(&self) -> bool {
        self.tokens.is_some() || self.known.tokens.is_some()
    }

    /// The part of each limit that is used here.
    fn limits(&self, now: Instant) -> Limits {
        let alone = self.alone.filter(|_| self.is_alone(now));
        self.part(now, self.share * alone.map_or(1.0, |(part, _)| part))
    }

    /// The part of each limit that all use together.
    pub fn limits_of_all(&self, now: Instant) -> Limits {
        self.part(now, self.share)
    }

    fn part(&self, now: Instant, part: f64) -> Limits {
        let part = |limit: u64| ((limit as f64 * part) as u64).max(1);
        let said = self.said(now);
        Limits {
            requests: said.requests.map(part),
            tokens: said.tokens.map(part),
        }
    }

    /// The limits that are known or believed.
    fn said(&self, now: Instant) -> Limits {
        let of = |known: Option<u64>, believed: Option<Believed>| {
            let believed = believed.and_then(|believed| believed.at(now));
            known.into_iter().chain(believed).min()
        };
        Limits {
            requests: of(self.known.requests, self.requests),
            tokens: of(self.known.tokens, self.tokens),
        }
    }

    fn advance(&mut self, now: Instant) {
        while let Some(slot) = self.log.front()
            && now >= slot.at + MINUTE
        {
            self.sent.requests -= slot.requests;
            self.sent.tokens -= slot.tokens;
            self.sent.served -= slot.served;
            self.log.pop_front();
        }
        if self.log.is_empty() {
            self.sent = Slot::at(now);
        }
    }
}

impl Slot {
    fn at(now: Instant) -> Self {
        Self {
            at: now,
            first: now,
            requests: 0,
            tokens: 0,
            served: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::believed::{BELIEVED, RAISED_AFTER},
        *,
    };
    use proptest::prelude::*;

    fn requests(limit: u64) -> Learnt {
        Learnt {
            requests: Some(limit),
            ..Learnt::default()
        }
    }

    fn meter(requests: u64) -> Meter {
        let limits = Limits {
            requests: Some(requests),
            tokens: None,
        };
        Meter::new(limits, 1.0)
    }

    proptest! {
        #[test]
        fn no_minute_has_more_than_the_limit(
            limit in 1..20_u64,
            pauses in proptest::collection::vec(0..5_000_u64, 1..200),
        ) {
            let mut meter = meter(limit);
            let mut now = Instant::now();
            let mut sent: Vec<Instant> = Vec::new();
            for pause in pauses {
                now += Duration::from_millis(pause);
                let wait = meter.wait(now, 1, 0);
                now += wait;
                prop_assert!(meter.wait(now, 1, 0).is_zero(), "the wait that was said is enough");
                meter.count(now, 0);
                sent.push(now);
            }
            for (first, last) in sent.iter().zip(sent.iter().skip(limit as usize)) {
                prop_assert!(*last - *first >= Duration::from_secs(60));
            }
        }

        #[test]
        fn who_always_asks_gets_nearly_the_limit(limit in 1..500_u64) {
            let mut meter = meter(limit);
            let start = Instant::now();
            let mut now = start;
            let mut sent = 0_u64;
            while now < start + Duration::from_secs(610) {
                now += meter.wait(now, 1, 0);
                meter.count(now, 0);
                sent += 1;
            }
            prop_assert!(sent >= limit * 10, "{} of {}", sent, limit * 10);
        }
    }

    #[test]
    fn limits_are_learnt_unless_the_minute_tells_otherwise() {
        let now = Instant::now();
        let mut meter = Meter::new(Limits::default(), 1.0);
        for _ in 0..12 {
            assert!(meter.wait(now, 1, 5).is_zero());
            meter.count(now, 5);
            meter.served(now, now);
        }
        meter.count(now, 5);
        meter.refused(now);
        meter.learn(now, requests(10));
        let soon = now + MINUTE;
        assert!(!meter.wait(now, 1, 5).is_zero());
        assert!(meter.wait(soon, 12, 5).is_zero(), "12 were served already");
        assert!(!meter.wait(soon, 13, 5).is_zero());
        let raised = now + RAISED_AFTER;
        assert!(meter.wait(raised, 13, 5).is_zero(), "it is tried");
        meter.learn(raised, Learnt::default());
        assert!(!meter.wait(raised, 13, 5).is_zero(), "and refused");
        let later = now + BELIEVED;
        assert!(meter.wait(later, 1000, 5).is_zero());
    }

    #[test]
    fn tokens_count_too() {
        let now = Instant::now();
        let mut meter = Meter::new(Limits::default(), 1.0);
        meter.count(now, 80);
        let tokens = Some(100);
        meter.learn(
            now,
            Learnt {
                tokens,
                ..Learnt::default()
            },
        );
        assert!(meter.wait(now, 1, 20).is_zero());
        assert_eq!(meter.wait(now, 1, 21), MINUTE);
        assert_eq!(meter.fullest(now, 21), (Unit::InputTokens, 100));
        meter.learn(now, requests(1));
        meter.count(now, 1);
        assert_eq!(meter.fullest(now, 1), (Unit::Requests, 1));
        meter.forget();
        assert!(meter.wait(now, 1, 21).is_zero());
    }

    #[test]
    fn alone_a_part_is_left_and_what_is_taken_back_leaves_room() {
        let now = Instant::now();
        let mut meter = meter(10);
        meter.alone(now, 0.4);
        for _ in 0..4 {
            assert!(meter.wait(now, 1, 0).is_zero());
            meter.count(now, 0);
        }
        assert!(!meter.wait(now, 1, 0).is_zero());
        assert_eq!(meter.limits_of_all(now).requests, Some(10));
        meter.take_back(now, 0);
        assert!(meter.wait(now, 1, 0).is_zero());
        meter.shut_until(now + Duration::from_secs(7));
        assert_eq!(meter.wait(now, 1, 0), Duration::from_secs(7));
        let later = now + MINUTE;
        assert!(!meter.is_alone(later) && meter.wait(later, 10, 0).is_zero());
    }

    #[test]
    fn slow_replies_count_for_the_minute_of_their_request() {
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let mut meter = Meter::new(Limits::default(), 1.0);
        for second in 0..120 {
            meter.count(at(second), 0);
        }
        // Those of the first minute end all at once; the second minute's limit stays what it is.
        for second in 0..59 {
            meter.served(at(120), at(second));
        }
        meter.learn(at(120), requests(30));
        assert!(meter.wait(at(400), 30, 0).is_zero());
        assert!(!meter.wait(at(400), 31, 0).is_zero());
    }
}
