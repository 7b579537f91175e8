//! Local GGUF models by llama.cpp.
//!
//! [`store`] keeps model files, [`model`] loads one, [`scheduler`] writes with it, [`engine`] puts it
//! behind the API. `native` is the only place that calls into llama.cpp.

pub mod constraint;
pub mod convert;
pub mod embedder;
pub mod engine;
pub mod gguf;
pub mod model;
mod native;
pub mod processor;
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
