//! The client does not know the finish reason.

use crate::entry::{Entry, Guide, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "finish-unknown-enum",
    page: include_str!("finish_unknown_enum.md"),
    guide: Some(Guide::ClientSdk),
    retry: Retry::Never,
    over: &[
        "malformed-function-call",
        "unexpected-tool-call",
        "image-blocked-or-missing",
        "blocked-prohibited",
        "blocked-safety-output",
        "recitation",
        "language-unsupported",
        "finish-other",
        "sdk-validation-error",
    ],
    signs: &[
        certain("unhandled finishreason format"),
        certain("unknown finishreason"),
        certain("unrecognized finishreason"),
        certain("unknown finish reason"),
        certain("is not a valid finishreason"),
        likely("finishreason 6"),
        likely("finishreason 7"),
        likely("finishreason 8"),
        likely("finishreason 9"),
        likely("finishreason 11"),
        likely("finishreason 12"),
        likely("finishreason 13"),
        likely("finishreason 14"),
        likely("finishreason ** unexpected value"),
        likely("unknown enum ** finishreason"),
        likely("does not contain ** finishreason"),
        certain("finishreason does not contain element"),
        certain("unknown variant ** finishreason"),
        certain("invalid enum value ** finishreason"),
    ],
};
