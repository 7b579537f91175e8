//! The model called a tool that was not declared.

use crate::entry::{Entry, Retry, certain, likely};
use propus_wire::generate::{FinishReason, FunctionCall, GenerateContentResponse, Part};

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

/// An answer that calls what was not declared.
///
/// Source of the form: seen once in a public error report, with the call as content and the
/// function's name in `finishMessage`.
pub fn reply(model: &str) -> GenerateContentResponse {
    let call = FunctionCall {
        name: Some("read_calendar".into()),
        args: Some(serde_json::Map::new()),
        ..FunctionCall::default()
    };
    let mut content = super::silent();
    content.parts.push(Part {
        function_call: Some(call),
        ..Part::default()
    });
    let message = "Unexpected tool call: Model tried to call an undeclared function: read_calendar";
    let reason = FinishReason::UnexpectedToolCall;
    super::explained(model, reason, content, message)
}
