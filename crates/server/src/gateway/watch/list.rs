//! Takes a streamed JSON array apart into its elements, whatever way it was cut into pieces.

/// The array so far. It does not judge: what is no array gives odd elements, which no reader takes.
#[derive(Debug, Default)]
pub(super) struct List {
    element: Vec<u8>,
    depth: u32,
    /// Whether the array itself was opened.
    opened: bool,
    in_text: bool,
    escaped: bool,
}

impl List {
    /// Takes the next bytes and gives the elements that they complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut done = Vec::new();
        for byte in bytes {
            self.take(*byte);
            if self.is_whole(*byte) {
                done.push(self.text());
            }
        }
        done
    }

    /// No more bytes come: what is left is an element as it is.
    pub fn finish(&mut self) -> Vec<String> {
        match self.is_within() {
            true => vec![self.text()],
            false => Vec::new(),
        }
    }

    /// Whether a part of an element has come.
    pub fn is_within(&self) -> bool {
        !self.element.is_empty()
    }

    fn take(&mut self, byte: u8) {
        if self.in_text {
            self.element.push(byte);
            self.in_text = self.escaped || byte != b'"';
            self.escaped = !self.escaped && byte == b'\\';
            return;
        }
        match byte {
            b'[' if !self.opened => self.opened = true,
            b' ' | b'\t' | b'\r' | b'\n' | b',' | b']' if self.element.is_empty() => {}
            _ => {
                self.element.push(byte);
                self.in_text = byte == b'"';
                self.depth += u32::from(matches!(byte, b'{' | b'['));
                self.depth = self
                    .depth
                    .saturating_sub(u32::from(matches!(byte, b'}' | b']')));
            }
        }
    }

    fn is_whole(&self, last: u8) -> bool {
        self.is_within() && !self.in_text && self.depth == 0 && matches!(last, b'}' | b']')
    }

    fn text(&mut self) -> String {
        let element = std::mem::take(&mut self.element);
        (self.depth, self.in_text, self.escaped) = (0, false, false);
        String::from_utf8_lossy(&element).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_end_where_they_end() {
        let mut list = List::default();
        assert_eq!(list.push(b" [ {\"a\":\"]}\\\"\"}"), ["{\"a\":\"]}\\\"\"}"]);
        assert!(!list.is_within());
        assert!(list.push(b"\r\n,{\"b\":[1").is_empty());
        assert!(list.is_within());
        assert_eq!(list.push(b"]}\n]\n"), ["{\"b\":[1]}"]);
        assert!(list.finish().is_empty());
        // An object alone is an element, as errors come at times.
        let mut bare = List::default();
        assert_eq!(bare.push(b"{\"error\":{}}"), ["{\"error\":{}}"]);
        assert!(bare.push(b"<html>").is_empty());
        assert_eq!(bare.finish(), ["<html>"]);
    }
}
