//! Amounts of US dollars, exact: whole billionths, never floating point.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};

const NANOS: u64 = 1_000_000_000;

/// An amount of US dollars of 0 or more, in whole billionths, up to some 18 billion dollars.
/// Sums stop there and differences at 0.
///
/// A billionth, since a token may cost as little: a price of 0.025 dollars for a million tokens is
/// 25 billionths for each. In JSON and TOML it is a text such as `"1.25"`, or a whole number of
/// dollars.
///
/// ```
/// use propus_quota::Money;
///
/// let price: Money = "0.125".parse().unwrap();
/// assert_eq!(price.nanos(), 125_000_000);
/// assert_eq!(Money::dollars(3).plus(price).to_string(), "3.125");
/// assert!("0.0000000001".parse::<Money>().is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(u64);

/// Why a text is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoneyError;

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(0);

    /// Whole dollars.
    pub const fn dollars(dollars: u64) -> Money {
        Money(dollars.saturating_mul(NANOS))
    }

    /// Billionths of a dollar.
    pub const fn of_nanos(nanos: u64) -> Money {
        Money(nanos)
    }

    /// In billionths of a dollar.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// The sum.
    pub const fn plus(self, other: Money) -> Money {
        Money(self.0.saturating_add(other.0))
    }

    /// What is left after that is taken away.
    pub const fn less(self, other: Money) -> Money {
        Money(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Money {
    /// As few digits as are exact: `12`, `0.5`, `0.000000025`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dollars, nanos) = (self.0 / NANOS, self.0 % NANOS);
        match nanos {
            0 => f.pad(&dollars.to_string()),
            _ => f.pad(format!("{dollars}.{nanos:09}").trim_end_matches('0')),
        }
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Money, MoneyError> {
        parse(text).ok_or(MoneyError)
    }
}

fn parse(text: &str) -> Option<Money> {
    let (dollars, parts) = text.split_once('.').unwrap_or((text, "0"));
    let are_digits =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(dollars) || !are_digits(parts) || parts.len() > 9 {
        return None;
    }
    let nanos: u64 = format!("{parts:0<9}").parse().ok()?;
    let dollars = dollars.parse::<u64>().ok()?.checked_mul(NANOS)?;
    dollars.checked_add(nanos).map(Money)
}

impl fmt::Display for MoneyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected dollars such as \"250\" or \"0.125\", with at most 9 decimals")
    }
}

impl std::error::Error for MoneyError {}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MoneyVisitor)
    }
}

struct MoneyVisitor;

impl de::Visitor<'_> for MoneyVisitor {
    type Value = Money;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dollars in quotes such as \"0.125\", or a whole number of them, 0 or greater")
    }

    fn visit_u64<E: de::Error>(self, dollars: u64) -> Result<Money, E> {
        let nanos = dollars.checked_mul(NANOS);
        nanos
            .map(Money)
            .ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(dollars), &self))
    }

    fn visit_i64<E: de::Error>(self, dollars: i64) -> Result<Money, E> {
        match u64::try_from(dollars) {
            Ok(dollars) => self.visit_u64(dollars),
            Err(_) => Err(E::invalid_value(de::Unexpected::Signed(dollars), &self)),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Money, E> {
        let unexpected = de::Unexpected::Str(text);
        text.parse()
            .map_err(|MoneyError| E::invalid_value(unexpected, &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<u64>) {
        assert_eq!(parse(text), expected.map(Money), "{text}");
    }

    #[test]
    fn dollars_are_read_exactly() {
        check("0", Some(0));
        check("12", Some(12 * NANOS));
        check("0.1", Some(100_000_000));
        check("0.000000001", Some(1));
        check("18446744073.709551615", Some(u64::MAX));
        check("18446744073.709551616", None);
        check("18446744074", None);
        check("99999999999999999999", None);
        check("0.0000000001", None);
        for text in [
            "", ".", "1.", ".5", "-1", "+1", "1,5", "1e3", "$1", " 1", "1.2.3", "٣",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn json_has_texts_or_whole_dollars_but_no_floats() {
        let read = |json: &str| serde_json::from_str::<Money>(json);
        assert_eq!(read("\"0.125\"").unwrap().nanos(), 125_000_000);
        assert_eq!(read("250").unwrap(), Money::dollars(250));
        for (json, word) in [
            ("0.125", "in quotes"),
            ("-1", "0 or greater"),
            ("\"1e3\"", "in quotes"),
            ("18446744074", "whole number"),
        ] {
            let error = read(json).unwrap_err().to_string();
            assert!(error.contains(word), "{json}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_amount_is_read_as_it_was_written(nanos: u64) {
            let money = Money(nanos);
            proptest::prop_assert_eq!(money.to_string().parse(), Ok(money));
            let json = serde_json::to_string(&money).unwrap();
            proptest::prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
        }

        #[test]
        fn any_text_is_answered(text in "[-0-9.$e]{0,25}") {
            let _ = text.parse::<Money>();
        }
    }
}
