//! The Gemini API as types and bytes.
//!
//! Messages of `v1` and `v1beta` with proto3 JSON rules ([`generate`], [`embed`], [`models`]),
//! and of the work around them ([`files`], [`caches`], [`batches`], [`operations`], [`stores`],
//! [`tuning`]), requests read as strictly as Google reads them ([`request`]), the error envelope
//! ([`status`]), what exists in which version ([`Surface`]), resource paths ([`path`]) and stream
//! framing ([`frame`]). Nothing here does IO or decides anything.

pub mod batches;
pub mod caches;
pub mod embed;
pub mod files;
pub mod frame;
pub mod generate;
pub mod integer_enums;
pub mod message;
pub mod models;
pub mod operations;
pub mod path;
pub mod request;
pub mod scalar;
pub mod schema;
pub mod status;
pub mod stores;
pub mod tuning;
pub mod version;

pub use message::{Message, Mode};
pub use version::{Surface, Version};
