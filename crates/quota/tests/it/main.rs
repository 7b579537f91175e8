//! The ledger against a slow model of itself, against its promises, and among threads.

mod clocks;
mod forgetting;
mod promises;
mod reference;
#[cfg(feature = "shared")]
mod shared;
mod snapshots;
mod spend;
mod threads;

use propus_quota::{Ledger, Limits, Refused, Reservation};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const PROJECT: &str = "project";
const MODEL: &str = "gemini-2.5-flash";
/// 2026-06-01T12:00:00Z, which is 05:00 in Mountain View.
const NOON: u64 = 1_780_315_200_000;

fn at(millis: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis)
}

/// Asks for one request of [`PROJECT`] to [`MODEL`].
fn ask(ledger: &Ledger, millis: u64, limits: &Limits, tokens: u64) -> Result<Reservation, Refused> {
    ledger.reserve(at(millis), PROJECT, MODEL, limits, tokens)
}

fn rpm(limit: u64) -> Limits {
    Limits {
        rpm: Some(limit),
        ..Limits::UNLIMITED
    }
}

fn rpd(limit: u64) -> Limits {
    Limits {
        rpd: Some(limit),
        ..Limits::UNLIMITED
    }
}
