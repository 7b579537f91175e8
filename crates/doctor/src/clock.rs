//! The machine's clock, as it was passed in, and how long ago that was.

use crate::environment::Environment;
use jiff::Timestamp;
use propus_failures::Day;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

#[derive(Clone, Copy)]
pub(crate) struct Clock {
    start: SystemTime,
    since: Instant,
}

impl Clock {
    pub(crate) fn of(environment: &Environment) -> Self {
        Self {
            start: environment.now,
            since: Instant::now(),
        }
    }

    /// What the machine's clock says by now; a clock at the end of time stands still.
    pub(crate) fn now(&self) -> SystemTime {
        let now = self.start.checked_add(self.since.elapsed());
        now.unwrap_or(self.start)
    }

    /// Today, in UTC.
    pub(crate) fn day(&self) -> Day {
        shown(self.now()).parse().unwrap_or(Day::new(1970, 1, 1))
    }
}

/// `2026-06-01T10:00:00Z`.
pub(crate) fn shown(time: SystemTime) -> String {
    let time = Timestamp::try_from(time);
    time.map_or_else(|_| "a time out of range".to_owned(), second)
}

/// The same for seconds since 1970.
pub(crate) fn shown_seconds(seconds: i64) -> String {
    let time = Timestamp::from_second(seconds);
    time.map_or_else(|_| "a time out of range".to_owned(), second)
}

fn second(time: Timestamp) -> String {
    let whole = Timestamp::from_second(time.as_second()).unwrap_or(time);
    whole.to_string()
}

/// The time of an HTTP header such as `Date`.
pub(crate) fn http_date(text: &str) -> Option<SystemTime> {
    let parser = jiff::fmt::rfc2822::DateTimeParser::new();
    let time = parser.parse_timestamp(text.trim()).ok()?;
    Some(time.into())
}

/// Rounded for people: `1 h 0 min`, `7 min`, `12 s`.
pub(crate) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        let time = http_date("Tue, 24 Nov 2026 21:34:34 GMT").unwrap();
        assert_eq!(shown(time), "2026-11-24T21:34:34Z");
        assert!(http_date("yesterday").is_none());
        for (seconds, expected) in [
            (12, "12 s"),
            (420, "7 min"),
            (3660, "1 h 1 min"),
            (864_000, "10 days"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), expected);
        }
    }
}
