//! A tool is asked for in the way of an older model generation.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "tool-param-deprecated",
    page: include_str!("tool_param_deprecated.md"),
    guide: Some(Guide::RightModel),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("please use googlesearch field"),
        certain("google search retrieval is not supported"),
        certain("googlesearchretrieval is not supported"),
        likely("googlesearchretrieval ** deprecated"),
        likely("please use * field instead of"),
    ],
};

/// `googleSearchRetrieval` is asked for on a model that has `googleSearch`.
///
/// Source of the wording, its two full stops included: seen in public error reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToolParamDeprecated;

impl Failure for ToolParamDeprecated {
    fn name(&self) -> &'static str {
        "tool-param-deprecated"
    }

    fn status(&self) -> Status {
        let message = "Please use google_search field instead of google_search_retrieval field..";
        Status::new(Code::InvalidArgument, message)
    }

    fn examples() -> Vec<Self> {
        vec![Self]
    }
}
