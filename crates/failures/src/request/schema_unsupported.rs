//! A schema breaks a rule of the subset that the API takes.

use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use crate::{Failure, Violation};
use propus_wire::status::Status;

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "schema-unsupported",
    page: include_str!("schema_unsupported.md"),
    guide: Some(Guide::InvalidArgument),
    retry: Retry::Never,
    over: &[
        "unknown-field",
        "wrong-enum-or-type",
        "missing-required-field",
        "malformed-json",
        "param-conflict",
        "invalid-argument-generic",
    ],
    signs: &[
        certain("not supported in the response schema"),
        certain("additionalproperties is not supported"),
        certain("anyof is not supported"),
        likely("unknown field for schema"),
        certain("unknown name * at * responseschema"),
        certain("unknown name * at * responsejsonschema"),
        certain("unknown name * at * functiondeclarations"),
        certain("unknown name * at * parameters"),
        certain("unknown name * at * properties"),
        certain("invalid value at * responseschema"),
        certain("invalid value at * functiondeclarations"),
        certain("invalid value at * parameters properties"),
        certain("cannot start list ** functiondeclarations"),
        certain("should be non empty for object type"),
        certain("only allowed for object type"),
        certain("only allowed for string type"),
        certain("only allowed for array type"),
        certain("items missing field"),
        certain("property is not defined"),
        likely("responseschema ** not supported"),
        likely("additionalproperties is not supported"),
        likely("additionalproperties ** not supported"),
        likely("unsupported schema"),
        likely("schema ** is not supported"),
        likely("schema didnt specify the schema type field"),
        likely("specify the schema type field"),
        likely("functiondeclaration parameters * schema"),
        likely("ref ** not supported in schema"),
        possible("responseschema"),
        certain("responseschema ** cannot be empty"),
        certain("responseschema ** missing field"),
        certain("responseschema ** must be specified"),
        certain("responseschema ** are supported for"),
        certain("responseschema ** should be non empty"),
        certain("parameters ** missing field"),
        certain("parameters ** cannot be empty"),
        certain("parameters ** must be specified"),
        certain("parameters ** are supported for"),
        certain("parameters ** should be non empty"),
    ],
};

/// A schema breaks a rule of the subset that the API takes.
///
/// Source of the wordings: seen in public error reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaUnsupported {
    /// Message and field, such as
    /// `GenerateContentRequest.generation_config.response_schema.properties["name"].items`.
    pub path: String,
    /// Which rule.
    pub rule: Rule,
}

/// Rules of schemas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A rule of the engine that answers, in its own words: it cannot hold an answer to this.
    OfEngine(String),
    /// A schema has a type, or `anyOf`.
    TypeMissing,
    /// An object lists its properties.
    PropertiesEmpty,
    /// A list says what its items are.
    ItemsMissing,
    /// Only objects have this.
    OnlyForObject,
    /// Only text has this.
    OnlyForString,
    /// A required property is among the properties.
    RequiredUndefined,
    /// An allowed text is not empty.
    EnumValueEmpty,
    /// The formats of text.
    StringFormat,
    /// An enum answer has a text schema with `enum`.
    EnumMissing,
}

impl Rule {
    const ALL: [Self; 9] = [
        Self::TypeMissing,
        Self::PropertiesEmpty,
        Self::ItemsMissing,
        Self::OnlyForObject,
        Self::OnlyForString,
        Self::RequiredUndefined,
        Self::EnumValueEmpty,
        Self::StringFormat,
        Self::EnumMissing,
    ];

    fn text(&self) -> &str {
        match self {
            Self::OfEngine(rule) => rule,
            Self::TypeMissing => "must be specified",
            Self::PropertiesEmpty => "should be non-empty for OBJECT type",
            Self::ItemsMissing => "missing field.",
            Self::OnlyForObject => "only allowed for OBJECT type",
            Self::OnlyForString => "only allowed for STRING type",
            Self::RequiredUndefined => "property is not defined",
            Self::EnumValueEmpty => "cannot be empty",
            Self::StringFormat => "only 'enum' and 'date-time' are supported for STRING type",
            Self::EnumMissing => "should be non-empty for `text/x.enum`",
        }
    }
}

/// A schema that could not even be read: it has a field or a value that the API does not know.
///
/// Source of the wording: seen in public error reports; the parser of the messages makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct SchemaUnreadable {
    /// What the parser says, details included.
    pub status: Status,
}

impl Failure for SchemaUnreadable {
    fn name(&self) -> &'static str {
        "schema-unsupported"
    }

    fn status(&self) -> Status {
        self.status.clone()
    }
}

impl Failure for SchemaUnsupported {
    fn name(&self) -> &'static str {
        "schema-unsupported"
    }

    fn status(&self) -> Status {
        Violation::status(&self.violations())
    }

    fn violations(&self) -> Vec<Violation> {
        vec![Violation::new(&self.path, self.rule.text())]
    }

    fn examples() -> Vec<Self> {
        Rule::ALL
            .map(|rule| Self {
                path: "GenerateContentRequest.generation_config.response_schema.type".into(),
                rule,
            })
            .into()
    }
}
