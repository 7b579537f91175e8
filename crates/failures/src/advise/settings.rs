//! What the settings tell.

use super::Reader;
use crate::cards::Thinking;
use propus_wire::{
    generate::HarmBlockThreshold,
    schema::{Schema, Type},
};

/// Output tokens below which thoughts alone may use all of them; ours.
const LITTLE_OUTPUT: i32 = 1000;

impl Reader<'_> {
    pub(super) fn settings(&mut self) {
        self.sampling();
        self.lengths();
        self.schema();
        self.safety();
    }

    fn sampling(&mut self) {
        let (Some(config), Some(card)) = (&self.request.generation_config, self.card) else {
            return;
        };
        let field = "generation_config.temperature";
        let sets = config.temperature.is_some() || config.top_p.is_some() || config.top_k.is_some();
        if card.sampling_ignored && sets {
            self.advise(
                "sampling-on-new-model",
                field,
                "leave out temperature, topP and topK",
                "this model ignores them, and Google announces that later ones will refuse them",
            );
        } else if matches!(card.thinking, Thinking::Level { .. })
            && config
                .temperature
                .is_some_and(|temperature| temperature < 1.0)
        {
            self.advise(
                "sampling-on-new-model",
                field,
                "leave the temperature at its default of 1.0",
                "Gemini 3 was made for it; below it answers may loop",
            );
        }
    }

    fn lengths(&mut self) {
        let Some(config) = &self.request.generation_config else {
            return;
        };
        let most = config
            .max_output_tokens
            .filter(|most| (1..LITTLE_OUTPUT).contains(most));
        if let (Some(most), true) = (most, self.thinks()) {
            self.advise(
                "low-max-output",
                "generation_config.max_output_tokens",
                format!("{most} output tokens are little for a model that thinks; raise them or limit thinking"),
                "thoughts count as output, and an answer without text ends with MAX_TOKENS",
            );
        }
        let wants_json = config.response_mime_type.as_deref() == Some("application/json");
        let cuts = |stop: &String| {
            stop.trim().is_empty() || ["}", "]", "\"", ",", ":"].contains(&stop.trim())
        };
        if let Some(at) = config
            .stop_sequences
            .iter()
            .position(|stop| wants_json && cuts(stop))
        {
            self.advise(
                "stop-sequence-in-output",
                format!("generation_config.stop_sequences[{at}]"),
                "this stop sequence occurs in every JSON answer",
                "the answer would be cut at its first occurrence",
            );
        }
    }

    fn schema(&mut self) {
        let config = self.request.generation_config.as_ref();
        let Some(schema) = config.and_then(|config| config.response_schema.as_ref()) else {
            return;
        };
        if let Some(path) = optional(schema, "generation_config.response_schema") {
            self.advise(
                "optional-fields",
                path,
                "list all properties in `required`, with `nullable` where one may be absent",
                "the troubleshooting guide has optional fields as a cause of repeated text",
            );
        }
    }

    fn safety(&mut self) {
        let settings = &self.request.safety_settings;
        let strict = settings
            .iter()
            .filter(|setting| setting.threshold == Some(HarmBlockThreshold::LowAndAbove));
        if settings.len() >= 4 && strict.count() == settings.len() {
            self.advise(
                "safety-threshold-too-strict",
                "safety_settings",
                "BLOCK_LOW_AND_ABOVE in every category blocks much that is harmless",
                "the default is less strict; choose by category",
            );
        }
    }
}

/// The first object with properties that are not required.
fn optional(schema: &Schema, path: &str) -> Option<String> {
    let is_object = schema.r#type == Some(Type::Object);
    if is_object
        && schema
            .properties
            .keys()
            .any(|name| !schema.required.contains(name))
    {
        return Some(path.to_owned());
    }
    let items = schema.items.as_deref();
    let inner = items.and_then(|items| optional(items, &format!("{path}.items")));
    inner.or_else(|| {
        let mut properties = schema.properties.iter();
        properties.find_map(|(name, property)| {
            optional(property, &format!("{path}.properties[\"{name}\"]"))
        })
    })
}
