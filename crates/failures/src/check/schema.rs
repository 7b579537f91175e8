//! The rules of schemas that can be seen without compiling them.

use super::Check;
use crate::request::{
    schema_too_complex::SchemaTooComplex,
    schema_unsupported::{Rule, SchemaUnsupported},
};
use propus_wire::schema::{Schema, Type};
use serde_json::Value;

/// How deep schemas may be nested. Google does not publish its limit; this one is ours.
const DEPTH: usize = 32;

impl Check<'_> {
    pub(super) fn response_schema(&mut self, path: &str, schema: &Schema) {
        match depth(schema) > DEPTH {
            true => self.found_at(path, SchemaTooComplex::ResponseTooDeep),
            false => self.schema(path, schema),
        }
    }

    pub(super) fn function_schema(&mut self, path: &str, schema: &Schema) {
        match depth(schema) > DEPTH {
            true => self.found_at(path, SchemaTooComplex::FunctionTooDeep),
            false => self.schema(path, schema),
        }
    }

    pub(super) fn response_json_schema(&mut self, path: &str, schema: &Value) {
        if json_depth(schema) > 2 * DEPTH {
            self.found_at(path, SchemaTooComplex::ResponseTooDeep);
        }
    }

    pub(super) fn function_json_schema(&mut self, path: &str, schema: &Value) {
        if json_depth(schema) > 2 * DEPTH {
            self.found_at(path, SchemaTooComplex::FunctionTooDeep);
        }
    }

    fn schema(&mut self, path: &str, schema: &Schema) {
        self.own_rules(path, schema);
        for (name, property) in &schema.properties {
            // In quotes, as Google writes them; escaped as in JSON, which is a guess.
            let name = Value::from(name.as_str());
            self.schema(&format!("{path}.properties[{name}]"), property);
        }
        if let Some(items) = &schema.items {
            self.schema(&format!("{path}.items"), items);
        }
        for (place, one) in schema.any_of.iter().enumerate() {
            self.schema(&format!("{path}.any_of[{place}]"), one);
        }
    }

    fn own_rules(&mut self, path: &str, schema: &Schema) {
        let mut broken = |field: &str, rule| {
            let path = format!("{path}.{field}");
            self.found(SchemaUnsupported { path, rule });
        };
        match &schema.r#type {
            None | Some(Type::Unspecified) => {
                if schema.any_of.is_empty() {
                    broken("type", Rule::TypeMissing);
                }
                return;
            }
            Some(Type::Object) => {
                if schema.properties.is_empty() && schema.any_of.is_empty() {
                    broken("properties", Rule::PropertiesEmpty);
                }
                for (place, name) in schema.required.iter().enumerate() {
                    if !schema.properties.contains_key(name) {
                        broken(&format!("required[{place}]"), Rule::RequiredUndefined);
                    }
                }
            }
            Some(Type::Array) if schema.items.is_none() => broken("items", Rule::ItemsMissing),
            Some(Type::String) => {
                let format = schema.format.as_deref().unwrap_or_default();
                if !matches!(format, "" | "enum" | "date-time" | "date" | "time") {
                    broken("format", Rule::StringFormat);
                }
            }
            _ => {}
        }
        if schema.r#type != Some(Type::Object) {
            if !schema.properties.is_empty() {
                broken("properties", Rule::OnlyForObject);
            }
            if !schema.required.is_empty() {
                broken("required", Rule::OnlyForObject);
            }
        }
        if schema.r#type != Some(Type::String) && !schema.r#enum.is_empty() {
            broken("enum", Rule::OnlyForString);
        }
        for (place, text) in schema.r#enum.iter().enumerate() {
            if text.is_empty() {
                broken(&format!("enum[{place}]"), Rule::EnumValueEmpty);
            }
        }
    }
}

fn depth(schema: &Schema) -> usize {
    let properties = schema.properties.values();
    let inner = properties
        .chain(schema.items.as_deref())
        .chain(&schema.any_of);
    1 + inner.map(depth).max().unwrap_or(0)
}

fn json_depth(value: &Value) -> usize {
    let inner = match value {
        Value::Array(list) => list.iter().map(json_depth).max(),
        Value::Object(object) => object.values().map(json_depth).max(),
        _ => return 0,
    };
    1 + inner.unwrap_or(0)
}
