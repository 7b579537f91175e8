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
use propus_wire::status::Status;

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
}

/// The failure of a body that could not be read, with the status that the parser made of it.
pub fn unreadable(why: Unreadable, status: Status) -> Problem {
    match why {
        Unreadable::Json => malformed_json::MalformedJson { status }.into(),
        Unreadable::Field => unknown_field::UnknownField { status }.into(),
        Unreadable::Version => api_version_mismatch::ApiVersionMismatch { status }.into(),
        Unreadable::Value => wrong_enum_or_type::WrongEnumOrType { status }.into(),
        Unreadable::Base64 => Base64Invalid { status }.into(),
    }
}
