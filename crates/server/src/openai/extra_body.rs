//! `extra_body.google`: what the Gemini API can do and OpenAI's cannot say.
//!
//! Google documents `cached_content` and `thinking_config` for chat, and `safety_settings` for
//! images; we take all three. Other names are refused, as Google refuses them.

use super::item::Item;
use propus_wire::{
    Message, Mode, Surface,
    generate::{SafetySetting, ThinkingConfig},
};

/// The fields below `extra_body.google`.
#[derive(Debug, Default)]
pub(super) struct Google {
    pub(super) thinking_config: Option<ThinkingConfig>,
    pub(super) cached_content: Option<String>,
    pub(super) safety_settings: Vec<SafetySetting>,
}

/// Reads `extra_body.google`.
pub(super) fn google(body: &Item<'_>) -> Google {
    let Some(extra) = body.get("extra_body") else {
        return Google::default();
    };
    extra.object();
    extra.only(&[&["google"]]);
    let Some(google) = extra.get("google") else {
        return Google::default();
    };
    google.object();
    google.only(&[&["thinking_config", "cached_content", "safety_settings"]]);
    let settings = google.get("safety_settings");
    Google {
        thinking_config: google
            .get("thinking_config")
            .and_then(|item| message(&item)),
        cached_content: google
            .get("cached_content")
            .and_then(|item| Some(item.text()?.into())),
        safety_settings: settings.map(|item| messages(&item)).unwrap_or_default(),
    }
}

fn messages<M: Message>(item: &Item<'_>) -> Vec<M> {
    item.list().iter().filter_map(message).collect()
}

/// Reads one of the Gemini API's own messages.
fn message<M: Message>(item: &Item<'_>) -> Option<M> {
    let fields = item.object()?;
    let table = M::descriptor();
    let strangers: Vec<_> = fields
        .keys()
        .filter(|name| table.field(name).is_none())
        .collect();
    strangers.iter().for_each(|name| item.unknown(name));
    if !strangers.is_empty() {
        return None;
    }
    let read = M::read(item.value, Mode::Strict(Surface::Modern));
    read.map_err(|error| item.wrong(error)).ok()
}
