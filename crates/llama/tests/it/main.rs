//! The local engine with a real model.
//!
//! The models come from the model folder (`make model` fills it) or from `PROPUS_TEST_MODEL` and
//! `PROPUS_TEST_EMBEDDER`. Without them the tests fail and say so.

mod batching;
mod constraints;
mod embedding;
mod limits;
mod loading;
mod output;
mod quantizing;
mod repeatable;
mod support;
mod tokens;
