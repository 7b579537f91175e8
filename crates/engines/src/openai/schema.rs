//! Google's schema form as JSON Schema.

use propus_wire::schema::{Schema, Type};
use serde_json::{Map, Value, json};

/// Says the same in JSON Schema: types in lower case, `null` as a type, properties in the order
/// that `propertyOrdering` asks for, since servers write them as they stand.
pub(super) fn json_schema(schema: &Schema) -> Value {
    let mut out = Map::new();
    put_type(schema, &mut out);
    put_words(schema, &mut out);
    put_bounds(schema, &mut out);
    put_object(schema, &mut out);
    if let Some(items) = &schema.items {
        out.insert("items".into(), json_schema(items));
    }
    if !schema.any_of.is_empty() {
        let mut forms: Vec<_> = schema.any_of.iter().map(json_schema).collect();
        if schema.nullable == Some(true) {
            forms.push(json!({ "type": "null" }));
        }
        out.insert("anyOf".into(), forms.into());
    }
    if let Some(default) = &schema.default {
        out.insert("default".into(), default.clone());
    }
    Value::Object(out)
}

fn put_type(schema: &Schema, out: &mut Map<String, Value>) {
    let is_nullable = schema.nullable == Some(true);
    let named = schema.r#type.as_ref();
    let name = named.filter(|name| **name != Type::Unspecified);
    if let Some(name) = name {
        let name = name.as_str().to_ascii_lowercase();
        let value = match is_nullable {
            true => json!([name, "null"]),
            false => json!(name),
        };
        out.insert("type".into(), value);
    }
    if !schema.r#enum.is_empty() {
        let mut values: Vec<_> = schema
            .r#enum
            .iter()
            .map(|text| constant(text, name))
            .collect();
        if is_nullable {
            values.push(Value::Null);
        }
        out.insert("enum".into(), values.into());
    }
}

/// Google writes every constant as text, those of numbers too.
fn constant(text: &str, of: Option<&Type>) -> Value {
    let is_number = matches!(of, Some(Type::Integer | Type::Number));
    let number = is_number.then(|| serde_json::from_str(text).ok()).flatten();
    number.unwrap_or_else(|| json!(text))
}

fn put_words(schema: &Schema, out: &mut Map<String, Value>) {
    let words = [
        ("format", &schema.format),
        ("title", &schema.title),
        ("description", &schema.description),
        ("pattern", &schema.pattern),
    ];
    for (name, text) in words {
        if let Some(text) = text {
            out.insert(name.into(), json!(text));
        }
    }
    if let Some(example) = &schema.example {
        out.insert("examples".into(), json!([example]));
    }
}

fn put_bounds(schema: &Schema, out: &mut Map<String, Value>) {
    let counts = [
        ("minItems", schema.min_items),
        ("maxItems", schema.max_items),
        ("minProperties", schema.min_properties),
        ("maxProperties", schema.max_properties),
        ("minLength", schema.min_length),
        ("maxLength", schema.max_length),
    ];
    for (name, count) in counts {
        if let Some(count) = count {
            out.insert(name.into(), json!(count));
        }
    }
    for (name, number) in [("minimum", schema.minimum), ("maximum", schema.maximum)] {
        if let Some(number) = number {
            out.insert(name.into(), whole(number));
        }
    }
}

/// `3` rather than `3.0`: grammars of whole numbers are made from bounds without a point.
fn whole(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.fract() == 0.0 && number.abs() <= EXACT {
        true => json!(number as i64),
        false => json!(number),
    }
}

fn put_object(schema: &Schema, out: &mut Map<String, Value>) {
    if !schema.properties.is_empty() {
        let mut properties = Map::new();
        let first = schema.property_ordering.iter();
        for name in first.chain(schema.properties.keys()) {
            if let Some(property) = schema.properties.get(name) {
                properties
                    .entry(name.as_str())
                    .or_insert_with(|| json_schema(property));
            }
        }
        out.insert("properties".into(), properties.into());
    }
    if !schema.required.is_empty() {
        out.insert("required".into(), json!(schema.required));
    }
}
