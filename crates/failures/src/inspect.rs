//! What is wrong with a request before it is sent, and where in its text.

mod foresee;
pub(crate) mod place;
pub mod suggest;

use crate::{
    Call, Card, Cards, Day, Problem, catalogue, check,
    diagnose::{Facts, facts_of},
    request::{misfit, refused},
};
use propus_wire::{
    Message, Surface, Version,
    embed::{BatchEmbedContentsRequest, EmbedContentRequest},
    generate::{CountTokensRequest, GenerateContentRequest},
    message::Descriptor,
    request::{self, Fault, FaultKind, Violations},
};
use serde::Serialize;
use std::{ops::Range, time::Duration};

/// How a request will be sent.
#[derive(Clone, Copy, Debug)]
pub struct Sending<'a> {
    /// Such as `generateContent`.
    pub method: &'a str,
    /// The model's name, with or without `models/`.
    pub model: &'a str,
    /// The API version of the path.
    pub version: Version,
    /// Which fields that version has.
    pub surface: Surface,
    /// The day on which it is sent.
    pub day: Day,
    /// Counts a prompt's tokens, where somebody can.
    pub count: Option<fn(&GenerateContentRequest) -> u64>,
    /// How long the client will wait for the answer.
    pub timeout: Option<Duration>,
}

impl<'a> Sending<'a> {
    /// A request with every field of today, which nobody counts and nobody hurries.
    pub fn new(method: &'a str, model: &'a str, version: Version, day: Day) -> Self {
        Self {
            method,
            model,
            version,
            surface: Surface::Modern,
            day,
            count: None,
            timeout: None,
        }
    }

    /// The card of the model that answers; a model that is gone has its own still.
    pub(crate) fn card<'c>(&self, cards: &'c Cards) -> Option<&'c Card> {
        let resolved = cards.resolve(self.model, self.method, self.version, self.day);
        resolved.ok().or_else(|| cards.get(self.model))
    }
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The API refuses the request.
    Error,
    /// The API takes the request, and what comes of it will likely not be what was meant.
    Warning,
}

/// Methods whose requests can be inspected.
pub const METHODS: [&str; 5] = [
    "generateContent",
    "streamGenerateContent",
    "countTokens",
    "embedContent",
    "batchEmbedContents",
];

/// One fault of a request.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The failure's name in the catalogue.
    pub failure: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What Google would answer; of a warning, what is the case.
    pub message: String,
    /// The HTTP code of that answer; 200 where the answer itself will be the trouble.
    pub code: u16,
    /// The field in Google's spelling, also where its message names none; none where the whole request
    /// is meant.
    pub field: Option<String>,
    /// The bytes of the request that are meant.
    pub place: Option<Range<usize>>,
    /// What the message tells besides.
    pub facts: Facts,
    /// What is the case, in a sentence.
    pub summary: &'static str,
    /// What to do, best first.
    pub fix: Vec<String>,
}

/// Every fault of a request's body: what Google would refuse, before it is sent. None: it is good, as
/// far as the body and the model's card tell.
pub fn inspect(body: &[u8], sending: &Sending, cards: &Cards) -> Vec<Finding> {
    let method = match sending.method {
        "streamGenerateContent" => "generateContent",
        method => method,
    };
    if let Some(problem) = foresee::too_large(body) {
        // Larger than it is read at all.
        return vec![finding(&problem, body)];
    }
    let mut found: Vec<Finding> = Vec::new();
    let resolved = cards.resolve(sending.model, method, sending.version, sending.day);
    let card = match resolved {
        Ok(card) => Some(card),
        Err(problem) => {
            found.push(finding(&problem, body));
            // A model that is gone still has a card, by which the rest can be judged.
            cards.get(sending.model)
        }
    };
    let faults = match method {
        "countTokens" => faults::<CountTokensRequest>,
        "embedContent" => faults::<EmbedContentRequest>,
        "batchEmbedContents" => faults::<BatchEmbedContentsRequest>,
        _ => faults::<GenerateContentRequest>,
    };
    faults(body, sending, card, &mut found);
    found
}

fn faults<T: Message>(body: &[u8], sending: &Sending, card: Option<&Card>, found: &mut Vec<Finding>)
where
    for<'a> Call<'a>: From<&'a T>,
{
    let message = match request::read::<T>(body, sending.surface, sending.version) {
        Ok(message) => message,
        Err(violations) => return unreadable(violations, body, T::descriptor(), found),
    };
    let Some(card) = card else { return };
    let call = Call::from(&message);
    let known = found.len();
    if let Err(problem) = check::offered(&call, card, sending.version) {
        if known == 0 {
            found.push(finding(&problem, body));
        }
        return;
    }
    found.extend(
        check::findings(&call, card)
            .iter()
            .map(|problem| finding(problem, body)),
    );
    if let Call::GenerateContent(request) = call {
        let too_long = foresee::too_long(request, body, card, sending);
        found.extend(too_long.map(|problem| finding(&problem, body)));
        found.extend(foresee::warnings(request, body, card, sending));
    }
}

fn unreadable(
    violations: Violations,
    body: &[u8],
    root: &'static Descriptor,
    found: &mut Vec<Finding>,
) {
    match violations {
        Violations::Fields(faults) => {
            found.extend(faults.iter().map(|fault| misfitting(fault, body, root)));
        }
        Violations::Syntax { at, .. } => found.push(Finding {
            place: place::letter(body, at),
            ..said(&refused(violations))
        }),
        Violations::Unexplained => found.push(said(&refused(violations))),
    }
}

/// What is known of a fault is data; its message is not read again, for it repeats the caller's words.
fn misfitting(fault: &Fault, body: &[u8], root: &'static Descriptor) -> Finding {
    let mut finding = said(&misfit(fault));
    let name = fault.name.as_deref();
    finding.place = place::find(body, &fault.path, name);
    let nearest = name
        .filter(|_| fault.kind == FaultKind::UnknownName)
        .and_then(|name| suggest::suggest(root, &fault.path, name))
        .map(|suggestion| suggestion.path());
    let facts = [
        ("field", finding.field.clone()),
        ("value", fault.name.clone()),
        ("nearest", nearest),
    ];
    let known = facts
        .into_iter()
        .filter_map(|(name, fact)| Some((name, fact?)));
    finding.facts = known
        .map(|(name, fact)| (name.to_owned(), fact.into()))
        .collect();
    finding
}

/// A problem and the text that it means.
fn finding(problem: &Problem, body: &[u8]) -> Finding {
    let mut finding = said(problem);
    let place = problem.place();
    finding.place = place.and_then(|place| place::find(body, &place, None));
    finding.facts = facts_of(&finding.message);
    // Who checked knows the field better than the words, which may be the caller's.
    finding.facts.remove("field");
    if let Some(field) = &finding.field {
        finding.facts.insert("field".into(), field.clone().into());
    }
    for (name, value) in problem.headers() {
        if name == "x-propus-nearest" {
            finding.facts.insert("nearest".into(), value.into());
        }
    }
    finding
}

/// What a problem says by itself.
fn said(problem: &Problem) -> Finding {
    let status = problem.status();
    Finding {
        field: problem.field(),
        ..written(
            problem.name(),
            status.message.trim().to_owned(),
            status.code.http(),
        )
    }
}

fn written(name: &'static str, message: String, code: u16) -> Finding {
    let told = &catalogue::TOLD[catalogue::index(name)];
    Finding {
        failure: name,
        level: Level::Error,
        message,
        code,
        field: None,
        place: None,
        facts: Facts::new(),
        summary: told.summary,
        fix: told.fix.clone(),
    }
}
