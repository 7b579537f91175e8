//! From evidence of any form to ranked causes.
//!
//! Evidence is whatever a person holds in hand: an error body, an exception, a traceback, a log with
//! several errors, a reply without text. It is made readable (escapes of any depth, colours, entities)
//! and then turned into words; every failure's [signs](crate::entry::Sign) are looked for in one pass.
//! Some failures need more than words: replies are read as JSON, model names are looked up in the
//! cards, quotas are told apart by their ids and limits.

mod facts;
mod names;
mod quota;
mod reply;
mod secret;
mod signs;
mod words;

pub use facts::Facts;
pub use secret::hidden;

use crate::{
    catalogue::{self, index},
    entry::{Entry, Retry, Sure},
};
use reply::Reply;
use serde::Serialize;
use serde_json::{Number, Value};
use signs::{Hit, Signs};
use std::{collections::BTreeMap, ops::Range, sync::LazyLock};
use words::{Words, readable};

/// Most causes of a diagnosis.
pub const MOST_CAUSES: usize = 6;

/// What evidence says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnosis {
    /// The causes, best first; none where nothing was recognised.
    pub causes: Vec<Cause>,
}

/// One possible cause.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cause {
    /// The failure's name in the catalogue.
    pub failure: &'static str,
    /// How sure that is.
    pub sure: Sure,
    /// What is the case, in a sentence.
    pub summary: &'static str,
    /// What the evidence tells besides.
    pub facts: Facts,
    /// Why it happens.
    pub why: String,
    /// What to do, best first.
    pub fix: Vec<String>,
    /// Whether and when to try again.
    pub retry: Advice,
    /// The heading of Google's troubleshooting guide; none where it says nothing.
    pub guide: Option<&'static str>,
    /// What was recognised, as it stands in the evidence.
    pub source: String,
}

/// Whether and when to try again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Advice {
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// After how many seconds, where the evidence or the failure says it.
    pub after_seconds: Option<Number>,
    /// In which way.
    pub how: Retry,
}

/// A failure that was recognised.
struct Found {
    entry: &'static Entry,
    hit: Hit,
    places: Vec<Range<usize>>,
}

static SIGNS: LazyLock<Signs> = LazyLock::new(|| Signs::of(&catalogue::ENTRIES));

/// Names the causes that evidence points at. Never panics; text of any size and kind is welcome.
pub fn diagnose(evidence: &str) -> Diagnosis {
    let text = readable(evidence);
    let words = Words::of(&text);
    let causes = recognised(evidence, &text, &words)
        .map(|found| cause(&found, &text, &words))
        .collect();
    Diagnosis { causes }
}

/// The causes by their names alone, for who needs neither facts nor advice.
pub(crate) fn names_of(evidence: &str) -> Vec<(&'static str, Sure)> {
    let text = readable(evidence);
    let words = Words::of(&text);
    recognised(evidence, &text, &words)
        .map(|found| (found.entry.name, found.hit.sure))
        .collect()
}

/// The failures that are recognised, best first.
fn recognised(evidence: &str, text: &str, words: &Words) -> impl Iterator<Item = Found> {
    let mut hits = SIGNS.find(&words.text, breaks_off(text));
    if let Some(reply) = Reply::find(evidence, text) {
        reply_hits(&reply, &words.text, &mut hits);
    } else {
        printed_reply_hits(&words.text, &mut hits);
    }
    names::refine(text, words, &mut hits);
    quota::refine(&words.text, &mut hits);
    ranked(found(hits)).into_iter().take(MOST_CAUSES)
}

/// Whether a text ends amid its last word or sentence: without the mark that would close it.
fn breaks_off(text: &str) -> bool {
    let end = text.trim_end().trim_end_matches(['.', '…', '\'', '"', ')']);
    let ends_whole = text.trim_end().ends_with('.') && !text.trim_end().ends_with("...");
    !ends_whole && end.ends_with(char::is_alphanumeric)
}

/// The facts that a message tells.
pub fn facts_of(message: &str) -> Facts {
    facts::read(message)
}

/// A hit on the whole evidence, for what is not seen in words.
fn whole(name: &str, sure: Sure, words: &str) -> Hit {
    Hit {
        entry: index(name),
        sure,
        weight: 100,
        start: 0,
        end: words.len(),
    }
}

fn reply_hits(reply: &Reply, words: &str, hits: &mut Vec<Hit>) {
    let mut add = |name, sure| hits.push(whole(name, sure, words));
    let empty = !reply.has_text && !reply.has_more;
    if reply.error_after_chunk {
        return add("stream-error-midway", Sure::Certain);
    }
    if reply.ended("MAX_TOKENS") && empty {
        add("max-tokens-empty", Sure::Certain);
    } else if reply.ended("STOP") && empty && reply.streamed && reply.has_tokens {
        // Tokens were counted and none of their text came: chunks before this one are lost.
        add("stream-truncated", Sure::Likely);
    } else if reply.ended("STOP") && empty {
        add("empty-response", Sure::Certain);
    } else if reply.finishes.is_empty() && reply.streamed && reply.chunks > 0 && !reply.blocked {
        add("stream-truncated", Sure::Certain);
    } else if reply.ended_with_text {
        add("stream-truncated", Sure::Likely);
    }
}

/// Replies that were printed by an SDK or as a protocol buffer.
fn printed_reply_hits(words: &str, hits: &mut Vec<Hit>) {
    let has = |pattern: &str| words.contains(pattern);
    let ended = |reason: &str, number: &str| {
        has(&format!(" finishreason {reason} "))
            || has(&format!(" finishreason finishreason {reason} "))
            || has(&format!(" finishreason {number} "))
    };
    // An empty text leaves no word between its name and what follows it.
    let is_blank = has(" parts text role ") || has(" parts text finishreason ");
    let has_text = (has(" parts text ") && !is_blank) || has(" parts part ");
    if ended("maxtokens", "2") && !has_text {
        hits.push(whole("max-tokens-empty", Sure::Likely, words));
    }
    if ended("stop", "1") && !has_text && !has(" functioncall ") {
        hits.push(whole("empty-response", Sure::Likely, words));
    }
}

/// The best hit of every failure, without those that another one explains.
fn found(hits: Vec<Hit>) -> Vec<Found> {
    let mut by_entry: BTreeMap<usize, Found> = BTreeMap::new();
    for hit in hits {
        let found = by_entry.entry(hit.entry).or_insert_with(|| Found {
            entry: catalogue::ENTRIES[hit.entry],
            hit,
            places: Vec::new(),
        });
        found.places.push(hit.start..hit.end);
        let better =
            (hit.sure, hit.weight, hit.end) > (found.hit.sure, found.hit.weight, found.hit.end);
        if better {
            found.hit = hit;
        }
    }
    let all: Vec<Found> = by_entry.into_values().collect();
    let explained: Vec<bool> = all
        .iter()
        .map(|found| all.iter().any(|other| explains(other, found)))
        .collect();
    let pairs = all.into_iter().zip(explained);
    pairs
        .filter_map(|(found, explained)| (!explained).then_some(found))
        .collect()
}

/// Words within which two recognitions speak of the same event, in bytes.
const SAME_EVENT: usize = 1500;

fn explains(better: &Found, other: &Found) -> bool {
    if !better.entry.over.contains(&other.entry.name) || better.hit.sure < Sure::Likely {
        return false;
    }
    let overlap = |a: &Range<usize>, b: &Range<usize>| a.start < b.end && b.start < a.end;
    let near = |a: &Range<usize>, b: &Range<usize>| a.end.abs_diff(b.end) < SAME_EVENT;
    let pair = |meet: fn(&Range<usize>, &Range<usize>) -> bool, place: &Range<usize>| {
        better.places.iter().any(|mine| meet(mine, place))
    };
    // Of the same words the more special failure counts, however sure.
    let same_words = pair(overlap, &(other.hit.start..other.hit.end));
    (better.hit.sure >= other.hit.sure || same_words)
        && other.places.iter().all(|place| pair(near, place))
}

/// Words between two events of a log, in bytes.
const NEXT_EVENT: usize = 60;

/// Best first: the surest; of those, what came last in a log; of the same event, what says most.
fn ranked(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|found| found.hit.end);
    let (mut event, mut last) = (0, 0);
    let mut events: Vec<(Found, usize)> = Vec::new();
    for found in found {
        if found.hit.end > last + NEXT_EVENT {
            event += 1;
        }
        last = found.hit.end;
        events.push((found, event));
    }
    events.sort_by_key(|(found, event)| {
        std::cmp::Reverse((found.hit.sure, *event, found.hit.weight))
    });
    let count = |least| {
        let surer = events.iter().filter(|(found, _)| found.hit.sure >= least);
        surer.count()
    };
    // Behind something certain only a few doubts are of use.
    let doubts = if count(Sure::Certain) > 0 {
        2
    } else {
        MOST_CAUSES
    };
    let most = count(Sure::Likely) + doubts;
    events.truncate(most);
    events.into_iter().map(|(found, _)| found).collect()
}

/// Evidence around a recognition in which its facts are looked for, in bytes.
const AROUND: usize = 2500;
/// The longest quotation.
const QUOTED: usize = 300;

fn cause(found: &Found, text: &str, words: &Words) -> Cause {
    let (start, end) = (
        words.place(found.hit.start),
        words.place(found.hit.end.saturating_sub(2)),
    );
    let told = &catalogue::TOLD[found.hit.entry];
    let mut facts = facts::read(piece(text, start.saturating_sub(AROUND), end + AROUND));
    for value in facts.values_mut() {
        if let Value::String(text) = value {
            *text = secret::hidden(text).into_owned();
        }
    }
    if let Some(replacement) = names::replacement(&facts) {
        facts.insert("replacement".into(), replacement);
    }
    let after = match (found.entry.retry, facts.get("retry_after_seconds")) {
        (Retry::Day | Retry::Never, _) => None,
        (_, Some(Value::Number(seconds))) => Some(seconds.clone()),
        (Retry::Delay, _) => Some(60.into()),
        _ => None,
    };
    Cause {
        failure: found.entry.name,
        sure: found.hit.sure,
        summary: told.summary,
        facts,
        why: told.why.clone(),
        fix: told.fix.clone(),
        retry: Advice {
            retryable: found.entry.retry.is_retryable(),
            after_seconds: after,
            how: found.entry.retry,
        },
        guide: found.entry.guide.map(crate::entry::Guide::heading),
        source: quoted(text, start, end),
    }
}

/// The line of the evidence that was recognised.
fn quoted(text: &str, start: usize, end: usize) -> String {
    let begin = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let begin = begin.max(start.saturating_sub(QUOTED / 3));
    let stop = text[end..].find('\n').map_or(text.len(), |at| end + at);
    let line = piece(text, begin, stop.min(begin + QUOTED));
    secret::hidden(line.trim()).into_owned()
}

/// A piece of text, cut at whole characters.
fn piece(text: &str, start: usize, end: usize) -> &str {
    let end = end.min(text.len());
    let start = (start.min(end)..=end).find(|at| text.is_char_boundary(*at));
    let end = (0..=end).rev().find(|at| text.is_char_boundary(*at));
    match (start, end) {
        (Some(start), Some(end)) if start <= end => &text[start..end],
        _ => "",
    }
}
