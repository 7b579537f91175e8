//! What a value that should be an API key is, judged by its form alone.

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `AIza…` with 39 characters, as Google made keys until May 2026.
    Standard,
    /// `AIza…` with fewer characters: a piece is missing.
    Cut,
    /// `AIza…` with more characters: something was pasted twice, or behind it.
    TooLong,
    /// `AQ.…`: an authorization key, as AI Studio makes them since 2026-05-28.
    Authorization,
    /// Something that another service or another way of signing in gives out.
    Foreign(&'static str),
    /// A text that stands for a key: `YOUR_API_KEY`, `$GEMINI_API_KEY`, `undefined`.
    Placeholder,
    /// A key with its middle hidden: `AIza****`, `AIza...abc`.
    Masked,
    /// More than the key: `GEMINI_API_KEY=…`, `Bearer …`, a URL.
    Wrapped(&'static str),
    /// None of these.
    Unknown,
}

/// What is around or within a value and does not belong there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Quotation marks that a shell or a file did not take away.
    Quotes,
    /// Spaces around it.
    Spaces,
    /// A line break around it.
    LineBreak,
    /// A space, a line break or a control character in the middle.
    Within,
    /// Letters beyond ASCII, such as typographic quotation marks.
    NotAscii,
}

/// A value, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What it looks like, without what is around it.
    pub kind: Kind,
    /// What does not belong there.
    pub flaws: Vec<Flaw>,
    /// Its length in characters, without what is around it.
    pub length: usize,
}

/// Beginnings of what is often taken for a key of the Gemini API.
const FOREIGN: [(&str, &str); 19] = [
    ("ya29.", "an OAuth access token"),
    ("1//", "an OAuth refresh token"),
    ("GOCSPX-", "an OAuth client secret"),
    (
        "auth_tokens/",
        "an ephemeral token, which only the Live API takes",
    ),
    ("eyJ", "a JSON web token"),
    ("{", "the text of a JSON file, such as a service account's"),
    ("-----BEGIN", "a private key or certificate"),
    ("sk-ant-", "a key of Anthropic"),
    ("sk-or-", "a key of OpenRouter"),
    ("sk-", "a key of OpenAI or of a service like it"),
    ("gsk_", "a key of Groq"),
    ("hf_", "a token of Hugging Face"),
    ("ghp_", "a token of GitHub"),
    ("github_pat_", "a token of GitHub"),
    ("xai-", "a key of xAI"),
    ("nvapi-", "a key of NVIDIA"),
    ("AKIA", "a key of Amazon Web Services"),
    ("pplx-", "a key of Perplexity"),
    ("glpat-", "a token of GitLab"),
];

/// Words of placeholders, without anything but letters.
const PLACEHOLDERS: [&str; 17] = [
    "yourapikey",
    "yourkey",
    "yourgemini",
    "yourgoogle",
    "youractual",
    "apikeyhere",
    "keyhere",
    "insertkey",
    "insertyour",
    "pasteyour",
    "replaceme",
    "replacewith",
    "changeme",
    "exampleapikey",
    "placeholder",
    "dummykey",
    "xxxxxxxx",
];

/// Whole values that stand for nothing.
const NOTHING: [&str; 9] = [
    "undefined",
    "null",
    "none",
    "nil",
    "todo",
    "test",
    "apikey",
    "key",
    "geminiapikey",
];

/// Standard keys have this length.
const STANDARD: usize = 39;

/// Judges a value. It says nothing about whether a server knows the key.
///
/// ```
/// use propus_doctor::key::{Flaw, Kind, judge};
///
/// let judged = judge("\"AIzaSyA0123456789abcdefghijklmnopqrstuv\"\n");
/// assert_eq!(judged.kind, Kind::Standard);
/// assert_eq!(judged.flaws, [Flaw::LineBreak, Flaw::Quotes]);
/// ```
pub fn judge(value: &str) -> Judged {
    let mut flaws = Vec::new();
    let mut inner = value.trim();
    if value.len() > inner.len() {
        let around = value.replacen(inner, "", 1);
        flaws.push(match around.contains(['\n', '\r']) {
            true => Flaw::LineBreak,
            false => Flaw::Spaces,
        });
    }
    let bare = inner.trim_matches(QUOTES);
    if bare.len() < inner.len() {
        flaws.push(Flaw::Quotes);
        inner = bare.trim();
    }
    let kind = kind(inner);
    if !matches!(
        kind,
        Kind::Foreign(_) | Kind::Placeholder | Kind::Wrapped(_)
    ) {
        if inner.contains(|c: char| c.is_whitespace() || c.is_control()) {
            flaws.push(Flaw::Within);
        }
        if !inner.is_ascii() && kind != Kind::Masked {
            flaws.push(Flaw::NotAscii);
        }
    }
    Judged {
        kind,
        flaws,
        length: inner.chars().count(),
    }
}

const QUOTES: [char; 7] = ['"', '\'', '`', '“', '”', '‘', '’'];

fn kind(value: &str) -> Kind {
    let letters: String = value
        .chars()
        .filter(char::is_ascii_alphabetic)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    let standing_in = [
        "$",
        "%",
        "<",
        "{{",
        "[",
        "os.environ",
        "process.env",
        "import.meta",
    ]
    .iter()
    .any(|beginning| value.starts_with(beginning));
    let nothing = value.len() < 20 && NOTHING.contains(&letters.as_str());
    if standing_in || nothing || PLACEHOLDERS.iter().any(|word| letters.contains(word)) {
        return Kind::Placeholder;
    }
    if ["***", "...", "…", "•••"]
        .iter()
        .any(|mark| value.contains(mark))
    {
        return Kind::Masked;
    }
    if let Some(wrapped) = wrapped(value) {
        return Kind::Wrapped(wrapped);
    }
    let foreign = FOREIGN.iter().find(|(begin, _)| value.starts_with(begin));
    if let Some((_, what)) = foreign {
        return Kind::Foreign(what);
    }
    if value.ends_with(".apps.googleusercontent.com") {
        return Kind::Foreign("an OAuth client id");
    }
    if value.to_ascii_lowercase().ends_with(".json") {
        return Kind::Foreign("the path of a JSON file, such as a service account's");
    }
    match value.chars().count() {
        length if value.starts_with("AIza") => match length.cmp(&STANDARD) {
            std::cmp::Ordering::Less => Kind::Cut,
            std::cmp::Ordering::Equal => Kind::Standard,
            std::cmp::Ordering::Greater => Kind::TooLong,
        },
        _ if value.starts_with("AQ.") => Kind::Authorization,
        _ => Kind::Unknown,
    }
}

/// What stands around a key that was copied with its surroundings.
fn wrapped(value: &str) -> Option<&'static str> {
    let lower = value.to_ascii_lowercase();
    if lower.starts_with("http://") || lower.starts_with("https://") {
        return Some("an address");
    }
    if lower.starts_with("bearer ") {
        return Some("`Bearer` and a key or token");
    }
    let (name, _) = value.split_once(['=', ':'])?;
    let name = name.trim_start_matches("export ").trim();
    let is_name = name.len() >= 3
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    (is_name && name.to_ascii_lowercase().contains("key"))
        .then_some("the variable's name and the key")
}

impl Kind {
    /// Whether it is a key of the Gemini API, as far as its form tells.
    pub fn is_key(self) -> bool {
        matches!(self, Self::Standard | Self::Authorization)
    }
}

impl Judged {
    /// Whether Google's server cannot take it.
    pub fn is_wrong(&self) -> bool {
        let broken = |flaw: &Flaw| !matches!(flaw, Flaw::Spaces | Flaw::LineBreak);
        !(self.kind.is_key() || self.kind == Kind::Unknown) || self.flaws.iter().any(broken)
    }

    /// What it is, for people. The value is no part of it.
    pub fn words(&self) -> String {
        let length = self.length;
        let kind = match self.kind {
            Kind::Standard => format!("AIza…, {length} characters: a standard key"),
            Kind::Cut => {
                format!("AIza…, {length} characters: cut short, standard keys have {STANDARD}")
            }
            Kind::TooLong => {
                format!("AIza…, {length} characters: too long, standard keys have {STANDARD}")
            }
            Kind::Authorization => format!("AQ.…, {length} characters: an authorization key"),
            Kind::Foreign(what) => format!("{length} characters: looks like {what}"),
            Kind::Placeholder => "a placeholder, not a key".to_owned(),
            Kind::Masked => "a masked key: a part of it is hidden".to_owned(),
            Kind::Wrapped(what) => format!("{length} characters: holds {what}"),
            Kind::Unknown => format!("{length} characters: of no kind that Google gives out"),
        };
        let flaws = self.flaws.iter().map(|flaw| match flaw {
            Flaw::Quotes => "; quotation marks are part of the value",
            Flaw::Spaces => "; spaces are around it",
            Flaw::LineBreak => "; a line break is around it",
            Flaw::Within => "; a space or control character is within it",
            Flaw::NotAscii => "; it has letters beyond ASCII",
        });
        flaws.fold(kind, |words, flaw| words + flaw)
    }

    /// What to do about it.
    pub fn advice(&self) -> Vec<&'static str> {
        let kind = match self.kind {
            Kind::Standard | Kind::Authorization => None,
            Kind::Cut | Kind::TooLong | Kind::Masked | Kind::Unknown => {
                Some("copy the whole key again from https://aistudio.google.com/app/apikey")
            }
            Kind::Foreign(_) => Some(
                "put a key of the Gemini API there, from https://aistudio.google.com/app/apikey; \
                 OAuth tokens and service accounts are sent in other ways",
            ),
            Kind::Placeholder => {
                Some("put your own key there, from https://aistudio.google.com/app/apikey")
            }
            Kind::Wrapped(_) => Some("leave only the key in the value"),
        };
        let flaws = self.flaws.iter().map(|flaw| match flaw {
            Flaw::Quotes => {
                "take the quotation marks away: `set NAME=\"…\"` in the Windows command prompt, \
                 `docker --env-file` and some `.env` readers keep them"
            }
            Flaw::Spaces | Flaw::LineBreak => {
                "set the value without spaces and line breaks; some clients refuse such a header"
            }
            Flaw::Within | Flaw::NotAscii => "copy the key again, as plain text",
        });
        flaws.chain(kind).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AIzaSyA0123456789abcdefghijklmnopqrstuv";

    fn check(value: &str, kind: Kind, flaws: &[Flaw]) {
        let judged = judge(value);
        assert_eq!(
            (judged.kind, judged.flaws.as_slice()),
            (kind, flaws),
            "{value:?}"
        );
        let told = format!("{} {:?}", judged.words(), judged.advice());
        assert!(value.len() < 8 || !told.contains(value.trim()), "{told}");
    }

    #[test]
    fn keys_are_known_by_their_form() {
        check(KEY, Kind::Standard, &[]);
        check(
            "AQ.Ab8RN6abcdefghijklmn-_opqrstuvwxyz",
            Kind::Authorization,
            &[],
        );
        check(&KEY[..30], Kind::Cut, &[]);
        check(&format!("{KEY}{KEY}"), Kind::TooLong, &[]);
        check("0123456789abcdef0123456789abcdef", Kind::Unknown, &[]);
        check("", Kind::Unknown, &[]);
    }

    #[test]
    fn what_is_around_a_key_is_seen() {
        check(&format!(" {KEY}"), Kind::Standard, &[Flaw::Spaces]);
        check(&format!("{KEY}\r\n"), Kind::Standard, &[Flaw::LineBreak]);
        check(&format!("'{KEY}'"), Kind::Standard, &[Flaw::Quotes]);
        check(&format!("“{KEY}”"), Kind::Standard, &[Flaw::Quotes]);
        check(&format!("{KEY}\""), Kind::Standard, &[Flaw::Quotes]);
        check(
            &format!("{} {}", &KEY[..20], &KEY[21..]),
            Kind::Standard,
            &[Flaw::Within],
        );
        check("AIza\u{200b}Sy", Kind::Cut, &[Flaw::NotAscii]);
    }

    #[test]
    fn credentials_of_other_kinds_are_named() {
        for value in [
            "ya29.a0AfH6SMabcdefgh",
            "1//0gabcdefgh",
            "GOCSPX-abcdefgh",
            "auth_tokens/abcdefgh",
            "123-abc.apps.googleusercontent.com",
            "/home/me/service-account.json",
            "C:\\keys\\project.JSON",
            "{\"type\": \"service_account\"}",
            "sk-ant-api03-abcdefgh",
            "sk-proj-abcdefgh",
            "eyJhbGciOiJIUzI1NiJ9.e30.x",
        ] {
            let judged = judge(value);
            assert!(
                matches!(judged.kind, Kind::Foreign(_)),
                "{value}: {judged:?}"
            );
            assert!(judged.is_wrong());
        }
    }

    #[test]
    fn placeholders_and_masks_are_no_keys() {
        for value in [
            "YOUR_API_KEY",
            "your-api-key-here",
            "<your key>",
            "$GEMINI_API_KEY",
            "${GEMINI_API_KEY}",
            "%GEMINI_API_KEY%",
            "{{ secrets.KEY }}",
            "REPLACE_ME",
            "undefined",
            "AIzaSyXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
            "GEMINI_API_KEY",
        ] {
            check(value, Kind::Placeholder, &[]);
        }
        for value in [
            "AIza****************abcd",
            "AIzaSy...wxyz",
            "AIza…wxyz",
            "AQ.Ab8…",
        ] {
            check(value, Kind::Masked, &[]);
        }
    }

    #[test]
    fn more_than_the_key_is_seen() {
        for value in [
            format!("GEMINI_API_KEY={KEY}"),
            format!("export GOOGLE_API_KEY={KEY}"),
            format!("x-goog-api-key: {KEY}"),
            format!("Bearer {KEY}"),
            format!("https://host/v1beta/models?key={KEY}"),
        ] {
            assert!(matches!(judge(&value).kind, Kind::Wrapped(_)), "{value}");
        }
    }
}
