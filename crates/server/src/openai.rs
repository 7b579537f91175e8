//! Google's OpenAI-compatible surface: OpenAI's JSON on one side, the Gemini API's messages on the
//! other. Pure: no HTTP, no clock; ids and times are passed in.
//!
//! What Google documents and what its server was seen to do (public error reports and replies of
//! 2025 and 2026) decide the details; each file says where the two or OpenAI's own API differ and
//! whom we follow.

pub(crate) mod chat;
mod chunks;
pub(crate) mod embeddings;
mod extra_body;
mod faults;
mod functions;
mod item;
mod logprobs;
mod messages;
pub(crate) mod models;
mod parts;
mod reply;
mod settings;
mod thinking;
mod tool_calls;

#[cfg(test)]
mod tests;
