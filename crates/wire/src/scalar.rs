//! Single values by the rules of proto3 JSON: numbers in strings, base64 in either alphabet,
//! durations with an `s`, enums by name or number.

use crate::message::{Kind, Mode, enum_name};
use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use bytes::Bytes;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};
use std::{fmt, time::Duration};

/// A type that one value of a field can have.
pub trait Scalar: Sized {
    /// Its entry in the field table.
    const KIND: Kind;
    /// Reads a value that is not `null`.
    fn read<'de, D: Deserializer<'de>>(deserializer: D, mode: Mode) -> Result<Self, D::Error>;
    /// Writes it.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

impl<T: Scalar> Scalar for Box<T> {
    const KIND: Kind = T::KIND;
    fn read<'de, D: Deserializer<'de>>(deserializer: D, mode: Mode) -> Result<Self, D::Error> {
        T::read(deserializer, mode).map(Box::new)
    }
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        T::write(self, serializer)
    }
}

/// Implements [`Scalar`] by serde's own reader and writer.
macro_rules! by_serde {
    ($($ty:ty = $kind:expr),*) => {$(
        impl Scalar for $ty {
            const KIND: Kind = $kind;
            fn read<'de, D: Deserializer<'de>>(deserializer: D, _: Mode) -> Result<Self, D::Error> {
                <$ty>::deserialize(deserializer)
            }
            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Serialize::serialize(self, serializer)
            }
        }
    )*};
}

by_serde! {
    String = Kind::String,
    serde_json::Value = Kind::Value,
    serde_json::Map<String, serde_json::Value> = Kind::Struct
}

impl Scalar for bool {
    const KIND: Kind = Kind::Bool;

    fn read<'de, D: Deserializer<'de>>(deserializer: D, _: Mode) -> Result<Self, D::Error> {
        struct Flag;
        impl Visitor<'_> for Flag {
            type Value = bool;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a bool")
            }
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<bool, E> {
                Ok(value)
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<bool, E> {
                self.visit_f64(value as f64)
            }
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<bool, E> {
                match value {
                    0.0 => Ok(false),
                    1.0 => Ok(true),
                    _ => Err(E::invalid_value(de::Unexpected::Float(value), &self)),
                }
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<bool, E> {
                bool_in(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Flag)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(*self)
    }
}

/// A truth value written as text: Google takes more words than `true` and `false`.
pub fn bool_in(text: &str) -> Option<bool> {
    const TRUE: [&str; 5] = ["true", "t", "yes", "y", "1"];
    const FALSE: [&str; 5] = ["false", "f", "no", "n", "0"];
    let is = |word: &&str| text.eq_ignore_ascii_case(word);
    let is_true = TRUE.iter().any(is);
    (is_true || FALSE.iter().any(is)).then_some(is_true)
}

/// Implements integers: JSON numbers without a fraction, or the same in a string.
macro_rules! integers {
    ($($ty:ty = $kind:expr, $write:ident $($as_string:ident)?);* $(;)?) => {$(
        impl Scalar for $ty {
            const KIND: Kind = $kind;
            fn read<'de, D: Deserializer<'de>>(deserializer: D, _: Mode) -> Result<Self, D::Error> {
                let value = deserializer.deserialize_any(Integer)?;
                <$ty>::try_from(value).map_err(|_| de::Error::custom("the integer is out of range"))
            }
            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                integers!(@write self serializer $write $($as_string)?)
            }
        }
    )*};
    (@write $self:ident $serializer:ident $write:ident) => { $serializer.$write(*$self) };
    (@write $self:ident $serializer:ident $write:ident string) => { $serializer.collect_str($self) };
}

integers! {
    i32 = Kind::Int32, serialize_i32;
    i64 = Kind::Int64, serialize_i64 string;
}

struct Integer;

impl Visitor<'_> for Integer {
    type Value = i64;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer")
    }
    fn visit_i64<E: de::Error>(self, value: i64) -> Result<i64, E> {
        Ok(value)
    }
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<i64, E> {
        i64::try_from(value).map_err(|_| E::custom("the integer is out of range"))
    }
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<i64, E> {
        whole(value).ok_or_else(|| E::invalid_value(de::Unexpected::Float(value), &self))
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<i64, E> {
        integer_in(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

/// A float without fraction as an integer.
pub fn whole(value: f64) -> Option<i64> {
    (value.fract() == 0.0 && value.abs() < 9.2e18).then_some(value as i64)
}

/// An integer written as text: digits only, as Google reads it, and not `5.0` or `1e3`.
pub fn integer_in(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// A finite number written as text by JSON's rules (no leading `+`, no spaces).
pub fn number_in(text: &str) -> Option<f64> {
    let starts_well = text
        .strip_prefix('-')
        .unwrap_or(text)
        .starts_with(|c: char| c.is_ascii_digit());
    let value: f64 = text.parse().ok().filter(|_| starts_well)?;
    value.is_finite().then_some(value)
}

/// A number written as text, also one of those that JSON has no digits for.
pub fn real_in(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        text => number_in(text),
    }
}

struct Real;

impl Visitor<'_> for Real {
    type Value = f64;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }
    fn visit_i64<E: de::Error>(self, value: i64) -> Result<f64, E> {
        Ok(value as f64)
    }
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<f64, E> {
        Ok(value as f64)
    }
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<f64, E> {
        Ok(value)
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<f64, E> {
        real_in(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

impl Scalar for f64 {
    const KIND: Kind = Kind::Double;
    fn read<'de, D: Deserializer<'de>>(deserializer: D, _: Mode) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Real)
    }
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(*self)
    }
}

impl Scalar for f32 {
    const KIND: Kind = Kind::Float;
    fn read<'de, D: Deserializer<'de>>(deserializer: D, _: Mode) -> Result<Self, D::Error> {
        let value = deserializer.deserialize_any(Real)?;
        if value.is_finite() && value.abs() > f64::from(f32::MAX) {
            return Err(de::Error::custom("the number is out of a float's range"));
        }
        Ok(value as f32)
    }
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f32(*self)
    }
}

/// Accepts standard and URL-safe base64, padded or not, as proto3 JSON asks for, and broken into
/// lines, as Google does.
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    decode_line(text).or_else(|| {
        let is_broken = text.contains(|c: char| c.is_ascii_whitespace());
        let joined = || text.split_ascii_whitespace().collect::<String>();
        is_broken.then(joined).and_then(|text| decode_line(&text))
    })
}

fn decode_line(text: &str) -> Option<Vec<u8>> {
    const LAX: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let plain = GeneralPurpose::new(&base64::alphabet::STANDARD, LAX);
    let url_safe = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LAX);
    plain.decode(text).or_else(|_| url_safe.decode(text)).ok()
}

impl Scalar for Bytes {
    const KIND: Kind = Kind::Bytes;

    fn read<'de, D: Deserializer<'de>>(deserializer: D, _: Mode) -> Result<Self, D::Error> {
        struct Base64;
        impl Visitor<'_> for Base64 {
            type Value = Bytes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("base64 text")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Bytes, E> {
                decode_base64(text)
                    .map(Bytes::from)
                    .ok_or_else(|| E::custom("base64 decoding failed"))
            }
        }
        deserializer.deserialize_str(Base64)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(self))
    }
}

/// Reads `3.5s` (non-negative seconds, up to nine decimals).
pub fn duration_in(text: &str) -> Option<Duration> {
    let seconds = text.strip_suffix('s')?;
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let nanos = format!("{fraction:0<9}").parse().ok()?;
    Some(Duration::new(whole.parse().ok()?, nanos))
}

/// Writes a duration as Google does: whole seconds, or as many decimals as needed.
pub fn duration_text(duration: Duration) -> String {
    let text = format!("{}.{:09}", duration.as_secs(), duration.subsec_nanos());
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}s")
}

impl Scalar for Duration {
    const KIND: Kind = Kind::Duration;

    fn read<'de, D: Deserializer<'de>>(deserializer: D, _: Mode) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        duration_in(&text).ok_or_else(|| de::Error::custom("a duration is seconds with an `s`"))
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&duration_text(*self))
    }
}

/// Reads an enum by name or number; used by the `open_enum!` macro.
pub fn read_enum<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    mode: Mode,
    from_name: fn(&str) -> Option<T>,
    from_number: fn(i64) -> Option<T>,
    unknown: fn(Box<str>) -> T,
) -> Result<T, D::Error> {
    struct NameOrNumber<T> {
        mode: Mode,
        from_name: fn(&str) -> Option<T>,
        from_number: fn(i64) -> Option<T>,
        unknown: fn(Box<str>) -> T,
    }
    impl<T> NameOrNumber<T> {
        fn keep<E: de::Error>(self, text: &str) -> Result<T, E> {
            if self.mode.is_strict() {
                return Err(E::custom(format_args!("unknown enum value `{text}`")));
            }
            Ok((self.unknown)(text.into()))
        }
    }
    impl<T> Visitor<'_> for NameOrNumber<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an enum's name or number")
        }
        fn visit_str<E: de::Error>(self, name: &str) -> Result<T, E> {
            let known = (self.from_name)(name)
                .or_else(|| (self.from_name)(&enum_name(name)))
                .or_else(|| name.parse().ok().and_then(self.from_number));
            match known {
                Some(value) => Ok(value),
                None => self.keep(name),
            }
        }
        fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
            match (self.from_number)(number) {
                Some(value) => Ok(value),
                None => self.keep(&number.to_string()),
            }
        }
        fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
            match i64::try_from(number).ok().and_then(self.from_number) {
                Some(value) => Ok(value),
                None => self.keep(&number.to_string()),
            }
        }
        fn visit_f64<E: de::Error>(self, number: f64) -> Result<T, E> {
            match whole(number).and_then(self.from_number) {
                Some(value) => Ok(value),
                None => self.keep(&number.to_string()),
            }
        }
    }
    deserializer.deserialize_any(NameOrNumber {
        mode,
        from_name,
        from_number,
        unknown,
    })
}
