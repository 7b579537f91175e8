//! Failures of what is asked: fields, values, features, turns and schemas.

pub mod api_version_mismatch;
pub mod feature_conflict;
pub mod function_call_order;
pub mod function_name_invalid;
pub mod invalid_argument_generic;
pub mod malformed_json;
pub mod missing_required_field;
pub mod modality_unsupported;
pub mod model_feature_unsupported;
pub mod multiturn_role_order;
pub mod param_conflict;
pub mod param_out_of_range;
pub mod param_unsupported_by_model;
pub mod safety_settings_invalid;
pub mod schema_too_complex;
pub mod schema_unsupported;
pub mod thinking_config_invalid;
pub mod thought_signature_invalid;
pub mod thought_signature_missing;
pub mod tool_param_deprecated;
pub mod unknown_field;
pub mod wrong_enum_or_type;

use crate::{Problem, content::base64_invalid::Base64Invalid};
use propus_wire::{
    request::{Fault, FaultKind, Violations},
    status::{Code, Status},
};

/// Why a body could not be read, as the parser of the messages finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is not JSON.
    Json,
    /// It has an unknown field.
    Field,
    /// It has a field that this API version does not have, though another does.
    Version,
    /// It has a value of another type or an unknown enum value.
    Value,
    /// It has bytes that are not base64.
    Base64,
    /// It has a schema, or a function's declaration, with a field or value that the API lacks there.
    Schema,
}

impl Unreadable {
    /// What a fault is. Its kind and its path tell it, never its words, which repeat the caller's: a
    /// prompt that speaks of API keys is no matter of keys.
    pub fn of(fault: &Fault) -> Self {
        match fault.kind {
            FaultKind::OtherVersion => Self::Version,
            _ if is_of_schema(&fault.path) => Self::Schema,
            FaultKind::UnknownName => Self::Field,
            FaultKind::Base64 => Self::Base64,
            FaultKind::Value | FaultKind::SetTwice => Self::Value,
        }
    }
}

/// Whether a path leads to a schema or into one, or into the declaration of a function.
fn is_of_schema(path: &str) -> bool {
    let mut steps = path.split(['.', '[']);
    steps.any(|step| matches!(step, "response_schema" | "function_declarations"))
}

/// The failure of a body that could not be read, with the status that the parser made of it.
pub fn unreadable(why: Unreadable, status: Status) -> Problem {
    match why {
        Unreadable::Json => malformed_json::MalformedJson { status }.into(),
        Unreadable::Field => unknown_field::UnknownField { status }.into(),
        Unreadable::Version => api_version_mismatch::ApiVersionMismatch { status }.into(),
        Unreadable::Value => wrong_enum_or_type::WrongEnumOrType { status }.into(),
        Unreadable::Base64 => Base64Invalid { status }.into(),
        Unreadable::Schema => schema_unsupported::SchemaUnreadable { status }.into(),
    }
}

/// The failure of a whole body that could not be read: it says all faults and is named after the first.
pub fn refused(violations: Violations) -> Problem {
    let why = match &violations {
        Violations::Syntax { .. } => Some(Unreadable::Json),
        Violations::Fields(faults) => faults.first().map(Unreadable::of),
        Violations::Unexplained => None,
    };
    match why {
        Some(why) => unreadable(why, violations.into()),
        None => {
            let cause = Some("the body cannot be read".into());
            invalid_argument_generic::InvalidArgumentGeneric { cause }.into()
        }
    }
}

/// The failure that one fault of a body is, by itself.
pub fn misfit(fault: &Fault) -> Problem {
    let status = Status::new(Code::InvalidArgument, fault.description.as_str());
    let problem = unreadable(Unreadable::of(fault), status);
    match fault.path.as_str() {
        "" => problem,
        path => problem.at(path),
    }
}
