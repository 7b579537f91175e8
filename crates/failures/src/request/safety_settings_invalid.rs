//! A safety setting names a category that cannot be adjusted.

use crate::entry::{Entry, Guide, Retry, certain, likely};
use crate::{Failure, Violation};
use propus_wire::status::Status;

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
        likely("category ** harmcategory ** predicate"),
    ],
};

/// A safety setting names a category that cannot be adjusted.
///
/// Source of the wording: seen in public error reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafetySettingsInvalid {
    /// Message and field, such as `GenerateContentRequest.safety_settings[0]`.
    pub path: String,
    /// The category, as it was sent.
    pub category: String,
}

const RULE: &str = "element predicate failed: $.category in (\
    HarmCategory.HARM_CATEGORY_HATE_SPEECH, HarmCategory.HARM_CATEGORY_SEXUALLY_EXPLICIT, \
    HarmCategory.HARM_CATEGORY_DANGEROUS_CONTENT, HarmCategory.HARM_CATEGORY_HARASSMENT, \
    HarmCategory.HARM_CATEGORY_CIVIC_INTEGRITY)";

impl Failure for SafetySettingsInvalid {
    fn name(&self) -> &'static str {
        "safety-settings-invalid"
    }

    fn status(&self) -> Status {
        Violation::status(&self.violations())
    }

    fn violations(&self) -> Vec<Violation> {
        vec![Violation::new(&self.path, RULE)]
    }

    fn examples() -> Vec<Self> {
        vec![Self {
            path: "GenerateContentRequest.safety_settings[0]".into(),
            category: "HARM_CATEGORY_VIOLENCE".into(),
        }]
    }
}
