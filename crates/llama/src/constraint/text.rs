//! Texts as regular expressions over their JSON spelling.
//!
//! Patterns are read as ECMAScript does, in the subset on which Python, Rust and ECMAScript agree:
//! `\d`, `\w` and `\s` are ASCII, and a pattern with their opposites is kept to ASCII altogether.

use super::{SchemaError, form::Text};
use llguidance::derivre::{RegexAst, RegexBuilder};
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look};

/// One character of a JSON text as we let models write it: only the escapes that a text needs. The
/// class is the one that `llguidance` prepares for: with it a mask takes microseconds.
pub(super) const CHARACTER: &str = r#"(?:[^"\\\x00-\x1F\x7F]|\\["\\nt])"#;

/// The longest text that a pattern may need before it is refused.
const LONGEST_PATTERN: u64 = 4096;

/// Regular expressions, quotes included, all of which a text must match, and its longest length.
pub(super) fn regexes(text: &Text, limit: u64) -> Result<(Vec<String>, u64), SchemaError> {
    if text.max.is_some_and(|max| max < text.min) {
        return Err(SchemaError::new(
            &text.path,
            "`minLength` is above `maxLength`",
        ));
    }
    let cap = |limit: u64| text.max.unwrap_or(u64::MAX).min(limit.max(text.min));
    let mut needed = Vec::new();
    if let Some(pattern) = &text.pattern {
        needed.push(quoted(&pattern_regex(pattern, &text.path)?));
    }
    if let Some(format) = text.format.as_deref().and_then(format_regex) {
        needed.push(quoted(&format));
    }
    if needed.is_empty() {
        let max = cap(limit);
        return Ok((vec![length(text.min, max)], max));
    }
    let mut limit = limit;
    loop {
        let max = cap(limit);
        let mut all = needed.clone();
        all.push(length(text.min, max));
        if !is_empty(&all) {
            return Ok((all, max));
        }
        if max < limit || limit >= LONGEST_PATTERN {
            return Err(SchemaError::new(
                &text.path,
                "no text satisfies `pattern`, `format` and the length together",
            ));
        }
        limit *= 2;
    }
}

fn quoted(regex: &str) -> String {
    format!("\"(?:{regex})\"")
}

fn length(min: u64, max: u64) -> String {
    format!("\"{CHARACTER}{{{min},{max}}}\"")
}

/// Whether no text matches all. What cannot be told in reasonable time counts as not empty.
fn is_empty(regexes: &[String]) -> bool {
    let mut builder = RegexBuilder::new();
    let all = regexes.iter().cloned().map(RegexAst::Regex).collect();
    let Ok(expression) = builder.mk(&RegexAst::And(all)) else {
        return false;
    };
    let regex = builder.to_regex_limited(expression, 20_000);
    regex.is_ok_and(|mut regex| regex.always_empty())
}

/// A regular expression for a format of JSON Schema; `None` for formats that say nothing here.
fn format_regex(name: &str) -> Option<String> {
    const DATE: &str = "[12][0-9]{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))|[12][0-9](?:0[48]|[2468][048]|[13579][26])-02-29";
    const TIME: &str = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,6})?(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9])";
    const HOST: &str =
        "[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?(?:\\.[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?){0,4}";
    const DOMAIN: &str = "[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?(?:\\.[a-z]{2,12}){1,3}";
    const OCTET: &str = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    const GROUP: &str = "[0-9a-f]{1,4}";
    const PATH: &str = "(?:/[A-Za-z0-9._~-]{1,40}){0,8}/?(?:\\?[A-Za-z0-9._~=&-]{0,60})?(?:#[A-Za-z0-9._~-]{0,40})?";
    Some(match name {
        "date" => DATE.into(),
        "time" => TIME.into(),
        "date-time" => format!("(?:{DATE})T{TIME}"),
        "duration" => duration(),
        "email" | "idn-email" => {
            format!("[A-Za-z0-9_+-]{{1,20}}(?:\\.[A-Za-z0-9_+-]{{1,20}}){{0,2}}@{DOMAIN}")
        }
        "uuid" => "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}".into(),
        "uri" | "url" | "iri" | "uri-reference" | "iri-reference" | "uri-template" => {
            format!("https?://{DOMAIN}{PATH}")
        }
        "hostname" | "idn-hostname" => HOST.into(),
        "ipv4" => format!("{OCTET}(?:\\.{OCTET}){{3}}"),
        "ipv6" => format!("{GROUP}(?::{GROUP}){{7}}|{GROUP}(?::{GROUP}){{0,3}}::{GROUP}|::1"),
        "json-pointer" => "(?:/[A-Za-z0-9_-]{1,40}){0,8}".into(),
        "relative-json-pointer" => "[0-9](?:/[A-Za-z0-9_-]{1,40}){0,8}".into(),
        "regex" => "[A-Za-z0-9_ -]{0,60}".into(),
        "byte" => "(?:[A-Za-z0-9+/]{4}){0,512}".into(),
        _ => return None,
    })
}

fn duration() -> String {
    const N: &str = "[1-9]?[0-9]{1,3}";
    let time = format!("T(?:{N}H(?:{N}M(?:{N}S)?)?|{N}M(?:{N}S)?|{N}S)");
    let date = format!("(?:{N}Y(?:{N}M(?:{N}D)?)?|{N}M(?:{N}D)?|{N}D)");
    format!("P(?:{date}(?:{time})?|{time}|{N}W)")
}

/// A pattern, which may match anywhere in a text, as a regular expression for the whole text.
fn pattern_regex(pattern: &str, path: &str) -> Result<String, SchemaError> {
    let refuse = |why: String| SchemaError::new(path, format!("`pattern` `{pattern}`: {why}"));
    let dialect = Dialect::translate(pattern).map_err(refuse)?;
    let hir = regex_syntax::ParserBuilder::new()
        .build()
        .parse(&dialect.regex)
        .map_err(|_| refuse("this regular expression is not supported".into()))?;
    let writer = Quoting {
        ascii: dialect.ascii,
    };
    let branches: Result<Vec<String>, String> = branches(&hir)
        .into_iter()
        .map(|branch| writer.branch(&branch))
        .collect();
    branches.map(|all| all.join("|")).map_err(refuse)
}

/// ECMAScript's spelling in that of `regex-syntax`.
struct Dialect {
    regex: String,
    /// The pattern has an opposite of `\d`, `\w` or `\s`.
    ascii: bool,
}

impl Dialect {
    fn translate(pattern: &str) -> Result<Self, String> {
        let mut out = Self {
            regex: String::new(),
            ascii: false,
        };
        let mut letters = pattern.chars().peekable();
        let (mut in_class, mut negated) = (false, false);
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => {
                    let Some(escaped) = letters.next() else {
                        return Err("it ends with a backslash".into());
                    };
                    out.escape(escaped, in_class, &mut letters)?;
                    out.ascii |= negated && matches!(escaped, 'd' | 'w' | 's');
                }
                '[' if !in_class => {
                    in_class = true;
                    negated = letters.next_if_eq(&'^').is_some();
                    out.regex.push_str(if negated { "[^" } else { "[" });
                }
                ']' if in_class => {
                    (in_class, negated) = (false, false);
                    out.regex.push(']');
                }
                // Set operations of `regex-syntax` that are plain characters elsewhere.
                '[' | '&' | '~' if in_class => out.regex.extend(['\\', letter]),
                _ => out.regex.push(letter),
            }
        }
        Ok(out)
    }

    fn escape(
        &mut self,
        letter: char,
        in_class: bool,
        rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    ) -> Result<(), String> {
        let class = |inner: &str| match in_class {
            true => inner.to_owned(),
            false => format!("[{inner}]"),
        };
        const WORD: &str = "0-9A-Za-z_";
        const SPACE: &str = " \\t\\n\\r\\x0b\\x0c";
        self.ascii |= matches!(letter, 'D' | 'W' | 'S');
        let text = match letter {
            'd' => class("0-9"),
            'w' => class(WORD),
            's' => class(SPACE),
            'D' => "[^0-9]".into(),
            'W' => format!("[^{WORD}]"),
            'S' => format!("[^{SPACE}]"),
            'u' => {
                let digits: String = rest.by_ref().take(4).collect();
                format!("\\x{{{digits}}}")
            }
            'n' | 't' | 'r' | 'f' | 'v' | 'x' | 'p' | 'P' => format!("\\{letter}"),
            letter if letter.is_ascii_alphanumeric() => {
                return Err(format!("`\\{letter}` is not supported"));
            }
            letter => regex_syntax::escape(&letter.to_string()),
        };
        self.regex.push_str(&text);
        Ok(())
    }
}

/// One alternative and whether it is tied to the text's ends.
struct Branch {
    from_start: bool,
    to_end: bool,
    inner: Vec<Hir>,
}

fn branches(hir: &Hir) -> Vec<Branch> {
    match hir.kind() {
        HirKind::Alternation(options) => options.iter().flat_map(branches).collect(),
        HirKind::Capture(capture) => branches(&capture.sub),
        HirKind::Concat(parts) => vec![branch(parts)],
        _ => vec![branch(std::slice::from_ref(hir))],
    }
}

fn branch(parts: &[Hir]) -> Branch {
    let is = |part: Option<&Hir>, look| {
        part.is_some_and(|part| matches!(part.kind(), HirKind::Look(found) if *found == look))
    };
    let mut inner = parts;
    let (mut from_start, mut to_end) = (false, false);
    while is(inner.first(), Look::Start) {
        (from_start, inner) = (true, &inner[1..]);
    }
    while is(inner.last(), Look::End) {
        (to_end, inner) = (true, &inner[..inner.len() - 1]);
    }
    Branch {
        from_start,
        to_end,
        inner: inner.to_vec(),
    }
}

/// Writes a regular expression for the JSON spelling of what another one matches.
struct Quoting {
    ascii: bool,
}

impl Quoting {
    fn branch(&self, branch: &Branch) -> Result<String, String> {
        let anything = format!("{CHARACTER}*");
        let mut out = String::new();
        if !branch.from_start {
            out.push_str(&anything);
        }
        for part in &branch.inner {
            out.push_str(&self.hir(part)?);
        }
        if !branch.to_end {
            out.push_str(&anything);
        }
        Ok(out)
    }

    fn hir(&self, hir: &Hir) -> Result<String, String> {
        Ok(match hir.kind() {
            HirKind::Empty => String::new(),
            HirKind::Literal(literal) => self.literal(&literal.0)?,
            HirKind::Class(Class::Unicode(class)) => self.class(class),
            HirKind::Class(Class::Bytes(_)) => return Err("bytes are not supported".into()),
            HirKind::Look(_) => {
                return Err("`^`, `$` and `\\b` are supported only at its ends".into());
            }
            HirKind::Repetition(repetition) => {
                let max = repetition.max.map_or(String::new(), |max| max.to_string());
                let inner = self.hir(&repetition.sub)?;
                format!("(?:{inner}){{{},{max}}}", repetition.min)
            }
            HirKind::Capture(capture) => self.hir(&capture.sub)?,
            HirKind::Concat(parts) => {
                let parts: Result<String, String> =
                    parts.iter().map(|part| self.hir(part)).collect();
                parts?
            }
            HirKind::Alternation(options) => {
                let options: Result<Vec<String>, String> =
                    options.iter().map(|option| self.hir(option)).collect();
                format!("(?:{})", options?.join("|"))
            }
        })
    }

    fn literal(&self, bytes: &[u8]) -> Result<String, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "bytes are not supported".to_owned())?;
        Ok(text
            .chars()
            .map(|letter| self.class(&single(letter)))
            .collect())
    }

    /// The characters that JSON writes as they are, and the escapes of the others.
    fn class(&self, class: &ClassUnicode) -> String {
        let mut plain = class.clone();
        if self.ascii {
            plain.intersect(&ClassUnicode::new([ClassUnicodeRange::new('\0', '\x7f')]));
        }
        let broad = holds(&plain, 'a') && holds(&plain, '~') || holds(&plain, '\u{4e00}');
        let mut options: Vec<String> = ESCAPES
            .iter()
            .filter(|(letter, _)| holds(&plain, *letter))
            // A class of nearly everything needs no carriage returns.
            .filter(|(letter, _)| !broad || "\"\\\n\t".contains(*letter))
            .map(|(_, escape)| (*escape).to_owned())
            .collect();
        plain.difference(&unwritten());
        if let Some(set) = set(&plain) {
            options.push(set);
        }
        match options.as_slice() {
            [] => "[a&&b]".into(),
            [only] => only.clone(),
            several => format!("(?:{})", several.join("|")),
        }
    }
}

/// Characters that JSON escapes, with a regular expression for the escape.
const ESCAPES: [(char, &str); 7] = [
    ('"', "\\\\\""),
    ('\\', "\\\\\\\\"),
    ('\n', "\\\\n"),
    ('\t', "\\\\t"),
    ('\r', "\\\\r"),
    ('\u{8}', "\\\\b"),
    ('\u{c}', "\\\\f"),
];

fn single(letter: char) -> ClassUnicode {
    ClassUnicode::new([ClassUnicodeRange::new(letter, letter)])
}

fn holds(class: &ClassUnicode, letter: char) -> bool {
    let mut ranges = class.ranges().iter();
    ranges.any(|range| (range.start()..=range.end()).contains(&letter))
}

/// Characters that never stand in a text as they are.
fn unwritten() -> ClassUnicode {
    ClassUnicode::new([
        ClassUnicodeRange::new('\0', '\x1f'),
        ClassUnicodeRange::new('"', '"'),
        ClassUnicodeRange::new('\\', '\\'),
        ClassUnicodeRange::new('\x7f', '\u{9f}'),
        ClassUnicodeRange::new('\u{2028}', '\u{2029}'),
    ])
}

fn set(class: &ClassUnicode) -> Option<String> {
    let ranges = class.ranges();
    let text: String = ranges
        .iter()
        .map(|range| {
            let (start, end) = (u32::from(range.start()), u32::from(range.end()));
            format!("\\x{{{start:x}}}-\\x{{{end:x}}}")
        })
        .collect();
    (!ranges.is_empty()).then(|| format!("[{text}]"))
}
