//! Google's schema form as JSON Schema.

use propus_wire::schema::{Schema, Type};
use serde_json::{Map, Value, json};

/// The same schema as JSON Schema. `nullable` becomes an `anyOf` with `null`, `propertyOrdering`
/// stays, and texts of an `enum` of numbers become numbers.
pub fn json_schema(schema: &Schema) -> Value {
    let form = Value::Object(fields(schema));
    match schema.nullable {
        Some(true) => json!({"anyOf": [form, {"type": "null"}]}),
        _ => form,
    }
}

fn fields(schema: &Schema) -> Map<String, Value> {
    let mut out = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            out.insert(name.to_owned(), value);
        }
    };
    put(
        "type",
        schema.r#type.as_ref().and_then(type_name).map(Value::from),
    );
    put("title", schema.title.clone().map(Value::from));
    put("description", schema.description.clone().map(Value::from));
    put("format", format(schema).map(Value::from));
    put("enum", enumeration(schema));
    put("properties", properties(schema));
    put("required", texts(&schema.required));
    put("propertyOrdering", texts(&schema.property_ordering));
    put("minProperties", schema.min_properties.map(Value::from));
    put("maxProperties", schema.max_properties.map(Value::from));
    put("items", schema.items.as_deref().map(json_schema));
    put("minItems", schema.min_items.map(Value::from));
    put("maxItems", schema.max_items.map(Value::from));
    put("minLength", schema.min_length.map(Value::from));
    put("maxLength", schema.max_length.map(Value::from));
    put("pattern", schema.pattern.clone().map(Value::from));
    put("minimum", schema.minimum.map(number));
    put("maximum", schema.maximum.map(number));
    put("anyOf", choices(schema));
    out
}

fn type_name(kind: &Type) -> Option<&'static str> {
    Some(match kind {
        Type::String => "string",
        Type::Number => "number",
        Type::Integer => "integer",
        Type::Boolean => "boolean",
        Type::Array => "array",
        Type::Object => "object",
        Type::Null => "null",
        Type::Unspecified | Type::Unknown(_) => return None,
    })
}

/// `enum` says no more than the list itself.
fn format(schema: &Schema) -> Option<String> {
    schema
        .format
        .clone()
        .filter(|format| !format.is_empty() && format != "enum")
}

fn enumeration(schema: &Schema) -> Option<Value> {
    let of_numbers = matches!(schema.r#type, Some(Type::Integer | Type::Number));
    let value = |text: &String| match of_numbers {
        true => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str())),
        false => Value::from(text.as_str()),
    };
    (!schema.r#enum.is_empty()).then(|| schema.r#enum.iter().map(value).collect())
}

fn properties(schema: &Schema) -> Option<Value> {
    let entries = schema.properties.iter();
    let map: Map<String, Value> = entries
        .map(|(name, schema)| (name.clone(), json_schema(schema)))
        .collect();
    (!map.is_empty()).then_some(Value::Object(map))
}

fn texts(list: &[String]) -> Option<Value> {
    (!list.is_empty()).then(|| list.iter().map(String::as_str).collect())
}

fn choices(schema: &Schema) -> Option<Value> {
    (!schema.any_of.is_empty()).then(|| schema.any_of.iter().map(json_schema).collect())
}

/// Whole numbers without a fraction, as people write them.
fn number(value: f64) -> Value {
    match propus_wire::scalar::whole(value) {
        Some(whole) => Value::from(whole),
        None => Value::from(value),
    }
}
