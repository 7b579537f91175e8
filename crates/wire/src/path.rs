//! Resource paths of the API: `/v1beta/models/NAME:METHOD` and the rest.

use crate::Version;
use std::borrow::Cow;

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Path<'a> {
    /// `/{version}/models`
    Models(Version),
    /// `/{version}/models/{name}`
    Model(Version, Cow<'a, str>),
    /// `/{version}/{collection}/{name}:{method}` with a collection that can generate.
    Method(Version, Resource<'a>, Cow<'a, str>),
    /// `/v1beta/openai/{rest}`
    OpenAi(Version, Cow<'a, str>),
}

/// A model or something that acts as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource<'a> {
    /// `models`, `tunedModels` or `dynamic`.
    pub collection: &'static str,
    /// The name without the collection.
    pub name: Cow<'a, str>,
}

const COLLECTIONS: [&str; 3] = ["models", "tunedModels", "dynamic"];

impl<'a> Path<'a> {
    /// Reads a URL path. `None` is a path that Google's front end does not know: it answers with an
    /// HTML page, as it does for `models/google/x` and for Vertex paths.
    pub fn parse(path: &'a str) -> Option<Self> {
        let (version, rest) = path.strip_prefix('/')?.split_once('/')?;
        let version = Version::from_segment(version)?;
        if rest == "models" {
            return Some(Self::Models(version));
        }
        let (collection, rest) = rest.split_once('/')?;
        if collection == "openai" {
            return (version == Version::V1Beta).then(|| Self::OpenAi(version, decode(rest)));
        }
        let collection = COLLECTIONS.into_iter().find(|known| *known == collection)?;
        let rest = decode(rest);
        if rest.contains('/') {
            return None;
        }
        match split_method(&rest) {
            Some((name, method)) if !name.is_empty() && !method.is_empty() => {
                Some(Self::Method(version, Resource { collection, name }, method))
            }
            None if !rest.is_empty() && collection == "models" => Some(Self::Model(version, rest)),
            _ => None,
        }
    }
}

/// The method stands behind the last colon: model names may hold colons of their own.
fn split_method<'a>(rest: &Cow<'a, str>) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
    let colon = rest.rfind(':')?;
    let part = |from, to| match rest {
        Cow::Borrowed(rest) => Cow::Borrowed(&rest[from..to]),
        Cow::Owned(rest) => Cow::Owned(rest[from..to].to_owned()),
    };
    Some((part(0, colon), part(colon + 1, rest.len())))
}

/// A model's name without `models/`.
pub fn bare_model(name: &str) -> &str {
    name.strip_prefix("models/").unwrap_or(name)
}

/// Undoes percent-encoding; clients encode the colon at times. Bad escapes stay as they are.
fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match escape.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

/// Reads the query part of a URL into names and values, both decoded.
pub fn query(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (plus_decode(name), plus_decode(value))
    })
}

fn plus_decode(text: &str) -> Cow<'_, str> {
    if text.contains('+') {
        Cow::Owned(decode(&text.replace('+', " ")).into_owned())
    } else {
        decode(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn method(version: Version, name: &'static str, method: &'static str) -> Option<Path<'static>> {
        let resource = Resource {
            collection: "models",
            name: name.into(),
        };
        Some(Path::Method(version, resource, method.into()))
    }

    #[test]
    fn paths_that_exist() {
        let generate = "generateContent";
        assert_eq!(Path::parse("/v1/models"), Some(Path::Models(Version::V1)));
        assert_eq!(
            Path::parse("/v1beta/models/a"),
            Some(Path::Model(Version::V1Beta, "a".into()))
        );
        assert_eq!(
            Path::parse("/v1beta/models/a:generateContent"),
            method(Version::V1Beta, "a", generate)
        );
        assert_eq!(
            Path::parse("/v1/models/a%3AgenerateContent"),
            method(Version::V1, "a", generate)
        );
        assert_eq!(
            Path::parse("/v1/models/a:b:generateContent"),
            method(Version::V1, "a:b", generate)
        );
        assert_eq!(
            Path::parse("/v1beta/openai/chat/completions"),
            Some(Path::OpenAi(Version::V1Beta, "chat/completions".into()))
        );
    }

    #[test]
    fn paths_that_the_front_end_does_not_know() {
        for path in [
            "",
            "/",
            "/v2/models",
            "/v1beta/models/",
            "/v1beta/models/google/gemini:generateContent",
            "/v1beta/models/publishers%2Fgoogle/models/x:generateContent",
            "/v1beta/models/:generateContent",
            "/v1beta/models/x:",
            "/v1beta1/projects/p/locations/l/publishers/google/models/x:generateContent",
            "/v1/openai/chat/completions",
            "/v1beta/tunedModels/x",
        ] {
            assert_eq!(Path::parse(path), None, "{path}");
        }
    }

    #[test]
    fn queries_are_decoded() {
        let pairs: Vec<_> = query("%24alt=json%3Benum-encoding%3Dint&key=a+b&x").collect();
        let plain = [
            ("$alt", "json;enum-encoding=int"),
            ("key", "a b"),
            ("x", ""),
        ];
        assert_eq!(
            pairs,
            plain.map(|(name, value)| (name.into(), value.into()))
        );
    }
}
