//! Mechanical corrections of a request: what has one obvious right form is put into it.
//!
//! Works on plain JSON, so that what it does not know stays as it was. Each correction is told, and a
//! good request is not touched.

mod conflicts;
mod fields;
mod history;
mod json;
mod names;
mod ranges;
mod schema;

use crate::{Cards, Day, Sending};
use propus_wire::{
    Message, Version,
    embed::{BatchEmbedContentsRequest, EmbedContentRequest},
    generate::{CountTokensRequest, GenerateContentRequest},
    message::Descriptor,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What may be corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Names and places of fields, spellings of values, texts where a message belongs.
    Fields,
    /// Schemas, cut to what the API takes.
    Schema,
    /// Names of functions, wherever they occur.
    Names,
    /// Numbers, moved into the model's ranges.
    Ranges,
    /// Roles, turns, and signatures of calls that another model made.
    History,
    /// Settings that exclude or need one another.
    Conflicts,
}

impl Kind {
    /// All of them, in the order in which they are done.
    pub const ALL: [Self; 6] = [
        Self::Fields,
        Self::Schema,
        Self::Names,
        Self::History,
        Self::Conflicts,
        Self::Ranges,
    ];
}

/// One correction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What it belongs to.
    pub kind: Kind,
    /// The field, as it was.
    pub place: String,
    /// What was done, in a sentence without its subject: "renamed to `contents`".
    pub done: String,
}

/// Corrects a request in place, as far as `allowed`, and tells what was done.
pub fn amend(
    request: &mut Value,
    sending: &Sending,
    cards: &Cards,
    allowed: &[Kind],
) -> Vec<Change> {
    let mut amend = Amend {
        root: descriptor(sending.method),
        sending,
        card: sending.card(cards),
        changes: Vec::new(),
        kind: Kind::Fields,
    };
    for kind in Kind::ALL.into_iter().filter(|kind| allowed.contains(kind)) {
        amend.kind = kind;
        match kind {
            Kind::Fields => amend.fields(request),
            Kind::Schema => amend.schemas(request),
            Kind::Names => amend.names(request),
            Kind::History => amend.history(request),
            Kind::Conflicts => amend.conflicts(request),
            Kind::Ranges => amend.ranges(request),
        }
    }
    amend.changes
}

/// Cuts one schema to what Google's form of schemas has, whatever it was written in, and tells what
/// was done. `place` names it in what is told.
///
/// ```
/// use serde_json::json;
///
/// let mut schema = json!({"type": "object", "properties": {"a": {"const": "x", "$comment": "?"}}});
/// let changes = propus_failures::amend::schema_subset(&mut schema, "schema");
/// assert_eq!(schema, json!({"type": "object", "properties": {"a": {"enum": ["x"], "type": "STRING"}}}));
/// assert_eq!(changes[1].done, "left out: no keyword of the API's schemas");
/// ```
pub fn schema_subset(schema: &mut Value, place: &str) -> Vec<Change> {
    let sending = Sending::new("generateContent", "", Version::V1Beta, Day::new(1970, 1, 1));
    let mut amend = Amend {
        root: descriptor(sending.method),
        sending: &sending,
        card: None,
        changes: Vec::new(),
        kind: Kind::Schema,
    };
    let whole = schema.clone();
    amend.subset(schema, &whole, place, 0);
    amend.changes
}

struct Amend<'a> {
    root: &'static Descriptor,
    sending: &'a Sending<'a>,
    card: Option<&'a crate::Card>,
    changes: Vec<Change>,
    kind: Kind,
}

impl Amend<'_> {
    fn changed(&mut self, place: impl Into<String>, done: impl Into<String>) {
        self.changes.push(Change {
            kind: self.kind,
            place: place.into(),
            done: done.into(),
        });
    }

    fn is_generate(&self) -> bool {
        self.root.name == GenerateContentRequest::descriptor().name
    }
}

/// The form of a method's request.
fn descriptor(method: &str) -> &'static Descriptor {
    match method {
        "countTokens" => CountTokensRequest::descriptor(),
        "embedContent" => EmbedContentRequest::descriptor(),
        "batchEmbedContents" => BatchEmbedContentsRequest::descriptor(),
        _ => GenerateContentRequest::descriptor(),
    }
}
