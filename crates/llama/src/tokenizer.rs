//! Text to tokens and back, on the caller's thread.
//!
//! llama.cpp's tokenizer takes more than linear time, so long texts are cut into pieces first. The
//! cuts lie where every tokenizer that we cut for cuts anyway: before a space between two letters.
//! Whether a vocabulary allows that is found out when the model is loaded: no token may reach across
//! such a place, and a sample must give the same tokens in one piece and in many.

use crate::native::{NativeModel, VocabKind};
use std::sync::{Arc, OnceLock};

/// The number of a token in its model's vocabulary.
pub type Token = u32;

/// Texts up to this many bytes are not cut.
const WHOLE: usize = 4096;
/// The least length of a piece in bytes.
const PIECE: usize = 2048;

/// A vocabulary, ready for all threads.
#[derive(Debug)]
pub(crate) struct Tokenizer {
    model: Arc<NativeModel>,
    pieces: Pieces,
    cut: OnceLock<Cut>,
}

/// How a long text may be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// Pieces keep the space that they begin with.
    KeepSpace,
    /// They lose it, because the tokenizer puts one before every text.
    DropSpace,
    /// Not at all.
    Never,
}

impl Tokenizer {
    /// Reads the vocabulary of a model.
    pub(crate) fn new(model: Arc<NativeModel>) -> Self {
        let pieces = Pieces::of(&model);
        Self {
            model,
            pieces,
            cut: OnceLock::new(),
        }
    }

    /// The tokens of a text. `special` also recognises the texts of control tokens, `bounds` adds
    /// what the model wants at the beginning and end of a text.
    pub(crate) fn tokenize(&self, text: &str, special: bool, bounds: bool) -> Vec<Token> {
        if text.len() <= WHOLE {
            return self.model.tokenize(text, special, bounds);
        }
        match *self.cut.get_or_init(|| Cut::of(&self.model, &self.pieces)) {
            Cut::Never => self.model.tokenize(text, special, bounds),
            cut => self.tokenize_pieces(text, special, bounds, cut),
        }
    }

    fn tokenize_pieces(&self, text: &str, special: bool, bounds: bool, cut: Cut) -> Vec<Token> {
        let mut tokens = Vec::with_capacity(text.len() / 3);
        let (head, tail) = if bounds {
            self.bounds()
        } else {
            (Vec::new(), Vec::new())
        };
        tokens.extend(head);
        for (index, piece) in cut_text(text, PIECE).enumerate() {
            let piece = match cut {
                Cut::DropSpace if index > 0 => &piece[1..],
                _ => piece,
            };
            tokens.extend(self.model.tokenize(piece, special, false));
        }
        tokens.extend(tail);
        tokens
    }

    /// What the model wants before and after a text.
    fn bounds(&self) -> (Vec<Token>, Vec<Token>) {
        let bare = self.model.tokenize("a", false, false);
        let mut bound = self.model.tokenize("a", false, true);
        let at = bound
            .windows(bare.len().max(1))
            .position(|window| window == bare)
            .unwrap_or(0);
        let tail = bound.split_off((at + bare.len()).min(bound.len()));
        bound.truncate(at);
        (bound, tail)
    }

    /// The bytes of a token in a text: nothing for control tokens.
    pub(crate) fn bytes(&self, token: Token) -> &[u8] {
        if self.pieces.is_text(token) {
            self.pieces.bytes(token)
        } else {
            &[]
        }
    }

    /// The bytes of a token, also of control tokens.
    pub(crate) fn all_bytes(&self, token: Token) -> &[u8] {
        self.pieces.bytes(token)
    }

    /// Whether a token stands for text.
    pub(crate) fn is_text(&self, token: Token) -> bool {
        self.pieces.is_text(token)
    }

    /// The tokens that end a model's turn.
    pub(crate) fn ends(&self) -> &[Token] {
        &self.pieces.ends
    }

    /// Whether a token ends the model's turn.
    pub(crate) fn is_end(&self, token: Token) -> bool {
        self.pieces.ends.contains(&token)
    }

    /// Whether the middle of a text has the same tokens as a text of its own.
    pub(crate) fn middle_is_text(&self) -> bool {
        Cut::sample(&self.model) == Cut::KeepSpace
    }

    /// The text of tokens, without control tokens.
    pub(crate) fn detokenize(&self, tokens: &[Token]) -> String {
        let bytes: Vec<u8> = tokens
            .iter()
            .flat_map(|token| self.bytes(*token))
            .copied()
            .collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Cut {
    fn of(model: &NativeModel, pieces: &Pieces) -> Self {
        match pieces.reach_across_words() {
            true => Self::Never,
            false => Self::sample(model),
        }
    }

    fn sample(model: &NativeModel) -> Self {
        const SAMPLE: &str = "The quick brown fox's 12 cubs don't sleep, yet; they run:\n\n  one by one \
            over naïve dogs. Ein Übermaß an Licht 日本語 text and\ttabs, emoji 👍 end here again";
        if model.vocab_kind() == VocabKind::Other {
            return Self::Never;
        }
        let whole = model.tokenize(SAMPLE, false, false);
        let fits = |drop: bool| {
            let piece = |(index, piece): (usize, &str)| {
                model.tokenize(&piece[usize::from(drop && index > 0)..], false, false)
            };
            cut_text(SAMPLE, 8)
                .enumerate()
                .flat_map(piece)
                .eq(whole.iter().copied())
        };
        match () {
            () if fits(false) => Self::KeepSpace,
            () if fits(true) => Self::DropSpace,
            () => Self::Never,
        }
    }
}

/// Cuts before spaces that stand between two letters; pieces have `least` bytes or more.
fn cut_text(text: &str, least: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, after) = rest.split_at(first_cut(rest.as_bytes(), least).unwrap_or(rest.len()));
        rest = after;
        Some(piece)
    })
}

fn first_cut(text: &[u8], least: usize) -> Option<usize> {
    let (start, end) = (least.max(1), text.len().saturating_sub(1));
    (start..end).find(|at| between_letters(text, *at))
}

/// Whether a space between two ASCII letters stands at `at`.
fn between_letters(text: &[u8], at: usize) -> bool {
    text[at] == b' ' && text[at - 1].is_ascii_alphabetic() && text[at + 1].is_ascii_alphabetic()
}

/// The bytes of all tokens, one after the other.
#[derive(Debug)]
struct Pieces {
    bytes: Vec<u8>,
    ends_at: Vec<u32>,
    marks: Vec<u64>,
    ends: Vec<Token>,
}

impl Pieces {
    fn of(model: &NativeModel) -> Self {
        let count = model.vocab_size();
        let mut pieces = Self {
            bytes: Vec::with_capacity(count * 7),
            ends_at: Vec::with_capacity(count),
            marks: vec![0; count.div_ceil(64)],
            ends: Vec::new(),
        };
        for token in 0..Token::try_from(count).unwrap_or(Token::MAX) {
            pieces.push(model, token);
        }
        pieces
    }

    fn push(&mut self, model: &NativeModel, token: Token) {
        self.bytes.extend(model.piece(token, true));
        self.ends_at
            .push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
        if !model.is_text(token) {
            self.marks[token as usize / 64] |= 1 << (token % 64);
        }
        if model.is_end(token) {
            self.ends.push(token);
        }
    }

    fn bytes(&self, token: Token) -> &[u8] {
        let index = token as usize;
        let Some(end) = self.ends_at.get(index) else {
            return &[];
        };
        let start = if index == 0 {
            0
        } else {
            self.ends_at[index - 1]
        };
        &self.bytes[start as usize..*end as usize]
    }

    fn is_text(&self, token: Token) -> bool {
        let word = self.marks.get(token as usize / 64);
        word.is_some_and(|word| word & (1 << (token % 64)) == 0)
    }

    /// Whether a token holds a space between two letters.
    fn reach_across_words(&self) -> bool {
        let tokens = 0..Token::try_from(self.ends_at.len()).unwrap_or(Token::MAX);
        tokens
            .into_iter()
            .map(|token| self.bytes(token))
            .any(|bytes| (1..bytes.len().saturating_sub(1)).any(|at| between_letters(bytes, at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, least: usize, expected: &[&str]) {
        assert_eq!(cut_text(text, least).collect::<Vec<_>>(), expected);
        assert_eq!(cut_text(text, least).collect::<String>(), text);
    }

    #[test]
    fn cuts_stand_before_spaces_between_letters() {
        check("one two three", 1, &["one", " two", " three"]);
        check("one two three", 5, &["one two", " three"]);
        check("one  two, three 4 five", 1, &["one  two, three 4 five"]);
        check("", 1, &[]);
        check("é a b é", 1, &["é a", " b é"]);
        check("a ", 1, &["a "]);
    }
}
