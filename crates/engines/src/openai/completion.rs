//! What servers reply: a `chat.completion` or one of its chunks, as far as it is read.
//!
//! Everything may be missing or `null`: servers differ in what they leave out.

use serde::Deserialize;
use serde_json::Value;

/// A whole reply or a chunk of one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Completion {
    pub(super) choices: Option<Vec<Choice>>,
    pub(super) usage: Option<Usage>,
    /// In a stream that goes wrong.
    pub(super) error: Option<Value>,
    /// `error` in older errors of vLLM.
    pub(super) object: Option<String>,
}

/// One answer, or a piece of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
    pub(super) index: Option<i32>,
    /// In a chunk.
    pub(super) delta: Option<Said>,
    /// In a whole reply.
    pub(super) message: Option<Said>,
    pub(super) logprobs: Option<Logprobs>,
    pub(super) finish_reason: Option<String>,
}

/// What was said.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Said {
    /// Text, or a list of parts.
    pub(super) content: Option<Value>,
    /// The model says that it will not.
    pub(super) refusal: Option<String>,
    /// Thoughts: DeepSeek's name, which llama-server and SGLang share.
    pub(super) reasoning_content: Option<String>,
    /// Thoughts: the name of Ollama and newer vLLM.
    pub(super) reasoning: Option<Value>,
    pub(super) tool_calls: Option<Vec<Fragment>>,
}

/// A call, or a piece of one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fragment {
    pub(super) index: Option<usize>,
    pub(super) id: Option<String>,
    pub(super) function: Option<Function>,
}

/// The function of a call.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Function {
    pub(super) name: Option<String>,
    /// JSON in text; some servers give the object itself.
    pub(super) arguments: Option<Value>,
}

/// Log probabilities.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Logprobs {
    pub(super) content: Option<Vec<Token>>,
}

/// A token that was taken.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Token {
    pub(super) token: String,
    pub(super) logprob: Option<f32>,
    /// Its number, which llama-server tells.
    pub(super) id: Option<i32>,
    pub(super) top_logprobs: Option<Vec<Token>>,
}

/// What it cost.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Usage {
    pub(super) prompt_tokens: i32,
    pub(super) completion_tokens: i32,
    pub(super) total_tokens: Option<i32>,
    pub(super) prompt_tokens_details: Option<PromptDetails>,
    pub(super) completion_tokens_details: Option<CompletionDetails>,
    /// Where SGLang tells it.
    pub(super) reasoning_tokens: Option<i32>,
}

/// The prompt by kind.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PromptDetails {
    pub(super) cached_tokens: Option<i32>,
}

/// The answers by kind.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CompletionDetails {
    pub(super) reasoning_tokens: Option<i32>,
}
