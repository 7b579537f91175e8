//! Keys are in no recording.
//!
//! Headers that hold keys are not written, nor are such parameters of a query. The key that a request came
//! with is hidden wherever else it occurs, and so is what looks like one of Google's keys or tokens. Each
//! letter of it becomes an `x`: lengths stay, and with them `content-length` and the places where chunks
//! end, even amid a key.

use http::{HeaderMap, header};
use propus_wire::path;

/// A shorter secret is a test's word; hiding it would garble whatever contains it.
const SHORTEST: usize = 8;
/// How Google's keys and tokens begin, and how many letters follow at least.
const SHAPES: [(&[u8], usize); 3] = [(b"AIza", 20), (b"AQ.", 20), (b"ya29.", 20)];
/// Parameters of a query that hold a secret.
const PARAMETERS: [&str; 4] = ["key", "$key", "access_token", "oauth_token"];

/// The secrets that a request came with.
pub(super) fn of(headers: &HeaderMap, query: &str) -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    for name in ["x-goog-api-key", header::AUTHORIZATION.as_str()] {
        for value in headers.get_all(name) {
            let words = value.as_bytes().split(u8::is_ascii_whitespace);
            found.extend(words.map(<[u8]>::to_vec));
        }
    }
    for (raw, (name, value)) in pairs(query).zip(path::query(query)) {
        if PARAMETERS.contains(&name.as_ref()) {
            found.push(value.into_owned().into_bytes());
            let raw = raw.split_once('=').map_or("", |(_, value)| value);
            found.push(raw.as_bytes().to_vec());
        }
    }
    found.retain(|secret| secret.len() >= SHORTEST);
    // A secret that holds another one goes first, or its rest would stay.
    found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    found.dedup();
    found
}

/// A query without the parameters that hold secrets.
pub(super) fn without(query: &str) -> String {
    let named = pairs(query).zip(path::query(query));
    let kept = named.filter(|(_, (name, _))| !PARAMETERS.contains(&name.as_ref()));
    kept.map(|(raw, _)| raw).collect::<Vec<_>>().join("&")
}

/// The parameters as they are written.
fn pairs(query: &str) -> impl Iterator<Item = &str> {
    query.split('&').filter(|pair| !pair.is_empty())
}

/// Hides known secrets, and what looks like one.
pub(super) fn hide(bytes: &mut [u8], known: &[Vec<u8>]) {
    for secret in known {
        let mut from = 0;
        while let Some(at) = find(&bytes[from..], secret) {
            let start = from + at;
            bytes[start..start + secret.len()].fill(b'x');
            from = start + secret.len();
        }
    }
    for (beginning, least) in SHAPES {
        let mut from = 0;
        while let Some(at) = find(&bytes[from..], beginning) {
            let start = from + at;
            let after = start + beginning.len();
            let length = bytes[after..].iter().take_while(|b| is_letter(**b)).count();
            if length >= least && begins_a_word(&bytes[..start]) {
                bytes[start..after + length].fill(b'x');
            }
            from = after;
        }
    }
}

/// The same for a text.
pub(super) fn hidden(text: &str, known: &[Vec<u8>]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    hide(&mut bytes, known);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)
}

/// Whether a word may begin behind these bytes. Amid the letters of base64 it may not, or images would be
/// spoilt; behind an escape such as `\n`, `\u003d` or `%3D` it may.
fn begins_a_word(before: &[u8]) -> bool {
    let Some(last) = before.last() else {
        return true;
    };
    if !last.is_ascii_alphanumeric() {
        return true;
    }
    let ends_so = |length: usize, start: &[u8]| {
        let tail = before.len().checked_sub(length).map(|from| &before[from..]);
        tail.is_some_and(|tail| {
            let (begins, digits) = tail.split_at(start.len().min(tail.len()));
            begins == start && digits.iter().all(u8::is_ascii_hexdigit)
        })
    };
    let after_backslash = before.len() >= 2 && before[before.len() - 2] == b'\\';
    (after_backslash && b"nrtbf".contains(last)) || ends_so(6, b"\\u") || ends_so(3, b"%")
}

/// The first place of a needle.
fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(at) = hay[from..].iter().position(|byte| *byte == first) {
        let start = from + at;
        if hay[start..].starts_with(needle) {
            return Some(start);
        }
        from = start + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    const KEY: &str = "AIzaSyA1234567890abcdefghijklmnopqrstuv";

    #[test]
    fn keys_are_hidden_and_nothing_else() {
        let x = "x".repeat(KEY.len());
        for (text, expected) in [
            (format!("key={KEY}&a=b"), format!("key={x}&a=b")),
            (format!("\"a\\n{KEY}\""), format!("\"a\\n{x}\"")),
            (format!("key\\u003d{KEY}"), format!("key\\u003d{x}")),
            (format!("key%3D{KEY}."), format!("key%3D{x}x")),
            (KEY.into(), x.clone()),
            (format!("iVBORw0{KEY}/+a"), format!("iVBORw0{KEY}/+a")),
            ("AIza is short".into(), "AIza is short".into()),
            (
                "AQ.Ab8RN6abcdefghijklmnop!".into(),
                format!("{}!", "x".repeat(25)),
            ),
            (String::new(), String::new()),
        ] {
            assert_eq!(hidden(&text, &[]), expected);
        }
        let known = [b"my-own-secret".to_vec()];
        assert_eq!(hidden("amy-own-secretb", &known), "axxxxxxxxxxxxxb");
    }

    #[test]
    fn secrets_are_found_where_keys_are_sent() {
        let mut headers = HeaderMap::new();
        headers.insert("x-goog-api-key", HeaderValue::from_static("first-key"));
        headers.insert(
            "authorization",
            HeaderValue::from_static("Bearer second-key-12"),
        );
        let found = of(
            &headers,
            "key=third%2Dkey&alt=sse&access_token=short&x=12345678",
        );
        let found: Vec<_> = found.iter().map(|s| String::from_utf8_lossy(s)).collect();
        assert_eq!(
            found,
            ["second-key-12", "third%2Dkey", "first-key", "third-key"]
        );
        let query = "a=1&key=k&%24key=k&alt=sse&&oauth_token=t";
        assert_eq!(without(query), "a=1&alt=sse");
    }

    proptest! {
        #[test]
        fn lengths_stay_and_secrets_go(before in "\\PC{0,20}", after in "\\PC{0,20}", secret in "[A-Za-z0-9._-]{8,40}") {
            let known = vec![secret.clone().into_bytes()];
            let text = format!("{before}{secret}{after}{secret}");
            let mut bytes = text.clone().into_bytes();
            hide(&mut bytes, &known);
            prop_assert_eq!(bytes.len(), text.len());
            let all_x = secret.bytes().all(|byte| byte == b'x');
            prop_assert!(all_x || find(&bytes, secret.as_bytes()).is_none());
        }

        #[test]
        fn any_bytes_are_taken(mut bytes: Vec<u8>, known: Vec<Vec<u8>>) {
            hide(&mut bytes, &known);
        }
    }
}
