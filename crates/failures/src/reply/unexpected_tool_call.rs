//! The model called a tool that was not declared.

use crate::entry::{Entry, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "unexpected-tool-call",
    page: include_str!("unexpected_tool_call.md"),
    guide: None,
    retry: Retry::Maybe,
    over: &[],
    signs: &[
        certain("unexpectedtoolcall"),
        certain("toomanytoolcalls"),
        certain("undeclared function"),
        likely("unexpected tool call"),
        likely("undeclared tool"),
    ],
};
