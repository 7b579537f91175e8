//! The second, thorough reading of a request: by the table of fields, to the end, all faults.
//!
//! It decides as Google's writer of messages does, and words what it finds in the same way.

use super::{
    Violations,
    canonical::Canonical,
    syntax::{self, Events, Scalar, Stop},
    values::{echo, reason_against},
    violations::{FaultKind, Faults, shortened},
};
use crate::{
    Mode, Version,
    message::{Descriptor, Field, Kind, Label},
};
use std::fmt::Write;

/// Finds everything that is wrong with a body; where nothing is, gives the body as strict JSON.
pub(super) fn check(
    json: &[u8],
    root: &'static Descriptor,
    mode: Mode,
    version: Version,
) -> Result<String, Violations> {
    let mut walk = Walk {
        root,
        mode,
        version,
        frames: Vec::new(),
        path: String::new(),
        faults: Faults::default(),
        canonical: Canonical::default(),
    };
    match syntax::parse(json, &mut walk) {
        Err(Stop::Syntax { reason, at }) => return Err(Violations::Syntax { reason, at }),
        Err(Stop::Unexplained) => return Err(Violations::Unexplained),
        Ok(()) | Err(Stop::Refused) => walk.faults.into_result()?,
    }
    Ok(walk.canonical.into_text())
}

struct Walk {
    root: &'static Descriptor,
    mode: Mode,
    version: Version,
    /// The open objects and lists.
    frames: Vec<Frame>,
    /// Where we are, such as `contents[0].parts`.
    path: String,
    faults: Faults,
    canonical: Canonical,
}

struct Frame {
    shape: Shape,
    /// The path's length before this object or list.
    outside: usize,
    /// A list in a list: its items are items of the outer one, and it has no brackets.
    is_inner: bool,
}

enum Shape {
    /// A message, and which fields of its oneofs are set.
    Message(&'static Descriptor, Vec<&'static Field>),
    /// A repeated field, and how many items it has so far.
    List(&'static Field, usize),
    /// A list as the value of a map's entry, where none can be.
    Stray,
    /// A map, and how many entries it has so far.
    Map(&'static Field, usize),
    /// Inside free JSON.
    Free,
    /// Inside something that is wrong itself.
    Skipped,
}

/// What a value is to be, by its place.
#[derive(Clone, Copy)]
enum Place {
    Root,
    /// The value of a message's field, as the label says.
    Field(&'static Field),
    /// An item of a list.
    Item(&'static Field),
    /// The value of a map's entry.
    Entry(&'static Field),
    Free,
    Nowhere,
}

impl Events for Walk {
    fn start_object(&mut self, key: Option<&str>) {
        let outside = self.path.len();
        let place = self.place(key);
        let shape = self.object_shape(place, key, outside);
        self.open(shape, outside, key, '{');
    }

    fn start_list(&mut self, key: Option<&str>) {
        let outside = self.path.len();
        if let Some((field, count)) = self.list_around() {
            return self.open_inner(field, count);
        }
        let place = self.place(key);
        let shape = self.list_shape(place, key, outside);
        self.open(shape, outside, key, '[');
    }

    fn end_object(&mut self) {
        self.close('}');
    }

    fn end_list(&mut self) {
        self.close(']');
    }

    fn scalar(&mut self, key: Option<&str>, value: Scalar<'_>) {
        if matches!(value, Scalar::Null) && self.list_around().is_some() {
            return;
        }
        let outside = self.path.len();
        match self.place(key) {
            Place::Root => self.faults.root(),
            Place::Field(field) => self.field(field, key, value, outside),
            Place::Item(field) => self.single(field, key, value),
            Place::Entry(field) if matches!(value, Scalar::Null) => self.empty_entry(field, key),
            Place::Entry(field) => self.single(field, key, value),
            Place::Free => self.write(key, &value),
            Place::Nowhere => {}
        }
        self.path.truncate(outside);
    }

    fn is_refused(&self) -> bool {
        !self.faults.is_empty()
    }
}

const NAMELESS: &str = "Proto fields must have a name.";

impl Walk {
    /// Finds what belongs at a key of the innermost object or list, and steps into its path.
    fn place(&mut self, key: Option<&str>) -> Place {
        let Some(frame) = self.frames.last_mut() else {
            return Place::Root;
        };
        // Writing to a string cannot fail.
        match &mut frame.shape {
            Shape::Message(table, _) => {
                let table: &'static Descriptor = table;
                self.named(table, key.unwrap_or_default())
            }
            Shape::List(field, next) => {
                let _ = write!(self.path, "[{next}]");
                *next += 1;
                Place::Item(field)
            }
            Shape::Map(field, next) => {
                let _ = write!(self.path, "[{next}].value");
                *next += 1;
                Place::Entry(field)
            }
            Shape::Free => Place::Free,
            Shape::Skipped => Place::Nowhere,
            Shape::Stray => {
                self.faults.name(FaultKind::Value, &self.path, "", NAMELESS);
                Place::Nowhere
            }
        }
    }

    /// The list that we are in, and how many items it has so far.
    fn list_around(&self) -> Option<(&'static Field, usize)> {
        match self.frames.last()?.shape {
            Shape::List(field, count) => Some((field, count)),
            _ => None,
        }
    }

    fn named(&mut self, table: &'static Descriptor, name: &str) -> Place {
        let known = table.field(name);
        let Some(field) = known.filter(|field| self.mode.knows(field.beta_only)) else {
            let reason = match name {
                "" => NAMELESS,
                _ => "Cannot find field.",
            };
            let kind = match known {
                Some(_) => FaultKind::OtherVersion,
                None => FaultKind::UnknownName,
            };
            self.faults.name(kind, &self.path, name, reason);
            return Place::Nowhere;
        };
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(field.name);
        Place::Field(field)
    }

    fn object_shape(&mut self, place: Place, key: Option<&str>, outside: usize) -> Shape {
        let field = match place {
            Place::Root => return Shape::Message(self.root, Vec::new()),
            Place::Field(field) if field.label == Label::Map => return Shape::Map(field, 0),
            Place::Field(field) | Place::Item(field) | Place::Entry(field) => field,
            Place::Free => return Shape::Free,
            Place::Nowhere => return Shape::Skipped,
        };
        let shape = match field.kind {
            Kind::Message(table) => Shape::Message(table(), Vec::new()),
            Kind::Struct | Kind::Value => Shape::Free,
            _ => {
                let reason = "Starting an object on a scalar field";
                let parent = &self.path[..outside];
                self.faults
                    .value(FaultKind::Value, parent, field.name, reason);
                return Shape::Skipped;
            }
        };
        match self.takes_oneof(place, key, outside) {
            true => shape,
            false => Shape::Skipped,
        }
    }

    fn list_shape(&mut self, place: Place, key: Option<&str>, outside: usize) -> Shape {
        let name = key.unwrap_or_default();
        let parent = &self.path[..outside];
        match place {
            Place::Free => return Shape::Free,
            Place::Nowhere => return Shape::Skipped,
            Place::Root => self.faults.root(),
            Place::Field(field) if field.label == Label::Repeated => return Shape::List(field, 0),
            Place::Field(field) if field.label == Label::Map => {
                let name = shortened(name);
                let reason = format!("Cannot bind a list to map for field '{name}'.");
                self.faults.value(FaultKind::Value, parent, "Map", &reason);
            }
            Place::Field(field) if matches!(field.kind, Kind::Value) => {
                return match self.takes_oneof(place, key, outside) {
                    true => Shape::Free,
                    false => Shape::Skipped,
                };
            }
            Place::Entry(field) if matches!(field.kind, Kind::Value) => return Shape::Free,
            Place::Entry(_) => {
                let name = shortened(name);
                let reason = format!("Cannot have repeated items ('{name}') within a map.");
                self.faults
                    .value(FaultKind::Value, &self.path, "Map", &reason);
                return Shape::Stray;
            }
            Place::Field(_) | Place::Item(_) => {
                let reason = "Proto field is not repeating, cannot start list.";
                self.faults.name(FaultKind::Value, parent, name, reason);
            }
        }
        Shape::Skipped
    }

    /// Marks a field's oneof as set; one that is set by another field already is a fault.
    fn takes_oneof(&mut self, place: Place, key: Option<&str>, outside: usize) -> bool {
        let (Place::Field(field), Some(frame)) = (place, self.frames.last_mut()) else {
            return true;
        };
        let (Some(group), Shape::Message(_, set)) = (field.oneof, &mut frame.shape) else {
            return true;
        };
        let other = set.iter().find(|known| known.oneof == Some(group));
        if other.is_some_and(|known| known.name != field.name) {
            let name = shortened(key.unwrap_or_default());
            let reason = format!("oneof field '{group}' is already set. Cannot set '{name}'");
            let parent = &self.path[..outside];
            self.faults
                .value(FaultKind::SetTwice, parent, "oneof", &reason);
            return false;
        }
        set.push(field);
        true
    }

    fn open(&mut self, shape: Shape, outside: usize, key: Option<&str>, bracket: char) {
        self.frames.push(Frame {
            shape,
            outside,
            is_inner: false,
        });
        if self.faults.is_empty() {
            self.canonical.open(key, bracket);
        }
    }

    /// Opens a list in a list. Google does not count it as an item of the outer one: it has the
    /// index of the item before it, and none at the beginning.
    fn open_inner(&mut self, field: &'static Field, count: usize) {
        let outside = self.path.len();
        if let Some(before) = count.checked_sub(1) {
            // Writing to a string cannot fail.
            let _ = write!(self.path, "[{before}]");
        }
        self.frames.push(Frame {
            shape: Shape::List(field, 0),
            outside,
            is_inner: true,
        });
    }

    fn close(&mut self, bracket: char) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        self.path.truncate(frame.outside);
        if self.faults.is_empty() && !frame.is_inner {
            self.canonical.close(bracket);
        }
    }

    fn write(&mut self, key: Option<&str>, value: &Scalar<'_>) {
        if self.faults.is_empty() {
            self.canonical.scalar(key, value);
        }
    }

    /// A scalar as the value of a message's field.
    fn field(
        &mut self,
        field: &'static Field,
        key: Option<&str>,
        value: Scalar<'_>,
        outside: usize,
    ) {
        if matches!(value, Scalar::Null) {
            return self.write(key, &value);
        }
        if !self.takes_oneof(Place::Field(field), key, outside) {
            return;
        }
        match field.label {
            Label::Map => {
                let entry = self.entry_type(field);
                self.faults
                    .value(FaultKind::Value, &self.path, &entry, &echo(&value));
            }
            Label::Singular | Label::Repeated => self.single(field, key, value),
        }
    }

    fn single(&mut self, field: &'static Field, key: Option<&str>, value: Scalar<'_>) {
        match reason_against(field.kind, &value) {
            None => self.write(key, &value),
            Some(reason) => {
                let type_name = self.type_name(field);
                let reason = match field.kind {
                    Kind::Duration | Kind::Timestamp => {
                        let name = shortened(key.unwrap_or_default());
                        format!("Field '{name}', {reason}")
                    }
                    _ => reason,
                };
                let kind = match (field.kind, &value) {
                    (Kind::Bytes, Scalar::String(_)) => FaultKind::Base64,
                    _ => FaultKind::Value,
                };
                self.faults.value(kind, &self.path, &type_name, &reason);
            }
        }
    }

    /// `null` in a map stands for the value that is left out of messages.
    fn empty_entry(&mut self, field: &'static Field, key: Option<&str>) {
        let json = match field.kind {
            Kind::String | Kind::Bytes => "\"\"",
            Kind::Message(_) | Kind::Struct => "{}",
            Kind::Bool => "false",
            Kind::Duration => "\"0s\"",
            Kind::Value | Kind::Timestamp => "null",
            Kind::Int32 | Kind::Int64 | Kind::Float | Kind::Double | Kind::Enum(_) => "0",
        };
        if self.faults.is_empty() {
            self.canonical.raw(key, json);
        }
    }

    fn type_name(&self, field: &Field) -> String {
        let google = |name: &str| format!("type.googleapis.com/google.protobuf.{name}");
        match field.kind {
            Kind::String => "TYPE_STRING".into(),
            Kind::Int32 => "TYPE_INT32".into(),
            Kind::Int64 => "TYPE_INT64".into(),
            Kind::Float => "TYPE_FLOAT".into(),
            Kind::Double => "TYPE_DOUBLE".into(),
            Kind::Bool => "TYPE_BOOL".into(),
            Kind::Bytes => "TYPE_BYTES".into(),
            Kind::Duration => google("Duration"),
            Kind::Timestamp => google("Timestamp"),
            Kind::Struct => match open_message(field.name) {
                Some(name) => self.own_type(name),
                None => google("Struct"),
            },
            Kind::Value => google("Value"),
            Kind::Enum(table) => self.own_type(table.name),
            Kind::Message(table) => self.own_type(table().name),
        }
    }

    fn own_type(&self, name: &str) -> String {
        let version = self.version;
        format!("type.googleapis.com/google.ai.generativelanguage.{version}.{name}")
    }

    /// The type of a map's entries, such as `Schema.PropertiesEntry`.
    fn entry_type(&self, field: &Field) -> String {
        let parent = self.frames.last().map(|frame| &frame.shape);
        let Some(Shape::Message(table, _)) = parent else {
            return self.own_type(field.name);
        };
        let (first, others) = field.json.split_at(1);
        let entry = format!("{}.{}{others}Entry", table.name, first.to_ascii_uppercase());
        self.own_type(&entry)
    }
}

/// The type of a field whose message we keep as free JSON because nothing here looks into it.
fn open_message(field: &str) -> Option<&'static str> {
    Some(match field {
        "code_execution" => "CodeExecution",
        "computer_use" => "Tool.ComputerUse",
        "file_search" => "FileSearch",
        "google_maps" => "GoogleMaps",
        "google_search" => "Tool.GoogleSearch",
        "image_config" => "ImageConfig",
        "retrieval_config" => "RetrievalConfig",
        "speech_config" => "SpeechConfig",
        "url_context" => "UrlContext",
        _ => return None,
    })
}
