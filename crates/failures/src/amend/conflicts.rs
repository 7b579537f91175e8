//! Settings that exclude or need one another.

use super::{Amend, json};
use crate::cards::Thinking;
use serde_json::{Value, json};

/// Categories of harm that can be set.
const ADJUSTABLE: [&str; 5] = [
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_CIVIC_INTEGRITY",
];

impl Amend<'_> {
    pub(super) fn conflicts(&mut self, request: &mut Value) {
        if !self.is_generate() {
            return;
        }
        if let Some(config) = json::get_mut(request, "generationConfig") {
            self.answer_format(config);
            self.log_probabilities(config);
            if let Some(thinking) = json::get_mut(config, "thinkingConfig") {
                self.thinking(thinking);
            }
        }
        self.function_choice(request);
        self.old_search(request);
        self.safety(request);
    }

    fn answer_format(&mut self, config: &mut Value) {
        let set =
            |config: &Value, name| json::get(config, name).is_some_and(|value| !value.is_null());
        if set(config, "responseSchema") && set(config, "responseJsonSchema") {
            json::take(config, "responseSchema");
            let done = "left out: `responseJsonSchema` is set too";
            self.changed("generationConfig.responseSchema", done);
        }
        // A `responseSchema` without the MIME type is taken, and ignored.
        let wants_json = set(config, "responseJsonSchema");
        let Some(object) = config.as_object_mut() else {
            return;
        };
        let mime_type = json::key(object, "responseMimeType").and_then(|key| object.get(&key));
        let mime_type = mime_type.and_then(Value::as_str).unwrap_or_default();
        if wants_json && matches!(mime_type, "" | "text/plain" | "text/json" | "json") {
            let key = json::key(object, "responseMimeType");
            let key = key.unwrap_or_else(|| "responseMimeType".into());
            object.insert(key, "application/json".into());
            self.changed(
                "generationConfig.responseMimeType",
                "set to `application/json`",
            );
        }
    }

    fn log_probabilities(&mut self, config: &mut Value) {
        let asked = json::get(config, "responseLogprobs").and_then(Value::as_bool);
        if json::get(config, "logprobs").is_some() && asked != Some(true) {
            json::take(config, "logprobs");
            let done = "left out: `responseLogprobs` is not set";
            self.changed("generationConfig.logprobs", done);
        }
    }

    fn thinking(&mut self, thinking: &mut Value) {
        let Some(card) = self.card else { return };
        let budget = json::get(thinking, "thinkingBudget").is_some();
        let level = json::get(thinking, "thinkingLevel").is_some();
        let is_off = json::get(thinking, "thinkingBudget").and_then(Value::as_f64) == Some(0.0);
        let (goes, why) = match (&card.thinking, budget, level) {
            (Thinking::None, true, _) if !is_off => ("thinkingBudget", "the model does not think"),
            (Thinking::None | Thinking::Budget { .. }, _, true) => {
                ("thinkingLevel", "the model has a budget, no levels")
            }
            (Thinking::Level { .. }, true, true) => ("thinkingBudget", "a level is set too"),
            // A budget of nothing becomes the lowest level.
            (Thinking::Level { budget: false, .. }, true, _) if !is_off => {
                ("thinkingBudget", "the model has levels, no budget")
            }
            _ => return,
        };
        json::take(thinking, goes);
        let place = format!("generationConfig.thinkingConfig.{goes}");
        self.changed(place, format!("left out: {why}"));
    }

    fn function_choice(&mut self, request: &mut Value) {
        let config = json::get_mut(request, "toolConfig")
            .and_then(|config| json::get_mut(config, "functionCallingConfig"));
        let Some(config) = config else { return };
        let names = json::get(config, "allowedFunctionNames").and_then(Value::as_array);
        let mode = json::get(config, "mode").and_then(Value::as_str);
        let mode = mode.unwrap_or_default().to_ascii_uppercase();
        if names.is_some_and(|names| !names.is_empty()) && matches!(mode.as_str(), "" | "AUTO") {
            if let Some(object) = config.as_object_mut() {
                let key = json::key(object, "mode").unwrap_or_else(|| "mode".into());
                object.insert(key, "ANY".into());
            }
            let done = "set to `ANY`, in which names can be allowed";
            self.changed("toolConfig.functionCallingConfig.mode", done);
        }
    }

    /// Search of the 1.5 models has another name since.
    fn old_search(&mut self, request: &mut Value) {
        let known = |name: &str| {
            self.card
                .is_some_and(|card| card.tools.iter().any(|tool| tool == name))
        };
        if known("googleSearchRetrieval") || !known("googleSearch") {
            return;
        }
        let Some(tools) = json::get_mut(request, "tools") else {
            return;
        };
        let mut places = Vec::new();
        for (at, tool) in json::items(tools).enumerate() {
            if json::take(tool, "googleSearchRetrieval").is_some() {
                if let Some(tool) = tool.as_object_mut() {
                    tool.insert("googleSearch".into(), json!({}));
                }
                places.push(format!("tools[{at}].googleSearchRetrieval"));
            }
        }
        for place in places {
            self.changed(place, "became `googleSearch`");
        }
    }

    fn safety(&mut self, request: &mut Value) {
        let Some(Value::Array(settings)) = json::get_mut(request, "safetySettings") else {
            return;
        };
        let mut place = 0;
        let mut gone = Vec::new();
        settings.retain(|setting| {
            let category = json::get(setting, "category").and_then(Value::as_str);
            // Only names that exist: a misspelt one was not meant to be left out.
            let stays = category.is_none_or(|category| {
                ADJUSTABLE.contains(&category) || !KNOWN_FIXED.contains(&category)
            });
            if !stays {
                gone.push(format!("safetySettings[{place}]"));
            }
            place += 1;
            stays
        });
        for place in gone {
            self.changed(place, "left out: this category cannot be set");
        }
    }
}

/// Categories of PaLM, which the Gemini API knows and does not take.
const KNOWN_FIXED: [&str; 7] = [
    "HARM_CATEGORY_UNSPECIFIED",
    "HARM_CATEGORY_DEROGATORY",
    "HARM_CATEGORY_TOXICITY",
    "HARM_CATEGORY_VIOLENCE",
    "HARM_CATEGORY_SEXUAL",
    "HARM_CATEGORY_MEDICAL",
    "HARM_CATEGORY_DANGEROUS",
];
