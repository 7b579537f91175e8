//! A tool is asked for in the way of an older model generation.

use crate::Failure;
use propus_wire::status::{Code, Status};

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
