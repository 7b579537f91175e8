//! Prompts and answers that are too long, and how servers count them.

use super::account::Account;
use crate::openai::gaps::Untranslatable;
use propus_failures::{Failure, Problem, Violation, limits::context_too_long::ContextTooLong};
use propus_wire::status::{Code, Status};

/// The problem of a prompt that is too long, or of an answer for which it leaves no room.
pub(super) fn too_long(account: &Account) -> Option<Problem> {
    if let Some((tokens, limit)) = account.counts {
        return Some(ContextTooLong { tokens, limit }.into());
    }
    let is_said = account.is("context_length_exceeded")
        || account.is("exceed_context_size_error")
        || ["context length", "model length", "context size"]
            .iter()
            .any(|words| account.says(words));
    if !is_said {
        return None;
    }
    let limit = limit_in(&account.message).unwrap_or(0);
    let tokens = tokens_in(&account.message).unwrap_or(0);
    // The prompt alone would fit: the answer that is asked for does not.
    if tokens > 0 && limit > 0 && tokens < limit {
        let path = "GenerateContentRequest.generation_config.max_output_tokens";
        let rule = format!(
            "the prompt has {tokens} of at most {limit} tokens; the answer may have {} at most",
            limit - tokens
        );
        let violations = vec![Violation::new(path, rule)];
        return Some(Untranslatable { violations }.into());
    }
    match tokens > 0 && limit > 0 {
        true => Some(ContextTooLong { tokens, limit }.into()),
        false => Some(TooLong(account.message.clone()).into()),
    }
}

/// The context, in the words of OpenAI, vLLM and SGLang.
fn limit_in(message: &str) -> Option<u64> {
    [
        "maximum context length is ",
        "maximum context length of ",
        "maximum context length (",
        "maximum model length of ",
        "context length (",
    ]
    .iter()
    .find_map(|mark| number_after(message, mark))
}

/// The prompt, in the words of OpenAI, vLLM and SGLang.
fn tokens_in(message: &str) -> Option<u64> {
    let behind = [
        " in the messages",
        " tokens from the input messages",
        " input tokens",
    ];
    let before = [
        "messages resulted in ",
        "The input (",
        "Input length (",
        "prompt (length ",
        "requested ",
    ];
    let counted = behind.iter().find_map(|mark| number_before(message, mark));
    counted.or_else(|| before.iter().find_map(|mark| number_after(message, mark)))
}

fn number_after(text: &str, mark: &str) -> Option<u64> {
    let (_, rest) = text.split_once(mark)?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit());
    rest[..end.unwrap_or(rest.len())].parse().ok()
}

fn number_before(text: &str, mark: &str) -> Option<u64> {
    let (rest, _) = text.split_once(mark)?;
    let begin = rest.rfind(|letter: char| !letter.is_ascii_digit());
    rest[begin.map_or(0, |at| at + 1)..].parse().ok()
}

/// A prompt that is too long, of which the server says no numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TooLong(String);

impl Failure for TooLong {
    fn name(&self) -> &'static str {
        "context-too-long"
    }

    fn status(&self) -> Status {
        // Google's older wording, which has no numbers either.
        let message = "The input token count exceeds the maximum number of tokens allowed.";
        Status::new(Code::InvalidArgument, message)
    }

    fn log(&self) -> Option<String> {
        Some(self.0.clone())
    }
}
