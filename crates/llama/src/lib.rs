//! propus-llama

pub mod convert;
pub mod gguf;
