//! JSON as Google's front end reads it: laxer than RFC 8259, and with its own words for errors.
//!
//! That front end reads with protobuf's stream parser, which takes strings in single quotes, keys
//! without quotes, trailing commas, raw control characters and any `\x` in strings, and numbers
//! such as `1.`. Bytes that are not UTF-8 become spaces, and half of a surrogate pair becomes U+FFFD.
//!
//! It goes through a body twice. The first pass stops, without an error, where more bytes could
//! still make sense of what is there, or where the UTF-8 ends; the second one begins at that place,
//! sees only what is left, and knows that this is all. So the excerpt in an error begins either up
//! to 20 bytes before the fault or at the place where the first pass stopped, and what the first
//! pass found wrong with the fields hides the errors of the second.

use super::violations::shortened;
use std::borrow::Cow;

/// A value without parts.
#[derive(Debug)]
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Double(f64),
    String(Cow<'a, str>),
}

/// Is told what the parser sees. Keys are `None` for items of lists and for the root.
pub(super) trait Events {
    fn start_object(&mut self, key: Option<&str>);
    fn end_object(&mut self);
    fn start_list(&mut self, key: Option<&str>);
    fn end_list(&mut self);
    fn scalar(&mut self, key: Option<&str>, value: Scalar<'_>);
    /// Whether something was wrong so far.
    fn is_refused(&self) -> bool;
}

/// Why the parser stopped.
#[derive(Debug, PartialEq)]
pub(super) enum Stop {
    /// An error with a reason, an excerpt and a caret, and the byte of the body that it is at.
    Syntax { reason: String, at: usize },
    /// An error whose excerpt would cut a character in two; Google does not explain those.
    Unexplained,
    /// What was read is wrong, and there would have been a second pass.
    Refused,
}

/// Reads a body, or says why it cannot be read.
pub(super) fn parse(json: &[u8], events: &mut impl Events) -> Result<(), Stop> {
    let marked = json.len();
    let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
    let (text, valid) = as_text(json);
    let mut parser = Parser {
        text: &text,
        at: 0,
        limit: valid,
        resumed_at: None,
        depth: 0,
        events,
    };
    let mark = marked - json.len();
    parser.root().map_err(|stop| stop.behind(mark))
}

impl Stop {
    /// The same behind some more bytes.
    fn behind(self, bytes: usize) -> Self {
        match self {
            Self::Syntax { reason, at } => Self::Syntax {
                reason,
                at: at + bytes,
            },
            other => other,
        }
    }
}

/// The body with spaces in place of bytes that are not UTF-8, and the length up to the first.
fn as_text(json: &[u8]) -> (Cow<'_, str>, usize) {
    let error = match std::str::from_utf8(json) {
        Ok(text) => return (Cow::Borrowed(text), text.len()),
        Err(error) => error,
    };
    let mut text = String::with_capacity(json.len());
    for chunk in json.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| ' '));
    }
    (Cow::Owned(text), error.valid_up_to())
}

#[derive(Clone, Copy, PartialEq)]
enum Token {
    String,
    Number,
    True,
    False,
    Null,
    BeginObject,
    EndObject,
    BeginList,
    EndList,
    Colon,
    Comma,
    /// A letter, `_` or `$`.
    Key,
    /// Nothing that begins a token, or the end.
    Unknown,
}

/// How deep objects and lists may nest.
const MOST_DEPTH: usize = 100;

/// Length of `\uXXXX`.
const UNIT: usize = 6;

const KEY_EXPECTED: &str = "Expected an object key or }.";
const COLON_EXPECTED: &str = "Expected : between key:value pair.";
const COMMA_OR_BRACE_EXPECTED: &str = "Expected , or } after key:value pair.";
const COMMA_OR_BRACKET_EXPECTED: &str = "Expected , or ] after array value.";
const QUOTE_EXPECTED: &str = "Closing quote expected in string.";

struct Parser<'a, 'e, E> {
    text: &'a str,
    at: usize,
    /// Where this pass ends.
    limit: usize,
    /// Where the first pass stopped, if it did.
    resumed_at: Option<usize>,
    depth: usize,
    events: &'e mut E,
}

impl<'a, E: Events> Parser<'a, '_, E> {
    fn root(&mut self) -> Result<(), Stop> {
        let token = self.token();
        self.value(token, None)?;
        self.skip_whitespace();
        if self.rest().is_empty() && self.limit < self.text.len() {
            self.waits()?;
            self.skip_whitespace();
        }
        match self.rest().is_empty() {
            true => Ok(()),
            false => Err(self.fail("Parsing terminated before end of input.")),
        }
    }

    fn value(&mut self, token: Token, key: Option<&str>) -> Result<(), Stop> {
        let scalar = match token {
            Token::BeginObject => return self.object(key),
            Token::BeginList => return self.list(key),
            Token::String => Scalar::String(self.string()?),
            Token::Number => self.number()?,
            Token::True => self.literal("true", Scalar::Bool(true)),
            Token::False => self.literal("false", Scalar::Bool(false)),
            Token::Null => self.literal("null", Scalar::Null),
            _ => return self.no_value(token, key),
        };
        self.events.scalar(key, scalar);
        Ok(())
    }

    fn no_value(&mut self, token: Token, key: Option<&str>) -> Result<(), Stop> {
        // Fewer bytes than `false` has could be the beginning of a word.
        let is_short = self.rest().len() < "false".len();
        if (token == Token::Unknown || is_short) && self.waits()? {
            let token = self.token();
            return self.value(token, key);
        }
        Err(match token {
            Token::Unknown => self.fail_unknown("Expected a value."),
            _ => self.fail("Unexpected token."),
        })
    }

    fn object(&mut self, key: Option<&str>) -> Result<(), Stop> {
        self.descend(key)?;
        self.events.start_object(key);
        while let Some(name) = self.entry_name()? {
            self.colon()?;
            let token = self.token();
            self.value(token, Some(&name))?;
            if self.is_last(Token::EndObject, COMMA_OR_BRACE_EXPECTED)? {
                break;
            }
        }
        self.depth -= 1;
        self.events.end_object();
        Ok(())
    }

    fn list(&mut self, key: Option<&str>) -> Result<(), Stop> {
        self.descend(key)?;
        self.events.start_list(key);
        while let Some(token) = self.item()? {
            self.value(token, None)?;
            if self.is_last(Token::EndList, COMMA_OR_BRACKET_EXPECTED)? {
                break;
            }
        }
        self.depth -= 1;
        self.events.end_list();
        Ok(())
    }

    /// Steps over an opening bracket.
    fn descend(&mut self, key: Option<&str>) -> Result<(), Stop> {
        self.at += 1;
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            let key = shortened(key.unwrap_or_default());
            let reason = format!("Message too deep. Max recursion depth reached for key '{key}'");
            let at = self.at - 1;
            return Err(Stop::Syntax { reason, at });
        }
        Ok(())
    }

    /// The name of the next entry; `None` at the end of the object, also after a comma.
    fn entry_name(&mut self) -> Result<Option<Cow<'a, str>>, Stop> {
        match self.token() {
            Token::Unknown if self.waits()? => self.entry_name(),
            Token::Unknown => Err(self.fail_unknown(KEY_EXPECTED)),
            Token::EndObject => {
                self.at += 1;
                Ok(None)
            }
            Token::String => self.string().map(Some),
            Token::Key | Token::Null | Token::True | Token::False => self.bare_key().map(Some),
            _ => Err(self.fail(KEY_EXPECTED)),
        }
    }

    fn bare_key(&mut self) -> Result<Cow<'a, str>, Stop> {
        let rest = self.rest();
        let length = rest.bytes().take_while(|&b| is_key_byte(b)).count();
        if length == rest.len() && self.waits()? {
            return self.bare_key();
        }
        self.at += length;
        match rest.get(..length).unwrap_or_default() {
            "null" | "true" | "false" => Err(self.fail(KEY_EXPECTED)),
            key => Ok(Cow::Borrowed(key)),
        }
    }

    fn colon(&mut self) -> Result<(), Stop> {
        match self.token() {
            Token::Colon => {
                self.at += 1;
                Ok(())
            }
            Token::Unknown if self.waits()? => self.colon(),
            Token::Unknown => Err(self.fail_unknown(COLON_EXPECTED)),
            _ => Err(self.fail(COLON_EXPECTED)),
        }
    }

    /// The token that begins the next item; `None` at the end of the list, also after a comma.
    fn item(&mut self) -> Result<Option<Token>, Stop> {
        match self.token() {
            Token::Unknown if self.waits()? => self.item(),
            Token::Unknown => Err(self.fail_unknown("Expected a value or ] within an array.")),
            Token::EndList => {
                self.at += 1;
                Ok(None)
            }
            token => Ok(Some(token)),
        }
    }

    /// Steps over a comma, or over the end of the object or list.
    fn is_last(&mut self, end: Token, expected: &str) -> Result<bool, Stop> {
        match self.token() {
            Token::Unknown if self.waits()? => self.is_last(end, expected),
            Token::Unknown => Err(self.fail_unknown(expected)),
            token if token == end || token == Token::Comma => {
                self.at += 1;
                Ok(token == end)
            }
            _ => Err(self.fail(expected)),
        }
    }

    fn literal(&mut self, word: &str, value: Scalar<'a>) -> Scalar<'a> {
        self.at += word.len();
        value
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Stop> {
        let quote = self.bytes().first().copied();
        self.at += 1;
        let mut text = Cow::Borrowed("");
        loop {
            let rest = self.rest();
            let is_special = |b: u8| Some(b) == quote || b == b'\\';
            let length = rest.bytes().position(is_special);
            append(&mut text, rest.get(..length.unwrap_or(rest.len())));
            self.at += length.unwrap_or(rest.len());
            match self.bytes().first() {
                None if self.waits()? => {}
                None => return Err(self.fail(QUOTE_EXPECTED)),
                Some(b'\\') => {
                    let escaped = self.escaped()?;
                    text.to_mut().push(escaped);
                }
                Some(_) => {
                    self.at += 1;
                    return Ok(text);
                }
            }
        }
    }

    /// Reads what follows a backslash. Any character stands for itself but the usual ones.
    fn escaped(&mut self) -> Result<char, Stop> {
        let escaped = match self.rest().chars().nth(1) {
            None if self.waits()? => return self.escaped(),
            None => return Err(self.fail(QUOTE_EXPECTED)),
            Some('u') => return self.code_point(),
            Some(escaped) => escaped,
        };
        self.at += 1 + escaped.len_utf8();
        Ok(match escaped {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            other => other,
        })
    }

    fn code_point(&mut self) -> Result<char, Stop> {
        let bytes = self.bytes();
        let is_short = bytes.len() < UNIT;
        let unit = code_unit(bytes);
        let is_high = unit.is_some_and(|unit| (0xD800..0xDC00).contains(&unit));
        if (is_short || (is_high && bytes.len() < 2 * UNIT)) && self.waits()? {
            return self.code_point();
        }
        if is_short {
            return Err(self.fail("Illegal hex string."));
        }
        let unit = unit.ok_or_else(|| self.fail(BAD_ESCAPE))?;
        let low = match is_high {
            true => self.low_surrogate()?,
            false => None,
        };
        let (code, length) = match low {
            Some(low) => (0x10000 + ((unit & 0x3FF) << 10 | low & 0x3FF), 2 * UNIT),
            None => (unit, UNIT),
        };
        self.at += length;
        Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// The second half of a surrogate pair, if it follows.
    fn low_surrogate(&self) -> Result<Option<u32>, Stop> {
        let second = self.bytes().get(UNIT..2 * UNIT).unwrap_or_default();
        if !second.starts_with(b"\\u") {
            return Ok(None);
        }
        let unit = code_unit(second).ok_or_else(|| self.fail(BAD_ESCAPE))?;
        Ok(Some(unit).filter(|unit| (0xDC00..0xE000).contains(unit)))
    }

    fn number(&mut self) -> Result<Scalar<'a>, Stop> {
        let rest = self.rest();
        let belongs = |&b: &u8| b.is_ascii_digit() || b".eE+-x".contains(&b);
        let length = rest.bytes().take_while(belongs).count();
        if length == rest.len() && self.waits()? {
            return self.number();
        }
        let digits = rest.get(..length).unwrap_or_default();
        let number = read_number(digits).map_err(|reason| self.fail(reason))?;
        self.at += length;
        Ok(number)
    }

    fn token(&mut self) -> Token {
        self.skip_whitespace();
        let rest = self.rest();
        match rest.bytes().next() {
            Some(b'"' | b'\'') => Token::String,
            Some(b'-' | b'0'..=b'9') => Token::Number,
            Some(b'{') => Token::BeginObject,
            Some(b'}') => Token::EndObject,
            Some(b'[') => Token::BeginList,
            Some(b']') => Token::EndList,
            Some(b':') => Token::Colon,
            Some(b',') => Token::Comma,
            _ if rest.starts_with("true") => Token::True,
            _ if rest.starts_with("false") => Token::False,
            _ if rest.starts_with("null") => Token::Null,
            Some(first) if is_key_byte(first) => Token::Key,
            _ => Token::Unknown,
        }
    }

    fn skip_whitespace(&mut self) {
        let is_space = |&b: &u8| b.is_ascii_whitespace() || b == b'\x0b';
        self.at += self.rest().bytes().take_while(is_space).count();
    }

    /// What is left of this pass.
    fn rest(&self) -> &'a str {
        self.text.get(self.at..self.limit).unwrap_or_default()
    }

    fn bytes(&self) -> &'a [u8] {
        self.rest().as_bytes()
    }

    /// Ends the first pass here and begins the second; `false` where that happened before.
    fn waits(&mut self) -> Result<bool, Stop> {
        if self.resumed_at.is_some() {
            return Ok(false);
        }
        if self.events.is_refused() {
            return Err(Stop::Refused);
        }
        self.resumed_at = Some(self.at);
        self.limit = self.text.len();
        Ok(true)
    }

    fn fail_unknown(&self, reason: &str) -> Stop {
        match self.rest() {
            "" => self.fail(&format!("Unexpected end of string. {reason}")),
            _ => self.fail(reason),
        }
    }

    /// A reason with up to 20 bytes on each side of the fault, and a caret below the place.
    fn fail(&self, reason: &str) -> Stop {
        const AROUND: usize = 20;
        let begin = self.at.saturating_sub(AROUND);
        let begin = begin.max(self.resumed_at.unwrap_or(0));
        let end = (self.at + AROUND).min(self.limit);
        match self.text.get(begin..end) {
            None => Stop::Unexplained,
            Some(excerpt) => {
                let indent = " ".repeat(self.at - begin);
                let reason = format!("{reason}\n{excerpt}\n{indent}^");
                let at = self.at;
                Stop::Syntax { reason, at }
            }
        }
    }
}

const BAD_ESCAPE: &str = "Invalid escape sequence.";

fn append<'a>(text: &mut Cow<'a, str>, more: Option<&'a str>) {
    match more.unwrap_or_default() {
        "" => {}
        more if text.is_empty() => *text = Cow::Borrowed(more),
        more => text.to_mut().push_str(more),
    }
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$'
}

/// Reads the digits of `\uXXXX`.
fn code_unit(escape: &[u8]) -> Option<u32> {
    let digit = |code: u32, &b: &u8| Some(code * 16 + char::from(b).to_digit(16)?);
    escape.get(2..UNIT)?.iter().try_fold(0, digit)
}

fn read_number(text: &str) -> Result<Scalar<'static>, &'static str> {
    if text.contains(['.', 'e', 'E']) {
        return read_double(text);
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.len() > 1 && digits.starts_with('0') {
        return Err("Octal/hex numbers are not valid JSON values.");
    }
    let whole = match text.starts_with('-') {
        true => text.parse().ok().map(Scalar::Signed),
        false => text.parse().ok().map(Scalar::Unsigned),
    };
    whole.map_or_else(|| read_double(text), Ok)
}

fn read_double(text: &str) -> Result<Scalar<'static>, &'static str> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Scalar::Double(value)),
        Ok(_) => Err("Number exceeds the range of double."),
        Err(_) => Err("Unable to parse number."),
    }
}
