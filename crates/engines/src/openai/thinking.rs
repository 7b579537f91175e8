//! How long a model thinks, in each server's words.

use super::{flavour::NoThinking, gaps::Gaps, request::Target, sampling::Body};
use propus_wire::generate::{ThinkingConfig, ThinkingLevel};
use serde_json::json;

/// How long a model thinks. `includeThoughts` is kept when the reply is read.
pub(super) fn put(
    thinking: &ThinkingConfig,
    target: &Target<'_>,
    gaps: &Gaps<'_>,
    body: &mut Body,
) {
    if let Some(effort) = thinking.thinking_level.as_ref().and_then(effort_of_level) {
        match target.traits.effort {
            true => {
                body.insert("reasoning_effort".into(), json!(effort));
            }
            false => {
                let rule = "this model's server cannot be told how long to think";
                let path = "generation_config.thinking_config.thinking_level";
                gaps.refuse("ThinkingConfig.thinkingLevel", path, rule);
            }
        }
    }
    match thinking.thinking_budget {
        // -1 leaves it to the model.
        None | Some(..0) => {}
        Some(0) => put_no_thinking(target, gaps, body),
        Some(budget) => put_budget(budget, target, gaps, body),
    }
}

fn put_no_thinking(target: &Target<'_>, gaps: &Gaps<'_>, body: &mut Body) {
    match target.traits.no_thinking {
        NoThinking::Effort => {
            body.insert("reasoning_effort".into(), json!("none"));
        }
        NoThinking::Template => {
            let switch = json!({ "enable_thinking": false });
            body.insert("chat_template_kwargs".into(), switch);
        }
        NoThinking::Never => refuse_budget(gaps),
    }
}

/// Where there is no field for a number of tokens, the effort is that to which Google's table for
/// OpenAI's clients gives this budget: low up to 1024, medium up to 8192, then high.
fn put_budget(budget: i32, target: &Target<'_>, gaps: &Gaps<'_>, body: &mut Body) {
    if let Some(field) = target.traits.thinking_budget {
        body.insert(field.into(), json!(budget));
    } else if target.traits.effort {
        let effort = match budget {
            ..=1024 => "low",
            1025..=8192 => "medium",
            _ => "high",
        };
        body.insert("reasoning_effort".into(), json!(effort));
    } else {
        refuse_budget(gaps);
    }
}

fn refuse_budget(gaps: &Gaps<'_>) {
    let rule = "this model's server cannot be told how long to think";
    let path = "generation_config.thinking_config.thinking_budget";
    gaps.refuse("ThinkingConfig.thinkingBudget", path, rule);
}

fn effort_of_level(level: &ThinkingLevel) -> Option<&'static str> {
    match level {
        ThinkingLevel::Minimal => Some("minimal"),
        ThinkingLevel::Low => Some("low"),
        ThinkingLevel::Medium => Some("medium"),
        ThinkingLevel::High => Some("high"),
        _ => None,
    }
}
