//! What one project spent: a log of the last ten minutes, the sum of the month, and that of its
//! credit.

use crate::{
    account::Now,
    money::Money,
    pacific,
    spend::{Moment, Overspent, Reached, SpendLimit, SpendLimits, Spending, SpendingOf},
};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

/// How finely the log is kept, in milliseconds.
const TICK: u64 = 1_000;
/// Ten minutes in ticks. What was spent counts through this many ticks after its own, so for 600 to
/// 601 seconds.
const WINDOW: u64 = 600;
/// A clock that goes back further was set right; one that goes back less is only unsteady. A minute,
/// as in the other accounts.
const UNSTEADY: u64 = 60;
/// The longest month, with what a clock may be unsteady.
const LONGEST_MONTH: u64 = (31 * 24 + 1) * 3_600_000 + UNSTEADY * TICK;
/// What a request or a restored sum can hold at most, in billionths: a million dollars and a billion.
/// So no sum overflows in practice.
const MOST: Money = Money::dollars(1_000_000);
const MOST_RESTORED: Money = Money::dollars(1_000_000_000);

/// Ticks here are the purse's own and never go back, as those of an account do not.
#[derive(Debug)]
pub(super) struct Purse {
    latest: u64,
    ahead: u64,
    slots: VecDeque<Slot>,
    recent: Money,
    month: Month,
    of_credit: Money,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    tick: u64,
    spent: Money,
}

#[derive(Debug)]
struct Month {
    /// Tells a reservation whether its month is still the one that is counted.
    number: u32,
    ends: u64,
    spent: Money,
}

/// Where an amount was counted.
#[derive(Debug)]
pub(super) struct Ticket {
    tick: u64,
    month: u32,
    of_credit: bool,
    amount: Money,
}

impl Purse {
    pub(super) fn new(now: Now) -> Purse {
        Purse {
            latest: now.millis() / TICK,
            ahead: 0,
            slots: VecDeque::new(),
            recent: Money::ZERO,
            month: Month {
                number: 0,
                ends: pacific::next_month(now.millis()),
                spent: Money::ZERO,
            },
            of_credit: Money::ZERO,
        }
    }

    pub(super) fn reserve(
        &mut self,
        now: Now,
        limits: &SpendLimits,
        amount: Money,
    ) -> Result<Ticket, Overspent> {
        let amount = amount.min(MOST);
        self.advance(now);
        let reached = self.reached(now, limits, amount);
        if !reached.is_empty() {
            return Err(Overspent { reached });
        }
        let ticket = Ticket {
            tick: self.latest,
            month: self.month.number,
            of_credit: limits.credit.is_some(),
            amount,
        };
        if self
            .slots
            .back()
            .is_none_or(|slot| slot.tick != self.latest)
        {
            self.slots.push_back(Slot {
                tick: self.latest,
                spent: Money::ZERO,
            });
        }
        self.replace(&ticket, Money::ZERO, amount);
        Ok(ticket)
    }

    pub(super) fn settle(&mut self, ticket: &Ticket, actual: Money) {
        self.replace(ticket, ticket.amount, actual.min(MOST));
    }

    /// Changes what a ticket stands for, as far as it still counts.
    fn replace(&mut self, ticket: &Ticket, before: Money, after: Money) {
        let place = self
            .slots
            .binary_search_by_key(&ticket.tick, |slot| slot.tick);
        let slot = place.ok().map(|index| &mut self.slots[index].spent);
        let recent = slot.map(|slot| [slot, &mut self.recent]);
        let month = (self.month.number == ticket.month).then_some(&mut self.month.spent);
        let credit = ticket.of_credit.then_some(&mut self.of_credit);
        for sum in recent.into_iter().flatten().chain(month).chain(credit) {
            *sum = sum.less(before).plus(after);
        }
    }

    pub(super) fn spending(&mut self, now: Now) -> Spending {
        self.advance(now);
        Spending {
            ten_minutes: self.recent,
            month: self.month.spent,
            of_credit: self.of_credit,
        }
    }

    /// Whether nothing counts any more.
    pub(super) fn is_idle(&mut self, now: Now) -> bool {
        self.spending(now) == Spending::default() && self.slots.is_empty()
    }

    /// Drops what is over.
    fn advance(&mut self, now: Now) {
        let tick = (now.millis() / TICK).saturating_add(self.ahead);
        let back = self.latest.saturating_sub(tick);
        self.ahead += if back > UNSTEADY { back } else { 0 };
        self.latest = self.latest.max(tick);
        while let Some(slot) = self.slots.front()
            && slot.tick + WINDOW < self.latest
        {
            self.recent = self.recent.less(slot.spent);
            self.slots.pop_front();
        }
        self.turn(now.millis(), back > UNSTEADY);
    }

    /// Begins a new month. Where the clock was set back, the month that is counted becomes that of
    /// the new time.
    fn turn(&mut self, now: u64, set_back: bool) {
        let is_over = now >= self.month.ends;
        if is_over {
            self.month.number = self.month.number.wrapping_add(1);
            self.month.spent = Money::ZERO;
        }
        if is_over || set_back || self.month.ends - now > LONGEST_MONTH {
            self.month.ends = pacific::next_month(now);
        }
    }

    fn reached(&self, now: Now, limits: &SpendLimits, asked: Money) -> Vec<Reached> {
        let mut all = Vec::new();
        for (limit, allowed, spent) in [
            (SpendLimit::Credit, limits.credit, self.of_credit),
            (
                SpendLimit::ProjectMonth,
                limits.project_month,
                self.month.spent,
            ),
            (
                SpendLimit::AccountMonth,
                limits.account_month,
                self.month.spent,
            ),
            (SpendLimit::TenMinutes, limits.ten_minutes, self.recent),
        ] {
            let Some(allowed) = allowed.filter(|allowed| !fits(spent, asked, *allowed)) else {
                continue;
            };
            let wait = match limit {
                _ if !fits(Money::ZERO, asked, allowed) => Duration::MAX,
                SpendLimit::Credit => Duration::MAX,
                SpendLimit::ProjectMonth | SpendLimit::AccountMonth => now.until(self.month.ends),
                SpendLimit::TenMinutes => self.wait(now, asked, allowed),
            };
            all.push(Reached {
                limit,
                allowed,
                spent,
                asked,
                wait,
            });
        }
        all
    }

    /// How long until so much has passed out of the ten minutes that the amount fits.
    fn wait(&self, now: Now, asked: Money, allowed: Money) -> Duration {
        let mut left = self.recent;
        for slot in &self.slots {
            left = left.less(slot.spent);
            if fits(left, asked, allowed) {
                let tick = (slot.tick + WINDOW + 1).saturating_sub(self.ahead);
                return now.until(tick.saturating_mul(TICK));
            }
        }
        Duration::ZERO
    }

    pub(super) fn snapshot(&self, project: &str) -> SpendingOf {
        let moment = |slot: &Slot| Moment {
            at: slot.tick.saturating_sub(self.ahead) * TICK,
            spent: slot.spent,
        };
        SpendingOf {
            project: project.to_owned(),
            ten_minutes: self.slots.iter().map(moment).collect(),
            month: self.month.spent,
            month_ends: self.month.ends,
            of_credit: self.of_credit,
        }
    }

    /// A purse as it was written down; what is over is dropped at the first use.
    pub(super) fn restored(spending: &SpendingOf) -> Purse {
        let mut ticks: BTreeMap<u64, Money> = BTreeMap::new();
        for moment in &spending.ten_minutes {
            let spent = ticks.entry(moment.at / TICK).or_default();
            *spent = spent.plus(moment.spent).min(MOST_RESTORED);
        }
        let latest = ticks.last_key_value().map_or(0, |(tick, _)| *tick);
        ticks.retain(|tick, _| tick + WINDOW >= latest);
        Purse {
            latest,
            ahead: 0,
            recent: ticks
                .values()
                .fold(Money::ZERO, |sum, spent| sum.plus(*spent)),
            slots: ticks
                .into_iter()
                .map(|(tick, spent)| Slot { tick, spent })
                .collect(),
            month: Month {
                number: 0,
                ends: spending.month_ends,
                spent: spending.month.min(MOST_RESTORED),
            },
            of_credit: spending.of_credit.min(MOST_RESTORED),
        }
    }
}

/// A limit that is reached leaves no room, not even for what costs nothing.
fn fits(spent: Money, asked: Money, allowed: Money) -> bool {
    spent < allowed && spent.plus(asked) <= allowed
}
