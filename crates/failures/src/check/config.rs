//! Sampling, lengths, formats of the answer, thinking and safety.

use super::Check;
use crate::{
    cards::Thinking,
    content::mime_unsupported::MimeUnsupported,
    request::{
        modality_unsupported::ModalityUnsupported,
        model_feature_unsupported::Feature,
        param_conflict::ParamConflict,
        param_out_of_range::{Allowed, ParamOutOfRange},
        param_unsupported_by_model::{ParamUnsupportedByModel, Parameter},
        safety_settings_invalid::SafetySettingsInvalid,
        schema_unsupported::{Rule, SchemaUnsupported},
        thinking_config_invalid::ThinkingConfigInvalid,
    },
};
use propus_wire::{
    generate::{
        GenerateContentRequest, GenerationConfig, HarmCategory, ResponseModality, SafetySetting,
        ThinkingConfig, ThinkingLevel,
    },
    schema::Type,
};

/// The MIME type of an answer that is one of a schema's `enum`.
pub(super) const ENUM: &str = "text/x.enum";

impl Check<'_> {
    pub(super) fn safety_settings(&mut self, root: &str, settings: &[SafetySetting]) {
        let mut seen = Vec::new();
        for (place, setting) in settings.iter().enumerate() {
            let path = format!("{root}.safety_settings[{place}]");
            let category = category_of(setting);
            if !is_adjustable(category) {
                let category = category.as_str().into();
                self.found(SafetySettingsInvalid::Category { path, category });
            } else if seen.contains(&category) {
                self.found_at(&path, SafetySettingsInvalid::Twice);
            } else {
                seen.push(category);
            }
        }
    }

    pub(super) fn generation_config(&mut self, root: &str, config: &GenerationConfig) {
        let path = format!("{root}.generation_config");
        self.sampling(&path, config);
        self.lengths(&path, config);
        self.candidates(&path, config);
        self.logprobs(&path, config);
        self.penalties(&path, config);
        self.format(&path, config);
        let modalities = format!("{path}.response_modalities");
        self.modalities(&modalities, &config.response_modalities);
        self.voices(&path, config);
        if let Some(thinking) = &config.thinking_config {
            self.thinking(&format!("{path}.thinking_config"), thinking);
        }
    }

    fn sampling(&mut self, path: &str, config: &GenerationConfig) {
        let ranges = &self.card.ranges;
        let (temperature, top_p, top_k) = (ranges.temperature, ranges.top_p, ranges.top_k);
        self.real(path, "temperature", config.temperature, temperature);
        self.real(path, "top_p", config.top_p, top_p);
        self.whole(path, "top_k", config.top_k, top_k);
    }

    fn real(&mut self, path: &str, name: &'static str, value: Option<f32>, range: [f32; 2]) {
        let Some(value) = value else { return };
        // Written so that NaN is outside.
        if !(range[0]..=range[1]).contains(&value) {
            let allowed = Allowed::Real(range[0].into(), range[1].into());
            self.outside(path, name, value.into(), allowed);
        }
    }

    fn whole(&mut self, path: &str, name: &'static str, value: Option<i32>, range: [i32; 2]) {
        let Some(value) = value else { return };
        if !(range[0]..=range[1]).contains(&value) {
            let allowed = match range {
                [least, i32::MAX] => Allowed::AtLeast(least.into()),
                [least, most] => Allowed::Whole(least.into(), most.into()),
            };
            self.outside(path, name, value.into(), allowed);
        }
    }

    pub(super) fn outside(
        &mut self,
        path: &str,
        parameter: &'static str,
        value: f64,
        allowed: Allowed,
    ) {
        let message = path.into();
        self.found(ParamOutOfRange {
            message,
            parameter,
            value,
            allowed,
        });
    }

    /// A `maxOutputTokens` beyond the model's limit is cut to it by Google, not refused (probed by a
    /// public project). Whether 0 is refused is known of Vertex AI only; here it counts as absent.
    fn lengths(&mut self, path: &str, config: &GenerationConfig) {
        self.whole(
            path,
            "max_output_tokens",
            config.max_output_tokens.filter(|tokens| *tokens != 0),
            [1, i32::MAX],
        );
        let (stops, most) = (config.stop_sequences.len(), self.card.ranges.stop_sequences);
        if stops > most {
            self.outside(path, "stop_sequences", stops as f64, Allowed::Entries(most));
        }
    }

    fn candidates(&mut self, path: &str, config: &GenerationConfig) {
        let range = self.card.ranges.candidate_count;
        match config.candidate_count {
            Some(2..=8) if range[1] == 1 => {
                self.disabled(
                    &format!("{path}.candidate_count"),
                    Parameter::CandidateCount,
                );
            }
            count => self.whole(path, "candidate_count", count, range),
        }
    }

    fn logprobs(&mut self, path: &str, config: &GenerationConfig) {
        let most = self.card.logprobs;
        match config.response_logprobs {
            Some(true) if most == 0 => {
                self.disabled(&format!("{path}.response_logprobs"), Parameter::Logprobs);
            }
            Some(true) => self.whole(path, "logprobs", config.logprobs, [0, most]),
            _ if config.logprobs.is_some() => {
                let conflict = ParamConflict::LogprobsWithoutResponseLogprobs;
                self.found_at(&format!("{path}.logprobs"), conflict);
            }
            _ => {}
        }
    }

    fn penalties(&mut self, path: &str, config: &GenerationConfig) {
        let range = self.card.ranges.penalty;
        let (presence, frequency) = (config.presence_penalty, config.frequency_penalty);
        let both = [
            ("presence_penalty", presence),
            ("frequency_penalty", frequency),
        ];
        let used = both.iter().find(|(_, one)| one.unwrap_or_default() != 0.0);
        if let Some((name, _)) = used
            && !self.card.penalties
        {
            return self.disabled(&format!("{path}.{name}"), Parameter::Penalty);
        }
        for (name, penalty) in both {
            self.real(path, name, penalty, range);
        }
    }

    fn disabled(&mut self, path: &str, parameter: Parameter) {
        let model = self.card.name.clone();
        self.found_at(path, ParamUnsupportedByModel { model, parameter });
    }

    fn format(&mut self, path: &str, config: &GenerationConfig) {
        let mime_type = mime_type(config);
        let json_schema = json_schema(config);
        if !mime_type.is_empty() && !MimeUnsupported::is_response(mime_type) {
            self.found(MimeUnsupported::Response {
                path: format!("{path}.response_mime_type"),
                mime_type: mime_type.into(),
            });
        }
        if mime_type == "application/json" && !self.card.json_mode {
            self.unsupported(&format!("{path}.response_mime_type"), Feature::JsonMode);
        }
        if json_schema.is_some() && config.response_schema.is_some() {
            let path = format!("{path}.response_json_schema");
            self.found_at(&path, ParamConflict::TwoResponseSchemas);
        }
        // Without the MIME type Google ignores a `responseSchema` (seen in public error reports);
        // for `responseJsonSchema` the published protos demand it.
        if json_schema.is_some() && !matches!(mime_type, "application/json" | ENUM) {
            let path = format!("{path}.response_json_schema");
            self.found_at(&path, ParamConflict::SchemaWithoutJson);
        }
        if let Some(schema) = &config.response_schema {
            self.response_schema(&format!("{path}.response_schema"), schema);
        }
        if let Some(schema) = json_schema {
            self.response_json_schema(&format!("{path}.response_json_schema"), schema);
        }
        if mime_type == ENUM && json_schema.is_none() {
            self.enum_answer(path, config);
        }
    }

    fn enum_answer(&mut self, path: &str, config: &GenerationConfig) {
        let schema = config.response_schema.as_ref();
        let is_enum = |text: &Option<Type>| matches!(text, None | Some(Type::String));
        if schema.is_none_or(|schema| schema.r#enum.is_empty() || !is_enum(&schema.r#type)) {
            let path = format!("{path}.response_schema.enum");
            self.found(SchemaUnsupported {
                path,
                rule: Rule::EnumMissing,
            });
        }
    }

    /// An answer for which no modality is asked is text, and models for speech refuse to give one (seen
    /// in public error reports). Others with more than text take such requests.
    pub(super) fn speech_by_default(&mut self, root: &str, request: &GenerateContentRequest) {
        let config = request.generation_config.as_ref();
        let asks = config.is_some_and(|config| !config.response_modalities.is_empty());
        let output = &self.card.output;
        if !asks
            && output
                .iter()
                .all(|one| one.iter().all(|kind| kind == "AUDIO"))
        {
            let path = format!("{root}.generation_config.response_modalities");
            self.modalities(&path, &[ResponseModality::Text]);
        }
    }

    fn modalities(&mut self, path: &str, asked: &[ResponseModality]) {
        let mut asked: Vec<String> = asked
            .iter()
            .filter(|modality| **modality != ResponseModality::Unspecified)
            .map(|modality| modality.as_str().to_owned())
            .collect();
        asked.sort();
        asked.dedup();
        let same = |combination: &Vec<String>| {
            combination.len() == asked.len() && combination.iter().all(|one| asked.contains(one))
        };
        if !asked.is_empty() && !self.card.output.iter().any(same) {
            let fault = ModalityUnsupported::Output {
                model: self.card.name.clone(),
                asked,
                combinations: self.card.output.clone(),
            };
            self.found_at(path, fault);
        }
    }

    fn voices(&mut self, path: &str, config: &GenerationConfig) {
        let Some(speech) = &config.speech_config else {
            return;
        };
        let has = |camel: &str, snake: &str| {
            let value = speech.get(camel).or_else(|| speech.get(snake));
            value.is_some_and(|value| !value.is_null())
        };
        if has("voiceConfig", "voice_config")
            && has("multiSpeakerVoiceConfig", "multi_speaker_voice_config")
        {
            let path = format!("{path}.speech_config");
            self.found_at(&path, ParamConflict::TwoVoices);
        }
    }

    fn thinking(&mut self, path: &str, config: &ThinkingConfig) {
        let level = config.thinking_level.as_ref();
        let level = level.filter(|level| **level != ThinkingLevel::Unspecified);
        let thinking = &self.card.thinking;
        let (name, fault) = match (config.thinking_budget, level) {
            (Some(_), Some(_)) => {
                return self.found_at(path, ParamConflict::ThinkingBudgetAndLevel);
            }
            (Some(budget), None) => ("thinking_budget", budget_fault(thinking, budget)),
            (None, Some(level)) => ("thinking_level", level_fault(thinking, level)),
            (None, None) => return,
        };
        if let Some(fault) = fault {
            self.found_at(&format!("{path}.{name}"), fault);
        }
    }
}

fn category_of(setting: &SafetySetting) -> &HarmCategory {
    setting
        .category
        .as_ref()
        .unwrap_or(&HarmCategory::Unspecified)
}

fn is_adjustable(category: &HarmCategory) -> bool {
    use HarmCategory::*;
    matches!(
        category,
        HateSpeech | SexuallyExplicit | DangerousContent | Harassment | CivicIntegrity | Jailbreak
    )
}

fn budget_fault(thinking: &Thinking, budget: i32) -> Option<ThinkingConfigInvalid> {
    match *thinking {
        Thinking::Any => None,
        Thinking::None => (budget != 0).then_some(ThinkingConfigInvalid::NoBudget),
        Thinking::Level { .. } if budget == 0 => Some(ThinkingConfigInvalid::CannotBeOff),
        Thinking::Level { budget: true, .. } => None,
        Thinking::Level { .. } => Some(ThinkingConfigInvalid::NoBudget),
        Thinking::Budget { off: false, .. } if budget == 0 => {
            Some(ThinkingConfigInvalid::CannotBeOff)
        }
        Thinking::Budget { min, max, .. } => {
            let fits = budget == -1 || budget == 0 || (min..=max).contains(&budget);
            (!fits).then_some(ThinkingConfigInvalid::Budget { budget, min, max })
        }
    }
}

fn level_fault(thinking: &Thinking, level: &ThinkingLevel) -> Option<ThinkingConfigInvalid> {
    let level = level.as_str();
    match thinking {
        Thinking::Any => None,
        Thinking::None | Thinking::Budget { .. } => Some(ThinkingConfigInvalid::NoLevel),
        Thinking::Level { levels, .. } => {
            let known = levels.iter().any(|known| known == level);
            (!known).then(|| ThinkingConfigInvalid::Level {
                level: level.into(),
                levels: levels.clone(),
            })
        }
    }
}

/// The answer's MIME type; empty where none is asked for.
pub(super) fn mime_type(config: &GenerationConfig) -> &str {
    config.response_mime_type.as_deref().unwrap_or_default()
}

fn json_schema(config: &GenerationConfig) -> Option<&serde_json::Value> {
    let schema = config.response_json_schema.as_ref();
    schema.or(config.private_response_json_schema.as_ref())
}
