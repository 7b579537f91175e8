//! Function calls and their results do not follow each other.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "function-call-order",
    page: include_str!("function_call_order.md"),
    guide: Some(Guide::InvalidArgument),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("number of function response parts"),
        certain("equal to the number of function call parts"),
        certain("function call turn comes immediately after"),
        certain("function response turn comes immediately after"),
        likely("function call turn"),
        likely("function response turn"),
        likely("functionresponse ** without ** functioncall"),
    ],
};

/// Function calls and their results do not follow each other.
///
/// Source of the wordings: seen in public error reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionCallOrder {
    /// A turn of calls is followed by another number of results.
    Count {
        /// The turn of calls, from 0.
        turn: usize,
        /// How many calls.
        calls: usize,
        /// How many results.
        responses: usize,
    },
    /// A turn of calls follows neither the user nor a result.
    MisplacedCall {
        /// The turn, from 0.
        turn: usize,
    },
    /// A result follows no turn of calls.
    MisplacedResponse {
        /// The turn, from 0.
        turn: usize,
    },
}

impl Failure for FunctionCallOrder {
    fn name(&self) -> &'static str {
        "function-call-order"
    }

    fn status(&self) -> Status {
        let message = match self {
            Self::Count { .. } => {
                "Please ensure that the number of function response parts is equal to the number \
                 of function call parts of the function call turn."
            }
            Self::MisplacedCall { .. } => {
                "Please ensure that function call turn comes immediately after a user turn or \
                 after a function response turn."
            }
            Self::MisplacedResponse { .. } => {
                "Please ensure that function response turn comes immediately after a function \
                 call turn."
            }
        };
        Status::new(Code::InvalidArgument, message)
    }

    fn examples() -> Vec<Self> {
        vec![
            Self::Count {
                turn: 1,
                calls: 2,
                responses: 1,
            },
            Self::MisplacedCall { turn: 0 },
            Self::MisplacedResponse { turn: 0 },
        ]
    }
}
