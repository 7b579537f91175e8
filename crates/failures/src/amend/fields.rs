//! Fields under other names or in other places, and values in other forms.

use super::{Amend, json};
use crate::inspect::suggest::{Suggestion, plain, suggest};
use propus_wire::message::{Descriptor, EnumDescriptor, Field, Kind, Label};
use serde_json::{Value, json};

/// A value that belongs elsewhere.
struct Moved {
    place: String,
    path: Vec<&'static str>,
    value: Value,
}

impl Amend<'_> {
    pub(super) fn fields(&mut self, request: &mut Value) {
        let mut moved = Vec::new();
        self.message(request, self.root, "", &mut moved);
        for one in moved {
            self.put(request, one);
        }
    }

    fn message(
        &mut self,
        value: &mut Value,
        form: &'static Descriptor,
        path: &str,
        moved: &mut Vec<Moved>,
    ) {
        let Some(object) = value.as_object_mut() else {
            return;
        };
        // Keywords of schemas have a pass of their own.
        let is_schema = form.name == "Schema";
        for name in object.keys().cloned().collect::<Vec<_>>() {
            if is_schema || form.field(&name).is_some() {
                continue;
            }
            let place = join(path, &name);
            match suggest(self.root, path, &name) {
                Some(Suggestion::Rename(to))
                    if json::key(object, to).is_none_or(|key| key == name) =>
                {
                    json::rename(object, &name, to);
                    self.changed(place, format!("renamed to `{to}`"));
                }
                Some(Suggestion::Move(to)) if fits(self.root, &to, &object[&name]) => {
                    if let Some(value) = object.shift_remove(&name) {
                        moved.push(Moved {
                            place,
                            path: to,
                            value,
                        });
                    }
                }
                _ => {}
            }
        }
        for (name, value) in object.iter_mut() {
            if let Some(field) = form.field(name) {
                self.field(value, field, &join(path, name), moved);
            }
        }
    }

    fn field(
        &mut self,
        value: &mut Value,
        field: &'static Field,
        path: &str,
        moved: &mut Vec<Moved>,
    ) {
        match (field.label, &mut *value) {
            (Label::Map, Value::Object(entries)) => {
                for (name, value) in entries {
                    self.single(value, field, &format!("{path}.{name}"), moved);
                }
            }
            (Label::Repeated, Value::Array(items)) => {
                for (at, item) in items.iter_mut().enumerate() {
                    self.single(item, field, &format!("{path}[{at}]"), moved);
                }
            }
            _ => self.single(value, field, path, moved),
        }
    }

    fn single(
        &mut self,
        value: &mut Value,
        field: &'static Field,
        path: &str,
        moved: &mut Vec<Moved>,
    ) {
        if let (Label::Singular, Value::Array(items)) = (field.label, &mut *value) {
            let takes_lists = matches!(field.kind, Kind::Value | Kind::Struct);
            if let ([_], false) = (items.as_slice(), takes_lists) {
                *value = items.remove(0);
                self.changed(path, "the list of one became its item");
            }
        }
        match (field.kind, &*value) {
            (Kind::Message(form), Value::String(text)) => {
                let whole = match form().name {
                    "Content" => json!({"parts": [{"text": text}]}),
                    "Part" => json!({"text": text}),
                    _ => return,
                };
                *value = whole;
                self.changed(path, "the text became a part");
            }
            (Kind::Message(form), _) => self.message(value, form(), path, moved),
            (Kind::Enum(names), Value::String(text)) => {
                if let Some(name) = meant(names, text) {
                    self.changed(path, format!("`{text}` became `{name}`"));
                    *value = name.into();
                }
            }
            (Kind::Struct, Value::Bool(true)) => {
                *value = json!({});
                self.changed(path, "`true` became an empty object");
            }
            (Kind::Struct, Value::String(text)) => {
                let read = serde_json::from_str::<Value>(text).ok();
                match read.filter(Value::is_object) {
                    Some(object) => {
                        *value = object;
                        self.changed(path, "the JSON in the text was read");
                    }
                    // A function's result is an object; SDKs put plain ones under this name.
                    None if field.name == "response" => {
                        *value = json!({"result": text});
                        self.changed(path, "the text became `result` of an object");
                    }
                    None => {}
                }
            }
            (Kind::Int32 | Kind::Int64, Value::Number(number)) => {
                if let Some(real) = number.as_f64().filter(|real| real.fract() != 0.0) {
                    *value = (real.trunc() as i64).into();
                    self.changed(path, format!("{real} became {value}"));
                }
            }
            (Kind::String, Value::String(text)) if field.name == "mime_type" => {
                if let Some(whole) = mime_type(text) {
                    self.changed(path, format!("`{text}` became `{whole}`"));
                    *value = whole.into();
                }
            }
            (Kind::Bytes, Value::String(text)) if text.starts_with("data:") => {
                if let Some((_, data)) = text.split_once(";base64,") {
                    *value = data.into();
                    self.changed(path, "the head of the data URL was left out");
                }
            }
            (Kind::String, Value::Number(_) | Value::Bool(_)) => {
                *value = value.to_string().into();
                self.changed(path, "became text");
            }
            _ => {}
        }
    }

    fn put(&mut self, request: &mut Value, moved: Moved) {
        let Some((name, parents)) = moved.path.split_last() else {
            return;
        };
        let mut at = request;
        for parent in parents {
            let Some(object) = at.as_object_mut() else {
                return;
            };
            let key = json::key(object, parent).unwrap_or_else(|| (*parent).to_owned());
            at = object.entry(key).or_insert_with(|| json!({}));
        }
        let Some(object) = at.as_object_mut() else {
            return;
        };
        // What stands at the right place already counts.
        let done = match json::key(object, name) {
            Some(_) => "left out: it is set at its right place".to_owned(),
            None => {
                object.insert((*name).to_owned(), moved.value);
                format!("moved to `{}`", moved.path.join("."))
            }
        };
        self.changed(moved.place, done);
    }
}

fn join(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

/// Whether a value could be that of a field, by its kind alone.
fn fits(root: &'static Descriptor, path: &[&str], value: &Value) -> bool {
    let mut form = Some(root);
    let mut field = None;
    for name in path {
        field = form.and_then(|form| form.field(name));
        form = match field.map(|field| field.kind) {
            Some(Kind::Message(form)) => Some(form()),
            _ => None,
        };
    }
    let Some(field) = field else { return false };
    match (field.kind, value) {
        (_, Value::Null) => false,
        (Kind::Message(form), value) => {
            let names_known = |value: &Value| {
                let known = |name: &String| form().field(name).is_some();
                value
                    .as_object()
                    .is_some_and(|object| object.keys().all(known))
            };
            match value {
                Value::Array(items) => {
                    field.label == Label::Repeated && items.iter().all(names_known)
                }
                value => names_known(value),
            }
        }
        (Kind::Struct, value) => value.is_object(),
        (Kind::Value, _) => true,
        (_, Value::Array(items)) => {
            field.label == Label::Repeated && items.iter().all(|item| !item.is_object())
        }
        (_, Value::Object(_)) => false,
        (Kind::Bool, value) => value.is_boolean(),
        (Kind::Int32 | Kind::Int64 | Kind::Float | Kind::Double, value) => value.is_number(),
        (_, value) => value.is_string(),
    }
}

/// The whole of a MIME type that was cut to its kind.
fn mime_type(text: &str) -> Option<&'static str> {
    Some(
        match text.trim_start_matches('.').to_ascii_lowercase().as_str() {
            "png" => "image/png",
            "jpg" | "jpeg" => "image/jpeg",
            "webp" => "image/webp",
            "pdf" => "application/pdf",
            "mp3" => "audio/mp3",
            "wav" => "audio/wav",
            "mp4" => "video/mp4",
            "txt" | "text" => "text/plain",
            "json" => "application/json",
            _ => return None,
        },
    )
}

/// The value of a list that was meant, where its spelling is not taken.
fn meant(names: &'static EnumDescriptor, text: &str) -> Option<&'static str> {
    if names.number_in(text).is_some() {
        return None;
    }
    let wanted = plain(text);
    let known = || names.values.iter().map(|(name, _)| *name);
    if let Some(name) = known().find(|name| plain(name) == wanted) {
        return Some(name);
    }
    // `HARASSMENT` for `HARM_CATEGORY_HARASSMENT`.
    let ending = format!(
        "_{}",
        text.trim().to_ascii_uppercase().replace([' ', '-'], "_")
    );
    let mut longer = known().filter(|name| name.ends_with(&ending));
    if let (Some(name), None) = (longer.next(), longer.next()) {
        return Some(name);
    }
    let foreign = match (names.name, wanted.as_str()) {
        ("Type", "str" | "text" | "enum") => "STRING",
        ("Type", "int" | "int32" | "int64" | "long") => "INTEGER",
        ("Type", "float" | "double" | "decimal") => "NUMBER",
        ("Type", "bool") => "BOOLEAN",
        ("FunctionCallingConfig.Mode", "required" | "force" | "forced") => "ANY",
        ("Type", "list" | "tuple" | "set") => "ARRAY",
        ("Type", "dict" | "map" | "record" | "struct") => "OBJECT",
        _ => return None,
    };
    known().find(|name| *name == foreign)
}
