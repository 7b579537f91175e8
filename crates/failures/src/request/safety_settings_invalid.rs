//! A safety setting names a category that cannot be adjusted, or one that another setting has.

use crate::entry::{Entry, Guide, Retry, certain, likely};
use crate::{Failure, Violation};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "safety-settings-invalid",
    page: include_str!("safety_settings_invalid.md"),
    guide: Some(Guide::InvalidArgument),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("safetysettings ** element predicate failed"),
        certain("element predicate failed category in"),
        likely("safetysettings ** duplicate"),
        certain("multiple safety settings with the same category"),
        likely("category ** harmcategory ** predicate"),
    ],
};

/// A safety setting names a category that cannot be adjusted, or one that another setting has.
///
/// Source of the wordings: seen in public error reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SafetySettingsInvalid {
    /// The category cannot be adjusted.
    Category {
        /// Message and field, such as `GenerateContentRequest.safety_settings[0]`.
        path: String,
        /// The category, as it was sent.
        category: String,
    },
    /// An earlier setting has the same category.
    Twice,
}

const RULE: &str = "element predicate failed: $.category in (\
    HarmCategory.HARM_CATEGORY_HATE_SPEECH, HarmCategory.HARM_CATEGORY_SEXUALLY_EXPLICIT, \
    HarmCategory.HARM_CATEGORY_DANGEROUS_CONTENT, HarmCategory.HARM_CATEGORY_HARASSMENT, \
    HarmCategory.HARM_CATEGORY_CIVIC_INTEGRITY)";

const TWICE: &str = "Multiple safety settings with the same category.";

impl Failure for SafetySettingsInvalid {
    fn name(&self) -> &'static str {
        "safety-settings-invalid"
    }

    fn status(&self) -> Status {
        match self {
            Self::Category { .. } => Violation::status(&self.violations()),
            Self::Twice => Status::new(Code::InvalidArgument, TWICE),
        }
    }

    fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Category { path, .. } => vec![Violation::new(path, RULE)],
            Self::Twice => Vec::new(),
        }
    }

    fn examples() -> Vec<Self> {
        vec![
            Self::Category {
                path: "GenerateContentRequest.safety_settings[0]".into(),
                category: "HARM_CATEGORY_VIOLENCE".into(),
            },
            Self::Twice,
        ]
    }
}
