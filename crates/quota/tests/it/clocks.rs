//! Clocks that go wrong, and days that are not 24 hours.

use crate::{NOON, ask, at, rpd, rpm};
use propus_quota::Ledger;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const HOUR: u64 = 3_600_000;
/// 2026-03-08T08:00:00Z and 2026-11-01T07:00:00Z: midnights before a change of the clocks.
const SPRING: u64 = 1_772_956_800_000;
const AUTUMN: u64 = 1_793_516_400_000;

#[test]
fn days_have_23_and_25_hours_when_the_clocks_change() {
    for (midnight, hours) in [(SPRING, 23), (AUTUMN, 25), (NOON + 19 * HOUR, 24)] {
        let ledger = Ledger::new();
        ask(&ledger, midnight - 1, &rpd(1), 1).unwrap().settle(1);
        ask(&ledger, midnight, &rpd(1), 1).unwrap().settle(1);
        let refused = ask(&ledger, midnight + 1, &rpd(1), 1).unwrap_err();
        let day = Duration::from_millis(hours * HOUR - 1);
        assert_eq!(refused.wait(), day);
        assert!(ask(&ledger, midnight + hours * HOUR - 1, &rpd(1), 1).is_err());
        assert!(ask(&ledger, midnight + hours * HOUR, &rpd(1), 1).is_ok());
    }
}

#[test]
fn a_clock_that_goes_back_by_seconds_gives_nothing_away() {
    let ledger = Ledger::new();
    ask(&ledger, NOON, &rpm(2), 1).unwrap().settle(1);
    ask(&ledger, NOON - 5_000, &rpm(2), 1).unwrap().settle(1);
    let refused = ask(&ledger, NOON - 5_000, &rpm(2), 1).unwrap_err();
    assert_eq!(refused.wait(), Duration::from_millis(65_100));
    assert!(ask(&ledger, NOON + 60_099, &rpm(2), 1).is_err());
    assert!(ask(&ledger, NOON + 60_100, &rpm(2), 1).is_ok());
}

#[test]
fn a_day_does_not_come_again_when_the_clock_goes_back_over_midnight() {
    let (ledger, midnight) = (Ledger::new(), NOON + 19 * HOUR);
    ask(&ledger, midnight, &rpd(1), 1).unwrap().settle(1);
    assert!(ask(&ledger, midnight - 1_000, &rpd(1), 1).is_err());
    assert!(ask(&ledger, midnight + 1_000, &rpd(1), 1).is_err());
}

#[test]
fn a_clock_that_was_set_back_is_followed() {
    let ledger = Ledger::new();
    ask(&ledger, NOON + 1_000 * HOUR, &rpm(1), 1)
        .unwrap()
        .settle(1);
    let refused = ask(&ledger, NOON, &rpm(1), 1).unwrap_err();
    assert_eq!(refused.wait(), Duration::from_millis(60_100));
    assert!(ask(&ledger, NOON + 60_100, &rpm(1), 1).is_ok());

    ask(&ledger, NOON + 1_000 * HOUR, &rpd(1), 1)
        .unwrap()
        .settle(1);
    let refused = ask(&ledger, NOON, &rpd(1), 1).unwrap_err();
    assert_eq!(refused.wait(), Duration::from_millis(19 * HOUR));
}

#[test]
fn times_at_the_ends_of_the_world_do_no_harm() {
    let ledger = Ledger::new();
    let before = UNIX_EPOCH - Duration::from_secs(1_000_000);
    let far = UNIX_EPOCH + Duration::from_secs(i64::MAX as u64);
    for time in [before, UNIX_EPOCH, far, at(NOON), before, far] {
        let reserve =
            |time: SystemTime| ledger.reserve(time, "project", "model", &rpm(1), u64::MAX);
        drop(reserve(time));
        assert!(reserve(time).is_err());
    }
}
