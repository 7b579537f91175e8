//! The day of the Gemini API: from midnight to midnight in Mountain View, which is 23 or 25 hours
//! when daylight saving begins or ends.

use jiff::{Timestamp, ToSpan, tz::TimeZone};

/// The rules are compiled in, so that they are the same everywhere.
static PACIFIC: TimeZone = jiff::tz::get!("America/Los_Angeles");

/// The first midnight after a time, both in milliseconds since 1970; never, beyond the year 9999.
pub(crate) fn next_midnight(millis: u64) -> u64 {
    midnight_after(millis).unwrap_or(u64::MAX)
}

fn midnight_after(millis: u64) -> Option<u64> {
    let now = Timestamp::from_millisecond(i64::try_from(millis).ok()?).ok()?;
    let tomorrow = now
        .to_zoned(PACIFIC.clone())
        .date()
        .checked_add(1.day())
        .ok()?;
    let midnight = tomorrow.to_zoned(PACIFIC.clone()).ok()?.timestamp();
    u64::try_from(midnight.as_millisecond()).ok()
}

/// The beginning of the first month after a time, both in milliseconds since 1970; never, beyond the
/// year 9999.
pub(crate) fn next_month(millis: u64) -> u64 {
    month_after(millis).unwrap_or(u64::MAX)
}

fn month_after(millis: u64) -> Option<u64> {
    let now = Timestamp::from_millisecond(i64::try_from(millis).ok()?).ok()?;
    let today = now.to_zoned(PACIFIC.clone()).date();
    let first = today.first_of_month().checked_add(1.month()).ok()?;
    let midnight = first.to_zoned(PACIFIC.clone()).ok()?.timestamp();
    u64::try_from(midnight.as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(now: &str, expected: &str) {
        let millis = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond() as u64;
        assert_eq!(next_midnight(millis(now)), millis(expected), "{now}");
    }

    #[test]
    fn days_end_at_midnight_pacific() {
        check("2026-01-15T07:59:59.999Z", "2026-01-15T08:00:00Z");
        check("2026-01-15T08:00:00Z", "2026-01-16T08:00:00Z");
        check("2026-07-01T06:59:59Z", "2026-07-01T07:00:00Z");
        check("2026-07-01T07:00:00Z", "2026-07-02T07:00:00Z");
    }

    #[test]
    fn days_of_the_change_have_23_and_25_hours() {
        check("2026-03-08T08:00:00Z", "2026-03-09T07:00:00Z");
        check("2026-11-01T07:00:00Z", "2026-11-02T08:00:00Z");
        check("2026-11-01T09:30:00Z", "2026-11-02T08:00:00Z");
    }

    #[test]
    fn months_end_at_midnight_pacific() {
        let check = |now: &str, expected: &str| {
            let millis = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond() as u64;
            assert_eq!(next_month(millis(now)), millis(expected), "{now}");
        };
        check("2026-06-01T06:59:59.999Z", "2026-06-01T07:00:00Z");
        check("2026-06-01T07:00:00Z", "2026-07-01T07:00:00Z");
        check("2026-10-31T23:00:00Z", "2026-11-01T07:00:00Z");
        check("2026-11-01T07:00:00Z", "2026-12-01T08:00:00Z");
        check("2026-12-31T23:59:59Z", "2027-01-01T08:00:00Z");
        check("2028-02-29T12:00:00Z", "2028-03-01T08:00:00Z");
    }

    #[test]
    fn times_beyond_the_calendar_have_no_midnight() {
        assert_eq!(next_midnight(u64::MAX), u64::MAX);
        assert_eq!(next_midnight(i64::MAX as u64), u64::MAX);
        assert_eq!(next_month(u64::MAX), u64::MAX);
    }
}
