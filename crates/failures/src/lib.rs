//! The catalogue of failures of the Gemini API.
//!
//! Pure: values in, values out; no IO, no clock, no engine.

pub mod problem;

pub use problem::{Failure, Problem};
