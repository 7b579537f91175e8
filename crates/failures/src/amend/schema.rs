//! Schemas, cut to what the API takes.
//!
//! A JSON Schema in a field of Google's older form moves to the field that takes JSON Schema, where
//! the version has it; else its keywords are translated or left out.

use super::{Amend, json};
use crate::inspect::suggest::plain;
use propus_wire::{Message, Surface, schema::Schema};
use serde_json::{Map, Value, json};

/// How deep references are followed; a schema that refers to itself has no end.
const DEPTH: usize = 8;

impl Amend<'_> {
    pub(super) fn schemas(&mut self, request: &mut Value) {
        if !self.is_generate() {
            return;
        }
        if let Some(config) = json::get_mut(request, "generationConfig") {
            self.holder(
                config,
                "generationConfig",
                "responseSchema",
                "responseJsonSchema",
            );
        }
        let Some(tools) = json::get_mut(request, "tools") else {
            return;
        };
        for (at, tool) in json::items(tools).enumerate() {
            let Some(functions) = json::get_mut(tool, "functionDeclarations") else {
                continue;
            };
            for (index, function) in json::items(functions).enumerate() {
                let path = format!("tools[{at}].functionDeclarations[{index}]");
                self.holder(function, &path, "parameters", "parametersJsonSchema");
                self.holder(function, &path, "response", "responseJsonSchema");
            }
        }
    }

    /// The object that holds a schema in one of two fields.
    fn holder(&mut self, holder: &mut Value, path: &str, field: &str, json_field: &str) {
        let Some(schema) = json::get(holder, field) else {
            return;
        };
        let place = format!("{path}.{field}");
        let movable = self.sending.surface == Surface::Modern
            && json::get(holder, json_field).is_none()
            && is_foreign(schema)
            && !has_capital_types(schema);
        if movable {
            if let Some(object) = holder.as_object_mut()
                && let Some(key) = json::key(object, field)
            {
                json::rename(object, &key, json_field);
                self.changed(place, format!("a JSON Schema: moved to `{json_field}`"));
            }
            return;
        }
        let whole = schema.clone();
        if let Some(schema) = json::get_mut(holder, field) {
            self.subset(schema, &whole, &place, 0);
        }
    }

    /// Brings one schema and those within it into Google's form.
    pub(super) fn subset(&mut self, schema: &mut Value, whole: &Value, path: &str, depth: usize) {
        self.reference(schema, whole, path, depth);
        let Some(object) = schema.as_object_mut() else {
            return;
        };
        self.keywords(object, path);
        self.own_type(object, path);
        self.by_type(object, path);
        if let Some(Value::Object(properties)) = object.get_mut("properties") {
            for (name, property) in properties {
                self.subset(
                    property,
                    whole,
                    &format!("{path}.properties.{name}"),
                    depth + 1,
                );
            }
        }
        if let Some(items) = object.get_mut("items") {
            self.subset(items, whole, &format!("{path}.items"), depth + 1);
        }
        if let Some(key) = json::key(object, "anyOf")
            && let Some(Value::Array(schemas)) = object.get_mut(&key)
        {
            for (at, one) in schemas.iter_mut().enumerate() {
                self.subset(one, whole, &format!("{path}.anyOf[{at}]"), depth + 1);
            }
        }
    }

    /// Writes out what is referred to.
    fn reference(&mut self, schema: &mut Value, whole: &Value, path: &str, depth: usize) {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else {
            return;
        };
        let target = reference
            .strip_prefix('#')
            .and_then(|pointer| whole.pointer(pointer));
        match target {
            Some(target) if depth < DEPTH => {
                let place = format!("{path}.$ref");
                *schema = target.clone();
                self.changed(place, "what it refers to was written out");
            }
            _ => {}
        }
    }

    fn keywords(&mut self, object: &mut Map<String, Value>, path: &str) {
        for name in object.keys().cloned().collect::<Vec<_>>() {
            if Schema::descriptor().field(&name).is_some() {
                continue;
            }
            let place = format!("{path}.{name}");
            let taken = |object: &Map<String, Value>, to| json::key(object, to).is_some();
            match name.as_str() {
                "const" if !taken(object, "enum") && object[&name].is_string() => {
                    let value = object[&name].clone();
                    json::rename(object, &name, "enum");
                    object.insert("enum".into(), json!([value]));
                    self.changed(place, "became an enum of one");
                }
                "oneOf" if !taken(object, "anyOf") => {
                    json::rename(object, &name, "anyOf");
                    self.changed(place, "became `anyOf`");
                }
                "examples" if !taken(object, "example") => {
                    let first = object[&name].get(0).cloned().unwrap_or_default();
                    json::rename(object, &name, "example");
                    object.insert("example".into(), first);
                    self.changed(place, "became `example`");
                }
                _ => {
                    let meant = Schema::descriptor().fields.iter().find(|field| {
                        plain(field.json) == plain(&name) && !taken(object, field.json)
                    });
                    match meant {
                        Some(field) => {
                            json::rename(object, &name, field.json);
                            self.changed(place, format!("renamed to `{}`", field.json));
                        }
                        None => {
                            object.shift_remove(&name);
                            self.changed(place, "left out: no keyword of the API's schemas");
                        }
                    }
                }
            }
        }
    }

    /// `["string", "null"]` and types that were left out.
    fn own_type(&mut self, object: &mut Map<String, Value>, path: &str) {
        let place = format!("{path}.type");
        if let Some(Value::Array(types)) = object.get("type") {
            let is_null = |one: &&Value| {
                one.as_str()
                    .is_some_and(|one| one.eq_ignore_ascii_case("null"))
            };
            let nullable = types.iter().any(|one| is_null(&one));
            let mut rest = types.iter().filter(|one| !is_null(one)).cloned();
            if let (Some(only), None) = (rest.next(), rest.next()) {
                object.insert("type".into(), only);
                if nullable {
                    object.insert("nullable".into(), true.into());
                }
                self.changed(place, "a list of types became one type");
            }
            return;
        }
        let is_open = json::key(object, "anyOf").is_some();
        if object.contains_key("type") || is_open {
            return;
        }
        let has = |name| object.contains_key(name);
        let meant = match () {
            () if has("properties") => "OBJECT",
            () if has("items") => "ARRAY",
            () if has("enum") => "STRING",
            () if has("minimum") || has("maximum") => "NUMBER",
            () => "STRING",
        };
        object.insert("type".into(), meant.into());
        self.changed(place, format!("set to `{meant}`"));
    }

    /// What only some types have.
    fn by_type(&mut self, object: &mut Map<String, Value>, path: &str) {
        let kind = object.get("type").and_then(Value::as_str);
        let kind = kind.unwrap_or_default().to_ascii_uppercase();
        if kind.is_empty() {
            return;
        }
        if kind == "ARRAY" && !object.contains_key("items") {
            object.insert("items".into(), json!({"type": "STRING"}));
            self.changed(format!("{path}.items"), "set to text");
        }
        if kind != "OBJECT" {
            for name in ["properties", "required"] {
                self.leave_out(object, path, name, "only objects have it");
            }
        }
        if kind == "OBJECT" {
            self.required(object, path);
        }
        if kind != "STRING" {
            self.leave_out(object, path, "enum", "only text has it");
            return;
        }
        let format = object.get("format").and_then(Value::as_str);
        if format
            .is_some_and(|format| !matches!(format, "" | "enum" | "date-time" | "date" | "time"))
        {
            self.leave_out(object, path, "format", "the API knows only dates and times");
        }
        if let Some(Value::Array(texts)) = object.get_mut("enum") {
            let before = texts.len();
            texts.retain(|text| text.as_str() != Some(""));
            if texts.len() < before {
                self.changed(format!("{path}.enum"), "its empty text was left out");
            }
        }
    }

    fn required(&mut self, object: &mut Map<String, Value>, path: &str) {
        let known: Vec<String> = match object.get("properties") {
            Some(Value::Object(properties)) => properties.keys().cloned().collect(),
            _ => return,
        };
        let Some(Value::Array(names)) = object.get_mut("required") else {
            return;
        };
        let before = names.len();
        names.retain(|name| {
            name.as_str()
                .is_none_or(|name| known.iter().any(|known| known == name))
        });
        if names.len() < before {
            self.changed(
                format!("{path}.required"),
                "names without a property were left out",
            );
        }
    }

    fn leave_out(&mut self, object: &mut Map<String, Value>, path: &str, name: &str, why: &str) {
        if object.shift_remove(name).is_some() {
            self.changed(format!("{path}.{name}"), format!("left out: {why}"));
        }
    }
}

/// Schemas within a schema, one level down.
fn inner(schema: &Value) -> impl Iterator<Item = &Value> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let lists = ["anyOf", "oneOf"]
        .into_iter()
        .filter_map(|name| schema.get(name)?.as_array());
    properties
        .into_iter()
        .flat_map(|properties| properties.values())
        .chain(schema.get("items"))
        .chain(lists.flatten())
}

/// Whether a keyword of JSON Schema occurs that Google's form lacks.
fn is_foreign(schema: &Value) -> bool {
    let Some(object) = schema.as_object() else {
        return false;
    };
    let own = |name: &String| Schema::descriptor().field(name).is_some();
    let lists_types = object.get("type").is_some_and(Value::is_array);
    lists_types || !object.keys().all(own) || inner(schema).any(is_foreign)
}

/// Whether types are written as Google's form has them and JSON Schema has not.
fn has_capital_types(schema: &Value) -> bool {
    let kind = schema.get("type").and_then(Value::as_str);
    kind.is_some_and(|kind| kind.starts_with(|c: char| c.is_ascii_uppercase()))
        || inner(schema).any(has_capital_types)
}
