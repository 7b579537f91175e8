//! Which server speaks OpenAI's API, and what it makes of it: one row for each.
//!
//! Every server takes the core and differs at the rim. Most skip a field that they do not know
//! without a word, so what a row does not say is refused here rather than lost there. Sources are
//! the servers' own documents and code of autumn 2026.

use serde::Deserialize;

/// A server that speaks OpenAI's API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flavour {
    /// Found out at the first call, by the list of models.
    #[default]
    Auto,
    /// OpenAI itself.
    Openai,
    /// vLLM.
    Vllm,
    /// The server of llama.cpp.
    LlamaServer,
    /// Ollama.
    Ollama,
    /// SGLang.
    Sglang,
    /// Another one: only what every server does is asked of it.
    Other,
}

/// What a server makes of the rim of the API.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traits {
    /// The field of the longest answer.
    pub(super) max_tokens: &'static str,
    /// It knows `top_k`.
    pub(super) top_k: bool,
    /// It gives several answers to one request.
    pub(super) candidates: bool,
    /// `tool_choice` forces a call.
    pub(super) tool_choice: bool,
    /// `tool_choice` may name a function.
    pub(super) named_choice: bool,
    /// Calls that the model makes by itself always fit their declarations.
    pub(super) calls_fit: bool,
    /// It knows `reasoning_effort`.
    pub(super) effort: bool,
    /// How thinking is switched off.
    pub(super) no_thinking: NoThinking,
    /// The field of the most tokens of thinking.
    pub(super) thinking_budget: Option<&'static str>,
    /// The field by which earlier thoughts are sent back.
    pub(super) thoughts: Option<&'static str>,
    /// It hears `input_audio`.
    pub(super) audio: bool,
    /// It looks at `video_url`.
    pub(super) video: bool,
    /// It reads documents as parts `file`.
    pub(super) documents: bool,
    /// It fetches images from where they lie.
    pub(super) fetches: bool,
    /// It heeds an image's `detail`.
    pub(super) detail: bool,
    /// How an answer is held to one of several texts.
    pub(super) one_of: OneOf,
    /// It keeps to a schema only where that is `strict`.
    pub(super) strict: bool,
    /// It knows `service_tier`, `store` and `metadata`.
    pub(super) account: bool,
    /// How a prompt is counted.
    pub(super) count: Count,
}

/// How thinking is switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoThinking {
    /// Not at all.
    Never,
    /// `reasoning_effort` is `none`.
    Effort,
    /// The model's template is told `enable_thinking` false.
    Template,
}

/// How an answer is held to one of several texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OneOf {
    /// Not at all: a JSON schema would put quotes around it.
    Never,
    /// vLLM's `structured_outputs.choice`.
    Choice,
    /// llama.cpp's `grammar`.
    Grammar,
    /// SGLang's `regex`.
    Regex,
}

/// How a prompt is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// The server has no way.
    Never,
    /// `/tokenize` takes messages and tools.
    Messages,
    /// `/apply-template` makes a text of messages, and `/tokenize` counts it.
    Template,
}

const CORE: Traits = Traits {
    max_tokens: "max_tokens",
    top_k: false,
    candidates: false,
    tool_choice: true,
    named_choice: false,
    calls_fit: false,
    effort: false,
    no_thinking: NoThinking::Never,
    thinking_budget: None,
    thoughts: None,
    audio: false,
    video: false,
    documents: false,
    fetches: false,
    detail: false,
    one_of: OneOf::Never,
    strict: false,
    account: false,
    count: Count::Never,
};

const OPENAI: Traits = Traits {
    // Models that reason refuse `max_tokens`.
    max_tokens: "max_completion_tokens",
    candidates: true,
    named_choice: true,
    effort: true,
    no_thinking: NoThinking::Effort,
    audio: true,
    documents: true,
    fetches: true,
    detail: true,
    strict: true,
    account: true,
    ..CORE
};

const VLLM: Traits = Traits {
    top_k: true,
    candidates: true,
    named_choice: true,
    effort: true,
    no_thinking: NoThinking::Template,
    thinking_budget: Some("thinking_token_budget"),
    thoughts: Some("reasoning"),
    audio: true,
    video: true,
    fetches: true,
    one_of: OneOf::Choice,
    count: Count::Messages,
    ..CORE
};

const LLAMA_SERVER: Traits = Traits {
    top_k: true,
    candidates: true,
    // A choice that names a function is read as `auto`.
    named_choice: false,
    calls_fit: true,
    effort: true,
    no_thinking: NoThinking::Template,
    thoughts: Some("reasoning_content"),
    audio: true,
    fetches: true,
    one_of: OneOf::Grammar,
    count: Count::Template,
    ..CORE
};

const OLLAMA: Traits = Traits {
    // Ignored until at least 0.32.15 (public report of August 2026).
    tool_choice: false,
    effort: true,
    no_thinking: NoThinking::Effort,
    thoughts: Some("reasoning"),
    ..CORE
};

const SGLANG: Traits = Traits {
    top_k: true,
    candidates: true,
    named_choice: true,
    effort: true,
    no_thinking: NoThinking::Template,
    thoughts: Some("reasoning_content"),
    video: true,
    fetches: true,
    one_of: OneOf::Regex,
    ..CORE
};

impl Flavour {
    /// All that have traits of their own.
    #[cfg(test)]
    pub(super) const ALL: [Self; 6] = [
        Self::Openai,
        Self::Vllm,
        Self::LlamaServer,
        Self::Ollama,
        Self::Sglang,
        Self::Other,
    ];

    pub(super) fn traits(self) -> &'static Traits {
        match self {
            Self::Openai => &OPENAI,
            Self::Vllm => &VLLM,
            Self::LlamaServer => &LLAMA_SERVER,
            Self::Ollama => &OLLAMA,
            Self::Sglang => &SGLANG,
            Self::Auto | Self::Other => &CORE,
        }
    }

    /// The flavour that an address alone tells.
    pub(super) fn of_address(base_url: &str) -> Option<Self> {
        let rest = base_url.split_once("://")?.1;
        let host = rest.split(['/', ':']).next()?;
        host.ends_with("api.openai.com").then_some(Self::Openai)
    }

    /// The flavour of a server by the owner that its list names for its models. Proxies of all kinds
    /// say `openai`, so that tells nothing.
    pub(super) fn of_owner(owner: &str) -> Option<Self> {
        match owner {
            "vllm" => Some(Self::Vllm),
            "llamacpp" => Some(Self::LlamaServer),
            "sglang" => Some(Self::Sglang),
            "library" => Some(Self::Ollama),
            _ => None,
        }
    }
}
