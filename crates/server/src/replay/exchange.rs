//! An exchange as it is written: one line of JSON.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Which form of recording this is.
pub(super) const FORMAT: u32 = 1;

/// The first line of a recording.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct First {
    #[serde(rename = "propusRecording")]
    pub(super) format: u32,
}

/// A request and its reply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Exchange {
    pub(super) method: String,
    pub(super) path: String,
    /// Without what holds a key.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) query: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) headers: Vec<(String, String)>,
    #[serde(default)]
    pub(super) body: Octets,
    /// A request may break off or be too long, too.
    #[serde(default, skip_serializing_if = "End::is_whole")]
    pub(super) body_end: End,
    pub(super) status: u16,
    /// Milliseconds from the request to the reply's head.
    pub(super) ms: u64,
    pub(super) reply_headers: Vec<(String, String)>,
    pub(super) chunks: Vec<Chunk>,
    #[serde(default, skip_serializing_if = "End::is_whole")]
    pub(super) end: End,
}

/// A piece of a reply's body, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chunk {
    /// Milliseconds from the request.
    pub(super) ms: u64,
    pub(super) data: Octets,
}

/// How a body ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum End {
    /// It came to its end.
    #[default]
    Whole,
    /// The sender broke off.
    Broken,
    /// The reader went away before the end.
    Left,
    /// It went on, and was too long to be kept.
    Long,
}

impl End {
    fn is_whole(&self) -> bool {
        *self == Self::Whole
    }
}

/// Bytes: a text where they are one, else `{"base64": "..."}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Octets(pub(super) Bytes);

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => text.serialize(to),
            Err(_) => Binary {
                base64: STANDARD.encode(&self.0),
            }
            .serialize(to),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Binary {
    base64: String,
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "neither a text nor {\"base64\": \"...\"}")]
        enum Either {
            Text(String),
            Binary(Binary),
        }
        match Either::deserialize(from)? {
            Either::Text(text) => Ok(Self(text.into())),
            Either::Binary(binary) => {
                let bytes = STANDARD.decode(binary.base64);
                bytes
                    .map(|bytes| Self(bytes.into()))
                    .map_err(|error| D::Error::custom(format!("`base64`: {error}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bytes_are_text_where_they_can_be() {
        for (bytes, json) in [
            (&b"hi\n"[..], r#""hi\n""#),
            (b"", r#""""#),
            (b"\xff\x00", r#"{"base64":"/wA="}"#),
        ] {
            let octets = Octets(Bytes::from_static(bytes));
            assert_eq!(serde_json::to_string(&octets).unwrap(), json);
        }
        let error = serde_json::from_str::<Octets>("3").unwrap_err();
        assert!(error.to_string().contains("neither a text"), "{error}");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(bytes: Vec<u8>, ms: u64) {
            let chunk = Chunk { ms, data: Octets(bytes.into()) };
            let json = serde_json::to_string(&chunk).unwrap();
            prop_assert!(!json.contains('\n'));
            prop_assert_eq!(serde_json::from_str::<Chunk>(&json).unwrap(), chunk);
        }
    }
}
