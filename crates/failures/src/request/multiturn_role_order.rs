//! A turn has an unknown role, or the last turn is not the user's.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "multiturn-role-order",
    page: include_str!("multiturn_role_order.md"),
    guide: Some(Guide::InvalidArgument),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("content with system role"),
        likely("role is not supported"),
        certain("ends with a user role"),
        certain("ends with a user turn"),
        certain("use a valid role"),
        certain("multiturn requests alternate"),
        certain("roles must alternate"),
        certain("first content should be with role user"),
        likely("content with role"),
        likely("valid role user model"),
        likely("must alternate between user and model"),
        likely("multiturn requests"),
    ],
};

/// A turn has an unknown role, or the last turn is not the user's.
///
/// Source of the wordings: seen in public error reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MultiturnRoleOrder {
    /// A role besides `user` and `model`.
    Role {
        /// The turn, from 0.
        turn: usize,
        /// The role.
        role: String,
    },
    /// The last turn is the model's.
    EndsWithModel,
}

impl Failure for MultiturnRoleOrder {
    fn name(&self) -> &'static str {
        "multiturn-role-order"
    }

    fn status(&self) -> Status {
        let message = match self {
            Self::Role { .. } => "Please use a valid role: user, model.",
            Self::EndsWithModel => {
                "Please ensure that multiturn requests ends with a user role or a function \
                 response."
            }
        };
        Status::new(Code::InvalidArgument, message)
    }

    fn examples() -> Vec<Self> {
        vec![
            Self::Role {
                turn: 0,
                role: "assistant".into(),
            },
            Self::EndsWithModel,
        ]
    }
}
