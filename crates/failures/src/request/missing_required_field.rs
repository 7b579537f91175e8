//! A required field is absent or empty.

use crate::entry::{Entry, Guide, Retry, certain, likely};
use crate::{Failure, Violation};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "missing-required-field",
    page: include_str!("missing_required_field.md"),
    guide: Some(Guide::InvalidArgument),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("is not specified"),
        certain("parts must not be empty"),
        certain("required oneof field"),
        certain("must have one initialized field"),
        certain("must include at least one parts field"),
        certain("should have at least one part"),
        certain("must contain at least one part"),
        likely("contents is required"),
        likely("contents are required"),
        likely("at least one content"),
        likely("must have a text parameter"),
        likely("missing required field"),
        likely("content is empty"),
        certain("name cannot be empty"),
        certain("contains an empty part"),
        likely("cannot be empty"),
        likely("must be specified"),
        likely("must not be empty"),
        certain("generatecontentrequest ** is required"),
        certain("embedcontentrequest ** is required"),
        likely("content is required"),
    ],
};

/// A required field is absent or empty.
///
/// Source: Google's troubleshooting guide ("a missing required field in your request"); wording
/// seen in public error reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingRequiredField {
    /// Message and field, such as `GenerateContentRequest.contents`.
    pub path: String,
    /// What kind of thing is missing.
    pub missing: Missing,
}

/// What kind of thing is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A field of this name.
    Field(&'static str),
    /// The parts of a turn.
    Parts,
    /// What a part is: none of text, media, function call and so on is set.
    Data,
    /// The name of a function.
    Name,
    /// Some text in the last turn. Google's words for it are not known.
    Text,
    /// Some text in what is to be embedded. Google says this without its star.
    EmbeddedText,
}

impl MissingRequiredField {
    fn rule(&self) -> String {
        match self.missing {
            Missing::Field(name) => format!("{name} is not specified"),
            Missing::Parts => "contents.parts must not be empty.".into(),
            Missing::Data => "required oneof field 'data' must have one initialized field".into(),
            Missing::Name => "Name cannot be empty.".into(),
            Missing::Text => "text must not be empty.".into(),
            Missing::EmbeddedText => String::new(),
        }
    }
}

impl Failure for MissingRequiredField {
    fn name(&self) -> &'static str {
        "missing-required-field"
    }

    fn status(&self) -> Status {
        match self.missing {
            Missing::EmbeddedText => Status::new(
                Code::InvalidArgument,
                format!("{} contains an empty Part.", self.path),
            ),
            _ => Violation::status(&self.violations()),
        }
    }

    fn violations(&self) -> Vec<Violation> {
        match self.missing {
            Missing::EmbeddedText => Vec::new(),
            _ => vec![Violation::new(&self.path, self.rule())],
        }
    }

    fn examples() -> Vec<Self> {
        [
            (
                "GenerateContentRequest.contents",
                Missing::Field("contents"),
            ),
            ("GenerateContentRequest.contents[1].parts", Missing::Parts),
            (
                "GenerateContentRequest.contents[0].parts[0].data",
                Missing::Data,
            ),
            (
                "GenerateContentRequest.contents[2].parts[0].function_response.name",
                Missing::Name,
            ),
            (
                "GenerateContentRequest.contents[2].parts[0].text",
                Missing::Text,
            ),
            ("EmbedContentRequest.content", Missing::EmbeddedText),
        ]
        .map(|(path, missing)| Self {
            path: path.into(),
            missing,
        })
        .into()
    }
}
