//! A circuit breaker for each route: one that fails again and again is passed over for a while, then tried
//! by one call. Pure: the time is passed in.

use std::time::Duration;
use tokio::time::Instant;

/// So many failures in a row open it.
const FAILURES: u32 = 5;
/// How long it is open at first; each failed probe doubles it.
const FIRST: Duration = Duration::from_secs(5);
/// How long it is open at most.
const MOST: Duration = Duration::from_secs(60);

/// The state of a route.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Breaker {
    failures: u32,
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Open {
    until: Instant,
    lasted: Duration,
    /// When the call that tries the route was let through.
    probe: Option<Instant>,
}

impl Breaker {
    /// Whether a call may go this way.
    pub fn allows(&self, now: Instant) -> bool {
        // A probe that never told its end, since its caller left, does not hold the next one up for long.
        let free = |probe: Option<Instant>| probe.is_none_or(|began| now >= began + MOST);
        self.open
            .is_none_or(|open| now >= open.until && free(open.probe))
    }

    /// A call goes this way.
    pub fn enter(&mut self, now: Instant) {
        if let Some(open) = self.open.as_mut().filter(|open| now >= open.until) {
            open.probe = Some(now);
        }
    }

    /// Whether the route is left out: from its last failure on until a call has found it well.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// The route has served, if only with an error that is the request's own. Says whether it was left
    /// out.
    pub fn served(&mut self) -> bool {
        std::mem::take(self).is_open()
    }

    /// The route has failed. Says whether it is left out for it and was not before.
    pub fn failed(&mut self, now: Instant) -> bool {
        let was_open = self.is_open();
        self.failures = self.failures.saturating_add(1);
        self.open = match self.open {
            Some(open) if now >= open.until => Some(Open {
                until: now + (open.lasted * 2).min(MOST),
                lasted: (open.lasted * 2).min(MOST),
                probe: None,
            }),
            None if self.failures >= FAILURES => Some(Open {
                until: now + FIRST,
                lasted: FIRST,
                probe: None,
            }),
            open => open,
        };
        self.is_open() && !was_open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_is_probed_and_closes() {
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let mut breaker = Breaker::default();
        for _ in 0..4 {
            assert!(!breaker.failed(at(0)));
        }
        assert!(breaker.allows(at(0)) && !breaker.is_open());
        assert!(breaker.failed(at(0)) && breaker.is_open());
        assert!(!breaker.allows(at(4)));
        assert!(breaker.allows(at(5)));
        breaker.enter(at(5));
        assert!(!breaker.allows(at(6)), "one probe at a time");
        assert!(!breaker.failed(at(6)), "it was left out before");
        assert!(!breaker.allows(at(15)) && breaker.allows(at(16)));
        breaker.enter(at(16));
        assert!(breaker.served() && !breaker.served());
        breaker.failed(at(17));
        assert!(breaker.allows(at(17)));
    }

    #[test]
    fn it_never_stays_open_for_longer_than_the_most() {
        let mut now = Instant::now();
        let mut breaker = Breaker::default();
        for _ in 0..100 {
            breaker.failed(now);
            now += MOST;
            assert!(breaker.allows(now));
            breaker.enter(now);
        }
        // A probe that was never heard of again.
        assert!(breaker.allows(now + MOST));
    }
}
