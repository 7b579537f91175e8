//! Finds in the text of a request what a message of Google's means.

use std::{borrow::Cow, ops::Range};

/// The bytes that a path means, or the key of a name in the object there.
pub(crate) fn find(body: &[u8], path: &str, name: Option<&str>) -> Option<Range<usize>> {
    let body = std::str::from_utf8(body).ok()?;
    Reader { body, at: 0 }.descend(&steps(path), name)
}

/// The letter at a byte; nothing at the end.
pub(super) fn letter(body: &[u8], at: usize) -> Option<Range<usize>> {
    let body = std::str::from_utf8(body).ok()?;
    let letter = body.get(at..)?.chars().next();
    Some(at..at + letter.map_or(0, char::len_utf8))
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// A field, which may be written in either spelling.
    Field(String),
    /// A key of the caller's own, as it stands.
    Key(String),
    Item(usize),
}

/// `contents[0].parts` and `properties["a b"].type` as steps. The reader of messages writes the entries
/// of a map by their number and `value`: `properties[3].value`.
fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        rest = rest.trim_start_matches('.');
        if let Some(inner) = rest.strip_prefix('[') {
            let (step, after) = bracketed(inner);
            steps.push(step);
            rest = after;
            continue;
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        steps.push(Step::Field(plain(&rest[..end])));
        rest = &rest[end..];
    }
    steps
}

/// The step behind an opening bracket, and what follows the closing one. In quotes stands a key,
/// escaped as in JSON.
fn bracketed(inner: &str) -> (Step, &str) {
    let length = match inner.starts_with('"') {
        true => Reader { body: inner, at: 0 }.skip(),
        false => inner.find(']').unwrap_or(inner.len()),
    };
    let (index, after) = inner.split_at(length);
    let step = match index.parse() {
        Ok(number) => Step::Item(number),
        Err(_) => Step::Key(key(index).into_owned()),
    };
    (step, after.strip_prefix(']').unwrap_or(after))
}

/// A field's name in either spelling.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|letter| *letter != '_');
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

/// What a key says, without quotes and escapes.
fn key(written: &str) -> Cow<'_, str> {
    let quoted = |quote: char| written.strip_prefix(quote)?.strip_suffix(quote);
    let bare = quoted('"').or_else(|| quoted('\'')).unwrap_or(written);
    match bare.contains('\\') {
        true => serde_json::from_str(written).map_or(Cow::Borrowed(bare), Cow::Owned),
        false => Cow::Borrowed(bare),
    }
}

/// Walks through JSON as far as it goes, forgiving what is odd.
struct Reader<'a> {
    body: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.body[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.body.as_bytes().get(self.at).copied()
    }

    /// The value at the end of the steps; with a name, the key of that name in it.
    fn descend(&mut self, steps: &[Step], name: Option<&str>) -> Option<Range<usize>> {
        let first = self.peek()?;
        let Some((step, rest)) = steps.split_first() else {
            return match name {
                Some(name) => self.key(name),
                None => Some(self.at..self.skip()),
            };
        };
        match (step, first) {
            (Step::Field(field), b'{') => {
                self.entry(|found, _| plain(found) == *field)?;
                self.descend(rest, name)
            }
            (Step::Key(key), b'{') => {
                self.entry(|found, _| found == key)?;
                self.descend(rest, name)
            }
            // An entry of a map, by its number.
            (Step::Item(wanted), b'{') if is_value(rest.first()) => {
                self.entry(|_, number| number == *wanted)?;
                self.descend(&rest[1..], name)
            }
            (Step::Item(wanted), b'[') => {
                self.at += 1;
                for _ in 0..*wanted {
                    self.skip();
                    if self.peek()? != b',' {
                        return None;
                    }
                    self.at += 1;
                }
                self.descend(rest, name)
            }
            // A single value stands for a list of one.
            (Step::Item(0), _) => self.descend(rest, name),
            (Step::Field(_) | Step::Key(_), b'[') => {
                self.at += 1;
                self.descend(steps, name)
            }
            _ => None,
        }
    }

    /// Goes to the value of the entry of an object that is wanted.
    fn entry(&mut self, wanted: impl Fn(&str, usize) -> bool) -> Option<Range<usize>> {
        self.at += 1;
        let mut number = 0;
        loop {
            match self.peek()? {
                b'}' => return None,
                b',' => {
                    self.at += 1;
                    continue;
                }
                _ => (),
            }
            let start = self.at;
            let end = self.skip();
            let found = wanted(&key(&self.body[start..end]), number);
            if self.peek()? != b':' {
                return None;
            }
            self.at += 1;
            if found {
                return Some(start..end);
            }
            self.skip();
            number += 1;
        }
    }

    /// The key of a name, in the object that comes next.
    fn key(&mut self, name: &str) -> Option<Range<usize>> {
        match self.peek()? {
            b'{' => self.entry(|found, _| found == name),
            b'[' => {
                self.at += 1;
                self.key(name)
            }
            _ => None,
        }
    }

    /// Goes past a value, a key or a single mark, and gives its end.
    fn skip(&mut self) -> usize {
        let Some(first) = self.peek() else {
            return self.at;
        };
        match first {
            b'"' | b'\'' => self.skip_text(first),
            b'{' | b'[' => self.skip_nest(),
            _ => {
                let rest = &self.body[self.at..];
                let end = rest.find([',', '}', ']', ':', ' ', '\n', '\r', '\t']);
                let least = rest.chars().next().map_or(1, char::len_utf8);
                self.at += end.unwrap_or(rest.len()).max(least);
            }
        }
        self.at
    }

    fn skip_text(&mut self, quote: u8) {
        let bytes = self.body.as_bytes();
        self.at += 1;
        while let Some(byte) = bytes.get(self.at) {
            self.at += 1;
            match *byte {
                b'\\' => self.at += 1,
                byte if byte == quote => break,
                _ => (),
            }
        }
        self.at = self.at.min(bytes.len());
        while !self.body.is_char_boundary(self.at) {
            self.at += 1;
        }
    }

    fn skip_nest(&mut self) {
        let mut depth = 0usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                quote @ (b'"' | b'\'') => {
                    self.skip_text(quote);
                    continue;
                }
                _ => (),
            }
            self.at += self.body[self.at..]
                .chars()
                .next()
                .map_or(1, char::len_utf8);
            if depth == 0 {
                break;
            }
        }
    }
}

/// Whether a step leads to the value of a map's entry.
fn is_value(step: Option<&Step>) -> bool {
    matches!(step, Some(Step::Field(name)) if name == "value")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BODY: &str = r#"{
  "contents": [{"parts": [{"text": "a\"}"}, {"txt": "b"}]}],
  "generationConfig": {"temperature": 7, "responseSchema": {"properties": {"x": {"type": "A"}, "y": {"title": 1}}}}
}"#;

    #[track_caller]
    fn check(path: &str, name: Option<&str>, expected: Option<&str>) {
        let found = find(BODY.as_bytes(), path, name);
        assert_eq!(found.map(|place| &BODY[place]), expected);
    }

    #[test]
    fn fields_are_found_in_either_spelling() {
        check("generation_config.temperature", None, Some("7"));
        check("generationConfig.temperature", None, Some("7"));
        check("contents[0].parts[1]", None, Some(r#"{"txt": "b"}"#));
        check("contents[0].parts[1]", Some("txt"), Some("\"txt\""));
        check("contents[0].parts[0].text", None, Some(r#""a\"}""#));
        check("contents[3]", None, None);
        check("nothing", None, None);
    }

    #[test]
    fn entries_of_maps_are_found_by_number_and_by_name() {
        let schema = "generation_config.response_schema.properties";
        let number = format!("{schema}[1].value");
        check(&number, Some("title"), Some("\"title\""));
        check(&format!("{schema}[\"x\"].type"), None, Some("\"A\""));
    }

    #[test]
    fn keys_are_found_as_they_stand() {
        let body = r#"{"a_b": 1, "ab": 2, "A b.c]": 3, "0": 4, "\u00e9\"": 5, "": 6}"#;
        for (key, value) in [
            ("ab", "2"),
            ("a_b", "1"),
            ("A b.c]", "3"),
            ("0", "4"),
            ("é\"", "5"),
            ("", "6"),
        ] {
            let path = format!("[{}]", serde_json::Value::from(key));
            let found = find(body.as_bytes(), &path, None);
            assert_eq!(found.map(|place| &body[place]), Some(value), "{path}");
        }
    }

    #[test]
    fn one_value_stands_for_a_list_of_one() {
        let body = br#"{"contents": {"parts": {"text": 5}}}"#;
        let found = find(body, "contents[0].parts[0].text", None);
        assert_eq!(found.map(|place| &body[place]), Some(&b"5"[..]));
    }

    #[test]
    fn letters_are_found_whole() {
        assert_eq!(letter("aé".as_bytes(), 1), Some(1..3));
        assert_eq!(letter(b"a", 1), Some(1..1));
        assert_eq!(letter("aé".as_bytes(), 2), None);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(body in "[\\[\\]{}\"':,a-c0-2 \\\\é]{0,60}", field in "[a-c.\\[\\]0-2\"]{0,12}") {
            find(body.as_bytes(), &field, Some("a"));
            find(body.as_bytes(), &field, None);
            letter(body.as_bytes(), field.len());
        }
    }
}
