//! The path and the query of a call.

use http::uri::{InvalidUri, PathAndQuery};

/// What URLs carry as it is, in paths and queries alike; `%` begins what is encoded already.
const PLAIN: &[u8] = b"-._~!$&'()*+,;=:@/%";

/// A path that may have a query behind it, percent-encoded.
#[derive(Clone, Debug)]
pub(super) struct Target {
    text: String,
    /// Where the query's mark stands, if there is one.
    mark: Option<usize>,
}

impl Target {
    /// A path below a prefix. What URLs cannot carry is encoded.
    pub(super) fn new(prefix: &str, path: &str) -> Self {
        let mut text = String::with_capacity(prefix.len() + path.len() + 24);
        text.push_str(prefix);
        text.push('/');
        encode(&mut text, path, b"");
        Self { text, mark: None }
    }

    /// The path.
    pub(super) fn path(&self) -> &str {
        &self.text[..self.mark.unwrap_or(self.text.len())]
    }

    /// Replaces the query by one that is encoded already.
    pub(super) fn set_query(&mut self, query: Option<&str>) {
        self.text.truncate(self.path().len());
        self.mark = None;
        if let Some(query) = query {
            self.begin_pair();
            encode(&mut self.text, query, b"?");
        }
    }

    /// Adds a parameter.
    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.begin_pair();
        let begin = self.text.len();
        let text = std::mem::take(&mut self.text);
        let mut pairs = form_urlencoded::Serializer::for_suffix(text, begin);
        pairs.append_pair(name, value);
        self.text = pairs.finish();
    }

    /// In the form of HTTP.
    pub(super) fn into_http(self) -> Result<PathAndQuery, InvalidUri> {
        self.text.try_into()
    }

    fn begin_pair(&mut self) {
        if self.mark.is_some() {
            return self.text.push('&');
        }
        self.mark = Some(self.text.len());
        self.text.push('?');
    }
}

fn encode(out: &mut String, text: &str, also: &[u8]) {
    use std::fmt::Write;
    let is_plain =
        |byte: &u8| byte.is_ascii_alphanumeric() || PLAIN.contains(byte) || also.contains(byte);
    if text.as_bytes().iter().all(is_plain) {
        return out.push_str(text);
    }
    for byte in text.bytes() {
        match is_plain(&byte) {
            true => out.push(byte.into()),
            // A string takes everything.
            false => _ = write!(out, "%{byte:02X}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_encoded_stays_and_the_rest_is_encoded() {
        let target = Target::new("/prefix", "v1beta/models/a%2Fb?c#d e");
        assert_eq!(target.path(), "/prefix/v1beta/models/a%2Fb%3Fc%23d%20e");
    }

    #[test]
    fn queries_are_added_and_replaced() {
        let mut target = Target::new("", "x");
        target.add("alt", "sse");
        target.add("a b", "c&d=\u{e4}");
        let text = target.clone().into_http().unwrap().to_string();
        assert_eq!(text, "/x?alt=sse&a+b=c%26d%3D%C3%A4");
        target.set_query(Some("a=1&b=%20"));
        assert_eq!(
            target.clone().into_http().unwrap().to_string(),
            "/x?a=1&b=%20"
        );
        target.set_query(None);
        assert_eq!(target.into_http().unwrap().to_string(), "/x");
    }

    proptest! {
        #[test]
        fn every_target_can_be_sent(path in ".{0,30}", query in proptest::option::of(".{0,30}")) {
            let mut target = Target::new("/prefix", &path);
            target.set_query(query.as_deref());
            let sent = target.into_http().unwrap();
            prop_assert!(sent.path().starts_with("/prefix/"));
            prop_assert_eq!(sent.query().is_some(), query.is_some());
        }
    }
}
