//! A schema breaks a rule of the subset that the API takes.

use crate::{Failure, Violation};
use propus_wire::status::Status;

/// A schema breaks a rule of the subset that the API takes.
///
/// Source of the wordings: seen in public error reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaUnsupported {
    /// Message and field, such as
    /// `GenerateContentRequest.generation_config.response_schema.properties[name].items`.
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
