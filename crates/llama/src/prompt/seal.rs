//! Marks around users' texts, so that a rendered prompt can be cut into theirs and the template's.

use super::Segment;

/// A pair of marks made of private-use characters that nobody can guess.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seal {
    open: String,
    close: String,
}

impl Seal {
    /// New marks: 96 random bits each.
    pub(super) fn random() -> Self {
        let word = || -> String {
            (0..8)
                .map(|_| private_use(rand::random::<u16>() & 0x0fff))
                .collect()
        };
        Self {
            open: format!("\u{e000}{}\u{e001}", word()),
            close: format!("\u{e002}{}\u{e003}", word()),
        }
    }

    /// The text between the marks.
    pub(super) fn wrap(&self, text: &str) -> String {
        format!("{}{text}{}", self.open, self.close)
    }

    /// Cuts a rendered prompt; `None` where the marks are not in pairs.
    pub(super) fn cut(&self, text: &str) -> Option<Vec<Segment>> {
        let mut segments = Vec::new();
        let mut pieces = text.split(&self.open);
        push(&mut segments, self.unmarked(pieces.next()?)?, true);
        for piece in pieces {
            let (theirs, ours) = piece.split_once(&self.close)?;
            push(&mut segments, theirs, false);
            push(&mut segments, self.unmarked(ours)?, true);
        }
        Some(segments)
    }

    fn unmarked<'a>(&self, text: &'a str) -> Option<&'a str> {
        (!text.contains(&self.close)).then_some(text)
    }
}

fn private_use(bits: u16) -> char {
    char::from_u32(0xe100 + u32::from(bits)).expect("U+E100..U+F0FF is for private use")
}

/// Appends a text, to the last segment where it is of the same kind.
pub(super) fn push(segments: &mut Vec<Segment>, text: &str, special: bool) {
    match segments.last_mut() {
        _ if text.is_empty() => {}
        Some(last) if last.special == special => last.text.push_str(text),
        _ => segments.push(Segment {
            text: text.to_owned(),
            special,
        }),
    }
}

/// All pieces in one text.
pub(super) fn joined(segments: &[Segment]) -> String {
    segments
        .iter()
        .map(|segment| segment.text.as_str())
        .collect()
}
