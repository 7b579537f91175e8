//! `reasoning_effort`: how long a model thinks, in OpenAI's words.
//!
//! Google documents a table: models of the family 2.5 get a budget, later ones a level, and the
//! Pro models, which have no level `minimal`, get `low` for it. `none` asks for no thinking at
//! all; whether the model can do that is for the check of the request to say.

use super::item::Item;
use propus_wire::generate::{ThinkingConfig, ThinkingLevel};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effort {
    None,
    Minimal,
    Low,
    Medium,
    High,
}

const EFFORTS: [(&str, Effort); 5] = [
    ("none", Effort::None),
    ("minimal", Effort::Minimal),
    ("low", Effort::Low),
    ("medium", Effort::Medium),
    ("high", Effort::High),
];

/// Joins `reasoning_effort` with `extra_body.google.thinking_config`.
pub(super) fn config(
    body: &Item<'_>,
    model: &str,
    extra: Option<ThinkingConfig>,
) -> Option<ThinkingConfig> {
    let Some(item) = body.get("reasoning_effort") else {
        return extra;
    };
    let effort = item.word(&EFFORTS)?;
    let config = extra.unwrap_or_default();
    if config.thinking_budget.is_some() || config.thinking_level.is_some() {
        item.wrong(
            "reasoning_effort cannot be used together with thinking_level or thinking_budget.",
        );
        return None;
    }
    Some(match effort.budget(model) {
        Some(budget) => ThinkingConfig {
            thinking_budget: Some(budget),
            ..config
        },
        None => ThinkingConfig {
            thinking_level: Some(effort.level(model)),
            ..config
        },
    })
}

impl Effort {
    fn budget(self, model: &str) -> Option<i32> {
        match self {
            Self::None => Some(0),
            _ if !model.contains("gemini-2.5") => None,
            Self::Minimal | Self::Low => Some(1024),
            Self::Medium => Some(8192),
            Self::High => Some(24576),
        }
    }

    fn level(self, model: &str) -> ThinkingLevel {
        match self {
            Self::None | Self::Minimal if !model.contains("-pro") => ThinkingLevel::Minimal,
            Self::None | Self::Minimal | Self::Low => ThinkingLevel::Low,
            Self::Medium => ThinkingLevel::Medium,
            Self::High => ThinkingLevel::High,
        }
    }
}
