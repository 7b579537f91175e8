//! Evidence as words: the same whatever wrapped it.
//!
//! An error passes through JSON in JSON, Python's `repr`, gRPC's text form, HTML and coloured logs
//! before a person sees it. What stays are its words and their order. So quotes, brackets, line breaks
//! and escapes of any depth only separate words, letters are lower case, and underscores and
//! apostrophes within words vanish: `finish_reason=<FinishReason.SAFETY: 3>` and
//! `\"finishReason\": \"SAFETY\"` have the same words in a row.

/// Text without escapes, colours and entities, as a person would read it.
pub(super) fn readable(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find(['\\', '\u{1b}', '&']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let used = match rest.as_bytes()[0] {
            b'\\' => escape(rest, &mut text),
            b'&' => entity(rest, &mut text),
            _ => colour(&rest[1..]) + 1,
        };
        rest = &rest[used..];
    }
    text.push_str(rest);
    text
}

/// Reads a run of backslashes and what it escapes; gives its length.
fn escape(text: &str, out: &mut String) -> usize {
    let bytes = text.as_bytes();
    let run = bytes.iter().take_while(|byte| **byte == b'\\').count();
    match bytes.get(run) {
        Some(b'n' | b'r') => out.push('\n'),
        Some(b't') => out.push('\t'),
        Some(b'u') => return unicode(text, run, out),
        Some(b'x') if text[run..].starts_with("x1b[") => {
            return run + 3 + colour(&text[run + 3..]);
        }
        Some(b'"' | b'\'' | b'/') => return run,
        _ => {
            out.push('\\');
            return run;
        }
    }
    run + 1
}

fn unicode(text: &str, run: usize, out: &mut String) -> usize {
    let digits = text.get(run + 1..run + 5);
    let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    match code.map(char::from_u32) {
        Some(Some('\u{1b}')) => run + 5 + colour(&text[run + 5..]),
        Some(letter) => {
            out.push(letter.unwrap_or(char::REPLACEMENT_CHARACTER));
            run + 5
        }
        None => run,
    }
}

/// The length of what follows an escape character.
fn colour(text: &str) -> usize {
    let Some(codes) = text.strip_prefix('[') else {
        return 0;
    };
    let end = codes.find(|c: char| c.is_ascii_alphabetic());
    end.filter(|end| *end < 16).map_or(1, |end| end + 2)
}

fn entity(text: &str, out: &mut String) -> usize {
    const ENTITIES: [(&str, char); 9] = [
        ("&quot;", '"'),
        ("&#34;", '"'),
        ("&#39;", '\''),
        ("&#x27;", '\''),
        ("&apos;", '\''),
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&amp;", '&'),
        ("&nbsp;", ' '),
    ];
    for (name, letter) in ENTITIES {
        if text.starts_with(name) {
            out.push(letter);
            return name.len();
        }
    }
    out.push('&');
    1
}

/// Words with a blank before, between and after them.
pub(super) struct Words {
    /// The words.
    pub(super) text: String,
    /// Where in the evidence each word begins: place in `text`, place in the evidence.
    places: Vec<(u32, u32)>,
}

impl Words {
    /// The words of readable text.
    pub(super) fn of(text: &str) -> Self {
        let mut words = Self {
            text: String::with_capacity(text.len() + 2),
            places: Vec::with_capacity(text.len() / 6),
        };
        words.text.push(' ');
        let mut last = Kind::Other;
        let mut letters = text.char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            let kind = Kind::of(letter);
            if last != Kind::Other && matches!(letter, '_' | '\'' | '’') {
                let next = letters
                    .peek()
                    .map_or(Kind::Other, |(_, next)| Kind::of(*next));
                if next == last {
                    continue;
                }
            }
            if kind != last && last != Kind::Other {
                words.text.push(' ');
            }
            if kind != last && kind != Kind::Other {
                words
                    .places
                    .push((position(words.text.len()), position(at)));
            }
            match kind {
                Kind::Ascii => words.text.push(letter.to_ascii_lowercase()),
                Kind::Letter => words.text.push(letter),
                Kind::Other => (),
            }
            last = kind;
        }
        if last != Kind::Other {
            words.text.push(' ');
        }
        words
    }

    /// The place in the evidence of the word at a place in `text`.
    pub(super) fn place(&self, at: usize) -> usize {
        let after = self
            .places
            .partition_point(|(place, _)| *place as usize <= at + 1);
        let place = after.checked_sub(1).map(|index| self.places[index].1);
        place.unwrap_or_default() as usize
    }
}

fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A letter or digit of ASCII.
    Ascii,
    /// Any other letter. Languages without blanks write English words amid theirs.
    Letter,
    /// What separates words.
    Other,
}

impl Kind {
    fn of(letter: char) -> Self {
        match letter {
            'a'..='z' | 'A'..='Z' | '0'..='9' => Self::Ascii,
            letter if letter.is_ascii() => Self::Other,
            letter if letter.is_alphanumeric() => Self::Letter,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, expected: &str) {
        assert_eq!(Words::of(&readable(raw)).text.trim(), expected);
    }

    #[test]
    fn wrappers_change_no_words() {
        let words = "error code 400 message api key expired";
        check(
            r#"{"error": {"code": 400, "message": "API key expired."#,
            words,
        );
        check(
            r#"{\"error\":{\\\"code\\\":400,\\n\\\"message\\\":\\\\\"API key expired."#,
            words,
        );
        check(
            "{'error': {'code': 400, 'message': 'API key expired.",
            words,
        );
        check(
            "\u{1b}[31merror\u{1b}[0m code=400 message: API\n key  expired",
            words,
        );
        check(
            r"\u001b[31merror\x1b[0m code 400 message API\tkey expired",
            words,
        );
        check(
            "{&quot;error&quot;:{&#39;code&#39;:400,'message':'API key expired",
            words,
        );
    }

    #[test]
    fn words_lose_case_underscores_and_apostrophes() {
        check(
            "finish_reason=<FinishReason.MAX_TOKENS: 2>",
            "finishreason finishreason maxtokens 2",
        );
        check("Method doesn't; doesn&#39;t", "method doesnt doesnt");
        check("_a_ b__c 'd'", "a b c d");
        check("错误API key无效", "错误 api key 无效");
        check(r"referer \u003cempty\u003e are", "referer empty are");
    }

    #[test]
    fn odd_ends_are_no_trouble() {
        for raw in [
            "\\", "\\u", "\\u12", "\\u00e", "&", "&#", "\u{1b}", "\u{1b}[", "\\x1b[", "\\ud800",
            "'", "_",
        ] {
            Words::of(&readable(raw));
        }
    }

    #[test]
    fn places_lead_back() {
        let text = "Error: API key  expired";
        let words = Words::of(text);
        let at = words.text.find(" expired ").unwrap();
        assert_eq!(&text[words.place(at)..], "expired");
        assert_eq!(words.place(0), 0);
    }
}
