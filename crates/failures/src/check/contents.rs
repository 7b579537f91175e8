//! Turns and their parts, each by itself.

use super::Check;
use crate::{
    cards::Medium,
    content::mime_unsupported::MimeUnsupported,
    request::{
        missing_required_field::{Missing, MissingRequiredField},
        modality_unsupported::ModalityUnsupported,
        model_feature_unsupported::{Feature, ModelFeatureUnsupported},
        multiturn_role_order::MultiturnRoleOrder,
    },
};
use propus_wire::generate::{Content, FunctionResponse, Part};

impl Check<'_> {
    pub(super) fn contents(&mut self, root: &str, contents: &[Content]) {
        if contents.is_empty() {
            self.missing(format!("{root}.contents"), Missing::Field("contents"));
        }
        for (turn, content) in contents.iter().enumerate() {
            let path = format!("{root}.contents[{turn}]");
            if content.parts.is_empty() {
                self.missing(format!("{path}.parts"), Missing::Parts);
            }
            self.parts(&path, &content.parts);
            self.role(turn, content.role.as_deref().unwrap_or_default());
        }
    }

    pub(super) fn system_instruction(&mut self, root: &str, content: &Content) {
        self.parts(&format!("{root}.system_instruction"), &content.parts);
        if !content.parts.is_empty() && !self.card.system_instruction {
            self.unsupported(Feature::SystemInstruction);
        }
    }

    pub(super) fn unsupported(&mut self, feature: Feature) {
        let model = self.card.name.clone();
        self.found(ModelFeatureUnsupported { model, feature });
    }

    pub(super) fn parts(&mut self, content: &str, parts: &[Part]) {
        for (place, part) in parts.iter().enumerate() {
            let path = format!("{content}.parts[{place}]");
            if !has_data(part) {
                // `data` is the name of a oneof, which no body has; the part is meant.
                let missing = Missing::Data;
                let data = format!("{path}.data");
                self.found_at(
                    &path,
                    MissingRequiredField {
                        path: data,
                        missing,
                    },
                );
            }
            if let Some(blob) = &part.inline_data {
                self.medium(blob.mime_type.as_deref().unwrap_or_default());
            }
            // A file without a type has the type that it was uploaded with.
            let file = part
                .file_data
                .as_ref()
                .and_then(|file| file.mime_type.as_deref());
            if let Some(mime_type) = file.filter(|mime_type| !mime_type.is_empty()) {
                self.medium(mime_type);
            }
            if part
                .function_call
                .as_ref()
                .is_some_and(|call| is_blank(&call.name))
            {
                self.missing(format!("{path}.function_call.name"), Missing::Name);
            }
            if let Some(response) = &part.function_response {
                self.function_response(&path, response);
            }
        }
    }

    fn function_response(&mut self, path: &str, response: &FunctionResponse) {
        if is_blank(&response.name) {
            self.missing(format!("{path}.function_response.name"), Missing::Name);
        }
        for part in &response.parts {
            if let Some(blob) = &part.inline_data {
                self.medium(blob.mime_type.as_deref().unwrap_or_default());
            }
        }
    }

    fn medium(&mut self, mime_type: &str) {
        let mime_type = mime_type.to_owned();
        match Medium::of(&mime_type) {
            None => self.found(MimeUnsupported::Part { mime_type }),
            Some(Medium::Text) => {}
            Some(medium) if self.card.input.contains(&medium) => {}
            Some(medium) => {
                let model = self.card.name.clone();
                self.found(ModalityUnsupported::Input {
                    model,
                    medium,
                    mime_type,
                });
            }
        }
    }

    /// No role counts as `user`; `function` is how results came before 2025, and still works.
    fn role(&mut self, turn: usize, role: &str) {
        if !matches!(role, "" | "user" | "model" | "function") {
            let role = role.into();
            self.found(MultiturnRoleOrder::Role { turn, role });
        }
    }
}

fn has_data(part: &Part) -> bool {
    part.text.is_some()
        || part.inline_data.is_some()
        || part.function_call.is_some()
        || part.function_response.is_some()
        || part.file_data.is_some()
        || part.executable_code.is_some()
        || part.code_execution_result.is_some()
        || part.tool_call.is_some()
        || part.tool_response.is_some()
        || part.audio_transcription.is_some()
}

fn is_blank(name: &Option<String>) -> bool {
    name.as_deref().unwrap_or_default().is_empty()
}
