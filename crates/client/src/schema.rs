//! The schema of a Rust type, in the form that the API takes.
//!
//! `schemars` describes the type; what it refers to is written out, and what Google's form of
//! schemas lacks is left out by the catalogue's own rules. What cannot be said at all is an error
//! that names the place: a schema that says something else would give answers that do not fit.

use crate::Error;
use propus_failures::amend::schema_subset;
use propus_wire::schema::{Schema, Type};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value};

/// The schema of an answer.
pub(crate) fn of<T: JsonSchema>() -> Result<Schema, Error> {
    cut(described::<T>())
}

/// The schema of a function's arguments; `None` where it takes none.
pub(crate) fn of_arguments<T: JsonSchema>() -> Result<Option<Schema>, Error> {
    let described = described::<T>();
    let has_none = described.get("properties").is_none() && described.get("anyOf").is_none();
    let is_unit = described.get("type").and_then(Value::as_str) == Some("null");
    let is_object = described.get("type").and_then(Value::as_str) == Some("object");
    let is_map = described
        .get("additionalProperties")
        .is_some_and(|more| *more != Value::Bool(false));
    if is_unit || (is_object && has_none && !is_map) {
        return Ok(None);
    }
    let schema = cut(described)?;
    if schema.r#type != Some(Type::Object) {
        return Err(Error::setup(
            "a function's arguments must be a struct with named fields",
            "wrap them in a struct that derives `JsonSchema`",
        ));
    }
    Ok(Some(schema))
}

/// The type as JSON Schema, with everything written out that does not hold itself.
fn described<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}

fn cut(mut schema: Value) -> Result<Schema, Error> {
    if let Some(root) = schema.as_object_mut() {
        root.shift_remove("$defs");
    }
    fit(&mut schema, "")?;
    schema_subset(&mut schema, "schema");
    let schema: Result<Schema, _> = serde_json::from_value(schema);
    let mut schema = schema.map_err(|error| {
        let what = "the type's schema has a form that the API lacks";
        Error::setup(format!("{what}: {error}"), "")
    })?;
    order(&mut schema);
    Ok(schema)
}

/// Puts what the subset has another word for into that word, and refuses what it has none for.
fn fit(schema: &mut Value, path: &str) -> Result<(), Error> {
    let Some(object) = schema.as_object_mut() else {
        return Err(unfit(path, "may be any value", ANY));
    };
    merge_one_of_all(object);
    nullable(object);
    numbers(object);
    constants(object);
    refuse_what_would_be_lost(object, path)?;
    match object.get("type").and_then(Value::as_str) {
        Some("object") => fields(object, path)?,
        Some("array") => items(object, path)?,
        _ => {}
    }
    for name in CHOICES {
        if let Some(Value::Array(forms)) = object.get_mut(name) {
            forms.iter_mut().try_for_each(|form| fit(form, path))?;
        }
    }
    Ok(())
}

/// The keywords of a choice between forms.
const CHOICES: [&str; 2] = ["anyOf", "oneOf"];

/// The subset has no word for these, and leaving them out would say something else.
fn refuse_what_would_be_lost(object: &Map<String, Value>, path: &str) -> Result<(), Error> {
    if object.contains_key("$ref") {
        return Err(unfit(
            path,
            "holds itself, and a schema of the API cannot refer to itself",
            "give it as deep as it is needed, or as a list whose items name their parents",
        ));
    }
    if object.contains_key("allOf") {
        let hint = "give it as one struct with all of the fields";
        return Err(unfit(path, "must have several forms at once", hint));
    }
    let mut choices = CHOICES
        .iter()
        .filter_map(|name| object.get(*name))
        .peekable();
    let has_choice = choices.peek().is_some();
    if choices.any(|forms| forms.as_array().is_some_and(Vec::is_empty)) {
        let hint = "leave it out, or give it a variant";
        return Err(unfit(path, "has no value at all", hint));
    }
    let says_something = ["type", "enum", "const"]
        .iter()
        .any(|name| object.contains_key(*name));
    match has_choice || says_something {
        true => Ok(()),
        false => Err(unfit(path, "may be any value", ANY)),
    }
}

const ANY: &str = "give it a type: the API's schemas need one";

fn fields(object: &mut Map<String, Value>, path: &str) -> Result<(), Error> {
    let is_map = object.get("patternProperties").is_some()
        || matches!(object.get("additionalProperties"), Some(Value::Object(_)))
        || object.get("additionalProperties") == Some(&Value::Bool(true));
    let forms = CHOICES.iter().any(|name| object.contains_key(*name));
    let has_fields =
        matches!(object.get("properties"), Some(Value::Object(fields)) if !fields.is_empty());
    if is_map || (!has_fields && !forms) {
        return Err(unfit(
            path,
            "is a map with free names, or has no fields, which a schema of the API cannot say",
            "give it as a list of structs with a name and a value",
        ));
    }
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        for (name, property) in properties {
            fit(property, &joined(path, name))?;
        }
    }
    Ok(())
}

fn items(object: &mut Map<String, Value>, path: &str) -> Result<(), Error> {
    if object.contains_key("prefixItems") {
        return Err(unfit(
            path,
            "is a tuple, whose places have forms of their own",
            "give it as a struct with named fields",
        ));
    }
    match object.get_mut("items") {
        Some(items) => fit(items, &joined(path, "[]")),
        None => Err(unfit(path, "is a list of any values", ANY)),
    }
}

/// `allOf` of one is that one.
fn merge_one_of_all(object: &mut Map<String, Value>) {
    let Some(Value::Array(all)) = object.get("allOf") else {
        return;
    };
    if let [Value::Object(only)] = all.as_slice() {
        let only = only.clone();
        object.shift_remove("allOf");
        for (name, value) in only {
            object.entry(name).or_insert(value);
        }
    }
}

/// A choice between a form and `null` is that form, nullable; `null` is no value of an enum.
fn nullable(object: &mut Map<String, Value>) {
    let is_null = |form: &Value| form.get("type").and_then(Value::as_str) == Some("null");
    if let Some(Value::Array(forms)) = object.get_mut("anyOf") {
        let before = forms.len();
        forms.retain(|form| !is_null(form));
        let was_nullable = forms.len() < before;
        let only = match forms.as_slice() {
            [Value::Object(only)] => Some(only.clone()),
            _ => None,
        };
        if was_nullable {
            object.insert("nullable".into(), true.into());
        }
        if let Some(only) = only {
            object.shift_remove("anyOf");
            for (name, value) in only {
                object.entry(name).or_insert(value);
            }
        }
    }
    if let Some(Value::Array(values)) = object.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
}

/// The formats of numbers that the API knows; `schemars` has more, such as `uint8`.
fn numbers(object: &mut Map<String, Value>) {
    let is = |name: &str| match object.get("type") {
        Some(Value::String(kind)) => kind == name,
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == name),
        _ => false,
    };
    let known: &[&str] = match () {
        () if is("integer") => &["int32", "int64"],
        () if is("number") => &["float", "double"],
        () => return,
    };
    let format = object.get("format").and_then(Value::as_str);
    if format.is_some_and(|format| !known.contains(&format)) {
        object.shift_remove("format");
    }
}

/// A text that is always the same is an enum of one, which the subset makes of it; of another value
/// only its type can be said.
fn constants(object: &mut Map<String, Value>) {
    let kind = match object.get("const") {
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Number(number)) if number.is_f64() => "number",
        Some(Value::Number(_)) => "integer",
        Some(Value::Null) => "null",
        _ => return,
    };
    object.shift_remove("const");
    object.entry("type").or_insert_with(|| kind.into());
}

/// Properties are written in the order of the fields.
fn order(schema: &mut Schema) {
    if schema.properties.len() > 1 {
        schema.property_ordering = schema.properties.keys().cloned().collect();
    }
    schema.properties.values_mut().for_each(order);
    if let Some(items) = &mut schema.items {
        order(items);
    }
    schema.any_of.iter_mut().for_each(order);
}

fn joined(path: &str, name: &str) -> String {
    match (path, name) {
        ("", name) => name.to_owned(),
        (path, "[]") => format!("{path}[]"),
        (path, name) => format!("{path}.{name}"),
    }
}

fn unfit(path: &str, what: &str, hint: &'static str) -> Error {
    match path {
        "" => Error::setup(format!("the type {what}"), hint),
        path => Error::setup(format!("the type's field `{path}` {what}"), hint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use propus_failures::{Call, Cards, findings};
    use propus_wire::generate::{Content, GenerateContentRequest, GenerationConfig};
    use serde_json::json;
    use std::collections::HashMap;

    fn check<T: JsonSchema>(expected: Value) {
        let schema = of::<T>().unwrap();
        assert_eq!(serde_json::to_value(schema).unwrap(), expected);
    }

    fn check_unfit<T: JsonSchema>(expected: &str) {
        let error = of::<T>().unwrap_err();
        assert!(error.is_setup());
        let message = error.message();
        assert!(message.contains(expected), "{message}");
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    enum Colour {
        Red,
        Green,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Thing {
        /// What it is called.
        name: String,
        size: Option<u8>,
        colour: Option<Colour>,
        parts: Vec<Part>,
        weight: f64,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Part {
        id: uuid::Uuid,
    }

    /// Stands for a type of another crate with a format that the API lacks.
    mod uuid {
        pub(super) struct Uuid;
        impl schemars::JsonSchema for Uuid {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                "Uuid".into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({"type": "string", "format": "uuid"})
            }
        }
    }

    #[test]
    fn a_type_is_written_out_in_googles_form() {
        check::<Thing>(json!({
            "type": "OBJECT",
            "title": "Thing",
            "properties": {
                "name": {"type": "STRING", "description": "What it is called."},
                "size": {"type": "INTEGER", "nullable": true, "minimum": 0.0, "maximum": 255.0},
                "colour": {"type": "STRING", "nullable": true, "enum": ["Red", "Green"]},
                "parts": {"type": "ARRAY", "items": {
                    "type": "OBJECT",
                    "properties": {"id": {"type": "STRING"}},
                    "required": ["id"],
                }},
                "weight": {"type": "NUMBER", "format": "double"},
            },
            "required": ["name", "parts", "weight"],
            "propertyOrdering": ["name", "size", "colour", "parts", "weight"],
        }));
    }

    #[derive(JsonSchema)]
    #[serde(tag = "kind")]
    #[allow(dead_code)]
    enum Shape {
        Circle { radius: f64 },
        Square { side: f64 },
    }

    #[test]
    fn an_enum_with_data_is_a_choice() {
        let schema = of::<Shape>().unwrap();
        assert_eq!(schema.any_of.len(), 2);
        let circle = &schema.any_of[0];
        assert_eq!(circle.properties["kind"].r#enum, ["Circle"]);
        assert_eq!(circle.r#type, Some(Type::Object));
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Tree {
        value: i32,
        children: Vec<Tree>,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Chain {
        next: Option<Box<Chain>>,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Open {
        anything: Value,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Named {
        scores: HashMap<String, i32>,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Paired {
        pairs: Vec<(String, i32)>,
    }

    #[test]
    fn what_cannot_be_said_is_an_error_with_its_place() {
        check_unfit::<Tree>("`children[]` holds itself");
        check_unfit::<Chain>("`next` holds itself");
        check_unfit::<Open>("`anything` may be any value");
        check_unfit::<Named>("`scores` is a map");
        check_unfit::<Paired>("`pairs[]` is a tuple");
    }

    #[test]
    fn what_would_be_lost_is_refused_too() {
        for (schema, expected) in [
            (json!({"anyOf": []}), "has no value"),
            (json!({"anyOf": [{"type": "null"}]}), "has no value"),
            (
                json!({"allOf": [{"type": "string"}, {"type": "integer"}]}),
                "several forms at once",
            ),
            (
                json!({"type": ["integer", "string"]}),
                "a form that the API lacks",
            ),
        ] {
            let message = cut(schema.clone()).unwrap_err().message();
            assert!(message.contains(expected), "{schema}: {message}");
        }
        let constant = cut(json!({"const": 5})).unwrap();
        assert_eq!(constant.r#type, Some(Type::Integer));
    }

    #[test]
    fn a_function_without_arguments_has_no_schema() {
        #[derive(JsonSchema)]
        struct Nothing {}
        assert_eq!(of_arguments::<Nothing>().unwrap(), None);
        assert_eq!(of_arguments::<()>().unwrap(), None);
        assert!(of_arguments::<String>().unwrap_err().is_setup());
        assert!(of_arguments::<HashMap<String, i32>>().is_err());
    }

    /// Schemas as types may have them, good and bad.
    fn schemas() -> impl Strategy<Value = Value> {
        let kinds = prop_oneof![proptest::sample::select(vec![
            json!("string"),
            json!("integer"),
            json!("number"),
            json!("boolean"),
            json!("null"),
            json!("object"),
            json!("array"),
            json!(["string", "null"]),
            json!(["integer", "string"]),
        ])];
        let leaf = prop_oneof![
            kinds.clone().prop_map(|kind| json!({ "type": kind })),
            Just(json!({"type": "string", "enum": ["a", "", null]})),
            Just(json!({"type": "string", "format": "uuid", "pattern": "x"})),
            Just(json!({"type": "integer", "format": "uint8", "minimum": 0})),
            Just(json!({"type": "integer", "enum": [1, 2]})),
            Just(json!({"const": "a"})),
            Just(json!({"const": 5})),
            Just(json!({"$ref": "#/$defs/T"})),
            Just(json!(true)),
            Just(json!({})),
        ];
        leaf.prop_recursive(3, 24, 4, move |inner| {
            let several = proptest::collection::vec(inner.clone(), 0..3);
            prop_oneof![
                several.clone().prop_map(|forms| json!({ "anyOf": forms })),
                several.clone().prop_map(|forms| json!({ "oneOf": forms })),
                several.clone().prop_map(|forms| json!({ "allOf": forms })),
                several
                    .clone()
                    .prop_map(|forms| json!({"type": "array", "prefixItems": forms})),
                inner.clone().prop_map(
                    |items| json!({"type": "array", "items": items, "uniqueItems": true})
                ),
                inner
                    .clone()
                    .prop_map(|one| json!({"type": "object", "additionalProperties": one})),
                (inner, kinds.clone(), any::<bool>()).prop_map(|(one, kind, closed)| json!({
                    "type": kind,
                    "properties": {"a": one, "b": {"type": "string"}},
                    "required": ["a", "c"],
                    "additionalProperties": !closed,
                })),
            ]
        })
    }

    proptest! {
        /// What comes out is taken by the rules of the API.
        #[test]
        fn what_is_cut_breaks_no_rule(schema in schemas()) {
            let Ok(schema) = cut(schema) else { return Ok(()) };
            let request = GenerateContentRequest {
                contents: vec![Content::text("user", "x")],
                generation_config: Some(GenerationConfig {
                    response_mime_type: Some("application/json".into()),
                    response_schema: Some(schema.clone()),
                    ..Default::default()
                }),
                ..Default::default()
            };
            let card = Cards::builtin().get("gemini-2.5-flash").unwrap();
            let found: Vec<_> = findings(&Call::from(&request), card)
                .iter()
                .map(|problem| problem.status().message)
                .collect();
            prop_assert!(found.is_empty(), "{found:?} in {}", serde_json::to_string(&schema).unwrap());
        }
    }
}
