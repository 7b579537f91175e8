//! Jinja as `transformers` sets it up, and messages in the form that chat templates expect.

use super::{Conversation, Role, Turn, seal::Seal};
use crate::tools::Call;
use minijinja::{
    Environment, Error, ErrorKind, State, Value,
    syntax::SyntaxConfig,
    value::{Kwargs, Serde, ValueKind},
};
use minijinja_contrib::pycompat::unknown_method_callback;
use serde::Serialize;
use serde_json::{Map, Value as Json, ser::Formatter};

/// The template's name inside its environment.
pub(super) const NAME: &str = "chat";

/// How users' texts enter a template.
pub(super) enum Style {
    /// As they are.
    Plain,
    /// Between marks.
    Sealed(Seal),
    /// With these words broken by a space.
    Broken(Vec<String>),
}

impl Style {
    fn text(&self, text: &str) -> String {
        match self {
            Style::Plain => text.to_owned(),
            Style::Sealed(_) if text.is_empty() => String::new(),
            Style::Sealed(seal) => seal.wrap(text),
            Style::Broken(words) => words.iter().fold(text.to_owned(), |text, word| {
                text.replace(word, &broken(word))
            }),
        }
    }

    /// Every text in a value; names stay, because templates look fields up by them.
    fn json(&self, value: &Json) -> Json {
        match value {
            Json::String(text) => Json::String(self.text(text)),
            Json::Array(items) => items.iter().map(|item| self.json(item)).collect(),
            Json::Object(fields) => Json::Object(self.fields(fields)),
            other => other.clone(),
        }
    }

    fn fields(&self, fields: &Map<String, Json>) -> Map<String, Json> {
        let entries = fields.iter();
        entries
            .map(|(name, value)| (name.clone(), self.json(value)))
            .collect()
    }
}

fn broken(word: &str) -> String {
    let mut letters = word.chars();
    let first: String = letters.by_ref().take(1).collect();
    format!("{first} {}", letters.as_str())
}

/// An environment that holds one chat template.
pub(super) fn environment(source: &str) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?,
    );
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_unknown_method_callback(method);
    environment.add_filter("trim", trim);
    environment.add_filter("tojson", to_json);
    environment.add_function("raise_exception", raise_exception);
    environment.add_function("strftime_now", strftime_now);
    environment.add_template_owned(NAME, without_generation_tags(source))?;
    Ok(environment)
}

/// `{% generation %}` marks what to train on; it means nothing here.
fn without_generation_tags(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, tag)) = rest.split_once("{%") {
        let Some((inside, after)) = tag.split_once("%}") else {
            break;
        };
        let name = inside.trim_matches(|c: char| c == '-' || c.is_whitespace());
        out.push_str(before);
        if name == "generation" || name == "endgeneration" {
            // An empty comment keeps the tag's own trimming of whitespace.
            let left = if inside.starts_with('-') { "-" } else { "" };
            let right = if inside.ends_with('-') { "-" } else { "" };
            out.push_str(&format!("{{#{left} {right}#}}"));
        } else {
            out.push_str(&format!("{{%{inside}%}}"));
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The conversation as `messages`.
pub(super) fn messages(chat: &Conversation, style: &Style) -> Value {
    let mut messages = Vec::new();
    if let Some(system) = &chat.system {
        messages.push(message("system", style.text(system)));
    }
    for turn in &chat.turns {
        messages.extend(of_turn(turn, style));
    }
    Value::from(Serde(messages))
}

fn message(role: &str, content: String) -> Map<String, Json> {
    Map::from_iter([
        ("role".to_owned(), role.into()),
        ("content".to_owned(), content.into()),
    ])
}

fn of_turn(turn: &Turn, style: &Style) -> Vec<Map<String, Json>> {
    let mut messages: Vec<_> = turn
        .results
        .iter()
        .map(|result| tool_message(result, style))
        .collect();
    if turn.results.is_empty() || !turn.text.is_empty() {
        messages.push(text_message(turn, style));
    }
    messages
}

fn text_message(turn: &Turn, style: &Style) -> Map<String, Json> {
    let role = match turn.role {
        Role::User => "user",
        Role::Model => "assistant",
    };
    let mut message = message(role, style.text(&turn.text));
    if !turn.calls.is_empty() {
        let calls = turn.calls.iter().map(|call| call_value(call, style));
        message.insert("tool_calls".into(), calls.collect());
    }
    message
}

fn call_value(call: &Call, style: &Style) -> Json {
    serde_json::json!({
        "type": "function",
        "id": call.id,
        "function": {"name": call.name, "arguments": style.fields(&call.args)},
    })
}

fn tool_message(result: &Call, style: &Style) -> Map<String, Json> {
    let text = python_json(&Json::Object(result.args.clone()));
    let mut message = message("tool", style.text(&text));
    message.insert("name".into(), result.name.clone().into());
    message.insert("tool_call_id".into(), result.id.clone().into());
    message
}

fn raise_exception(message: String) -> Result<String, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message))
}

/// The caller's clock in the format of C's `strftime`; without one, a fixed day.
fn strftime_now(state: &mut State, format: String) -> Result<String, Error> {
    let now = state.lookup("now");
    let now = now
        .as_ref()
        .and_then(Value::as_str)
        .unwrap_or("2024-07-26T00:00:00");
    let broken = |error: jiff::Error| Error::new(ErrorKind::InvalidOperation, error.to_string());
    let now: jiff::civil::DateTime = now.parse().map_err(broken)?;
    jiff::fmt::strtime::format(format, now).map_err(broken)
}

fn trim(text: Value) -> Result<Value, Error> {
    let Some(whole) = text.as_str() else {
        return Ok(text);
    };
    Ok(Value::from(within_marks(whole, |text| {
        text.trim().to_owned()
    })))
}

/// Python's methods; those that trim or compare a text look inside its marks.
fn method(state: &mut State, value: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    let marked = value.as_str().and_then(Marked::of);
    let Some(marked) = marked.filter(|_| value.kind() == ValueKind::String) else {
        return unknown_method_callback(state, value, name, args);
    };
    let inner = Value::from(marked.inner);
    let result = unknown_method_callback(state, &inner, name, args)?;
    Ok(marked.again_around(result))
}

/// A text between marks, known by its shape.
struct Marked<'a> {
    open: &'a str,
    inner: &'a str,
    close: &'a str,
}

impl<'a> Marked<'a> {
    /// Ten private-use characters of three bytes each, at both ends.
    const LENGTH: usize = 30;

    fn of(text: &'a str) -> Option<Self> {
        let (open, rest) = text.split_at_checked(Self::LENGTH)?;
        let (inner, close) = rest.split_at_checked(rest.len().checked_sub(Self::LENGTH)?)?;
        let marks = open.starts_with('\u{e000}')
            && open.ends_with('\u{e001}')
            && close.starts_with('\u{e002}')
            && close.ends_with('\u{e003}');
        (marks && !inner.contains(open)).then_some(Self { open, inner, close })
    }

    /// A method's texts get the marks of the text that they were made of.
    fn again_around(&self, value: Value) -> Value {
        match value.kind() {
            ValueKind::String => Value::from(self.mark(value.as_str().unwrap_or_default())),
            ValueKind::Seq => match value.try_iter() {
                Ok(items) => items.map(|item| self.again_around(item)).collect(),
                Err(_) => value,
            },
            _ => value,
        }
    }

    fn mark(&self, text: &str) -> String {
        match text {
            "" => String::new(),
            text => format!("{}{text}{}", self.open, self.close),
        }
    }
}

fn within_marks(text: &str, change: impl Fn(&str) -> String) -> String {
    match Marked::of(text) {
        Some(marked) => marked.mark(&change(marked.inner)),
        None => change(text),
    }
}

/// `json.dumps(value, ensure_ascii=False, indent=indent)`.
fn to_json(value: Value, options: Kwargs) -> Result<Value, Error> {
    let indent: Option<usize> = options.get("indent")?;
    let _: Option<bool> = options.get("ensure_ascii")?;
    let _: Option<Value> = options.get("separators")?;
    let sort: Option<bool> = options.get("sort_keys")?;
    options.assert_all_used()?;
    let broken =
        |error: serde_json::Error| Error::new(ErrorKind::BadSerialization, error.to_string());
    let mut json = serde_json::to_value(&value).map_err(broken)?;
    if sort == Some(true) {
        json.sort_all_objects();
    }
    Ok(Value::from(match indent {
        None => python_json(&json),
        Some(width) => indented(&json, width),
    }))
}

/// JSON as Python writes it: a space after `,` and `:`.
pub(crate) fn python_json(value: &Json) -> String {
    written(value, Spaced)
}

fn indented(value: &Json, width: usize) -> String {
    let indent = " ".repeat(width);
    written(
        value,
        serde_json::ser::PrettyFormatter::with_indent(indent.as_bytes()),
    )
}

fn written(value: &Json, formatter: impl Formatter) -> String {
    let mut out = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    value
        .serialize(&mut serializer)
        .expect("a JSON value can be written to memory");
    String::from_utf8(out).expect("serde_json writes UTF-8")
}

struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_key<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
    ) -> std::io::Result<()> {
        writer.write_all(b": ")
    }
}
