//! propus-llama

pub mod constraint;
pub mod convert;
pub mod embedder;
pub mod engine;
pub mod gguf;
pub mod model;
mod native;
pub mod prompt;
pub mod quantize;
pub mod sampling;
pub mod scheduler;
pub mod store;
mod threads;
mod token_env;
mod tokenizer;
pub mod tools;

pub use tokenizer::Token;
