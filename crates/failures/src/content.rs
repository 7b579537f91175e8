//! Failures of the media and files in a request.

pub mod base64_invalid;
pub mod file_not_active;
pub mod file_not_found_or_expired;
pub mod image_invalid;
pub mod mime_unsupported;
