//! Advice on a request that the API takes as it is: Google's rules for prompts, as far as they can be
//! seen in the request.
//!
//! Sources: Google's pages on prompting strategies, structured output, thinking and function calling,
//! and its troubleshooting guide. Where those name no number, the number is ours and says so.

mod prompt;
mod settings;

use crate::{Card, Cards, Sending, cards::Thinking, inspect::place};
use propus_wire::{
    generate::{Content, GenerateContentRequest},
    request,
};
use serde::Serialize;
use std::ops::Range;

/// One piece of advice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// The rule, kebab-case.
    pub rule: &'static str,
    /// The field that it is about.
    pub field: String,
    /// The bytes of the request that are meant.
    pub place: Option<Range<usize>>,
    /// What to do.
    pub message: String,
    /// Why.
    pub why: &'static str,
}

/// What could be better in a `generateContent` request; nothing where the request cannot be read.
pub fn advise(body: &[u8], sending: &Sending, cards: &Cards) -> Vec<Advice> {
    if !matches!(sending.method, "generateContent" | "streamGenerateContent") {
        return Vec::new();
    }
    let read = request::read::<GenerateContentRequest>(body, sending.surface, sending.version);
    let Ok(request) = read else {
        return Vec::new();
    };
    let card = sending.card(cards);
    let mut reader = Reader::new(&request, card);
    reader.prompt();
    reader.settings();
    for advice in &mut reader.advice {
        advice.place = place::find(body, &advice.field, None);
    }
    reader.advice
}

/// A request as it is read for advice.
struct Reader<'a> {
    request: &'a GenerateContentRequest,
    card: Option<&'a Card>,
    /// The last turn of the user.
    asked: Option<(usize, &'a Content)>,
    /// Its text.
    text: String,
    /// The system instruction's text.
    instruction: String,
    advice: Vec<Advice>,
}

impl<'a> Reader<'a> {
    fn new(request: &'a GenerateContentRequest, card: Option<&'a Card>) -> Self {
        let is_user = |content: &&Content| content.role.as_deref() != Some("model");
        let asked = request
            .contents
            .iter()
            .enumerate()
            .rev()
            .find(|(_, content)| is_user(content));
        Self {
            request,
            card,
            asked,
            text: asked
                .map(|(_, content)| content.texts())
                .unwrap_or_default(),
            instruction: request
                .system_instruction
                .as_ref()
                .map(Content::texts)
                .unwrap_or_default(),
            advice: Vec::new(),
        }
    }

    fn advise(
        &mut self,
        rule: &'static str,
        field: impl Into<String>,
        message: impl Into<String>,
        why: &'static str,
    ) {
        self.advice.push(Advice {
            rule,
            field: field.into(),
            place: None,
            message: message.into(),
            why,
        });
    }

    /// The field of the last question.
    fn question(&self) -> String {
        format!("contents[{}]", self.asked.map_or(0, |(turn, _)| turn))
    }

    /// Everything that instructs the model, in lower case.
    fn all_text(&self) -> String {
        format!("{}\n{}", self.instruction, self.text).to_lowercase()
    }

    fn thinks(&self) -> bool {
        let Some(card) = self.card else { return false };
        let config = self.request.generation_config.as_ref();
        let budget = config
            .and_then(|config| config.thinking_config.as_ref())
            .and_then(|thinking| thinking.thinking_budget);
        match &card.thinking {
            Thinking::None | Thinking::Any => false,
            Thinking::Level { .. } => true,
            Thinking::Budget { default, .. } => {
                budget.map_or(default == "dynamic", |budget| budget != 0)
            }
        }
    }
}

/// Whether one of these phrases occurs, as whole words.
fn says(text: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| {
        text.match_indices(phrase).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + phrase.len()..].chars().next();
            let bounds = |letter: Option<char>| !letter.is_some_and(char::is_alphanumeric);
            bounds(before) && bounds(after)
        })
    })
}
