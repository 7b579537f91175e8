//! JSON as Google's front end reads it: laxer than RFC 8259, and with its own words for errors.
//!
//! That front end reads with protobuf's stream parser, which takes strings in single quotes, keys
//! without quotes, trailing commas, raw control characters and any `\x` in strings, and numbers
//! such as `1.`. It goes through a body twice. The first pass stops, without an error, where
//! more bytes could still make sense of what is there; the second one begins at that place, sees
//! only what is left, and knows that this is all. So the excerpt in an error begins either up to 20
//! bytes before the fault or at the place where the first pass stopped.

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
}

/// Reads a body, or says why it cannot be read.
pub(super) fn parse(json: &[u8], events: &mut impl Events) -> Result<(), String> {
    let (text, is_whole) = valid_start(json);
    let mut parser = Parser {
        text,
        at: 0,
        resumed_at: None,
        depth: 0,
        events,
    };
    let result = parser.root();
    if is_whole || (result.is_err() && parser.resumed_at.is_none()) {
        return result;
    }
    let left = parser.resumed_at.unwrap_or(text.len());
    let reason = "Encountered non UTF-8 code points.";
    Err(excerpt(reason, json, left, left))
}

fn valid_start(json: &[u8]) -> (&str, bool) {
    match std::str::from_utf8(json) {
        Ok(text) => (text, true),
        Err(error) => {
            let start = json.get(..error.valid_up_to()).unwrap_or_default();
            (std::str::from_utf8(start).unwrap_or_default(), false)
        }
    }
}

/// A reason with what surrounds the fault, from `start` on, and a caret below the place.
fn excerpt(reason: &str, json: &[u8], start: usize, at: usize) -> String {
    const AROUND: usize = 20;
    let begin = at.saturating_sub(AROUND).max(start);
    let end = (at + AROUND).min(json.len());
    let segment = String::from_utf8_lossy(json.get(begin..end).unwrap_or_default());
    format!("{reason}\n{segment}\n{}^", " ".repeat(at - begin))
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

const MOST_DEPTH: usize = 100;

const KEY_EXPECTED: &str = "Expected an object key or }.";
const COLON_EXPECTED: &str = "Expected : between key:value pair.";
const COMMA_OR_BRACE_EXPECTED: &str = "Expected , or } after key:value pair.";
const COMMA_OR_BRACKET_EXPECTED: &str = "Expected , or ] after array value.";
const QUOTE_EXPECTED: &str = "Closing quote expected in string.";
const NUMBER_UNREADABLE: &str = "Unable to parse number.";

struct Parser<'a, 'e, E> {
    text: &'a str,
    at: usize,
    /// Where the first pass stopped, if it did.
    resumed_at: Option<usize>,
    depth: usize,
    events: &'e mut E,
}

impl<'a, E: Events> Parser<'a, '_, E> {
    fn root(&mut self) -> Result<(), String> {
        let token = self.token();
        self.value(token, None)?;
        self.skip_whitespace();
        match self.rest().is_empty() {
            true => Ok(()),
            false => Err(self.fail("Parsing terminated before end of input.")),
        }
    }

    fn value(&mut self, token: Token, key: Option<&str>) -> Result<(), String> {
        let scalar = match token {
            Token::BeginObject => return self.object(key),
            Token::BeginList => return self.list(key),
            Token::String => Scalar::String(self.string()?),
            Token::Number => self.number()?,
            Token::True => self.literal("true", Scalar::Bool(true)),
            Token::False => self.literal("false", Scalar::Bool(false)),
            Token::Null => self.literal("null", Scalar::Null),
            Token::Unknown => return Err(self.fail_unknown("Expected a value.")),
            _ => return Err(self.unexpected_token()),
        };
        self.events.scalar(key, scalar);
        Ok(())
    }

    fn object(&mut self, key: Option<&str>) -> Result<(), String> {
        self.descend(key)?;
        self.events.start_object(key);
        loop {
            let Some(name) = self.entry_name()? else {
                break;
            };
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

    fn list(&mut self, key: Option<&str>) -> Result<(), String> {
        self.descend(key)?;
        self.events.start_list(key);
        loop {
            match self.token() {
                Token::Unknown => {
                    return Err(self.fail_unknown("Expected a value or ] within an array."));
                }
                Token::EndList => {
                    self.at += 1;
                    break;
                }
                token => self.value(token, None)?,
            }
            if self.is_last(Token::EndList, COMMA_OR_BRACKET_EXPECTED)? {
                break;
            }
        }
        self.depth -= 1;
        self.events.end_list();
        Ok(())
    }

    /// Steps over an opening bracket.
    fn descend(&mut self, key: Option<&str>) -> Result<(), String> {
        self.at += 1;
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            let key = super::violations::shortened(key.unwrap_or_default());
            return Err(format!(
                "Message too deep. Max recursion depth reached for key '{key}'"
            ));
        }
        Ok(())
    }

    /// The name of the next entry; `None` at the end of the object, also after a comma.
    fn entry_name(&mut self) -> Result<Option<Cow<'a, str>>, String> {
        match self.token() {
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

    fn bare_key(&mut self) -> Result<Cow<'a, str>, String> {
        let rest = self.rest();
        let length = rest.bytes().take_while(|&b| is_key_byte(b)).count();
        let key = rest.get(..length).unwrap_or_default();
        if length == rest.len() {
            self.resume_here();
        }
        self.at += length;
        match key {
            "null" | "true" | "false" => Err(self.fail(KEY_EXPECTED)),
            key => Ok(Cow::Borrowed(key)),
        }
    }

    fn colon(&mut self) -> Result<(), String> {
        match self.token() {
            Token::Colon => {
                self.at += 1;
                Ok(())
            }
            Token::Unknown => Err(self.fail_unknown(COLON_EXPECTED)),
            _ => Err(self.fail(COLON_EXPECTED)),
        }
    }

    /// Steps over a comma, or over the end of the object or list.
    fn is_last(&mut self, end: Token, expected: &str) -> Result<bool, String> {
        match self.token() {
            Token::Unknown => return Err(self.fail_unknown(expected)),
            token if token == end || token == Token::Comma => self.at += 1,
            _ => return Err(self.fail(expected)),
        }
        Ok(self.text.as_bytes().get(self.at - 1) != Some(&b','))
    }

    fn literal(&mut self, word: &str, value: Scalar<'a>) -> Scalar<'a> {
        self.at += word.len();
        value
    }

    fn string(&mut self) -> Result<Cow<'a, str>, String> {
        let quote = self.byte(0);
        self.at += 1;
        let mut text = Cow::Borrowed("");
        loop {
            let rest = self.rest();
            let is_special = |b: u8| Some(b) == quote || b == b'\\';
            let Some(length) = rest.bytes().position(is_special) else {
                self.at = self.text.len();
                self.resume_here();
                return Err(self.fail(QUOTE_EXPECTED));
            };
            append(&mut text, rest.get(..length).unwrap_or_default());
            self.at += length;
            if self.byte(0) == quote {
                self.at += 1;
                return Ok(text);
            }
            let escaped = self.escaped()?;
            text.to_mut().push(escaped);
        }
    }

    /// Reads what follows a backslash. Any character stands for itself but the usual ones.
    fn escaped(&mut self) -> Result<char, String> {
        let Some(escaped) = self.rest().chars().nth(1) else {
            self.resume_here();
            return Err(self.fail(QUOTE_EXPECTED));
        };
        if escaped == 'u' {
            return self.code_point();
        }
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

    fn code_point(&mut self) -> Result<char, String> {
        let mut code = self.code_unit(0, "Illegal hex string.")?;
        let mut length = UNIT;
        if (0xD800..0xDC00).contains(&code) {
            let low = self.low_surrogate()?;
            code = 0x10000 + ((code & 0x3FF) << 10 | low & 0x3FF);
            length *= 2;
        }
        let code = char::from_u32(code).ok_or_else(|| self.fail("Invalid unicode code point."))?;
        self.at += length;
        Ok(code)
    }

    fn low_surrogate(&mut self) -> Result<u32, String> {
        const MISSING: &str = "Missing low surrogate.";
        if self.rest().len() >= 2 * UNIT && !self.bytes_from(UNIT).starts_with(b"\\u") {
            return Err(self.fail(MISSING));
        }
        match self.code_unit(UNIT, MISSING)? {
            low @ 0xDC00..0xE000 => Ok(low),
            _ => Err(self.fail("Invalid low surrogate.")),
        }
    }

    /// Reads `\uXXXX`, some bytes ahead.
    fn code_unit(&mut self, ahead: usize, too_short: &str) -> Result<u32, String> {
        let Some(digits) = self.bytes_from(ahead).get(2..UNIT) else {
            self.resume_here();
            return Err(self.fail(too_short));
        };
        let digit = |code: u32, &b: &u8| Some(code * 16 + char::from(b).to_digit(16)?);
        let code = digits.iter().try_fold(0, digit);
        code.ok_or_else(|| self.fail("Invalid escape sequence."))
    }

    fn number(&mut self) -> Result<Scalar<'a>, String> {
        let rest = self.rest();
        let belongs = |&b: &u8| b.is_ascii_digit() || b".eE+-x".contains(&b);
        let length = rest.bytes().take_while(belongs).count();
        if length == rest.len() {
            self.resume_here();
        }
        let digits = rest.get(..length).unwrap_or_default();
        let number = read_number(digits).map_err(|reason| self.fail(reason))?;
        self.at += length;
        Ok(number)
    }

    fn token(&mut self) -> Token {
        self.skip_whitespace();
        let rest = self.rest();
        match self.byte(0) {
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

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn bytes_from(&self, ahead: usize) -> &'a [u8] {
        let bytes = self.text.as_bytes();
        bytes.get(self.at + ahead..).unwrap_or_default()
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.bytes_from(ahead).first().copied()
    }

    /// The first pass stops here to wait for more; what follows happens in the second one.
    fn resume_here(&mut self) {
        self.resumed_at.get_or_insert(self.at);
    }

    fn unexpected_token(&mut self) -> String {
        // Fewer bytes than `false` has could be the beginning of a word.
        if self.rest().len() < "false".len() {
            self.resume_here();
        }
        self.fail("Unexpected token.")
    }

    fn fail_unknown(&mut self, reason: &str) -> String {
        self.resume_here();
        match self.rest() {
            "" => self.fail(&format!("Unexpected end of string. {reason}")),
            _ => self.fail(reason),
        }
    }

    fn fail(&self, reason: &str) -> String {
        let start = self.resumed_at.unwrap_or(0);
        excerpt(reason, self.text.as_bytes(), start, self.at)
    }
}

/// Length of `\uXXXX`.
const UNIT: usize = 6;

fn append<'a>(text: &mut Cow<'a, str>, more: &'a str) {
    match text.is_empty() {
        true => *text = Cow::Borrowed(more),
        false if more.is_empty() => {}
        false => text.to_mut().push_str(more),
    }
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$'
}

fn read_number(text: &str) -> Result<Scalar<'static>, &'static str> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_floating = text.contains(['.', 'e', 'E']);
    if !is_floating && digits.len() > 1 && digits.starts_with('0') {
        return Err("Octal/hex numbers are not valid JSON values.");
    }
    if is_floating {
        return read_double(text);
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
        Err(_) => Err(NUMBER_UNREADABLE),
    }
}
