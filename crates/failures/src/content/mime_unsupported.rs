//! A MIME type that is not taken.

use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use crate::{Failure, Violation};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "mime-unsupported",
    page: include_str!("mime_unsupported.md"),
    guide: Some(Guide::InvalidArgument),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("mimetype parameter with value ** not supported"),
        likely("determine the mimetype"),
        likely("determine the mime type"),
        likely("unknown mime type"),
        certain("unsupported mime type"),
        certain("mime type must be"),
        certain("unsupported mimetype"),
        certain("generated data mime type"),
        certain("mime type is not supported"),
        likely("mimetype ** must be"),
        likely("mime type ** is not supported"),
        likely("unsupported file uri type"),
        likely("unsupported file type"),
        possible("request contains an invalid argument"),
        certain("allowed mimetypes are"),
        certain("responsemimetype allowed"),
        likely("mime types are"),
    ],
};

/// A MIME type that is not taken, in a part or for the answer.
///
/// Source of the wordings: seen in public error reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MimeUnsupported {
    /// A part has a type that no model takes.
    Part {
        /// The type that was sent; may be empty.
        mime_type: String,
    },
    /// `responseMimeType` is none of five.
    Response {
        /// Message and field.
        path: String,
        /// The type that was sent.
        mime_type: String,
    },
}

const RULE: &str = "allowed mimetypes are `text/plain`, `application/json`, `application/xml`, \
    `application/yaml` and `text/x.enum`.";

impl MimeUnsupported {
    /// Whether an answer may have this type.
    pub fn is_response(mime_type: &str) -> bool {
        RULE.split('`')
            .skip(1)
            .step_by(2)
            .any(|known| known == mime_type)
    }
}

impl Failure for MimeUnsupported {
    fn name(&self) -> &'static str {
        "mime-unsupported"
    }

    fn status(&self) -> Status {
        match self {
            Self::Part { mime_type } => Status::new(
                Code::InvalidArgument,
                format!("Unsupported MIME type: {mime_type}"),
            ),
            Self::Response { .. } => Violation::status(&self.violations()),
        }
    }

    fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Part { .. } => Vec::new(),
            Self::Response { path, .. } => vec![Violation::new(path, RULE)],
        }
    }

    fn examples() -> Vec<Self> {
        vec![
            Self::Part {
                mime_type: "png".into(),
            },
            Self::Response {
                path: "GenerateContentRequest.generation_config.response_mime_type".into(),
                mime_type: "image/png".into(),
            },
        ]
    }
}
