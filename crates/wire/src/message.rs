//! What a message is: a Rust struct, its proto3 JSON form, and a table of its fields.
//!
//! The [`message!`](macro@crate::message) macro makes all three from one listing, so that the typed
//! parser, the writer and the thorough check of a bad request cannot disagree about a field.

use crate::{Surface, scalar::Scalar};
use indexmap::IndexMap;
use serde::{
    Deserializer, Serializer,
    de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor},
    ser::SerializeSeq,
};
use std::{fmt, marker::PhantomData};

/// How a body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A request: unknown fields and enum values are errors, and only fields of the surface exist.
    Strict(Surface),
    /// A reply: unknown fields are skipped and unknown enum values kept.
    Lenient,
}

impl Mode {
    /// Whether this mode accepts a field with the given mark.
    pub fn knows(self, beta_only: bool) -> bool {
        !(beta_only && self == Mode::Strict(Surface::LegacyV1))
    }

    /// Whether unknown names and values are errors.
    pub fn is_strict(self) -> bool {
        matches!(self, Mode::Strict(_))
    }
}

/// A message of the API.
pub trait Message: Default + Sized {
    /// The table of its fields.
    fn descriptor() -> &'static Descriptor;

    /// Reads one JSON object.
    fn read<'de, D: Deserializer<'de>>(deserializer: D, mode: Mode) -> Result<Self, D::Error>;

    /// Reads a whole JSON text. The error says where it failed; it is not meant for callers of the
    /// API, who get Google's wording from a thorough second walk.
    fn from_json(json: &[u8], mode: Mode) -> Result<Self, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let message = Self::read(&mut deserializer, mode)?;
        deserializer.end()?;
        Ok(message)
    }
}

/// A message's name and fields, for walking JSON without its type.
#[derive(Debug)]
pub struct Descriptor {
    /// The proto name relative to the package, such as `Candidate.FinishReason`'s parent `Candidate`.
    pub name: &'static str,
    /// Its fields, in the order in which they are written.
    pub fields: &'static [Field],
}

impl Descriptor {
    /// Finds a field by its camelCase or its snake_case name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields
            .iter()
            .find(|field| field.json == name || field.name == name)
    }
}

/// One field of a message.
#[derive(Debug)]
pub struct Field {
    /// The proto name, snake_case: what error messages print.
    pub name: &'static str,
    /// The JSON name, lowerCamelCase: what replies carry.
    pub json: &'static str,
    /// The type of one value.
    pub kind: Kind,
    /// Singular, repeated or a map with string keys.
    pub label: Label,
    /// The oneof it belongs to, if any: at most one field of it may be set.
    pub oneof: Option<&'static str>,
    /// Not part of `v1` before 2026 (see [`Surface::LegacyV1`]).
    pub beta_only: bool,
}

/// How many values a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// At most one.
    Singular,
    /// A list; a lone value is read as a list of one, as Google does.
    Repeated,
    /// An object whose names are free.
    Map,
}

/// The type of one value.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// UTF-8 text.
    String,
    /// A 32-bit integer; digits in a string are accepted.
    Int32,
    /// A 64-bit integer, written as a string.
    Int64,
    /// A 32-bit float.
    Float,
    /// A 64-bit float.
    Double,
    /// `true` or `false`.
    Bool,
    /// Base64, either alphabet.
    Bytes,
    /// Seconds with an `s`, such as `3.5s`.
    Duration,
    /// RFC 3339 text.
    Timestamp,
    /// Any JSON object.
    Struct,
    /// Any JSON value.
    Value,
    /// A name or a number from a closed list.
    Enum(&'static EnumDescriptor),
    /// Another message.
    Message(fn() -> &'static Descriptor),
}

/// An enum's name and values.
#[derive(Debug)]
pub struct EnumDescriptor {
    /// The proto name relative to the package, such as `Candidate.FinishReason`.
    pub name: &'static str,
    /// Names and numbers.
    pub values: &'static [(&'static str, i32)],
}

impl EnumDescriptor {
    /// The number of a name.
    pub fn number(&self, name: &str) -> Option<i32> {
        self.values
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, number)| *number)
    }

    /// The number of a name as requests may write it: in any case, with dashes, or as digits.
    pub fn number_in(&self, text: &str) -> Option<i32> {
        let listed = |number: &i32| self.name_of(*number).is_some();
        self.number(text)
            .or_else(|| self.number(&enum_name(text)))
            .or_else(|| text.parse().ok().filter(listed))
    }

    /// The name of a number.
    pub fn name_of(&self, number: i32) -> Option<&'static str> {
        self.values
            .iter()
            .find(|(_, known)| *known == number)
            .map(|(name, _)| *name)
    }
}

/// An enum's name in its usual spelling.
pub(crate) fn enum_name(text: &str) -> String {
    text.to_ascii_uppercase().replace('-', "_")
}

/// What a struct field of a message may be: `Option<T>`, `Vec<T>` or a map to `T`.
pub trait FieldValue: Default {
    /// The type of one value.
    const KIND: Kind;
    /// How many of them.
    const LABEL: Label;
    /// Reads the field's value; `null` leaves it unset.
    fn read<'de, D: Deserializer<'de>>(deserializer: D, mode: Mode) -> Result<Self, D::Error>;
    /// Writes the field's value.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
    /// Whether the field is left out of the JSON.
    fn is_unset(&self) -> bool;
}

impl<T: Scalar> FieldValue for Option<T> {
    const KIND: Kind = T::KIND;
    const LABEL: Label = Label::Singular;

    fn read<'de, D: Deserializer<'de>>(deserializer: D, mode: Mode) -> Result<Self, D::Error> {
        struct Nullable<T>(Mode, PhantomData<T>);
        impl<'de, T: Scalar> Visitor<'de> for Nullable<T> {
            type Value = Option<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a {:?} value", T::KIND)
            }
            fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(None)
            }
            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(None)
            }
            fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
                T::read(d, self.0).map(Some)
            }
        }
        deserializer.deserialize_option(Nullable(mode, PhantomData))
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => value.write(serializer),
            None => serializer.serialize_none(),
        }
    }

    fn is_unset(&self) -> bool {
        self.is_none()
    }
}

impl<T: Scalar> FieldValue for Vec<T> {
    const KIND: Kind = T::KIND;
    const LABEL: Label = Label::Repeated;

    fn read<'de, D: Deserializer<'de>>(deserializer: D, mode: Mode) -> Result<Self, D::Error> {
        deserializer.deserialize_any(List(mode, PhantomData))
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.len()))?;
        for value in self {
            seq.serialize_element(&Written(value))?;
        }
        seq.end()
    }

    fn is_unset(&self) -> bool {
        self.is_empty()
    }
}

/// A list, or a lone value taken as a list of one.
struct List<T>(Mode, PhantomData<T>);

impl<T: Scalar> List<T> {
    fn one<'de, D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<T>, D::Error> {
        Ok(vec![T::read(deserializer, self.0)?])
    }
}

impl<'de, T: Scalar> Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of {:?} values", T::KIND)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let Some(first) = seq.next_element_seed(Seed::<T>(self.0, PhantomData))? else {
            return Ok(Vec::new());
        };
        // Most lists of replies have one entry, and entries are large: no room for more at first.
        let mut list = vec![first];
        while let Some(value) = seq.next_element_seed(Seed::<T>(self.0, PhantomData))? {
            list.push(value);
        }
        Ok(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        self.one(de::value::MapAccessDeserializer::new(map))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        self.one(de::IntoDeserializer::into_deserializer(text))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        self.one(de::IntoDeserializer::into_deserializer(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        self.one(de::IntoDeserializer::into_deserializer(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        self.one(de::IntoDeserializer::into_deserializer(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        self.one(de::IntoDeserializer::into_deserializer(value))
    }
}

impl<T: Scalar> FieldValue for IndexMap<String, T> {
    const KIND: Kind = T::KIND;
    const LABEL: Label = Label::Map;

    fn read<'de, D: Deserializer<'de>>(deserializer: D, mode: Mode) -> Result<Self, D::Error> {
        struct Entries<T>(Mode, PhantomData<T>);
        impl<'de, T: Scalar> Visitor<'de> for Entries<T> {
            type Value = IndexMap<String, T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an object of {:?} values", T::KIND)
            }
            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(IndexMap::new())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = IndexMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    let value = map.next_value_seed(Seed::<T>(self.0, PhantomData))?;
                    entries.insert(name, value);
                }
                Ok(entries)
            }
        }
        deserializer.deserialize_any(Entries(mode, PhantomData))
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(name, value)| (name, Written(value))))
    }

    fn is_unset(&self) -> bool {
        self.is_empty()
    }
}

/// Carries the mode into one value of a list or map.
struct Seed<T>(Mode, PhantomData<T>);

impl<'de, T: Scalar> DeserializeSeed<'de> for Seed<T> {
    type Value = T;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::read(deserializer, self.0)
    }
}

/// Carries the mode into a field; used by the macro.
#[doc(hidden)]
pub struct FieldSeed<T>(pub Mode, pub PhantomData<T>);

impl<'de, T: FieldValue> DeserializeSeed<'de> for FieldSeed<T> {
    type Value = T;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::read(deserializer, self.0)
    }
}

struct Written<'a, T>(&'a T);

impl<T: Scalar> serde::Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

/// Lets the macro write a field through serde's `SerializeStruct`.
#[doc(hidden)]
pub struct WrittenField<'a, T>(pub &'a T);

impl<T: FieldValue> serde::Serialize for WrittenField<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

/// The snake_case name without a raw identifier's `r#`.
#[doc(hidden)]
pub const fn plain(name: &'static str) -> &'static str {
    match name.as_bytes() {
        [b'r', b'#', ..] => name.split_at(2).1,
        _ => name,
    }
}

/// Length of a snake_case name in lowerCamelCase.
#[doc(hidden)]
pub const fn camel_length(name: &str) -> usize {
    let bytes = name.as_bytes();
    let (mut at, mut length) = (0, 0);
    while at < bytes.len() {
        if bytes[at] != b'_' {
            length += 1;
        }
        at += 1;
    }
    length
}

/// A snake_case name in lowerCamelCase.
#[doc(hidden)]
pub const fn camel<const N: usize>(name: &str) -> [u8; N] {
    let bytes = name.as_bytes();
    let mut out = [0; N];
    let (mut at, mut length, mut upper) = (0, 0, false);
    while at < bytes.len() {
        if bytes[at] == b'_' {
            upper = true;
        } else {
            out[length] = if upper {
                bytes[at].to_ascii_uppercase()
            } else {
                bytes[at]
            };
            upper = false;
            length += 1;
        }
        at += 1;
    }
    out
}

/// Declares messages: struct, JSON form and field table from one listing.
///
/// A field is `name: Type` with `Option`, `Vec` or `IndexMap`, followed by marks: `beta` (absent
/// from `v1` before 2026), `@oneof(group)`, `@json("jsonName", "proto_name")` where the names are irregular.
#[macro_export]
macro_rules! message {
    ($(
        $(#[$doc:meta])*
        pub struct $Type:ident $(= $proto:literal)? {
            $( $(#[$field_doc:meta])* $field:ident : $ty:ty $(, @oneof($oneof:ident))? $(, @json($json:literal, $snake:literal))? $(, $beta:ident)? ; )*
        }
    )*) => {$(
        $(#[$doc])*
        #[derive(Debug, Default, PartialEq)]
        pub struct $Type {
            $( $(#[$field_doc])* pub $field: $ty, )*
        }

        impl Clone for $Type {
            fn clone(&self) -> Self {
                Self { $( $field: self.$field.clone(), )* }
            }

            /// Field by field, so that lists and texts are written over and not made anew.
            fn clone_from(&mut self, source: &Self) {
                $( self.$field.clone_from(&source.$field); )*
            }
        }

        impl $crate::message::Message for $Type {
            fn descriptor() -> &'static $crate::message::Descriptor {
                use $crate::message::{Descriptor, Field, FieldValue};
                static TABLE: Descriptor = Descriptor {
                    name: $crate::message!(@first $($proto,)? stringify!($Type),),
                    fields: &[$( Field {
                        name: $crate::message!(@first $($snake,)?
                            $crate::message::plain(stringify!($field)),),
                        json: $crate::message!(@first $($json,)? {
                            const NAME: &str = $crate::message::plain(stringify!($field));
                            const BYTES: [u8; $crate::message::camel_length(NAME)] =
                                $crate::message::camel(NAME);
                            match ::std::str::from_utf8(&BYTES) {
                                Ok(name) => name,
                                Err(_) => panic!("a field name is ASCII"),
                            }
                        },),
                        kind: <$ty as FieldValue>::KIND,
                        label: <$ty as FieldValue>::LABEL,
                        oneof: $crate::message!(@oneof $($oneof)?),
                        beta_only: $crate::message!(@beta $($beta)?),
                    }, )*],
                };
                &TABLE
            }

            fn read<'de, D: ::serde::Deserializer<'de>>(
                deserializer: D,
                mode: $crate::message::Mode,
            ) -> Result<Self, D::Error> {
                struct Fields($crate::message::Mode);
                impl<'de> ::serde::de::Visitor<'de> for Fields {
                    type Value = $Type;
                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str(concat!("an object of type ", stringify!($Type)))
                    }
                    #[allow(unused_mut, unused_variables, unused_assignments)]
                    fn visit_map<A: ::serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$Type, A::Error> {
                        use $crate::message::{FieldSeed, Message};
                        let table = <$Type as Message>::descriptor();
                        let mut message = $Type::default();
                        let mut next = 0;
                        while let Some(index) = map.next_key_seed($crate::message::Names(table, self.0, next))? {
                            next = index.map_or(next, |index| index + 1);
                            let mut at = 0usize;
                            $(
                                if index == Some(at) {
                                    message.$field = map.next_value_seed(
                                        FieldSeed(self.0, ::std::marker::PhantomData))?;
                                    continue;
                                }
                                at += 1;
                            )*
                            map.next_value::<::serde::de::IgnoredAny>()?;
                        }
                        if self.0.is_strict() && message.has_oneof_conflict() {
                            return Err(::serde::de::Error::custom("two fields of a oneof are set"));
                        }
                        Ok(message)
                    }
                }
                deserializer.deserialize_map(Fields(mode))
            }
        }

        impl $Type {
            #[allow(unused_mut)]
            fn has_oneof_conflict(&self) -> bool {
                $crate::message!(@conflict self; $( $field $($oneof)? ; )*)
            }
        }

        impl ::serde::Serialize for $Type {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                #[allow(unused_imports)]
                use ::serde::ser::SerializeMap as _;
                #[allow(unused_imports)]
                use $crate::message::{FieldValue as _, Message as _};
                #[allow(unused_variables)]
                let table = Self::descriptor();
                #[allow(unused_mut)]
                let mut map = serializer.serialize_map(None)?;
                #[allow(unused_mut, unused_variables, unused_assignments)]
                {
                    let mut at = 0usize;
                    $(
                        if !self.$field.is_unset() {
                            map.serialize_entry(table.fields[at].json,
                                &$crate::message::WrittenField(&self.$field))?;
                        }
                        at += 1;
                    )*
                }
                map.end()
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $Type {
            /// Reads leniently, as replies are read.
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <Self as $crate::message::Message>::read(deserializer, $crate::message::Mode::Lenient)
            }
        }

        impl $crate::scalar::Scalar for $Type {
            const KIND: $crate::message::Kind =
                $crate::message::Kind::Message(<$Type as $crate::message::Message>::descriptor);
            fn read<'de, D: ::serde::Deserializer<'de>>(
                deserializer: D,
                mode: $crate::message::Mode,
            ) -> Result<Self, D::Error> {
                <Self as $crate::message::Message>::read(deserializer, mode)
            }
            fn write<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                ::serde::Serialize::serialize(self, serializer)
            }
        }
    )*};
    (@first $one:expr, $($rest:expr,)*) => { $one };
    (@oneof) => { None };
    (@oneof $group:ident) => { Some(stringify!($group)) };
    (@beta) => { false };
    (@beta beta) => { true };
    (@conflict $self:ident; $( $field:ident $($oneof:ident)? ; )*) => {{
        // Most messages have no group, and those that have one have no more.
        let mut last: Option<&'static str> = None;
        let mut seen: Vec<&'static str> = Vec::new();
        $( $crate::message!(@member $self last seen $field $($oneof)?); )*
        let _ = (&mut last, &mut seen);
        false
    }};
    (@member $self:ident $last:ident $seen:ident $field:ident) => {};
    (@member $self:ident $last:ident $seen:ident $field:ident $group:ident) => {
        if !$crate::message::FieldValue::is_unset(&$self.$field) {
            if $last == Some(stringify!($group)) || $seen.contains(&stringify!($group)) {
                return true;
            }
            $seen.extend($last.replace(stringify!($group)));
        }
    };
}

/// Reads a field name and finds its place in the table; used by the macro. Names come in the
/// table's order, mostly: the search begins at a place.
#[doc(hidden)]
pub struct Names(pub &'static Descriptor, pub Mode, pub usize);

impl<'de> DeserializeSeed<'de> for Names {
    type Value = Option<usize>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Names {
    type Value = Option<usize>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }
    fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
        let Names(table, mode, begin) = self;
        let mut places = (begin..table.fields.len()).chain(0..begin);
        let index = places.find(|place| {
            let field = &table.fields[*place];
            field.json == name || field.name == name
        });
        match index {
            Some(index) if mode.knows(table.fields[index].beta_only) => Ok(Some(index)),
            _ if mode.is_strict() => Err(E::custom(format_args!("unknown field `{name}`"))),
            _ => Ok(None),
        }
    }
}

/// Declares enums: names and numbers of the API, with unknown values of replies kept.
#[macro_export]
macro_rules! open_enum {
    ($(
        $(#[$doc:meta])*
        pub enum $Type:ident = $proto:literal {
            $( $(#[$value_doc:meta])* $Value:ident = $name:literal $number:literal, )*
        }
    )*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum $Type {
            $( $(#[$value_doc])* $Value, )*
            /// A value that this version does not know, as it was received.
            Unknown(Box<str>),
        }

        impl $Type {
            /// The enum's names and numbers.
            pub const DESCRIPTOR: &'static $crate::message::EnumDescriptor =
                &$crate::message::EnumDescriptor {
                    name: $proto,
                    values: &[$( ($name, $number), )*],
                };

            /// The name on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$Value => $name, )*
                    Self::Unknown(name) => name,
                }
            }

            /// Reads a wire name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $( $name => Some(Self::$Value), )*
                    _ => None,
                }
            }

            /// Reads a wire number.
            pub fn from_number(number: i64) -> Option<Self> {
                match number {
                    $( $number => Some(Self::$Value), )*
                    _ => None,
                }
            }
        }

        impl $crate::scalar::Scalar for $Type {
            const KIND: $crate::message::Kind = $crate::message::Kind::Enum(Self::DESCRIPTOR);
            fn read<'de, D: ::serde::Deserializer<'de>>(
                deserializer: D,
                mode: $crate::message::Mode,
            ) -> Result<Self, D::Error> {
                $crate::scalar::read_enum(deserializer, mode, Self::from_name, Self::from_number, Self::Unknown)
            }
            fn write<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    )*};
}

#[cfg(test)]
mod tests {
    use crate::{Message, Mode, Surface, generate::*};

    const MODERN: Mode = Mode::Strict(Surface::Modern);

    fn reads(json: &str) -> GenerateContentRequest {
        GenerateContentRequest::from_json(json.as_bytes(), MODERN).unwrap()
    }

    #[test]
    fn both_spellings_mix_in_one_body() {
        let request = reads(
            r#"{"contents":{"parts":{"text":"hi"}},"system_instruction":{"parts":[{"text":"s"}]},
                "generationConfig":{"max_output_tokens":"5","stopSequences":"x","topK":40.0},
                "safetySettings":[{"category":7,"threshold":"BLOCK_NONE"}]}"#,
        );
        assert_eq!(request.contents[0].parts[0].text.as_deref(), Some("hi"));
        let config = request.generation_config.unwrap();
        assert_eq!(config.max_output_tokens, Some(5));
        assert_eq!(config.stop_sequences, ["x"]);
        assert_eq!(config.top_k, Some(40));
        assert_eq!(
            request.safety_settings[0].category,
            Some(HarmCategory::Harassment)
        );
    }

    #[test]
    fn requests_are_strict_and_replies_are_not() {
        for bad in [
            r#"{"contentz":[]}"#,
            r#"{"safetySettings":[{"category":"BANANA"}]}"#,
            r#"{"contents":[{"parts":[{"text":"a","inlineData":{}}]}]}"#,
            r#"{"contents":[]} x"#,
        ] {
            let result = GenerateContentRequest::from_json(bad.as_bytes(), MODERN);
            assert!(result.is_err(), "{bad}");
        }
        let reply = br#"{"candidates":[{"finishReason":"NEW_ONE","x":1}],"turnToken":"t"}"#;
        let reply = GenerateContentResponse::from_json(reply, Mode::Lenient).unwrap();
        let reason = reply.candidates[0].finish_reason.clone();
        assert_eq!(reason, Some(FinishReason::Unknown("NEW_ONE".into())));
    }

    #[test]
    fn legacy_v1_lacks_the_beta_fields() {
        let body = br#"{"contents":[],"tools":[]}"#;
        let legacy = Mode::Strict(Surface::LegacyV1);
        assert!(GenerateContentRequest::from_json(body, MODERN).is_ok());
        assert!(GenerateContentRequest::from_json(body, legacy).is_err());
    }

    #[test]
    fn keywords_lose_their_raw_mark_in_json() {
        let table = crate::schema::Schema::descriptor();
        assert_eq!(table.fields[0].json, "type");
        assert_eq!(table.field("any_of").unwrap().json, "anyOf");
        let config = GenerationConfig::descriptor();
        assert!(config.field("_responseJsonSchema").is_some());
        assert!(config.field("_response_json_schema").is_some());
        assert!(config.field("privateResponseJsonSchema").is_none());
    }

    #[test]
    fn what_is_written_is_read_again() {
        let json = r#"{"contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":"AAEC"}}],"role":"user"}],"generationConfig":{"temperature":0.5,"responseSchema":{"type":"OBJECT","properties":{"b":{"type":"STRING"},"a":{"type":"INTEGER","maxItems":"3"}}},"_responseJsonSchema":{"z":1,"a":2}}}"#;
        let request = reads(json);
        assert_eq!(serde_json::to_string(&request).unwrap(), json);
    }
}
