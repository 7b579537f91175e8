//! Two parameters exclude each other, or one needs another.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "param-conflict",
    page: include_str!("param_conflict.md"),
    guide: Some(Guide::InvalidArgument),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("expected one of either ** found both"),
        certain("only one of thinking budget"),
        certain("thinking budget and thinking level"),
        likely("can only set only one of"),
        likely("mutually exclusive"),
        likely("cannot both be set"),
        likely("cannot be set together"),
        likely("only one of * may be set"),
        likely("only one of * can be set"),
        certain("can only be set when"),
        certain("only when function calling mode is any"),
        certain("must be set to applicationjson when"),
        certain("must be set to application json when"),
        certain("function calling config is set without"),
        certain("cachedcontent can not be used with"),
        certain("should not be set in the request when using cached content"),
        likely("only when * is set"),
        likely("when * is set"),
    ],
};

/// Two parameters exclude each other, or one needs another.
///
/// Source of the wordings: the one on thinking was seen in public error reports, and the one on
/// function names, functions and caches too; the others are guesses around the published protos' rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamConflict {
    /// `thinkingBudget` and `thinkingLevel`.
    ThinkingBudgetAndLevel,
    /// `responseSchema` and `responseJsonSchema`.
    TwoResponseSchemas,
    /// `responseJsonSchema` without the MIME type of JSON.
    SchemaWithoutJson,
    /// `logprobs` without `responseLogprobs`.
    LogprobsWithoutResponseLogprobs,
    /// `allowedFunctionNames` in a mode that does not force a call.
    AllowedFunctionNamesWithoutAny,
    /// `contents` and `generateContentRequest` in one `countTokens`.
    ContentsAndRequest,
    /// `voiceConfig` and `multiSpeakerVoiceConfig`.
    TwoVoices,
    /// `functionCallingConfig` without a function.
    CallingWithoutFunctions,
    /// `cachedContent` and what the cache holds itself: system instruction, tools and their setting.
    CacheAndMore,
}

impl ParamConflict {
    const ALL: [Self; 9] = [
        Self::ThinkingBudgetAndLevel,
        Self::TwoResponseSchemas,
        Self::SchemaWithoutJson,
        Self::LogprobsWithoutResponseLogprobs,
        Self::AllowedFunctionNamesWithoutAny,
        Self::ContentsAndRequest,
        Self::TwoVoices,
        Self::CallingWithoutFunctions,
        Self::CacheAndMore,
    ];

    /// Both parameters, snake_case.
    pub fn parameters(self) -> [&'static str; 2] {
        match self {
            Self::ThinkingBudgetAndLevel => ["thinking_budget", "thinking_level"],
            Self::TwoResponseSchemas => ["response_schema", "response_json_schema"],
            Self::SchemaWithoutJson => ["response_json_schema", "response_mime_type"],
            Self::LogprobsWithoutResponseLogprobs => ["logprobs", "response_logprobs"],
            Self::AllowedFunctionNamesWithoutAny => ["allowed_function_names", "mode"],
            Self::ContentsAndRequest => ["contents", "generate_content_request"],
            Self::TwoVoices => ["voice_config", "multi_speaker_voice_config"],
            Self::CallingWithoutFunctions => ["function_calling_config", "function_declarations"],
            Self::CacheAndMore => ["cached_content", "system_instruction"],
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::ThinkingBudgetAndLevel => {
                "You can only set only one of thinking budget and thinking level."
            }
            Self::TwoResponseSchemas => {
                "response_schema and response_json_schema are mutually exclusive."
            }
            Self::SchemaWithoutJson => {
                "response_mime_type must be set to `application/json` when response_json_schema \
                 is set."
            }
            Self::LogprobsWithoutResponseLogprobs => {
                "Logprobs can only be set when response_logprobs is true."
            }
            Self::AllowedFunctionNamesWithoutAny => {
                "Please set allowed_function_names only when function calling mode is ANY."
            }
            Self::ContentsAndRequest => {
                "contents and generate_content_request are mutually exclusive."
            }
            Self::TwoVoices => {
                "voice_config and multi_speaker_voice_config are mutually exclusive."
            }
            Self::CallingWithoutFunctions => {
                "Function calling config is set without function_declarations."
            }
            Self::CacheAndMore => {
                "CachedContent can not be used with GenerateContent request setting \
                 system_instruction, tools or tool_config.\n\nProposed fix: move those values to \
                 CachedContent from GenerateContent request."
            }
        }
    }
}

impl Failure for ParamConflict {
    fn name(&self) -> &'static str {
        "param-conflict"
    }

    fn status(&self) -> Status {
        Status::new(Code::InvalidArgument, self.message())
    }

    fn examples() -> Vec<Self> {
        Self::ALL.to_vec()
    }
}
