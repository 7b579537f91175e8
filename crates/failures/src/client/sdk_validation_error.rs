//! The client's types do not fit the reply.

use crate::entry::{Entry, Guide, Retry, certain, likely, possible};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "sdk-validation-error",
    page: include_str!("sdk_validation_error.md"),
    guide: Some(Guide::ClientSdk),
    retry: Retry::Never,
    over: &["blocked-safety-output", "empty-response"],
    signs: &[
        certain("type validation failed"),
        likely("aitypevalidationerror"),
        likely("validation errors for * generatecontentresponse"),
        likely("validation error for * generatecontentresponse"),
        likely("validation error for * candidate"),
        likely("validation errors for typed dict"),
        likely("validation errors for * candidates"),
        likely("validation error ** candidates 0"),
        likely("validation errors ** candidates 0"),
        likely("missingfieldexception"),
        likely("candidates 0 content ** field required"),
        possible("zoderror"),
        possible("validation error"),
        likely("missing field * at line"),
        likely("missing field ** generatecontentresponse"),
        likely("unknown variant ** expected one of"),
        certain("validation error ** candidates 0 ** finishreason"),
        certain("validation errors ** candidates 0 ** finishreason"),
    ],
};
