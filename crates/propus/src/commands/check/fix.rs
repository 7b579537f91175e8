//! `propus check --fix`: mechanical corrections, written in the form of the request.

use anyhow::Context;
use propus_failures::{
    Cards, Sending,
    amend::{Change, Kind, amend},
    inspect,
};
use serde::Serialize;
use serde_json::{Serializer, Value, ser::PrettyFormatter};
use std::{io::Write, path::Path};

/// A corrected request.
pub struct Fixed {
    /// Its text; the same as before where nothing was corrected.
    pub body: String,
    /// What was corrected.
    pub changes: Vec<Change>,
    was_json: bool,
}

impl Fixed {
    /// Whether the text is another one.
    pub fn is_changed(&self) -> bool {
        !self.changes.is_empty() || !self.was_json
    }
}

/// Corrects a request as far as it can be read at all.
pub fn fixed(body: &str, sending: &Sending, cards: &Cards) -> Fixed {
    let strict: Option<Value> = serde_json::from_str(body).ok();
    let was_json = strict.is_some();
    // Comments, single quotes and commas too many are taken out by writing it anew.
    let Some(mut request) = strict.or_else(|| json5::from_str(body).ok()) else {
        return Fixed {
            body: body.to_owned(),
            changes: Vec::new(),
            was_json: true,
        };
    };
    let changes = amend(&mut request, sending, cards, &Kind::ALL);
    // The API takes some of what is no strict JSON; that may stay as it is.
    let is_taken = || inspect(body.as_bytes(), sending, cards).is_empty();
    if changes.is_empty() && (was_json || is_taken()) {
        return Fixed {
            body: body.to_owned(),
            changes,
            was_json: true,
        };
    }
    Fixed {
        body: written(&request, body),
        changes,
        was_json,
    }
}

/// A request with the indentation of its former text.
fn written(request: &Value, like: &str) -> String {
    let indent = like.lines().find_map(|line| {
        let blanks = line.len() - line.trim_start().len();
        (blanks > 0).then(|| &line[..blanks])
    });
    let Some(indent) = indent else {
        return request.to_string() + if like.ends_with('\n') { "\n" } else { "" };
    };
    let mut out = Vec::new();
    let formatter = PrettyFormatter::with_indent(indent.as_bytes());
    request
        .serialize(&mut Serializer::with_formatter(&mut out, formatter))
        .expect("JSON can be written to memory");
    out.push(b'\n');
    String::from_utf8(out).expect("JSON is UTF-8")
}

/// Writes a file anew; it is the old one or the new one, never half of it.
pub fn replace(file: &Path, body: &str) -> anyhow::Result<()> {
    let at = || format!("cannot write `{}`", file.display());
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut new =
        tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).with_context(at)?;
    new.write_all(body.as_bytes()).with_context(at)?;
    if let Ok(old) = file.metadata() {
        new.as_file()
            .set_permissions(old.permissions())
            .with_context(at)?;
    }
    new.persist(file).with_context(at)?;
    Ok(())
}
