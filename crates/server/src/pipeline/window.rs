//! Whether a prompt fits into the model's window, for engines that take any.

use super::counted;
use crate::registry::Route;
use propus_failures::{Problem, limits::context_too_long::ContextTooLong};
use propus_wire::generate::{GenerateContentRequest, Part};

/// Refuses a prompt of more tokens than the model reads. A token is at least a byte, so that most
/// prompts need not be counted.
pub async fn fits(route: &Route, request: &GenerateContentRequest) -> Result<(), Problem> {
    let Some(limit) = route.card.input_token_limit.map(u64::from) else {
        return Ok(());
    };
    if bytes(request) <= limit {
        return Ok(());
    }
    let tokens = counted(route, request.clone()).await?;
    match tokens <= limit {
        true => Ok(()),
        false => Err(ContextTooLong { tokens, limit }.into()),
    }
}

fn bytes(request: &GenerateContentRequest) -> u64 {
    let turns = request.system_instruction.iter().chain(&request.contents);
    let text = |part: &Part| part.text.as_ref().map_or(0, String::len) as u64;
    turns.flat_map(|turn| &turn.parts).map(text).sum()
}
