//! Finds the signs of all failures in words, in one pass.

use crate::entry::{Entry, Sure};
use aho_corasick::{AhoCorasick, MatchKind};

/// Words that `*` may stand for, in bytes.
const NEAR: usize = 60;
/// Words that `**` may stand for, in bytes.
const FAR: usize = 500;
/// Enough occurrences of one failure to know where it is.
const MOST_HITS: usize = 64;

/// A place where a failure was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    /// The failure's place in the catalogue.
    pub(super) entry: usize,
    pub(super) sure: Sure,
    /// How much was recognised: more words say more.
    pub(super) weight: usize,
    /// The first byte, in the words.
    pub(super) start: usize,
    /// After the last byte.
    pub(super) end: usize,
}

/// The signs of the whole catalogue.
pub(super) struct Signs {
    signs: Vec<Compiled>,
    /// Finds the first words of signs.
    first: AhoCorasick,
    /// The signs that begin with each of them.
    begun: Vec<Vec<usize>>,
}

struct Compiled {
    entry: usize,
    sure: Sure,
    weight: usize,
    first: String,
    /// The later words, and how far they may be from those before.
    rest: Vec<(usize, String)>,
    unless: Option<String>,
}

impl Signs {
    pub(super) fn of(entries: &[&Entry]) -> Self {
        let (mut signs, mut firsts, mut begun) = (Vec::new(), Vec::new(), Vec::<Vec<usize>>::new());
        for (entry, found) in entries.iter().enumerate() {
            for sign in found.signs {
                let (first, compiled) = compile(entry, sign.sure, sign.pattern);
                let place = firsts.iter().position(|known| *known == first);
                let place = place.unwrap_or_else(|| {
                    firsts.push(first);
                    begun.push(Vec::new());
                    begun.len() - 1
                });
                begun[place].push(signs.len());
                signs.push(compiled);
            }
        }
        let first = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(&firsts)
            .expect("the catalogue's signs are few and short");
        Self {
            signs,
            first,
            begun,
        }
    }

    /// All hits, in the order of their beginnings' ends. With `cut`, the text breaks off and may end
    /// within a sign.
    pub(super) fn find(&self, words: &str, cut: bool) -> Vec<Hit> {
        let mut hits: Vec<Hit> = Vec::new();
        let mut counts = vec![0; self.signs.len()];
        for found in self.first.find_overlapping_iter(words) {
            for index in &self.begun[found.pattern().as_usize()] {
                if counts[*index] >= MOST_HITS {
                    continue;
                }
                let sign = &self.signs[*index];
                if let Some(end) = sign.end(words, found.end()) {
                    counts[*index] += 1;
                    hits.push(Hit {
                        entry: sign.entry,
                        sure: sign.sure,
                        weight: sign.weight,
                        start: found.start(),
                        end,
                    });
                }
            }
        }
        if cut {
            hits.extend(self.signs.iter().filter_map(|sign| sign.begun(words)));
        }
        hits
    }
}

/// Of a sign, what must be there before a text breaks off: bytes, and hundredths.
const CUT_LEAST: (usize, usize) = (14, 55);

impl Compiled {
    /// The hit of a sign in whose words the text breaks off; less sure than the whole of it.
    fn begun(&self, words: &str) -> Option<Hit> {
        let text = match self.rest.as_slice() {
            [] => &self.first,
            [.., (_, last)] => last,
        };
        let words = words.trim_end();
        let least = CUT_LEAST.0.max(text.len() * CUT_LEAST.1 / 100);
        let length = (least..text.len()).rev().find(|length| {
            text.get(..*length)
                .is_some_and(|begun| words.ends_with(begun))
        })?;
        let start = words.len() - length;
        if !self.rest.is_empty() {
            let before = words.rfind(&self.first)? + self.first.len();
            let gap: usize = self.rest.iter().map(|(gap, text)| gap + text.len()).sum();
            if self.rest.len() > 1 || before > start || start - before > gap {
                return None;
            }
        }
        Some(Hit {
            entry: self.entry,
            sure: match self.sure {
                Sure::Certain => Sure::Likely,
                Sure::Likely | Sure::Possible => Sure::Possible,
            },
            weight: length,
            start,
            end: words.len() + 1,
        })
    }

    /// Where the sign ends, if its later words follow.
    fn end(&self, words: &str, mut end: usize) -> Option<usize> {
        if self
            .unless
            .as_ref()
            .is_some_and(|not| words.contains(not.as_str()))
        {
            return None;
        }
        for (gap, text) in &self.rest {
            // The blank at the end of what was found may be the one before what follows.
            let from = end - 1;
            let most = (from + gap + text.len()).min(words.len());
            let to = (most..=words.len()).find(|at| words.is_char_boundary(*at))?;
            let found = words.get(from..to)?.find(text.as_str())?;
            end = from + found + text.len();
        }
        Some(end)
    }
}

fn compile(entry: usize, sure: Sure, pattern: &str) -> (String, Compiled) {
    let (pattern, unless) = match pattern.split_once('!') {
        Some((pattern, not)) => (pattern.trim(), Some(format!(" {} ", not.trim()))),
        None => (pattern, None),
    };
    let mut pieces: Vec<(usize, Vec<&str>)> = vec![(0, Vec::new())];
    for word in pattern.split_whitespace() {
        match word {
            "*" => pieces.push((NEAR, Vec::new())),
            "**" => pieces.push((FAR, Vec::new())),
            word => {
                if let Some((_, words)) = pieces.last_mut() {
                    words.push(word);
                }
            }
        }
    }
    let mut pieces = pieces
        .into_iter()
        .map(|(gap, words)| (gap, bounded(&words.join(" "))));
    let first = pieces.next().map(|(_, text)| text).unwrap_or_default();
    let rest: Vec<_> = pieces.collect();
    let weight = first.len() + rest.iter().map(|(_, text)| text.len()).sum::<usize>();
    let compiled = Compiled {
        entry,
        sure,
        weight,
        first: first.clone(),
        rest,
        unless,
    };
    (first, compiled)
}

/// Words with the blanks that bound them, but where a `~` says that they may go on.
fn bounded(words: &str) -> String {
    let before = if words.starts_with('~') { "" } else { " " };
    let after = if words.ends_with('~') { "" } else { " " };
    format!("{before}{}{after}", words.trim_matches('~'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{Retry, Sign};

    /// The signs of a failure that has this one.
    fn of_one(pattern: &'static str) -> Signs {
        let signs: &'static [Sign] = Box::leak(Box::new([crate::entry::certain(pattern)]));
        Signs::of(&[&Entry {
            name: "x",
            page: "",
            guide: None,
            retry: Retry::Never,
            over: &[],
            signs,
        }])
    }

    #[track_caller]
    fn check(pattern: &'static str, words: &str, expected: Option<&str>) {
        let words = format!(" {words} ");
        let hits = of_one(pattern).find(&words, false);
        let found = hits.first().map(|hit| words[hit.start..hit.end].trim());
        assert_eq!(found, expected, "{pattern}");
    }

    #[test]
    fn words_are_whole_unless_marked() {
        check("limit 0", "a limit 0 b", Some("limit 0"));
        check("limit 0", "a limit 05 b", None);
        check("perday", "a requestsperday b", None);
        check("~perday~", "a requestsperdayx b", Some("perday"));
        check("~perday", "a requestsperday b", Some("perday"));
        check("~perday", "a requestsperdayx b", None);
    }

    #[test]
    fn gaps_are_short_or_long_or_none() {
        check("a * b", "a b", Some("a b"));
        check("a * b", "a x y b", Some("a x y b"));
        let far = format!("a {} b", "word ".repeat(30).trim());
        check("a * b", &far, None);
        check("a ** b", &far, Some(&far));
        check("a ** b", "b a", None);
        check("a ** b", "a 错误错误 b 误", Some("a 错误错误 b"));
    }

    #[test]
    fn a_text_that_breaks_off_may_end_in_a_sign() {
        #[track_caller]
        fn check(pattern: &'static str, words: &str, expected: bool) {
            let hits = of_one(pattern).find(&format!(" {words} "), true);
            assert_eq!(
                hits.first().map(|hit| hit.sure),
                expected.then_some(Sure::Likely)
            );
        }
        let sign = "user location is not supported";
        check(sign, "message user location is not supp", true);
        check(sign, "message user location", false);
        check(sign, "user location is not supp x", false);
        check(
            "quota * free tier requests limit",
            "quota x free tier requests li",
            true,
        );
        check(
            "quota * free tier requests limit",
            "free tier requests li",
            false,
        );
    }

    #[test]
    fn what_must_not_occur_counts_anywhere() {
        check("a !c d", "a b", Some("a"));
        check("a !c d", "x c d a b", None);
        check("a !c d", "x c e a b", Some("a"));
    }
}
