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

use propus_wire::generate::{
    BlockReason, Candidate, Content, FinishReason, GenerateContentResponse, HarmCategory,
    HarmProbability, Modality, ModalityTokenCount, PromptFeedback, SafetyRating, UsageMetadata,
};

/// How long the prompt of every reply here was.
const PROMPT_TOKENS: i32 = 57;

/// A prompt that was blocked has no candidates, and only the prompt's tokens are counted.
fn blocked(model: &str, reason: BlockReason) -> GenerateContentResponse {
    GenerateContentResponse {
        prompt_feedback: Some(PromptFeedback {
            block_reason: Some(reason),
            ..PromptFeedback::default()
        }),
        ..counted(model)
    }
}

/// An answer that ended for a reason, with what came until then.
fn ended(model: &str, reason: FinishReason, content: Option<Content>) -> GenerateContentResponse {
    GenerateContentResponse {
        candidates: vec![Candidate {
            content,
            finish_reason: Some(reason),
            ..Candidate::default()
        }],
        ..counted(model)
    }
}

/// The same with a message on why it ended.
fn explained(
    model: &str,
    reason: FinishReason,
    content: Content,
    message: &str,
) -> GenerateContentResponse {
    let mut reply = ended(model, reason, Some(content));
    for candidate in &mut reply.candidates {
        candidate.finish_message = Some(message.into());
    }
    reply
}

/// The content of an answer that has a role and no parts.
fn silent() -> Content {
    Content {
        role: Some("model".into()),
        ..Content::default()
    }
}

fn counted(model: &str) -> GenerateContentResponse {
    let text = ModalityTokenCount {
        modality: Some(Modality::Text),
        token_count: Some(PROMPT_TOKENS),
    };
    GenerateContentResponse {
        usage_metadata: Some(UsageMetadata {
            prompt_token_count: Some(PROMPT_TOKENS),
            total_token_count: Some(PROMPT_TOKENS),
            prompt_tokens_details: vec![text],
            ..UsageMetadata::default()
        }),
        model_version: Some(model.into()),
        ..GenerateContentResponse::default()
    }
}

/// What the filters saw: one harm that was blocked, and one that was not there.
fn ratings(probability: HarmProbability) -> Vec<SafetyRating> {
    vec![
        SafetyRating {
            category: Some(HarmCategory::DangerousContent),
            probability: Some(probability),
            blocked: Some(true),
        },
        SafetyRating {
            category: Some(HarmCategory::Harassment),
            probability: Some(HarmProbability::Negligible),
            blocked: None,
        },
    ]
}
