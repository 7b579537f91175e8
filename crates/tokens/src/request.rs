//! Which texts of a request count, and where they stand.
//!
//! The choice is that of google-genai's `LocalTokenizer`: texts, names, keys and string values of calls
//! and responses, and of schemas what describes (not types, titles, defaults or alternatives).

use crate::{Media, count};
use propus_wire::{
    generate::{Content, FunctionDeclaration, GenerateContentRequest, Part, Tool},
    schema::Schema,
};
use serde::Serialize;
use serde_json::{Map, Value};

/// What a request counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// All texts together, without media.
    pub tokens: u64,
    /// Each part, in the order of the request.
    pub parts: Vec<Counted>,
    /// What is not text.
    pub media: Vec<Media>,
}

/// The tokens of one part of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// The field, such as `contents[0].parts[1]`.
    pub place: String,
    /// Who speaks, what is called or declared.
    pub what: String,
    /// How many.
    pub tokens: u64,
}

/// Counts the tokens of a whole request, part by part.
pub fn count_request(request: &GenerateContentRequest) -> Count {
    let mut counter = Count::default();
    if let Some(instruction) = &request.system_instruction {
        counter.content("systemInstruction", "system instruction", instruction);
    }
    for (at, content) in request.contents.iter().enumerate() {
        let role = content.role.as_deref().filter(|role| !role.is_empty());
        counter.content(&format!("contents[{at}]"), role.unwrap_or("user"), content);
    }
    for (at, tool) in request.tools.iter().enumerate() {
        counter.tool(&format!("tools[{at}]"), tool);
    }
    if let Some(config) = &request.generation_config {
        let mut texts = Texts::default();
        texts.schema(config.response_schema.as_ref());
        counter.add("generationConfig.responseSchema", "response schema", &texts);
        let mut texts = Texts::default();
        texts.json_schema(config.response_json_schema.as_ref());
        texts.json_schema(config.private_response_json_schema.as_ref());
        counter.add(
            "generationConfig.responseJsonSchema",
            "response schema",
            &texts,
        );
    }
    counter
}

impl Count {
    fn add(&mut self, place: &str, what: &str, texts: &Texts) {
        if texts.0.is_empty() {
            return;
        }
        let tokens = texts.0.iter().map(|text| count(text)).sum();
        self.tokens += tokens;
        self.parts.push(Counted {
            place: place.to_owned(),
            what: what.to_owned(),
            tokens,
        });
    }

    fn content(&mut self, place: &str, who: &str, content: &Content) {
        for (at, part) in content.parts.iter().enumerate() {
            let place = format!("{place}.parts[{at}]");
            let mut texts = Texts::default();
            texts.part(part);
            self.add(&place, &part_name(who, part), &texts);
            self.media_of(&place, part);
        }
    }

    fn media_of(&mut self, place: &str, part: &Part) {
        if let Some(blob) = &part.inline_data {
            let mime_type = blob.mime_type.as_deref().unwrap_or_default();
            self.media.push(Media::new(
                format!("{place}.inlineData"),
                mime_type,
                Some(blob.data.as_deref().unwrap_or_default()),
            ));
        }
        if let Some(file) = &part.file_data {
            let mime_type = file.mime_type.as_deref().unwrap_or_default();
            self.media
                .push(Media::new(format!("{place}.fileData"), mime_type, None));
        }
    }

    fn tool(&mut self, place: &str, tool: &Tool) {
        for (at, declaration) in tool.function_declarations.iter().enumerate() {
            let mut texts = Texts::default();
            texts.declaration(declaration);
            let name = declaration.name.as_deref().unwrap_or_default();
            let place = format!("{place}.functionDeclarations[{at}]");
            self.add(&place, &format!("function {name}"), &texts);
        }
    }
}

/// Who says it, or which function it is about.
fn part_name(who: &str, part: &Part) -> String {
    let name = |name: &Option<String>| name.clone().unwrap_or_default();
    match (&part.function_call, &part.function_response) {
        (Some(call), _) => format!("call of {}", name(&call.name)),
        (_, Some(response)) => format!("response of {}", name(&response.name)),
        _ => who.to_owned(),
    }
}

/// Texts that count, each by itself.
#[derive(Default)]
struct Texts<'a>(Vec<&'a str>);

impl<'a> Texts<'a> {
    fn part(&mut self, part: &'a Part) {
        if let Some(call) = &part.function_call {
            self.named(&call.name, call.args.as_ref());
        }
        if let Some(response) = &part.function_response {
            self.named(&response.name, response.response.as_ref());
        }
        self.0.extend(part.text.as_deref());
    }

    fn named(&mut self, name: &'a Option<String>, values: Option<&'a Map<String, Value>>) {
        self.0.extend(name.as_deref());
        if let Some(values) = values {
            self.map(values);
        }
    }

    fn declaration(&mut self, declaration: &'a FunctionDeclaration) {
        self.0.extend(declaration.name.as_deref());
        self.0.extend(declaration.description.as_deref());
        self.schema(declaration.parameters.as_ref());
        self.schema(declaration.response.as_ref());
        self.json_schema(declaration.parameters_json_schema.as_ref());
        self.json_schema(declaration.response_json_schema.as_ref());
    }

    fn schema(&mut self, schema: Option<&'a Schema>) {
        let Some(schema) = schema else { return };
        self.0.extend(schema.format.as_deref());
        self.0.extend(schema.description.as_deref());
        self.0.extend(schema.r#enum.iter().map(String::as_str));
        self.0.extend(schema.required.iter().map(String::as_str));
        self.schema(schema.items.as_deref());
        for (name, property) in &schema.properties {
            self.0.push(name);
            self.schema(Some(property));
        }
        if let Some(example) = &schema.example {
            self.value(example);
        }
    }

    /// The same keywords of a JSON Schema, which Google's library leaves out though the service is
    /// sent them.
    fn json_schema(&mut self, schema: Option<&'a Value>) {
        let Some(Value::Object(schema)) = schema else {
            return;
        };
        for (keyword, value) in schema {
            match (keyword.as_str(), value) {
                ("format" | "description" | "enum" | "required" | "example" | "const", value) => {
                    self.value(value);
                }
                ("properties" | "$defs" | "definitions", Value::Object(properties)) => {
                    for (name, property) in properties {
                        self.0.push(name);
                        self.json_schema(Some(property));
                    }
                }
                ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(schemas)) => {
                    for schema in schemas {
                        self.json_schema(Some(schema));
                    }
                }
                ("items" | "additionalProperties" | "not", schema) => {
                    self.json_schema(Some(schema));
                }
                _ => {}
            }
        }
    }

    fn map(&mut self, map: &'a Map<String, Value>) {
        for (name, value) in map {
            self.0.push(name);
            self.value(value);
        }
    }

    fn value(&mut self, value: &'a Value) {
        match value {
            Value::String(text) => self.0.push(text),
            Value::Array(items) => items.iter().for_each(|item| self.value(item)),
            Value::Object(map) => self.map(map),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}
