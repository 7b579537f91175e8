//! Takes a stream of bytes apart into events, whatever way it was cut into pieces.
//!
//! Google's streams are server-sent events, but an error behind the first event comes as JSON
//! without `data:`, on one line or on many. Proxies add comments and other fields. This decoder
//! reads all of it and never fails: what is no event is skipped, as the standard asks.

use memchr::memchr2;
use std::{collections::VecDeque, mem, string::FromUtf8Error};

/// One piece of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The text of an event's `data:` lines.
    Data(String),
    /// JSON that stands in the stream without `data:`.
    Bare(String),
}

/// Decodes a stream as it arrives.
///
/// ```
/// use propus_client::sse::{Decoder, Event};
///
/// let mut decoder = Decoder::default();
/// decoder.push(b"data: {\"a\":");
/// assert_eq!(decoder.next(), None);
/// decoder.push(b"1}\r\n\r\n");
/// assert_eq!(decoder.next(), Some(Event::Data("{\"a\":1}".into())));
/// ```
#[derive(Debug, Default)]
pub struct Decoder {
    /// The line that has not ended yet.
    line: Vec<u8>,
    /// The last byte was `\r`: a `\n` behind it ends no further line.
    after_return: bool,
    /// Whether a line was read; a byte order mark may stand only before the first.
    began: bool,
    /// The `data:` lines of the event that has not ended yet.
    data: Option<Vec<u8>>,
    bare: Option<Bare>,
    ready: VecDeque<Event>,
}

impl Decoder {
    /// Takes the next bytes.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while let Some(&first) = bytes.first() {
            if mem::take(&mut self.after_return) && first == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let Some(end) = memchr2(b'\n', b'\r', bytes) else {
                self.line.extend_from_slice(bytes);
                return;
            };
            let line = &bytes[..end];
            self.after_return = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            match self.line.is_empty() {
                // Most lines come whole, and need no copy.
                true => self.take_line(line),
                false => {
                    self.line.extend_from_slice(line);
                    self.end_line();
                }
            }
        }
    }

    /// Says that no more bytes come. What had no end is an event as it is.
    pub fn finish(&mut self) {
        if !self.line.is_empty() {
            self.end_line();
        }
        self.end_data();
        self.end_bare();
    }

    /// The next event that is complete.
    #[allow(clippy::should_implement_trait)] // An iterator would promise that `None` is the end.
    pub fn next(&mut self) -> Option<Event> {
        self.ready.pop_front()
    }

    /// How many bytes are held for events that have not ended.
    pub fn held(&self) -> usize {
        let data = self.data.as_ref().map_or(0, Vec::len);
        self.line.len() + data + self.bare.as_ref().map_or(0, |bare| bare.text.len())
    }

    fn end_line(&mut self) {
        let mut line = mem::take(&mut self.line);
        self.take_line(&line);
        // The allocation serves the next line.
        line.clear();
        self.line = line;
    }

    fn take_line(&mut self, mut line: &[u8]) {
        if !mem::replace(&mut self.began, true) {
            line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        }
        if self.bare.is_some() {
            self.add_bare(line);
        } else if line.is_empty() {
            self.end_data();
        } else if let Some(value) = field(line, b"data") {
            match &mut self.data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => self.data = Some(value.to_vec()),
            }
        } else if matches!(line.trim_ascii_start().first(), Some(b'{' | b'[')) {
            self.end_data();
            self.bare = Some(Bare::default());
            self.add_bare(line);
        }
    }

    fn end_data(&mut self) {
        if let Some(data) = self.data.take().filter(|data| !data.is_empty()) {
            self.ready.push_back(Event::Data(text(data)));
        }
    }

    fn add_bare(&mut self, line: &[u8]) {
        if let Some(bare) = &mut self.bare {
            bare.add(line);
            if bare.is_whole() {
                self.end_bare();
            }
        }
    }

    fn end_bare(&mut self) {
        if let Some(bare) = self.bare.take() {
            self.ready.push_back(Event::Bare(text(bare.text)));
        }
    }
}

/// The value of a line `name: value`.
fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    match line.strip_prefix(name)? {
        [] => Some(&[]),
        [b':', b' ', value @ ..] | [b':', value @ ..] => Some(value),
        _ => None,
    }
}

/// Events are decoded whole, so a character is never cut; bytes that are no UTF-8 become marks.
fn text(bytes: Vec<u8>) -> String {
    let marked = |error: FromUtf8Error| String::from_utf8_lossy(error.as_bytes()).into_owned();
    String::from_utf8(bytes).unwrap_or_else(marked)
}

/// JSON of several lines: it has ended when every bracket is closed.
#[derive(Debug, Default)]
struct Bare {
    text: Vec<u8>,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Bare {
    fn add(&mut self, line: &[u8]) {
        if !self.text.is_empty() {
            self.text.push(b'\n');
        }
        self.text.extend_from_slice(line);
        for &byte in line {
            self.see(byte);
        }
        // JSON strings do not go beyond a line: one that is left open is broken, not long.
        (self.in_string, self.escaped) = (false, false);
    }

    fn see(&mut self, byte: u8) {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    fn is_whole(&self) -> bool {
        self.depth == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Event> {
        let mut decoder = Decoder::default();
        pieces.into_iter().for_each(|piece| decoder.push(piece));
        decoder.finish();
        std::iter::from_fn(|| decoder.next()).collect()
    }

    fn check(stream: &str, expected: &[Event]) {
        assert_eq!(decode([stream.as_bytes()]), expected, "{stream:?}");
        let bytes = stream.as_bytes().chunks(1);
        assert_eq!(decode(bytes), expected, "{stream:?}, byte by byte");
    }

    fn data(text: &str) -> Event {
        Event::Data(text.into())
    }

    fn bare(text: &str) -> Event {
        Event::Bare(text.into())
    }

    #[test]
    fn events_end_with_a_blank_line_of_any_kind() {
        for end in ["\n\n", "\r\n\r\n", "\r\r", "\n\r\n", "\r\n\n"] {
            let stream = format!("data: {{\"a\":1}}{end}data: é{end}");
            check(&stream, &[data("{\"a\":1}"), data("é")]);
        }
    }

    #[test]
    fn lines_of_one_event_are_joined() {
        check("data: {\ndata:  1\ndata:}\n\n", &[data("{\n 1\n}")]);
    }

    #[test]
    fn what_is_no_data_is_skipped() {
        check(
            ": ping\n\nevent: x\nid: 3\nretry: 1\ndata: a\n\n",
            &[data("a")],
        );
        check("<html>\ndatax: 1\n\ndata\n\ndata:\n\n", &[]);
        check("\u{feff}data: a\n\n\u{feff}data: b\n\n", &[data("a")]);
    }

    #[test]
    fn an_event_without_its_end_is_kept() {
        check("data: a\n\ndata: b\n", &[data("a"), data("b")]);
        check("data: {\"a", &[data("{\"a")]);
    }

    #[test]
    fn an_error_stands_bare_on_one_line_or_on_many() {
        let line = r#"{"error":{"message":"a } \" {"}}"#;
        check(&format!("data: 1\n\n{line}\n\n"), &[data("1"), bare(line)]);
        // Glued to an event that has no blank line behind it.
        check(&format!("data: 1\n{line}"), &[data("1"), bare(line)]);
        let lines = "{\n  \"error\": {\n    \"code\": 503\n  }\n}";
        check(
            &format!("data: 1\r\n\r\n{lines}\n"),
            &[data("1"), bare(lines)],
        );
        check(&format!("{lines}\ndata: 2\n\n"), &[bare(lines), data("2")]);
    }

    #[test]
    fn a_list_is_one_bare_value() {
        check(
            "[{\"a\":1}\r\n,\r\n{\"a\":2}]",
            &[bare("[{\"a\":1}\n,\n{\"a\":2}]")],
        );
        check("[{\"a\":", &[bare("[{\"a\":")]);
    }

    /// Streams made of pieces that matter to the decoder.
    fn streams() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            proptest::sample::select(vec![
                "data:",
                "data: ",
                "\n",
                "\r",
                "\r\n",
                "\n\n",
                ":",
                "{",
                "}",
                "[",
                "]",
                "\"",
                "\\",
                "event: e",
                "{\"error\":{}}",
                "é",
                "😀",
                "\u{feff}",
            ])
            .prop_map(|text| text.as_bytes().to_vec()),
            proptest::collection::vec(any::<u8>(), 0..6),
        ];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_cut_gives_the_same_events(stream in streams(), cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..12)) {
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]]);
            prop_assert_eq!(decode(pieces), decode([&stream[..]]));
        }

        #[test]
        fn what_is_written_is_read_again(texts in proptest::collection::vec("[^\r\n]{1,20}", 0..8)) {
            let stream: String = texts.iter().map(|text| format!("data: {text}\r\n\r\n")).collect();
            let expected: Vec<_> = texts.into_iter().map(Event::Data).collect();
            prop_assert_eq!(decode([stream.as_bytes()]), expected);
        }
    }
}
