//! Failures of the client library that reads the reply.

pub mod finish_unknown_enum;
pub mod sdk_accessor_non_text;
pub mod sdk_validation_error;
