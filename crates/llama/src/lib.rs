//! propus-llama

pub mod constraint;
pub mod convert;
pub mod gguf;
pub mod prompt;
pub mod store;
pub mod tools;
