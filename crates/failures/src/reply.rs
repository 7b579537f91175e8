//! Failures that come as a reply: blocked, cut short or empty, with status 200.

pub mod block_reason_other;
pub mod blocked_prohibited;
pub mod blocked_safety_output;
pub mod blocked_safety_prompt;
pub mod empty_response;
pub mod finish_other;
pub mod image_blocked_or_missing;
pub mod language_unsupported;
pub mod malformed_function_call;
pub mod max_tokens_empty;
pub mod recitation;
pub mod unexpected_tool_call;
