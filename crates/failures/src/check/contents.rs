//! Turns and their parts, each by itself.

use super::Check;
use crate::{
    cards::Medium,
    content::{image_invalid::ImageInvalid, mime_unsupported::MimeUnsupported},
    request::{
        missing_required_field::{Missing, MissingRequiredField},
        modality_unsupported::ModalityUnsupported,
        model_feature_unsupported::{Feature, ModelFeatureUnsupported},
        multiturn_role_order::MultiturnRoleOrder,
    },
};
use propus_wire::generate::{Content, FileData, FunctionResponse, Part};

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
            self.role(&path, turn, content.role.as_deref().unwrap_or_default());
        }
    }

    pub(super) fn system_instruction(&mut self, root: &str, content: &Content) {
        let path = format!("{root}.system_instruction");
        self.parts(&path, &content.parts);
        if !content.parts.is_empty() && !self.card.system_instruction {
            self.unsupported(&path, Feature::SystemInstruction);
        }
    }

    pub(super) fn unsupported(&mut self, path: &str, feature: Feature) {
        let model = self.card.name.clone();
        self.found_at(path, ModelFeatureUnsupported { model, feature });
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
                let path = format!("{path}.inline_data");
                self.inline(&path, blob.mime_type.as_deref(), blob.data.as_deref());
            }
            if let Some(file) = &part.file_data {
                self.file(&format!("{path}.file_data"), file);
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
        for (place, part) in response.parts.iter().enumerate() {
            if let Some(blob) = &part.inline_data {
                let path = format!("{path}.function_response.parts[{place}].inline_data");
                self.inline(&path, blob.mime_type.as_deref(), blob.data.as_deref());
            }
        }
    }

    fn inline(&mut self, path: &str, mime_type: Option<&str>, bytes: Option<&[u8]>) {
        let (mime_type, bytes) = (mime_type.unwrap_or_default(), bytes.unwrap_or_default());
        let is_read = self.medium(path, mime_type);
        if is_read && Medium::of(mime_type) == Some(Medium::Image) && !ImageInvalid::is_image(bytes)
        {
            self.found_at(&format!("{path}.data"), ImageInvalid::Bytes);
        }
    }

    /// A file without a type has the type that it was uploaded with.
    fn file(&mut self, path: &str, file: &FileData) {
        if is_blank(&file.file_uri) {
            self.missing(format!("{path}.file_uri"), Missing::Field("file_uri"));
        }
        let mime_type = file.mime_type.as_deref().unwrap_or_default();
        if !mime_type.is_empty() {
            self.medium(path, mime_type);
        }
    }

    /// Whether the model reads this type.
    fn medium(&mut self, path: &str, mime_type: &str) -> bool {
        let path = format!("{path}.mime_type");
        let mime_type = mime_type.to_owned();
        match Medium::of(&mime_type) {
            None => self.found_at(&path, MimeUnsupported::Part { mime_type }),
            Some(Medium::Text) => return true,
            Some(medium) if self.card.input.contains(&medium) => return true,
            Some(medium) => {
                let fault = ModalityUnsupported::Input {
                    model: self.card.name.clone(),
                    medium,
                    mime_type,
                };
                self.found_at(&path, fault);
            }
        }
        false
    }

    /// No role counts as `user`; `function` is how results came before 2025, and still works.
    fn role(&mut self, path: &str, turn: usize, role: &str) {
        if !matches!(role, "" | "user" | "model" | "function") {
            let role = role.into();
            let fault = MultiturnRoleOrder::Role { turn, role };
            self.found_at(&format!("{path}.role"), fault);
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
