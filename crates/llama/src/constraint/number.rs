//! Numbers of a range as regular expressions, with finitely many digits.

use super::{SchemaError, form::Number};
use std::str::FromStr;

/// Digits before the point where the schema sets no end.
const DIGITS: u32 = 12;
/// The same for numbers with a fraction: with four more they are exact in a double.
const FLOAT_DIGITS: u32 = 11;
/// Digits after the point, unless an end of the range needs more.
const FRACTION: u32 = 4;
/// The most digits after the point.
const FINEST: u32 = 12;
/// How many multiples are listed for `multipleOf`.
const MULTIPLES: i128 = 400;
/// Ends beyond this many digits are not told apart from it.
const LARGEST: u32 = 26;

/// A regular expression for the range and the length of its longest text.
pub(super) fn regex(number: &Number) -> Result<(String, u64), SchemaError> {
    let range = Range::of(number)?;
    let texts = match &number.multiple_of {
        Some(step) => range.multiples(&decimal(step)?)?,
        None => range.texts(),
    };
    if texts.is_empty() {
        return Err(range.contradiction());
    }
    let longest = range.width() + u64::from(range.fraction) + 2;
    Ok((texts.join("|"), longest))
}

fn decimal(number: &serde_json::Number) -> Result<Decimal, SchemaError> {
    number.to_string().parse()
}

/// `digits` times ten to the power of minus `scale`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Decimal {
    digits: i128,
    scale: u32,
}

impl FromStr for Decimal {
    type Err = SchemaError;

    fn from_str(text: &str) -> Result<Self, SchemaError> {
        let unreadable = || SchemaError::new("schema", format!("`{text}` is not a usable number"));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let fraction = fraction.trim_end_matches('0');
        let exponent: i64 = exponent.parse().map_err(|_| unreadable())?;
        let sign = if whole.starts_with('-') { -1 } else { 1 };
        let digits = format!("{whole}{fraction}");
        let length = digits.trim_start_matches(['-', '0']).len() as i64;
        let scale = fraction.len() as i64 - exponent;
        if length == 0 || length - scale < -i64::from(FINEST) {
            return Ok(Self {
                digits: 0,
                scale: 0,
            });
        }
        if length - scale > i64::from(LARGEST) {
            return Ok(Self {
                digits: sign * power(LARGEST),
                scale: 0,
            });
        }
        let digits: i128 = digits.parse().map_err(|_| unreadable())?;
        Ok(match u32::try_from(scale) {
            Ok(scale) => Self { digits, scale },
            Err(_) => Self {
                digits: digits * power((-scale) as u32),
                scale: 0,
            },
        })
    }
}

impl Decimal {
    /// The largest whole number of `10^-scale` that is not above this one.
    fn floor(self, scale: u32) -> i128 {
        match scale.checked_sub(self.scale) {
            Some(more) => self.digits * power(more),
            None => self.digits.div_euclid(power(self.scale - scale)),
        }
    }

    /// The smallest that is not below.
    fn ceiling(self, scale: u32) -> i128 {
        -Self {
            digits: -self.digits,
            ..self
        }
        .floor(scale)
    }

    fn is_exact(self, scale: u32) -> bool {
        self.floor(scale) == self.ceiling(scale)
    }
}

fn power(exponent: u32) -> i128 {
    10_i128.pow(exponent.min(37))
}

/// A range with both ends.
struct Range {
    low: Decimal,
    low_exclusive: bool,
    high: Decimal,
    high_exclusive: bool,
    fraction: u32,
    path: String,
}

impl Range {
    fn of(number: &Number) -> Result<Self, SchemaError> {
        let given = |end: &Option<super::form::End>| {
            let end = end.as_ref();
            end.map(|end| Ok((decimal(&end.value)?, end.exclusive)))
                .transpose()
        };
        let (low, high) = (given(&number.minimum)?, given(&number.maximum)?);
        let digits = if number.integer { DIGITS } else { FLOAT_DIGITS };
        let (far_low, far_high) = defaults(low.map(|end| end.0), high.map(|end| end.0), digits);
        let (low, low_exclusive) = nearer(low, far_low, |a, b| a > b);
        let (high, high_exclusive) = nearer(high, far_high, |a, b| a < b);
        let fraction = match number.integer {
            true => 0,
            false => FRACTION.max(low.scale).max(high.scale).min(FINEST),
        };
        Ok(Self {
            low,
            low_exclusive,
            high,
            high_exclusive,
            fraction,
            path: number.path.clone(),
        })
    }

    /// The ends as whole numbers of `10^-scale`.
    fn scaled(&self, scale: u32) -> (i128, i128) {
        let mut low = self.low.ceiling(scale);
        let mut high = self.high.floor(scale);
        if self.low_exclusive && self.low.is_exact(scale) {
            low += 1;
        }
        if self.high_exclusive && self.high.is_exact(scale) {
            high -= 1;
        }
        (low, high)
    }

    fn texts(&self) -> Vec<String> {
        (0..=self.fraction)
            .flat_map(|scale| {
                let (low, high) = self.scaled(scale);
                signed(low, high, scale as usize)
            })
            .collect()
    }

    /// Multiples of a step, the ones next to zero (or to the end next to zero) first.
    fn multiples(&self, step: &Decimal) -> Result<Vec<String>, SchemaError> {
        if step.digits <= 0 {
            return Err(SchemaError::new(&self.path, "`multipleOf` must be above 0"));
        }
        let scale = step.scale.min(FINEST);
        let (low, high) = self.scaled(scale);
        let unit = step.floor(scale);
        let first = low.max(high.min(0).saturating_sub(MULTIPLES / 2 * unit));
        let first = -(-first).div_euclid(unit);
        let last = high.div_euclid(unit).min(first + MULTIPLES);
        Ok((first..=last)
            .filter(|times| self.divides_as_doubles(*times * unit, step, scale))
            .map(|times| regex_syntax::escape(&written(times * unit, scale as usize)))
            .collect())
    }

    /// Validators divide doubles; what does not divide there is not written.
    fn divides_as_doubles(&self, digits: i128, step: &Decimal, scale: u32) -> bool {
        let value: f64 = written(digits, scale as usize).parse().unwrap_or(f64::NAN);
        let step: f64 = written(step.digits, step.scale as usize)
            .parse()
            .unwrap_or(f64::NAN);
        step.fract() == 0.0 || (value / step).fract() == 0.0
    }

    fn width(&self) -> u64 {
        let (low, high) = self.scaled(0);
        let longest = low.unsigned_abs().max(high.unsigned_abs());
        longest.to_string().len() as u64 + 1
    }

    fn contradiction(&self) -> SchemaError {
        SchemaError::new(
            &self.path,
            "no number satisfies `minimum`, `maximum` and `multipleOf`",
        )
    }
}

/// Ends, themselves outside, for a range that has none: numbers of `digits` digits, or as many
/// numbers beyond a given end.
fn defaults(low: Option<Decimal>, high: Option<Decimal>, digits: u32) -> (Decimal, Decimal) {
    let most = power(digits);
    let end = |digits| Decimal { digits, scale: 0 };
    let low = low.map_or(-most, |low| low.floor(0));
    let high = high.map_or(most, |high| high.ceiling(0));
    (end((-most).min(high - most)), end(most.max(low + most)))
}

fn nearer(
    given: Option<(Decimal, bool)>,
    far: Decimal,
    inside: impl Fn(i128, i128) -> bool,
) -> (Decimal, bool) {
    let scale = |given: Decimal| given.scale.min(FINEST);
    match given {
        Some((end, exclusive)) if inside(end.floor(scale(end)), far.floor(scale(end))) => {
            (end, exclusive)
        }
        _ => (far, true),
    }
}

/// Texts of `low..=high`, each divided by `10^scale`.
fn signed(low: i128, high: i128, scale: usize) -> Vec<String> {
    let mut out = Vec::new();
    if low > high {
        return out;
    }
    if low < 0 {
        let negative = unsigned(high.min(-1).unsigned_abs(), low.unsigned_abs(), scale);
        out.extend(negative.into_iter().map(|text| format!("-{text}")));
    }
    if high >= 0 {
        out.extend(unsigned(
            low.max(0).unsigned_abs(),
            high.unsigned_abs(),
            scale,
        ));
    }
    out
}

fn unsigned(low: u128, high: u128, scale: usize) -> Vec<String> {
    let widest = high.to_string().len().max(scale + 1);
    let narrowest = low.to_string().len().max(scale + 1);
    let mut out = Vec::new();
    // Widths of which all numbers are in the range are written in one.
    let mut whole: Option<(usize, usize)> = None;
    for width in narrowest..=widest {
        let least = if width == scale + 1 {
            0
        } else {
            10_u128.pow(width as u32 - 1)
        };
        let most = 10_u128.pow(width as u32) - 1;
        if least > 0 && low <= least && most <= high {
            whole = Some((whole.map_or(width, |(first, _)| first), width));
            continue;
        }
        let low = format!("{:0width$}", low.max(least));
        let high = format!("{:0width$}", high.min(most));
        let digits = spans(low.as_bytes(), high.as_bytes());
        out.extend(digits.into_iter().map(|digits| pointed(&digits, scale)));
    }
    out.extend(whole.map(|(first, last)| {
        let more = format!("{{{},{}}}", first - scale - 1, last - scale - 1);
        let fraction = vec![(b'0', b'9'); scale];
        pointed_after(&format!("[1-9][0-9]{more}"), &fraction)
    }));
    out
}

/// The numbers between two of equal length, as sequences of digit ranges.
fn spans(low: &[u8], high: &[u8]) -> Vec<Vec<(u8, u8)>> {
    let (Some((&first, low_rest)), Some((&last, high_rest))) =
        (low.split_first(), high.split_first())
    else {
        return vec![Vec::new()];
    };
    let starting = |range: (u8, u8), rest: Vec<Vec<(u8, u8)>>| {
        rest.into_iter().map(move |mut digits| {
            digits.insert(0, range);
            digits
        })
    };
    if first == last {
        return starting((first, first), spans(low_rest, high_rest)).collect();
    }
    let (nines, zeros) = (vec![b'9'; low_rest.len()], vec![b'0'; low_rest.len()]);
    let mut out = Vec::new();
    let (mut from, mut to) = (first, last);
    if low_rest.iter().any(|digit| *digit != b'0') {
        out.extend(starting((first, first), spans(low_rest, &nines)));
        from += 1;
    }
    if high_rest.iter().any(|digit| *digit != b'9') {
        out.extend(starting((last, last), spans(&zeros, high_rest)));
        to -= 1;
    }
    if from <= to {
        out.extend(starting(
            (from, to),
            vec![vec![(b'0', b'9'); low_rest.len()]],
        ));
    }
    out
}

fn pointed(digits: &[(u8, u8)], scale: usize) -> String {
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    pointed_after(&classes(whole), fraction)
}

fn pointed_after(whole: &str, fraction: &[(u8, u8)]) -> String {
    match fraction {
        [] => whole.to_owned(),
        fraction => format!("{whole}\\.{}", classes(fraction)),
    }
}

fn classes(digits: &[(u8, u8)]) -> String {
    let runs = digits.chunk_by(|a, b| a == b);
    runs.map(|run| {
        let (from, to) = (char::from(run[0].0), char::from(run[0].1));
        let class = if from == to {
            from.to_string()
        } else {
            format!("[{from}-{to}]")
        };
        match run.len() {
            1 => class,
            times => format!("{class}{{{times}}}"),
        }
    })
    .collect()
}

fn written(digits: i128, scale: usize) -> String {
    let sign = if digits < 0 { "-" } else { "" };
    let text = format!("{:0width$}", digits.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = text.split_at(text.len() - scale);
    match fraction.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(low: i128, high: i128, scale: usize, shown: &str) {
        assert_eq!(
            signed(low, high, scale).join("|"),
            shown,
            "{low}..={high} / 10^{scale}"
        );
    }

    #[test]
    fn ranges_are_exact() {
        check(0, 9, 0, "[0-9]");
        check(0, 10, 0, "[0-9]|10");
        check(7, 123, 0, "[7-9]|12[0-3]|1[0-1][0-9]|[1-9][0-9]{1,1}");
        check(0, 9999, 0, "[0-9]|[1-9][0-9]{1,3}");
        check(-5, 5, 0, "-[1-5]|[0-5]");
        check(5, 15, 1, "0\\.[5-9]|1\\.[0-5]");
        check(3, 2, 0, "");
    }

    #[test]
    fn every_number_of_a_range_matches_and_no_other() {
        for (low, high) in [(-120, 37), (0, 1), (99, 1001), (-7, -7), (12, 9)] {
            let alternatives = signed(low, high, 0).join("|");
            let regex = regex_lite(&alternatives);
            for value in -1200..1200_i128 {
                let inside = (low..=high).contains(&value);
                assert_eq!(
                    regex(&value.to_string()),
                    inside,
                    "{value} in {low}..={high}"
                );
            }
        }
    }

    fn regex_lite(alternatives: &str) -> impl Fn(&str) -> bool {
        let mut builder = llguidance::derivre::RegexBuilder::new();
        let expression = match alternatives {
            "" => builder.mk(&llguidance::derivre::RegexAst::NoMatch),
            text => builder.mk_regex(text),
        };
        let regex = builder.to_regex(expression.unwrap());
        move |text| regex.clone().is_match(text)
    }

    #[test]
    fn decimals_are_read_exactly() {
        for (text, digits, scale) in [
            ("1", 1, 0),
            ("-0.5", -5, 1),
            ("1e3", 1000, 0),
            ("1.5e-7", 15, 8),
            ("2.50", 25, 1),
            ("1e300", power(LARGEST), 0),
            ("-1e300", -power(LARGEST), 0),
            ("1e-300", 0, 0),
        ] {
            assert_eq!(text.parse(), Ok(Decimal { digits, scale }), "{text}");
        }
    }
}
