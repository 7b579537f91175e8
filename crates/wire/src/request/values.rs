//! Whether a scalar can be a value of a type, and the words for one that cannot.

use super::{syntax::Scalar, violations::shortened};
use crate::{
    message::Kind,
    scalar::{bool_in, decode_base64, duration_in, integer_in, real_in, whole},
};

/// Why a scalar cannot be a value of a type, in Google's words; mostly the value itself.
pub(super) fn reason_against(kind: Kind, value: &Scalar<'_>) -> Option<String> {
    let fits = match kind {
        Kind::String => matches!(value, Scalar::String(_)),
        Kind::Int32 => integer(value).is_some_and(|value| i32::try_from(value).is_ok()),
        Kind::Int64 => integer(value).is_some(),
        Kind::Float => real(value).is_some_and(fits_float),
        Kind::Double => real(value).is_some(),
        Kind::Bool => is_bool(value),
        Kind::Bytes => return reason_against_bytes(value),
        Kind::Duration => return reason_against_duration(value),
        Kind::Timestamp => matches!(value, Scalar::String(_)),
        Kind::Struct | Kind::Message(_) => false,
        Kind::Value => true,
        Kind::Enum(table) => match value {
            Scalar::String(name) => table.number_in(name).is_some(),
            value => integer(value)
                .and_then(|number| i32::try_from(number).ok())
                .is_some_and(|number| table.name_of(number).is_some()),
        },
    };
    (!fits).then(|| echo(value))
}

fn integer(value: &Scalar<'_>) -> Option<i64> {
    match value {
        Scalar::Unsigned(value) => i64::try_from(*value).ok(),
        Scalar::Signed(value) => Some(*value),
        Scalar::Double(value) => whole(*value),
        Scalar::String(text) => integer_in(text),
        Scalar::Null | Scalar::Bool(_) => None,
    }
}

fn real(value: &Scalar<'_>) -> Option<f64> {
    match value {
        Scalar::Unsigned(value) => Some(*value as f64),
        Scalar::Signed(value) => Some(*value as f64),
        Scalar::Double(value) => Some(*value),
        Scalar::String(text) => real_in(text),
        Scalar::Null | Scalar::Bool(_) => None,
    }
}

fn fits_float(value: f64) -> bool {
    !(value.is_finite() && value.abs() > f64::from(f32::MAX))
}

fn is_bool(value: &Scalar<'_>) -> bool {
    match value {
        Scalar::Bool(_) => true,
        Scalar::String(text) => bool_in(text).is_some(),
        value => real(value).is_some_and(|value| value == 0.0 || value == 1.0),
    }
}

fn reason_against_bytes(value: &Scalar<'_>) -> Option<String> {
    let Scalar::String(text) = value else {
        return Some(echo(value));
    };
    let failed = decode_base64(text).is_none();
    failed.then(|| format!("Base64 decoding failed for {}", echo(value)))
}

fn reason_against_duration(value: &Scalar<'_>) -> Option<String> {
    let Scalar::String(text) = value else {
        let value = echo(value);
        return Some(format!("Invalid data type for duration, value is {value}"));
    };
    if duration_in(text).is_some() {
        return None;
    }
    let Some(number) = text.strip_suffix('s') else {
        return Some("Illegal duration format; duration must end with 's'".into());
    };
    let number = number.strip_prefix('-').unwrap_or(number);
    let (seconds, nanos) = number.split_once('.').unwrap_or((number, ""));
    let reason = if seconds.parse::<u64>().is_err() {
        "Invalid duration format, failed to parse seconds"
    } else if !nanos.bytes().all(|b| b.is_ascii_digit()) {
        "Invalid duration format, failed to parse nano seconds"
    } else {
        "Duration value exceeds limits"
    };
    Some(reason.into())
}

/// A value as messages repeat it: text in quotes but not escaped, numbers as C prints them.
pub(super) fn echo(value: &Scalar<'_>) -> String {
    match value {
        Scalar::Null => "null".into(),
        Scalar::Bool(value) => value.to_string(),
        Scalar::Unsigned(value) => value.to_string(),
        Scalar::Signed(value) => value.to_string(),
        Scalar::Double(value) => c_double(*value),
        Scalar::String(text) => format!("\"{}\"", shortened(text)),
    }
}

/// Prints like `%.15g`, or like `%.17g` where that many digits are needed.
fn c_double(value: f64) -> String {
    let short = general(value, 15);
    match short.parse::<f64>() {
        Ok(read) if value == read => short,
        _ => general(value, 17),
    }
}

fn general(value: f64, digits: i32) -> String {
    let text = format!("{value:.*e}", digits as usize - 1);
    let Some((mantissa, exponent)) = text.split_once('e') else {
        return text;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..digits).contains(&exponent) {
        let decimals = (digits - 1 - exponent) as usize;
        return without_zeros(&format!("{value:.decimals$}")).to_owned();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    let mantissa = without_zeros(mantissa);
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

fn without_zeros(decimal: &str) -> &str {
    match decimal.contains('.') {
        true => decimal.trim_end_matches('0').trim_end_matches('.'),
        false => decimal,
    }
}
