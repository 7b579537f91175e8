//! Looks for what Google would refuse before a request is sent.

use crate::{Client, Error};
use propus_failures::{Call, Cards, Day, check as look};
use std::time::{SystemTime, UNIX_EPOCH};

/// The fault of a request, where the client is told to look and the model is known.
pub(crate) fn check<'a>(
    client: &Client,
    model: &str,
    request: impl Into<Call<'a>>,
) -> Result<(), Error> {
    if !client.checks() {
        return Ok(());
    }
    let call = request.into();
    let (cards, version) = (Cards::builtin(), client.api_version());
    // A name that is not known may be new: the server knows better.
    if cards.get(model).is_none() {
        return Ok(());
    }
    let card = cards
        .resolve(model, call.method(), version, today())
        .map_err(Error::checked)?;
    look(&call, card, version).map_err(Error::checked)
}

/// The day of the system's clock; one that stands before 1970 counts as its first day.
fn today() -> Day {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    day(since.map_or(0, |since| since.as_secs() / 86_400))
}

/// The date so many days after 1970-01-01, by Howard Hinnant's `civil_from_days`: eras of 400 years
/// that begin in March, so that leap days come last.
fn day(days: u64) -> Day {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let small = |number: u64| u8::try_from(number).unwrap_or(u8::MAX);
    Day::new(
        u16::try_from(year).unwrap_or(u16::MAX),
        small(month),
        small(day),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_dates() {
        for (days, date) in [
            (0, "1970-01-01"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (20_454, "2026-01-01"),
            (20_787, "2026-11-30"),
        ] {
            assert_eq!(day(days).to_string(), date);
        }
    }
}
