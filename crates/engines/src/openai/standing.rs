//! Which of several servers is asked: the one with the least to do among those in good standing.
//!
//! Pure: whoever asks says what time it is. A server that fails several times in a row is left
//! alone, each time for twice as long. Then one call tries it; if that succeeds it returns with a
//! small share that grows back.

use super::settings::Ejection;
use std::time::{Duration, Instant};

/// The share that a server begins with when it returns.
const FIRST_SHARE: f64 = 0.1;

/// The servers as seen from here.
#[derive(Debug)]
pub(super) struct Standings {
    rules: Ejection,
    members: Vec<Standing>,
    /// Breaks ties in turn.
    turn: usize,
}

/// One server as seen from here.
#[derive(Clone, Debug, Default)]
struct Standing {
    /// Calls being answered.
    running: usize,
    /// Failures in a row.
    failures: u32,
    /// How often it was left alone since it was last in good standing.
    ejections: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum State {
    #[default]
    Good,
    /// Left alone until then.
    Ejected(Instant),
    /// One call tries it.
    Tried,
    /// Since then it gets a growing share.
    Returning(Instant),
}

/// What a call says of its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It works.
    Good,
    /// It does not.
    Bad,
    /// The call says nothing of it.
    Unknown,
}

impl Standings {
    pub(super) fn new(count: usize, rules: Ejection) -> Self {
        Self {
            rules,
            members: vec![Standing::default(); count],
            turn: 0,
        }
    }

    /// Picks a server for a call that begins now, other than those that it tried.
    pub(super) fn begin(&mut self, now: Instant, tried: &[usize]) -> Option<usize> {
        let picked = self.due(now, tried).or_else(|| self.best(now, tried));
        // Where all are left alone, the one whose time is over first is as good as any.
        let picked = picked.or_else(|| self.soonest(tried))?;
        self.turn = picked + 1;
        let member = &mut self.members[picked];
        member.running += 1;
        if let State::Ejected(_) = member.state {
            member.state = State::Tried;
        }
        Some(picked)
    }

    /// A call's reply has begun: a server that was only tried is back, however long the reply is.
    pub(super) fn answer(&mut self, at: usize, now: Instant) {
        let member = &mut self.members[at];
        if member.state == State::Tried {
            member.state = State::Returning(now);
        }
    }

    /// A call has ended. Says for how long its server is left alone, where that begins now.
    pub(super) fn end(&mut self, at: usize, verdict: Verdict, now: Instant) -> Option<Duration> {
        let rules = self.rules;
        let member = &mut self.members[at];
        member.running = member.running.saturating_sub(1);
        match verdict {
            Verdict::Good => member.succeed(now, rules),
            Verdict::Bad => return member.fail(now, rules),
            // The next call tries again.
            Verdict::Unknown if member.state == State::Tried => {
                member.state = State::Ejected(now);
            }
            Verdict::Unknown => {}
        }
        None
    }

    /// Calls being answered by all.
    pub(super) fn running(&self) -> usize {
        self.members.iter().map(|member| member.running).sum()
    }

    /// One that is to be tried again.
    fn due(&self, now: Instant, tried: &[usize]) -> Option<usize> {
        let is_due = |member: &Standing| matches!(member.state, State::Ejected(end) if end <= now);
        self.others(tried).find(|at| is_due(&self.members[*at]))
    }

    fn best(&self, now: Instant, tried: &[usize]) -> Option<usize> {
        let count = self.members.len();
        let load = |at: usize| {
            self.members[at]
                .load(now, self.rules)
                .map(|load| (load, at))
        };
        let loads = self.others(tried).filter_map(load);
        let order = |at: usize| (at + count - self.turn % count) % count;
        let least = loads.min_by(|a, b| a.0.total_cmp(&b.0).then(order(a.1).cmp(&order(b.1))));
        least.map(|(_, at)| at)
    }

    fn soonest(&self, tried: &[usize]) -> Option<usize> {
        self.others(tried)
            .min_by_key(|at| match self.members[*at].state {
                State::Ejected(end) => Some(end),
                _ => None,
            })
    }

    fn others<'a>(&self, tried: &'a [usize]) -> impl Iterator<Item = usize> + use<'a> {
        (0..self.members.len()).filter(|at| !tried.contains(at))
    }
}

impl Standing {
    /// What another call would make of its load; `None` where it gets no calls.
    fn load(&self, now: Instant, rules: Ejection) -> Option<f64> {
        let share = match self.state {
            State::Good => 1.0,
            State::Returning(since) => share(now.saturating_duration_since(since), rules),
            State::Ejected(_) | State::Tried => return None,
        };
        Some((self.running as f64 + 1.0) / share)
    }

    fn succeed(&mut self, now: Instant, rules: Ejection) {
        self.failures = 0;
        match self.state {
            State::Tried | State::Ejected(_) => self.state = State::Returning(now),
            State::Returning(since)
                if share(now.saturating_duration_since(since), rules) >= 1.0 =>
            {
                self.state = State::Good;
                self.ejections = 0;
            }
            State::Returning(_) | State::Good => {}
        }
    }

    fn fail(&mut self, now: Instant, rules: Ejection) -> Option<Duration> {
        self.failures = self.failures.saturating_add(1);
        let is_out = match self.state {
            State::Tried => true,
            // Calls that began before say nothing new.
            State::Ejected(_) => false,
            State::Good | State::Returning(_) => self.failures >= rules.failures,
        };
        is_out.then(|| self.eject(now, rules))
    }

    fn eject(&mut self, now: Instant, rules: Ejection) -> Duration {
        let twice = 2u64.saturating_pow(self.ejections);
        let seconds = rules.seconds.saturating_mul(twice);
        let seconds = seconds.min(rules.longest_seconds.max(rules.seconds));
        let time = Duration::from_secs(seconds);
        self.ejections = self.ejections.saturating_add(1);
        self.failures = 0;
        self.state = State::Ejected(now + time);
        time
    }
}

/// The share of a server that returned so long ago.
fn share(since: Duration, rules: Ejection) -> f64 {
    let whole = rules.return_seconds as f64;
    match since.as_secs_f64() < whole {
        true => FIRST_SHARE + (1.0 - FIRST_SHARE) * since.as_secs_f64() / whole,
        false => 1.0,
    }
}

#[cfg(test)]
mod tests;
