//! What was meant by a field that does not exist.

use propus_wire::message::{Descriptor, Field, Kind};
use std::collections::VecDeque;

/// Where a value belongs whose name is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Suggestion {
    /// In the same message, by this name.
    Rename(&'static str),
    /// At this path of the request.
    Move(Vec<&'static str>),
}

impl Suggestion {
    /// As a path in JSON names, such as `generationConfig.temperature`.
    pub fn path(&self) -> String {
        match self {
            Self::Rename(name) => (*name).to_owned(),
            Self::Move(path) => path.join("."),
        }
    }
}

/// Names of other APIs and of SDK settings, with where the same thing stands in a Gemini request.
const FOREIGN: &[(&str, &[&str])] = &[
    ("messages", &["contents"]),
    ("prompt", &["contents"]),
    ("history", &["contents"]),
    ("system", &["systemInstruction"]),
    ("maxtokens", &["generationConfig", "maxOutputTokens"]),
    (
        "maxcompletiontokens",
        &["generationConfig", "maxOutputTokens"],
    ),
    ("stop", &["generationConfig", "stopSequences"]),
    ("n", &["generationConfig", "candidateCount"]),
    ("toplogprobs", &["generationConfig", "logprobs"]),
    ("responseformat", &["generationConfig", "responseSchema"]),
    ("jsonschema", &["generationConfig", "responseJsonSchema"]),
    ("functions", &["tools"]),
    ("toolchoice", &["toolConfig"]),
    ("config", &["generationConfig"]),
    ("generateconfig", &["generationConfig"]),
    (
        "thinkingbudget",
        &["generationConfig", "thinkingConfig", "thinkingBudget"],
    ),
    (
        "reasoningeffort",
        &["generationConfig", "thinkingConfig", "thinkingLevel"],
    ),
];

/// What was meant by `name` in the message at `path`, of a request whose form is `root`.
pub fn suggest(root: &'static Descriptor, path: &str, name: &str) -> Option<Suggestion> {
    let here = message_at(root, path)?;
    let wanted = plain(name);
    let fields = || here.fields.iter();
    if let Some(field) = fields().find(|field| plain(field.json) == wanted) {
        return Some(Suggestion::Rename(field.json));
    }
    if (here.name == root.name || here.name == "GenerationConfig")
        && let Some((_, path)) = FOREIGN.iter().find(|(foreign, _)| *foreign == wanted)
    {
        return exists(root, path).then(|| Suggestion::Move(path.to_vec()));
    }
    // What is told apart by a path of single messages can be moved there.
    if let Some(path) = elsewhere(root, |name| name == wanted) {
        return Some(Suggestion::Move(path));
    }
    let likeness = |name: &str| strsim::damerau_levenshtein(name, &wanted);
    let here = fields().min_by_key(|field| likeness(&plain(field.json)))?;
    if likeness(&plain(here.json)) <= (wanted.len() / 3).min(3) {
        return Some(Suggestion::Rename(here.json));
    }
    // Misspelt and misplaced: only long names are told apart by their letters.
    let is_near = |name: &str| wanted.len() > 6 && likeness(name) <= 2;
    elsewhere(root, is_near).map(Suggestion::Move)
}

/// A name without the differences of spelling.
pub fn plain(name: &str) -> String {
    name.chars()
        .filter(|letter| letter.is_alphanumeric())
        .map(|letter| letter.to_ascii_lowercase())
        .collect()
}

fn exists(root: &'static Descriptor, path: &[&str]) -> bool {
    let mut message = Some(root);
    for name in path {
        let Some(field) = message.and_then(|message| message.field(name)) else {
            return false;
        };
        message = inner(field);
    }
    true
}

/// The message at a path such as `contents[0].parts[1]` or `properties[2].value`.
fn message_at(root: &'static Descriptor, path: &str) -> Option<&'static Descriptor> {
    let steps = path
        .split(['.', '[', ']'])
        .filter(|step| !step.is_empty() && *step != "value" && step.parse::<usize>().is_err());
    let mut message = root;
    for step in steps {
        message = inner(message.field(step)?)?;
    }
    Some(message)
}

fn inner(field: &Field) -> Option<&'static Descriptor> {
    match field.kind {
        Kind::Message(message) => Some(message()),
        _ => None,
    }
}

/// The shortest path of single messages to a field whose plain name is wanted; none where two are as
/// short.
fn elsewhere(
    root: &'static Descriptor,
    is_wanted: impl Fn(&str) -> bool,
) -> Option<Vec<&'static str>> {
    use propus_wire::message::Label;
    let mut waiting = VecDeque::from([(root, Vec::new())]);
    let mut seen = Vec::new();
    let mut found: Option<Vec<&'static str>> = None;
    while let Some((message, path)) = waiting.pop_front() {
        // What schemas call `type` or `format` is called so in many places.
        if seen.contains(&message.name) || message.name == "Schema" {
            continue;
        }
        seen.push(message.name);
        for field in message.fields {
            let mut path = path.clone();
            path.push(field.json);
            if is_wanted(&plain(field.json)) {
                if found
                    .as_ref()
                    .is_some_and(|found| found.len() == path.len())
                {
                    return None;
                }
                found.get_or_insert(path);
                continue;
            }
            if field.label == Label::Singular
                && let Some(message) = inner(field)
            {
                waiting.push_back((message, path));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use propus_wire::{Message, generate::GenerateContentRequest};

    #[track_caller]
    fn check(path: &str, name: &str, expected: &str) {
        let found = suggest(GenerateContentRequest::descriptor(), path, name);
        let found = found.map(|found| found.path()).unwrap_or_default();
        assert_eq!(found, expected, "{path} {name}");
    }

    #[test]
    fn misspelt_names_are_set_right() {
        check("", "content", "contents");
        check("", "generation-config", "generationConfig");
        check("", "SystemInstruction", "systemInstruction");
        check("generation_config", "max_output_token", "maxOutputTokens");
        check("generation_config", "temprature", "temperature");
        check("contents[0].parts[1]", "txt", "text");
        check("contents[0].parts[1]", "inlinedata", "inlineData");
        check(
            "generation_config.response_schema.properties[0].value",
            "descripton",
            "description",
        );
    }

    #[test]
    fn misplaced_names_are_put_where_they_belong() {
        check("", "temperature", "generationConfig.temperature");
        check("", "temprature", "generationConfig.temperature");
        check("", "responseSchema", "generationConfig.responseSchema");
        check(
            "",
            "thinking_budget",
            "generationConfig.thinkingConfig.thinkingBudget",
        );
        check(
            "generation_config",
            "thinkingBudget",
            "generationConfig.thinkingConfig.thinkingBudget",
        );
        check("generation_config", "safetySettings", "safetySettings");
        check(
            "tools[0]",
            "functionCallingConfig",
            "toolConfig.functionCallingConfig",
        );
    }

    #[test]
    fn names_of_other_apis_are_known() {
        check("", "messages", "contents");
        check("", "max_tokens", "generationConfig.maxOutputTokens");
        check("", "config", "generationConfig");
        check("", "stop", "generationConfig.stopSequences");
    }

    #[test]
    fn what_is_like_nothing_has_no_suggestion() {
        check("contents[0].parts[0]", "type", "");
        check("", "zzz", "");
        check("contents[0].parts[0]", "x", "");
        check("nowhere", "text", "");
    }
}
