//! What one project used of one model: a log of the last minute and the sums of the day.

use crate::{
    limits::Limits,
    pacific,
    refused::{Exhausted, Refused, Unit, Window},
    snapshot::{self, Moment},
    usage::{Usage, Used},
};
use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// How finely the log of the minute is kept.
const TICK: u64 = 100;
/// A minute in ticks. An admission counts through this many ticks after its own, so for 60.0 to
/// 60.1 seconds.
const MINUTE: u64 = 60_000 / TICK;
/// A clock that goes back further was set right; one that goes back less is only unsteady.
const UNSTEADY: u64 = MINUTE;
/// The longest day, with what a clock may be unsteady.
const LONGEST_DAY: u64 = 25 * 3_600_000 + UNSTEADY * TICK;
/// What a request or a restored sum can hold at most, so that no sum overflows.
pub(crate) const MOST_TOKENS: u64 = u32::MAX as u64;
const MOST_RESTORED: u64 = 1 << 50;

/// A time as the caller gave it, since 1970; times before are 1970.
#[derive(Clone, Copy)]
pub(crate) struct Now(Duration);

impl Now {
    pub(crate) fn of(time: SystemTime) -> Now {
        Now(time.duration_since(UNIX_EPOCH).unwrap_or_default())
    }

    pub(crate) fn millis(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }

    fn tick(self) -> u64 {
        self.millis() / TICK
    }

    pub(crate) fn until(self, millis: u64) -> Duration {
        Duration::from_millis(millis).saturating_sub(self.0)
    }
}

/// The counts of an account.
///
/// Ticks here are the account's own: they never go back. Where the caller's clock does, by a
/// minute at most, time stands still until the clock has caught up; where it was set back further,
/// `ahead` grows, and what was counted keeps its age.
#[derive(Debug)]
pub(crate) struct Account {
    latest: u64,
    ahead: u64,
    slots: VecDeque<Slot>,
    minute: Used,
    day: Day,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    tick: u64,
    used: Used,
}

#[derive(Debug)]
struct Day {
    /// Tells a reservation whether its day is still the one that is counted.
    number: u32,
    ends: u64,
    used: Used,
}

/// Where an admission was counted, and with how much.
#[derive(Debug)]
pub(crate) struct Ticket {
    tick: u64,
    day: u32,
    tokens: u64,
}

impl Account {
    pub(crate) fn new(now: Now) -> Account {
        Account {
            latest: now.tick(),
            ahead: 0,
            slots: VecDeque::new(),
            minute: Used::NONE,
            day: Day {
                number: 0,
                ends: pacific::next_midnight(now.millis()),
                used: Used::NONE,
            },
        }
    }

    /// Counts a request if all limits leave room for it.
    pub(crate) fn admit(
        &mut self,
        now: Now,
        limits: &Limits,
        tokens: u64,
    ) -> Result<Ticket, Refused> {
        let tokens = tokens.min(MOST_TOKENS);
        self.advance(now);
        let exhausted = self.exhausted(now, limits, tokens);
        if !exhausted.is_empty() {
            return Err(Refused { exhausted });
        }
        self.count(Used {
            requests: 1,
            tokens,
        });
        Ok(Ticket {
            tick: self.latest,
            day: self.day.number,
            tokens,
        })
    }

    fn count(&mut self, used: Used) {
        match self.slots.back_mut() {
            Some(slot) if slot.tick == self.latest => slot.used.add(used),
            _ => self.slots.push_back(Slot {
                tick: self.latest,
                used,
            }),
        }
        self.minute.add(used);
        self.day.used.add(used);
    }

    pub(crate) fn settle(&mut self, ticket: &Ticket, actual: u64) {
        let tokens = actual.min(MOST_TOKENS);
        let before = Used {
            requests: 0,
            tokens: ticket.tokens,
        };
        self.replace(
            ticket,
            before,
            Used {
                requests: 0,
                tokens,
            },
        );
    }

    pub(crate) fn cancel(&mut self, ticket: &Ticket) {
        let before = Used {
            requests: 1,
            tokens: ticket.tokens,
        };
        self.replace(ticket, before, Used::NONE);
    }

    /// Changes what a ticket stands for, as far as it still counts.
    fn replace(&mut self, ticket: &Ticket, before: Used, after: Used) {
        let place = self
            .slots
            .binary_search_by_key(&ticket.tick, |slot| slot.tick);
        let slot = place.ok().map(|index| &mut self.slots[index].used);
        let minute = slot.map(|slot| [slot, &mut self.minute]);
        let day = (self.day.number == ticket.day).then_some(&mut self.day.used);
        for used in minute.into_iter().flatten().chain(day) {
            used.take(before);
            used.add(after);
        }
    }

    pub(crate) fn usage(&mut self, now: Now) -> Usage {
        self.advance(now);
        Usage {
            minute: self.minute,
            day: self.day.used,
        }
    }

    /// Whether nothing counts any more; gives back the memory of a minute that is over.
    pub(crate) fn is_idle(&mut self, now: Now) -> bool {
        self.advance(now);
        if self.slots.is_empty() {
            self.slots.shrink_to_fit();
        }
        self.slots.is_empty() && self.day.used == Used::NONE
    }

    /// Drops what is over.
    fn advance(&mut self, now: Now) {
        let tick = now.tick().saturating_add(self.ahead);
        let back = self.latest.saturating_sub(tick);
        self.ahead += if back > UNSTEADY { back } else { 0 };
        self.latest = self.latest.max(tick);
        while let Some(slot) = self.slots.front()
            && slot.tick + MINUTE < self.latest
        {
            self.minute.take(slot.used);
            self.slots.pop_front();
        }
        self.turn(now.millis(), back > UNSTEADY);
    }

    /// Begins a new day at midnight. Where the clock was set back, the day that is counted becomes
    /// the day of the new time.
    fn turn(&mut self, now: u64, set_back: bool) {
        let is_over = now >= self.day.ends;
        if is_over {
            self.day.number = self.day.number.wrapping_add(1);
            self.day.used = Used::NONE;
        }
        if is_over || set_back || self.day.ends - now > LONGEST_DAY {
            self.day.ends = pacific::next_midnight(now);
        }
    }

    fn exhausted(&self, now: Now, limits: &Limits, tokens: u64) -> Vec<Exhausted> {
        let mut all = Vec::new();
        let (minute, day) = (&self.minute, &self.day.used);
        for (unit, window, limit, used, asked) in [
            (
                Unit::Requests,
                Window::Minute,
                limits.rpm,
                minute.requests,
                1,
            ),
            (Unit::Requests, Window::Day, limits.rpd, day.requests, 1),
            (
                Unit::Tokens,
                Window::Minute,
                limits.tpm,
                minute.tokens,
                tokens,
            ),
            (Unit::Tokens, Window::Day, limits.tpd, day.tokens, tokens),
        ] {
            let Some(limit) = limit.filter(|limit| used + asked > *limit) else {
                continue;
            };
            let wait = match window {
                _ if asked > limit || limit == 0 => Duration::MAX,
                Window::Minute => self.minute_wait(now, unit, used + asked - limit),
                Window::Day => now.until(self.day.ends),
            };
            all.push(Exhausted {
                unit,
                window,
                limit,
                wait,
            });
        }
        all
    }

    /// How long until so much of the minute has passed out of it.
    fn minute_wait(&self, now: Now, unit: Unit, mut surplus: u64) -> Duration {
        for slot in &self.slots {
            let leaves = match unit {
                Unit::Requests => slot.used.requests,
                Unit::Tokens => slot.used.tokens,
            };
            surplus = surplus.saturating_sub(leaves);
            if surplus == 0 {
                return now.until(self.end_of(slot));
            }
        }
        Duration::ZERO
    }

    /// When a slot leaves the minute, by the caller's clock.
    fn end_of(&self, slot: &Slot) -> u64 {
        let tick = slot.tick + MINUTE + 1;
        tick.saturating_sub(self.ahead).saturating_mul(TICK)
    }

    pub(crate) fn snapshot(&self, project: &str, model: &str) -> snapshot::Account {
        let moment = |slot: &Slot| Moment {
            at: slot.tick.saturating_sub(self.ahead) * TICK,
            used: slot.used,
        };
        snapshot::Account {
            project: project.to_owned(),
            model: model.to_owned(),
            minute: self.slots.iter().map(moment).collect(),
            day: self.day.used,
            day_ends: self.day.ends,
        }
    }

    /// An account as it was written down; what is over is dropped at the first use.
    pub(crate) fn restored(account: &snapshot::Account) -> Account {
        let mut ticks: BTreeMap<u64, Used> = BTreeMap::new();
        for moment in &account.minute {
            let used = ticks.entry(moment.at / TICK).or_default();
            used.add(bounded(moment.used));
            *used = bounded(*used);
        }
        let latest = ticks.last_key_value().map_or(0, |(tick, _)| *tick);
        ticks.retain(|tick, _| tick + MINUTE >= latest);
        let mut minute = Used::NONE;
        ticks.values().for_each(|used| minute.add(*used));
        Account {
            latest,
            ahead: 0,
            slots: ticks
                .into_iter()
                .map(|(tick, used)| Slot { tick, used })
                .collect(),
            minute,
            day: Day {
                number: 0,
                ends: account.day_ends,
                used: bounded(account.day),
            },
        }
    }
}

fn bounded(used: Used) -> Used {
    Used {
        requests: used.requests.min(MOST_RESTORED),
        tokens: used.tokens.min(MOST_RESTORED),
    }
}
