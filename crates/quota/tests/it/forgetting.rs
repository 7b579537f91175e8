//! What is idle is forgotten, and nothing else.

use crate::{NOON, at};
use propus_quota::{Ledger, Limits};

const DAY: u64 = 24 * 3_600_000;

/// One request of each of many projects, which reaches all shards.
fn visit(ledger: &Ledger, millis: u64, name: &str) {
    for number in 0..2_000 {
        let project = format!("{name}-{number}");
        let reservation = ledger.reserve(at(millis), &project, "model", &Limits::UNLIMITED, 1);
        reservation.unwrap().settle(1);
    }
}

#[test]
fn projects_are_forgotten_after_their_day() {
    let ledger = Ledger::new();
    visit(&ledger, NOON, "old");
    visit(&ledger, NOON + 3_600_000, "new");
    assert_eq!(ledger.len(), 4_000, "the day still counts");
    visit(&ledger, NOON + DAY, "next");
    assert_eq!(ledger.len(), 2_000);
}

#[test]
fn a_running_request_keeps_its_account() {
    let ledger = Ledger::new();
    let kept = ledger.reserve(at(NOON), "kept", "model", &Limits::UNLIMITED, 1);
    visit(&ledger, NOON + DAY, "next");
    assert_eq!(ledger.len(), 2_001);
    kept.unwrap().settle(1);
    visit(&ledger, NOON + 2 * DAY, "last");
    assert_eq!(ledger.len(), 2_000);
}

#[test]
fn cancelled_requests_leave_nothing() {
    let ledger = Ledger::new();
    let cancelled = ledger.reserve(at(NOON), "cancelled", "model", &Limits::UNLIMITED, 1);
    cancelled.unwrap().cancel();
    visit(&ledger, NOON + 61_000, "next");
    assert_eq!(ledger.len(), 2_000);
}
