//! A day of the calendar, passed in by whoever has a clock.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};

/// A day; later days are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

impl Day {
    /// A day of the Gregorian calendar; months and days count from 1. The month's length is not
    /// checked.
    pub const fn new(year: u16, month: u8, day: u8) -> Self {
        Self { year, month, day }
    }
}

impl FromStr for Day {
    type Err = String;

    /// Reads `2026-06-01`, also in front of a time (RFC 3339).
    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || format!("`{text}` is not a day such as `2026-06-01`");
        let mut numbers = text.get(..10).unwrap_or(text).splitn(3, '-');
        let mut next = || numbers.next().ok_or_else(fault);
        let year = next()?.parse().map_err(|_| fault())?;
        let month = next()?.parse().map_err(|_| fault())?;
        let day = next()?.parse().map_err(|_| fault())?;
        match (month, day) {
            (1..=12, 1..=31) => Ok(Self { year, month, day }),
            _ => Err(fault()),
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_written_and_ordered() {
        let day: Day = "2026-06-01".parse().unwrap();
        assert_eq!(day.to_string(), "2026-06-01");
        assert_eq!("2026-06-01T10:00:00Z".parse(), Ok(day));
        assert!(Day::new(2025, 12, 31) < day && day < Day::new(2026, 6, 2));
        for bad in ["", "2026", "2026-13-01", "x-1-1", "2026-06-1é0000"] {
            assert!(bad.parse::<Day>().is_err(), "{bad}");
        }
    }
}
