//! Reads JSON Schema, in the subset that Google documents and some common words beyond it.

use super::{
    SchemaError,
    form::{End, Form, Forms, List, Number, Property, Record, Text},
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Nesting beyond this is refused.
const DEEPEST: usize = 48;
/// Schemas in schemas beyond this are refused.
const MOST: usize = 5_000;

/// Keywords that only describe.
const ANNOTATIONS: [&str; 18] = [
    "title",
    "description",
    "default",
    "example",
    "examples",
    "$schema",
    "$id",
    "id",
    "$anchor",
    "$comment",
    "$defs",
    "definitions",
    "deprecated",
    "readOnly",
    "writeOnly",
    "discriminator",
    "contentEncoding",
    "contentMediaType",
];

/// Keywords that this module reads.
const KEYWORDS: [&str; 31] = [
    "$ref",
    "type",
    "enum",
    "const",
    "nullable",
    "anyOf",
    "oneOf",
    "allOf",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "items",
    "prefixItems",
    "additionalItems",
    "minItems",
    "maxItems",
    "uniqueItems",
    "properties",
    "additionalProperties",
    "required",
    "propertyOrdering",
    "minProperties",
    "maxProperties",
    "unevaluatedProperties",
    "unevaluatedItems",
];

type Object = Map<String, Value>;
type Result<T> = std::result::Result<T, SchemaError>;

/// Reads a schema that stands at `path` in a request.
pub(crate) fn forms(schema: &Value, path: &str) -> Result<Forms> {
    let mut reader = Reader {
        root: schema,
        path,
        definitions: BTreeMap::new(),
        count: 0,
    };
    let root = reader.form(schema, path, 0)?;
    Ok(Forms {
        root,
        definitions: reader.definitions,
        path: path.to_owned(),
    })
}

struct Reader<'a> {
    root: &'a Value,
    path: &'a str,
    definitions: BTreeMap<String, Form>,
    count: usize,
}

impl Reader<'_> {
    fn form(&mut self, schema: &Value, path: &str, depth: usize) -> Result<Form> {
        self.count += 1;
        if self.count > MOST {
            return Err(SchemaError::too_complex(self.path));
        }
        if depth > DEEPEST {
            return Err(SchemaError {
                path: self.path.to_owned(),
                message: "the schema exceeds the maximum allowed nesting depth".into(),
                too_complex: true,
            });
        }
        match schema {
            Value::Bool(true) => Ok(Form::Any),
            Value::Bool(false) => Ok(Form::Never),
            Value::Object(object) => self.object(object, path, depth),
            _ => Err(SchemaError::new(path, "a schema must be an object")),
        }
    }

    fn object(&mut self, object: &Object, path: &str, depth: usize) -> Result<Form> {
        let mut object = assertions(object, path)?;
        if object.get("nullable") == Some(&Value::Bool(true)) {
            object.shift_remove("nullable");
            let form = self.object(&object, path, depth + 1)?;
            return Ok(Form::choice(vec![form, Form::null()]));
        }
        object.shift_remove("nullable");
        let object = self.merged(object, path, depth)?;
        if let Some(target) = object.get("$ref") {
            return self.reference(target, path, depth);
        }
        for name in ["anyOf", "oneOf"] {
            if let Some(options) = object.get(name) {
                let path = format!("{path}.{name}");
                return self.options(name, options, &object, &path, depth);
            }
        }
        self.typed(&object, path, depth)
    }

    /// Writes `allOf`, and references beside other keywords, into the object itself.
    fn merged(&mut self, mut object: Object, path: &str, depth: usize) -> Result<Object> {
        for _ in 0..DEEPEST {
            let parts = match object.shift_remove("allOf") {
                Some(Value::Array(parts)) => parts,
                Some(_) => return Err(SchemaError::new(path, "`allOf` must be a list")),
                None if object.len() > 1 && object.contains_key("$ref") => {
                    let target = object.shift_remove("$ref").unwrap_or_default();
                    vec![self.target(&target, path)?.1]
                }
                None => return Ok(object),
            };
            for part in parts {
                let Value::Object(part) = part else {
                    return Err(SchemaError::new(path, "a schema must be an object"));
                };
                merge(&mut object, assertions(&part, path)?, path)?;
            }
            if depth > DEEPEST {
                break;
            }
        }
        Err(SchemaError::new(
            path,
            "references beside other keywords never end",
        ))
    }

    fn reference(&mut self, target: &Value, path: &str, depth: usize) -> Result<Form> {
        let (name, schema) = self.target(target, path)?;
        if !self.definitions.contains_key(&name) {
            self.definitions.insert(name.clone(), Form::Never);
            let form = self.form(&schema, &format!("{}{name}", self.path), depth + 1)?;
            self.definitions.insert(name.clone(), form);
        }
        Ok(Form::Ref(name))
    }

    /// A reference's canonical name and what stands there.
    fn target(&self, target: &Value, path: &str) -> Result<(String, Value)> {
        let unknown = || {
            SchemaError::new(
                path,
                format!("`$ref` {target} is not defined in the schema"),
            )
        };
        let text = target.as_str().ok_or_else(unknown)?;
        if let Some(pointer) = text
            .strip_prefix('#')
            .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        {
            let pointer = percent_decoded(pointer);
            let schema = self.root.pointer(&pointer).ok_or_else(unknown)?;
            return Ok((format!("#{pointer}"), schema.clone()));
        }
        let schema = named(self.root, text).ok_or_else(unknown)?;
        Ok((text.to_owned(), schema.clone()))
    }

    /// `anyOf` and `oneOf`, with the keywords beside them in every option.
    fn options(
        &mut self,
        name: &str,
        options: &Value,
        object: &Object,
        path: &str,
        depth: usize,
    ) -> Result<Form> {
        let Some(options) = options.as_array().filter(|options| !options.is_empty()) else {
            return Err(SchemaError::new(
                path,
                "must be a list with at least one schema",
            ));
        };
        let mut beside = object.clone();
        beside.shift_remove(name);
        let mut forms = Vec::new();
        for (index, option) in options.iter().enumerate() {
            let path = format!("{path}[{index}]");
            let option = match (option, beside.is_empty()) {
                (Value::Object(option), false) => {
                    let mut both = beside.clone();
                    merge(&mut both, assertions(option, &path)?, &path)?;
                    Value::Object(both)
                }
                (option, _) => option.clone(),
            };
            forms.push(self.form(&option, &path, depth + 1)?);
        }
        if name == "oneOf" {
            forms = self.exclusive(forms);
        }
        Ok(Form::choice(forms))
    }

    /// The options whose values no other option takes, where there are any.
    fn exclusive(&self, forms: Vec<Form>) -> Vec<Form> {
        let alone = |index: usize| {
            let others = forms
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != index);
            others
                .into_iter()
                .all(|(_, other)| self.apart(&forms[index], other, 0))
        };
        let kept: Vec<Form> = (0..forms.len())
            .filter(|index| alone(*index))
            .map(|index| forms[index].clone())
            .collect();
        if kept.is_empty() { forms } else { kept }
    }

    /// Whether nothing that is written by `ours` is valid for `theirs`, as far as one can tell.
    fn apart(&self, ours: &Form, theirs: &Form, depth: usize) -> bool {
        if depth > 8 {
            return false;
        }
        let apart = |ours: &Form, theirs: &Form| self.apart(ours, theirs, depth + 1);
        match (ours, theirs) {
            (Form::Never, _) | (_, Form::Never) => true,
            (Form::Ref(name), theirs) => apart(&self.definitions[name], theirs),
            (ours, Form::Ref(name)) => apart(ours, &self.definitions[name]),
            (Form::Choice(options), theirs) => options.iter().all(|ours| apart(ours, theirs)),
            (ours, Form::Choice(options)) => options.iter().all(|theirs| apart(ours, theirs)),
            (Form::Any, _) | (_, Form::Any) => false,
            (Form::Literals(ours), Form::Literals(theirs)) => ours
                .iter()
                .all(|value| !theirs.iter().any(|other| equal(value, other))),
            (Form::Literals(values), form) | (form, Form::Literals(values)) => {
                values.iter().all(|value| kind(value) != kind_of(form))
            }
            (Form::Record(ours), Form::Record(theirs)) => {
                ours.additional.is_none()
                    && theirs.properties.iter().any(|needed| {
                        needed.required
                            && !has(ours, &needed.name, |form| !apart(form, &needed.form))
                    })
                    || ours.properties.iter().any(|sure| {
                        let other = theirs
                            .properties
                            .iter()
                            .find(|other| other.name == sure.name);
                        sure.required && other.is_some_and(|other| apart(&sure.form, &other.form))
                    })
            }
            (ours, theirs) => kind_of(ours) != kind_of(theirs),
        }
    }

    fn typed(&mut self, object: &Object, path: &str, depth: usize) -> Result<Form> {
        let kinds = kinds(object, path)?;
        if let Some(values) = literals(object, path)? {
            return literal_form(values, &kinds, object, path);
        }
        let mut forms = Vec::new();
        for kind in kinds {
            forms.push(match kind.as_str() {
                "string" => Form::Text(text(object, path)?),
                "number" | "integer" => Form::Number(number(object, kind == "integer", path)?),
                "boolean" => Form::Literals(vec![true.into(), false.into()]),
                "null" => Form::null(),
                "array" => self.list(object, path, depth)?,
                "object" => self.record(object, path, depth)?,
                "any" => Form::Any,
                other => {
                    let message = format!("unknown type `{other}`");
                    return Err(SchemaError::new(format!("{path}.type"), message));
                }
            });
        }
        Ok(Form::choice(forms))
    }

    fn list(&mut self, object: &Object, path: &str, depth: usize) -> Result<Form> {
        let mut prefix = Vec::new();
        let (first, others) = match (object.get("prefixItems"), object.get("items")) {
            // The old spelling of `prefixItems`.
            (None, Some(Value::Array(first))) => (Some(first), object.get("additionalItems")),
            (Some(Value::Array(first)), others) => (Some(first), others),
            (Some(_), _) => {
                return Err(SchemaError::new(
                    format!("{path}.prefixItems"),
                    "must be a list",
                ));
            }
            (None, others) => (None, others),
        };
        for (index, schema) in first.into_iter().flatten().enumerate() {
            let path = format!("{path}.prefixItems[{index}]");
            prefix.push(self.form(schema, &path, depth + 1)?);
        }
        let items = match others {
            Some(schema) => self.form(schema, &format!("{path}.items"), depth + 1)?,
            // More than the described items would be valid too, but nobody asked for them.
            None if !prefix.is_empty()
                && count(object, "minItems", path)?.unwrap_or(0) <= prefix.len() as u64 =>
            {
                Form::Never
            }
            None => Form::Any,
        };
        Ok(Form::List(List {
            prefix,
            items: Box::new(items),
            min: count(object, "minItems", path)?.unwrap_or(0),
            max: count(object, "maxItems", path)?,
            unique: object.get("uniqueItems") == Some(&Value::Bool(true)),
            path: path.to_owned(),
        }))
    }

    fn record(&mut self, object: &Object, path: &str, depth: usize) -> Result<Form> {
        let required = texts(object, "required", path)?;
        let mut properties = Vec::new();
        if let Some(declared) = object.get("properties") {
            let path = format!("{path}.properties");
            let Value::Object(declared) = declared else {
                return Err(SchemaError::new(path, "must be an object"));
            };
            for (name, schema) in declared {
                // Named as Google names it, in quotes.
                let path = format!("{path}[{}]", Value::from(name.as_str()));
                properties.push(Property {
                    name: name.clone(),
                    form: self.form(schema, &path, depth + 1)?,
                    required: required.contains(name),
                });
            }
        }
        let min = count(object, "minProperties", path)?.unwrap_or(0);
        let others = match object.get("additionalProperties") {
            Some(schema) => {
                let path = format!("{path}.additionalProperties");
                Some(self.form(schema, &path, depth + 1)?).filter(|form| *form != Form::Never)
            }
            None => None,
        };
        let closed = others.is_none() && object.contains_key("additionalProperties");
        for name in &required {
            if properties.iter().any(|property| property.name == *name) {
                continue;
            }
            if closed {
                let path = format!("{path}.required");
                return Err(SchemaError::new(
                    path,
                    format!("property `{name}` is not defined"),
                ));
            }
            properties.push(Property {
                name: name.clone(),
                form: others.clone().unwrap_or(Form::Any),
                required: true,
            });
        }
        order(&mut properties, &texts(object, "propertyOrdering", path)?);
        let open = !closed && (properties.is_empty() || min > properties.len() as u64);
        let additional = others.or(open.then_some(Form::Any));
        Ok(Form::Record(Record {
            properties,
            additional: additional.map(Box::new),
            min,
            max: count(object, "maxProperties", path)?,
            path: path.to_owned(),
        }))
    }
}

/// The keywords that matter; an error for one that we do not know.
fn assertions(object: &Object, path: &str) -> Result<Object> {
    let mut out = Object::new();
    for (name, value) in object {
        match name.as_str() {
            name if ANNOTATIONS.contains(&name) || name.starts_with("x-") => {}
            "uniqueItems" if *value == Value::Bool(false) => {}
            "unevaluatedProperties" | "unevaluatedItems" if *value != Value::Bool(false) => {}
            // What is not declared is not written anyway.
            "unevaluatedItems" => {}
            "unevaluatedProperties" => {
                out.entry("additionalProperties").or_insert(value.clone());
            }
            name if KEYWORDS.contains(&name) => {
                out.insert(name.to_owned(), value.clone());
            }
            _ => {
                return Err(SchemaError::new(
                    format!("{path}.{name}"),
                    format!("the keyword `{name}` is not supported"),
                ));
            }
        }
    }
    Ok(out)
}

/// Adds another schema's keywords, so that both hold.
fn merge(into: &mut Object, other: Object, path: &str) -> Result<()> {
    for (name, value) in other {
        let Some(known) = into.get_mut(&name) else {
            into.insert(name, value);
            continue;
        };
        if *known == value {
            continue;
        }
        let both = match (name.as_str(), &mut *known, &value) {
            ("properties", Value::Object(known), Value::Object(new)) => {
                merge_properties(known, new, path)?;
                continue;
            }
            ("required" | "propertyOrdering", Value::Array(known), Value::Array(new)) => {
                let added: Vec<Value> = new
                    .iter()
                    .filter(|name| !known.contains(name))
                    .cloned()
                    .collect();
                known.extend(added);
                continue;
            }
            ("type", known, new) => common_type(known, new),
            ("enum", Value::Array(known), Value::Array(new)) => {
                let both = known.iter().filter(|value| new.contains(value));
                Some(both.cloned().collect())
            }
            ("minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties", a, b) => {
                larger(a, b, true)
            }
            ("maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties", a, b) => {
                larger(a, b, false)
            }
            _ => None,
        };
        *known = both.ok_or_else(|| {
            let message = format!("`{name}` stands here twice and cannot be combined");
            SchemaError::new(path, message)
        })?;
    }
    Ok(())
}

fn merge_properties(known: &mut Object, new: &Object, path: &str) -> Result<()> {
    for (name, value) in new {
        match (known.get_mut(name), value) {
            (Some(Value::Object(known)), Value::Object(new)) => {
                *known = assertions(known, path)?;
                merge(known, assertions(new, path)?, path)?;
            }
            (Some(known), value) if *known == Value::Bool(true) => *known = value.clone(),
            (Some(_), Value::Bool(true)) => {}
            (Some(known), _) => *known = Value::Bool(false),
            (None, value) => {
                known.insert(name.clone(), value.clone());
            }
        }
    }
    Ok(())
}

fn common_type(a: &Value, b: &Value) -> Option<Value> {
    let list = |value: &Value| match value {
        Value::Array(kinds) => kinds.clone(),
        kind => vec![kind.clone()],
    };
    let (a, b) = (list(a), list(b));
    let narrower = |a: &Value, b: &[Value]| {
        b.contains(a) || a == "integer" && b.contains(&Value::from("number"))
    };
    let mut both: Vec<Value> = a
        .iter()
        .filter(|kind| narrower(kind, &b))
        .cloned()
        .collect();
    both.extend(
        b.iter()
            .filter(|kind| narrower(kind, &a) && !a.contains(kind))
            .cloned(),
    );
    (!both.is_empty()).then_some(Value::Array(both))
}

fn larger(a: &Value, b: &Value, larger: bool) -> Option<Value> {
    let above = a.as_f64()? > b.as_f64()?;
    Some(if above == larger {
        a.clone()
    } else {
        b.clone()
    })
}

/// The schema with this `$anchor`, or `$id`, anywhere below.
fn named<'a>(schema: &'a Value, reference: &str) -> Option<&'a Value> {
    let anchor = reference.strip_prefix('#');
    match schema {
        Value::Object(object) => {
            let is =
                |name: &str, text: &str| object.get(name).and_then(Value::as_str) == Some(text);
            if anchor.is_some_and(|anchor| is("$anchor", anchor)) || is("$id", reference) {
                return Some(schema);
            }
            object.values().find_map(|value| named(value, reference))
        }
        Value::Array(list) => list.iter().find_map(|value| named(value, reference)),
        _ => None,
    }
}

fn percent_decoded(pointer: &str) -> String {
    let mut bytes = Vec::with_capacity(pointer.len());
    let mut rest = pointer.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let decoded = hex.filter(|_| *first == b'%');
        match decoded.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => (bytes, rest) = ([bytes, vec![byte]].concat(), &after[2..]),
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The types that a schema names, or that its keywords speak of.
fn kinds(object: &Object, path: &str) -> Result<Vec<String>> {
    let has = |names: &[&str]| names.iter().any(|name| object.contains_key(*name));
    let one = |kind: &str| Ok(vec![kind.to_owned()]);
    match object.get("type") {
        Some(Value::String(kind)) => one(&kind.to_ascii_lowercase()),
        Some(Value::Array(list)) if !list.is_empty() => list
            .iter()
            .map(|kind| kind.as_str().map(str::to_ascii_lowercase))
            .collect::<Option<_>>()
            .ok_or_else(|| SchemaError::new(format!("{path}.type"), "types must be texts")),
        Some(_) => Err(SchemaError::new(
            format!("{path}.type"),
            "must be a type or a list of types",
        )),
        None if has(&[
            "properties",
            "required",
            "additionalProperties",
            "minProperties",
            "maxProperties",
        ]) =>
        {
            one("object")
        }
        None if has(&[
            "items",
            "prefixItems",
            "minItems",
            "maxItems",
            "uniqueItems",
        ]) =>
        {
            one("array")
        }
        None if has(&["minLength", "maxLength", "pattern", "format"]) => one("string"),
        None if has(&[
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
        ]) =>
        {
            one("number")
        }
        None => one("any"),
    }
}

/// The values of `enum` and `const`.
fn literals(object: &Object, path: &str) -> Result<Option<Vec<Value>>> {
    let listed = match object.get("enum") {
        Some(Value::Array(values)) if !values.is_empty() => Some(values.clone()),
        Some(_) => {
            let path = format!("{path}.enum");
            return Err(SchemaError::new(
                path,
                "must be a list with at least one value",
            ));
        }
        None => None,
    };
    Ok(match (listed, object.get("const")) {
        (Some(values), Some(only)) => Some(
            values
                .into_iter()
                .filter(|value| equal(value, only))
                .collect(),
        ),
        (None, Some(only)) => Some(vec![only.clone()]),
        (listed, None) => listed,
    })
}

fn literal_form(values: Vec<Value>, kinds: &[String], object: &Object, path: &str) -> Result<Form> {
    for name in ["pattern", "format", "items", "properties", "multipleOf"] {
        if object.contains_key(name)
            && !(name == "format" && kinds.iter().all(|kind| kind != "string"))
        {
            let path = format!("{path}.{name}");
            return Err(SchemaError::new(
                path,
                format!("`{name}` beside `enum` or `const` is not supported"),
            ));
        }
    }
    let (number, text) = (number(object, false, path)?, text(object, path)?);
    let kept: Vec<Value> = values
        .into_iter()
        .filter(|value| kinds.iter().any(|wanted| is_of(value, wanted)))
        .filter(|value| in_range(value, &number) && has_length(value, &text))
        .collect();
    match kept.is_empty() {
        true => Err(SchemaError::new(
            path,
            "no value of `enum` or `const` satisfies the other keywords",
        )),
        false => Ok(Form::Literals(kept)),
    }
}

fn is_of(value: &Value, wanted: &str) -> bool {
    match wanted {
        "any" => true,
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|value| value.fract() == 0.0),
        wanted => kind(value) == wanted,
    }
}

fn in_range(value: &Value, range: &Number) -> bool {
    let Some(value) = value.as_f64() else {
        return true;
    };
    let end = |end: &Option<End>| {
        end.as_ref()
            .and_then(|end| Some((end.value.as_f64()?, end.exclusive)))
    };
    let above = end(&range.minimum)
        .is_none_or(|(min, exclusive)| value > min || value == min && !exclusive);
    let below = end(&range.maximum)
        .is_none_or(|(max, exclusive)| value < max || value == max && !exclusive);
    above && below
}

fn has_length(value: &Value, text: &Text) -> bool {
    value.as_str().is_none_or(|value| {
        let length = value.chars().count() as u64;
        length >= text.min && text.max.is_none_or(|max| length <= max)
    })
}

fn text(object: &Object, path: &str) -> Result<Text> {
    let word = |name: &str| match object.get(name) {
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(SchemaError::new(format!("{path}.{name}"), "must be a text")),
        None => Ok(None),
    };
    Ok(Text {
        min: count(object, "minLength", path)?.unwrap_or(0),
        max: count(object, "maxLength", path)?,
        pattern: word("pattern")?,
        format: word("format")?,
        path: path.to_owned(),
    })
}

fn number(object: &Object, integer: bool, path: &str) -> Result<Number> {
    let value = |name: &str| match object.get(name) {
        Some(Value::Number(number)) => Ok(Some(number.clone())),
        // Draft 4 marks the other keyword so.
        Some(Value::Bool(_)) | None => Ok(None),
        Some(_) => Err(SchemaError::new(
            format!("{path}.{name}"),
            "must be a number",
        )),
    };
    let end = |plain: &str, exclusive: &str, pick: fn(f64, f64) -> bool| {
        let marked = object.get(exclusive) == Some(&Value::Bool(true));
        let inner = value(plain)?.map(|value| End {
            value,
            exclusive: marked,
        });
        let outer = value(exclusive)?.map(|value| End {
            value,
            exclusive: true,
        });
        let as_float = |end: &End| end.value.as_f64().unwrap_or(0.0);
        Ok::<_, SchemaError>(match (inner, outer) {
            (Some(a), Some(b)) if pick(as_float(&a), as_float(&b)) => Some(a),
            (a, b) => b.or(a),
        })
    };
    let mut number = Number {
        integer,
        minimum: end("minimum", "exclusiveMinimum", |a, b| a > b)?,
        maximum: end("maximum", "exclusiveMaximum", |a, b| a < b)?,
        multiple_of: value("multipleOf")?,
        path: path.to_owned(),
    };
    if integer && object.get("format").and_then(Value::as_str) == Some("int32") {
        number.narrow(i32::MIN.into(), i32::MAX.into());
    }
    Ok(number)
}

impl Number {
    fn narrow(&mut self, low: i64, high: i64) {
        let end = |value: i64| {
            Some(End {
                value: value.into(),
                exclusive: false,
            })
        };
        let beyond = |end: &Option<End>, inside: &dyn Fn(f64) -> bool| {
            let value = end.as_ref().and_then(|end| end.value.as_f64());
            !value.is_some_and(inside)
        };
        if beyond(&self.minimum, &|value| value >= low as f64) {
            self.minimum = end(low);
        }
        if beyond(&self.maximum, &|value| value <= high as f64) {
            self.maximum = end(high);
        }
    }
}

fn count(object: &Object, name: &str, path: &str) -> Result<Option<u64>> {
    let Some(value) = object.get(name) else {
        return Ok(None);
    };
    let whole = value
        .as_f64()
        .filter(|value| value.fract() == 0.0 && *value >= 0.0);
    match value.as_u64().or(whole.map(|value| value as u64)) {
        Some(count) if count <= 100_000 || name.starts_with("max") => {
            Ok(Some(count.min(u32::MAX.into())))
        }
        Some(_) => Err(SchemaError::too_complex(format!("{path}.{name}"))),
        None => Err(SchemaError::new(
            format!("{path}.{name}"),
            "must be a whole number that is not negative",
        )),
    }
}

fn texts(object: &Object, name: &str, path: &str) -> Result<Vec<String>> {
    let list = match object.get(name) {
        Some(Value::Array(list)) => list,
        None => return Ok(Vec::new()),
        Some(_) => return Err(SchemaError::new(format!("{path}.{name}"), "must be a list")),
    };
    list.iter()
        .map(|text| text.as_str().map(str::to_owned))
        .collect::<Option<_>>()
        .ok_or_else(|| SchemaError::new(format!("{path}.{name}"), "must be a list of texts"))
}

fn order(properties: &mut [Property], ordering: &[String]) {
    let place = |property: &Property| {
        let place = ordering.iter().position(|name| *name == property.name);
        place.unwrap_or(ordering.len())
    };
    properties.sort_by_key(place);
}

/// Equality of JSON values: `1` is `1.0`.
fn equal(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn kind_of(form: &Form) -> &'static str {
    match form {
        Form::Number(_) => "number",
        Form::Text(_) => "string",
        Form::List(_) => "array",
        Form::Record(_) => "object",
        _ => "",
    }
}

fn has(record: &Record, name: &str, fits: impl Fn(&Form) -> bool) -> bool {
    let mut properties = record.properties.iter();
    properties.any(|property| property.name == name && fits(&property.form))
}
