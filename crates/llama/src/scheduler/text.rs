//! From the bytes of tokens to text that may be shown: whole characters, and nothing of a stop sequence.

/// The text of one candidate on its way out.
#[derive(Debug)]
pub(super) struct OutputText {
    stops: Vec<Vec<u8>>,
    /// Bytes that were generated and not yet given out.
    held: Vec<u8>,
    /// Bytes given out so far.
    given: usize,
}

/// What came of some bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// Text that can be shown now.
    pub(super) text: String,
    /// Whether a stop sequence was met; the text ends before it.
    pub(super) stopped: bool,
}

impl OutputText {
    pub(super) fn new(stops: &[String]) -> Self {
        let stops = stops.iter().filter(|stop| !stop.is_empty());
        Self {
            stops: stops.map(|stop| stop.clone().into_bytes()).collect(),
            held: Vec::new(),
            given: 0,
        }
    }

    /// Bytes given out so far.
    pub(super) fn given(&self) -> usize {
        self.given
    }

    /// Bytes generated so far.
    pub(super) fn generated(&self) -> usize {
        self.given + self.held.len()
    }

    /// Adds a token's bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Progress {
        // A stop sequence that ends in the new bytes begins at most its length before them.
        self.held.extend_from_slice(bytes);
        if let Some(at) = self.first_stop() {
            self.held.truncate(at);
            return Progress {
                text: self.finish(),
                stopped: true,
            };
        }
        let ready = complete(&self.held[..self.held.len() - self.possible_stop()]);
        Progress {
            text: self.give(ready),
            stopped: false,
        }
    }

    /// Gives out what is held, at the end of the generation. A torn character becomes U+FFFD.
    pub(super) fn finish(&mut self) -> String {
        self.give(self.held.len())
    }

    fn give(&mut self, length: usize) -> String {
        let text = String::from_utf8_lossy(&self.held[..length]).into_owned();
        self.held.drain(..length);
        self.given += length;
        text
    }

    /// Where the first stop sequence begins.
    fn first_stop(&self) -> Option<usize> {
        let found = |stop: &Vec<u8>| {
            self.held
                .windows(stop.len())
                .position(|window| window == stop)
        };
        self.stops.iter().filter_map(found).min()
    }

    /// The length of the longest end that could become a stop sequence.
    fn possible_stop(&self) -> usize {
        let longest = |stop: &Vec<u8>| {
            let most = (stop.len() - 1).min(self.held.len());
            (1..=most)
                .rev()
                .find(|length| self.held.ends_with(&stop[..*length]))
        };
        self.stops.iter().filter_map(longest).max().unwrap_or(0)
    }
}

/// The length without a character whose last bytes are still to come.
fn complete(bytes: &[u8]) -> usize {
    let tail = bytes.len().saturating_sub(3);
    let start = (tail..bytes.len()).rev().find(|at| bytes[*at] >= 0xC0);
    match start {
        Some(start) if bytes.len() - start < width(bytes[start]) => start,
        _ => bytes.len(),
    }
}

/// The length of a character by its first byte; 0 for bytes that begin none.
fn width(first: u8) -> usize {
    match first {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is shown after each piece, and at the end.
    #[track_caller]
    fn check(stops: &[&str], pieces: &[&[u8]], expected: &[&str], stopped: bool) {
        let stops: Vec<String> = stops.iter().map(|stop| (*stop).to_owned()).collect();
        let mut output = OutputText::new(&stops);
        let mut shown = Vec::new();
        let mut was_stopped = false;
        for piece in pieces {
            let progress = output.push(piece);
            was_stopped |= progress.stopped;
            shown.push(progress.text);
        }
        shown.push(output.finish());
        assert_eq!(
            (shown, was_stopped),
            (expected.iter().map(|e| (*e).to_owned()).collect(), stopped)
        );
    }

    #[test]
    fn text_passes() {
        check(&[], &[b"Hello", b" world"], &["Hello", " world", ""], false);
    }

    #[test]
    fn stops_are_found_within_and_across_pieces() {
        check(&["END"], &[b"a END b"], &["a ", ""], true);
        check(&["END"], &[b"a E", b"N", b"D b"], &["a ", "", "", ""], true);
        check(
            &["END"],
            &[b"a E", b"N", b"T"],
            &["a ", "", "ENT", ""],
            false,
        );
        check(&["END"], &[b"a EN"], &["a ", "EN"], false);
        check(
            &["aab"],
            &[b"a", b"a", b"a", b"b"],
            &["", "", "a", "", ""],
            true,
        );
    }

    #[test]
    fn the_first_of_several_stops_counts() {
        check(&["b", "ab"], &[b"xab"], &["x", ""], true);
        check(&["\n\n", "c"], &[b"a\n", b"c"], &["a", "\n", ""], true);
        check(&["", "x"], &[b"ax"], &["a", ""], true);
    }

    #[test]
    fn characters_are_never_torn() {
        let smile = "😀".as_bytes();
        check(
            &[],
            &[&smile[..1], &smile[1..3], &smile[3..]],
            &["", "", "😀", ""],
            false,
        );
        check(&[], &[b"a\xC3", b"\xA9"], &["a", "é", ""], false);
        check(&["é"], &[b"a\xC3", b"\xA9"], &["a", "", ""], true);
    }

    #[test]
    fn what_is_no_character_is_replaced() {
        check(&[], &[b"a\xC3"], &["a", "\u{FFFD}"], false);
        check(&[], &[b"a\xC3b"], &["a\u{FFFD}b", ""], false);
        check(
            &[],
            &[b"\xFF\x80", b"b"],
            &["\u{FFFD}\u{FFFD}", "b", ""],
            false,
        );
    }
}
