//! `clock`: the machine's clock against the server's.

use crate::{
    Probe,
    clock::{Clock, http_date, shown, span},
};
use std::time::{Duration, SystemTime};

const NAME: &str = "clock";

/// From here on signatures and tokens begin to be refused.
const MOST: Duration = Duration::from_secs(300);

/// Compares by the header `Date`, whose grain is a second.
pub(crate) fn probe(clock: Clock, date: Option<&str>) -> Probe {
    let tried = "the machine's clock against the header `Date` of the reply";
    let Some(date) = date else {
        return Probe::skipped(NAME, "no reply told the time");
    };
    let Some(server) = http_date(date) else {
        return Probe::ok(NAME, tried, "the reply's `Date` is no time: cannot tell");
    };
    judged(tried, clock.now(), server)
}

fn judged(tried: &str, here: SystemTime, server: SystemTime) -> Probe {
    let (apart, way) = match here.duration_since(server) {
        Ok(ahead) => (ahead, "ahead"),
        Err(behind) => (behind.duration(), "behind"),
    };
    if apart <= MOST {
        return Probe::ok(
            NAME,
            tried,
            format!("{} apart from the server", span(apart)),
        );
    }
    let seen = format!(
        "the clock is {} {way}: it says {}, the server {}",
        span(apart),
        shown(here),
        shown(server)
    );
    Probe::warn(NAME, tried, seen)
        .advise("set the clock, and let it be kept (`timedatectl set-ntp true`, or the host's clock)")
        .advise(
            "until then certificates may seem expired or not yet valid, and OAuth tokens and service \
             accounts are refused; API keys do not depend on the time",
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::State;

    #[test]
    fn five_minutes_are_allowed() {
        let server = SystemTime::UNIX_EPOCH + Duration::from_secs(1_780_000_000);
        let at = |seconds: i64| match seconds < 0 {
            true => server - Duration::from_secs(seconds.unsigned_abs()),
            false => server + Duration::from_secs(seconds.unsigned_abs()),
        };
        for (seconds, state, words) in [
            (0, State::Ok, "0 s apart"),
            (-300, State::Ok, "5 min apart"),
            (301, State::Warn, "5 min ahead"),
            (-3660, State::Warn, "1 h 1 min behind"),
            (400 * 86_400, State::Warn, "400 days ahead"),
        ] {
            let probe = judged("", at(seconds), server);
            assert_eq!(probe.state, state, "{seconds}");
            assert!(probe.seen.contains(words), "{}", probe.seen);
        }
    }
}
