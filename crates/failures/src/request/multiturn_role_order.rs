//! A turn has an unknown role, or the last turn is not the user's.

use crate::Failure;
use propus_wire::status::{Code, Status};

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
