//! Finds in the text of a request what a message of Google's means.

use std::ops::Range;

/// The bytes that a message means: an unknown name, a field's value, or the place where JSON breaks.
pub(crate) fn find(
    body: &str,
    field: Option<&str>,
    name: Option<&str>,
    message: &str,
) -> Option<Range<usize>> {
    if message.ends_with('^') {
        return broken(body, message);
    }
    let steps: Vec<Step> = field.map(steps).unwrap_or_default();
    if field.is_none() && name.is_none() {
        return None;
    }
    let mut reader = Reader { body, at: 0 };
    reader.descend(&steps, name)
}

/// Google shows the line in which JSON breaks, with a caret under the place.
fn broken(body: &str, message: &str) -> Option<Range<usize>> {
    let mut lines = message.rsplit('\n');
    let caret = lines.next()?.find('^')?;
    let excerpt = lines.next()?;
    let at = match excerpt.is_empty() {
        true => body.len(),
        false => {
            body.find(excerpt)?
                + excerpt
                    .char_indices()
                    .nth(caret)
                    .map_or(excerpt.len(), |(at, _)| at)
        }
    };
    let end = body[at..]
        .chars()
        .next()
        .map_or(at, |letter| at + letter.len_utf8());
    Some(at..end)
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Item(usize),
}

/// `contents[0].parts` and `properties["a b"].type` as steps. Google writes the entries of a map by
/// their number and `value`: `properties[3].value`.
fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        rest = rest.trim_start_matches('.');
        if let Some(inner) = rest.strip_prefix('[') {
            let (index, after) = inner.split_once(']').unwrap_or((inner, ""));
            match index.parse() {
                Ok(number) => steps.push(Step::Item(number)),
                Err(_) => steps.push(Step::Key(plain(index.trim_matches('"')))),
            }
            rest = after;
            continue;
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        steps.push(Step::Key(plain(&rest[..end])));
        rest = &rest[end..];
    }
    steps
}

/// A field's name in either spelling.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|letter| *letter != '_');
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
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
            (Step::Key(key), b'{') => {
                self.entry(|found, _| plain(found) == *key)?;
                self.descend(rest, name)
            }
            (Step::Item(wanted), b'{') => {
                // An entry of a map, by its number.
                self.entry(|_, number| number == *wanted)?;
                match rest.first() {
                    Some(Step::Key(key)) if key == "value" => self.descend(&rest[1..], name),
                    _ => self.descend(rest, name),
                }
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
            (Step::Key(_), b'[') => {
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
            let found = wanted(self.body[start..end].trim_matches(['"', '\'']), number);
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BODY: &str = r#"{
  "contents": [{"parts": [{"text": "a\"}"}, {"txt": "b"}]}],
  "generationConfig": {"temperature": 7, "responseSchema": {"properties": {"x": {"type": "A"}, "y": {"title": 1}}}}
}"#;

    #[track_caller]
    fn check(field: Option<&str>, name: Option<&str>, expected: Option<&str>) {
        let found = find(BODY, field, name, "");
        assert_eq!(found.map(|place| &BODY[place]), expected);
    }

    #[test]
    fn fields_are_found_in_either_spelling() {
        check(Some("generation_config.temperature"), None, Some("7"));
        check(Some("generationConfig.temperature"), None, Some("7"));
        check(Some("contents[0].parts[1]"), None, Some(r#"{"txt": "b"}"#));
        check(Some("contents[0].parts[1]"), Some("txt"), Some("\"txt\""));
        check(Some("contents[0].parts[0].text"), None, Some(r#""a\"}""#));
        check(Some("contents[3]"), None, None);
        check(Some("nothing"), None, None);
    }

    #[test]
    fn entries_of_maps_are_found_by_number_and_by_name() {
        let schema = "generation_config.response_schema.properties";
        check(
            Some(&format!("{schema}[1].value")),
            Some("title"),
            Some("\"title\""),
        );
        check(Some(&format!("{schema}[\"x\"].type")), None, Some("\"A\""));
    }

    #[test]
    fn broken_json_is_found_by_googles_excerpt() {
        let body = "{\"contents\": [}";
        let place = find(
            body,
            None,
            None,
            "Expected a value.\n{\"contents\": [}\n              ^",
        );
        assert_eq!(place.map(|place| &body[place]), Some("}"));
    }

    proptest! {
        #[test]
        fn any_text_is_survived(body in "[\\[\\]{}\"':,a-c0-2 \\\\é]{0,60}", field in "[a-c.\\[\\]0-2\"]{0,12}") {
            find(&body, Some(&field), Some("a"), "");
            find(&body, Some(&field), None, "x\na\n ^");
        }
    }
}
