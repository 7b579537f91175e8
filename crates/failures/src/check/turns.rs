//! The order of turns: calls and their results, and who speaks last.

use super::Check;
use crate::request::{
    function_call_order::FunctionCallOrder, multiturn_role_order::MultiturnRoleOrder,
    thought_signature_missing::ThoughtSignatureMissing,
};
use propus_wire::generate::Content;

impl Check<'_> {
    pub(super) fn turns(&mut self, contents: &[Content]) {
        for turn in 0..contents.len() {
            if calls(&contents[turn]) > 0 {
                self.calls_at(contents, turn);
            }
            if responses(&contents[turn]) > 0 {
                self.responses_at(contents, turn);
            }
        }
        if self.card.thought_signatures {
            self.signatures(contents);
        }
        self.last_turn(contents);
    }

    /// In the current turn, which begins after the user's last own words, the first call of each step
    /// carries a signature; parallel calls behind it have none (Google's page on thought signatures).
    fn signatures(&mut self, contents: &[Content]) {
        let asked = contents
            .iter()
            .rposition(|content| !is_model(content) && responses(content) == 0);
        let steps = contents
            .iter()
            .enumerate()
            .skip(asked.map_or(0, |at| at + 1));
        for (turn, content) in steps.filter(|(_, content)| is_model(content)) {
            let mut calls = content.parts.iter().filter_map(|part| {
                let call = part.function_call.as_ref()?;
                Some((call, part.thought_signature.as_deref().unwrap_or_default()))
            });
            if let Some((call, [])) = calls.next() {
                self.found(ThoughtSignatureMissing {
                    function: call.name.clone().unwrap_or_default(),
                    position: turn + 1,
                });
            }
        }
    }

    fn calls_at(&mut self, contents: &[Content], turn: usize) {
        let before = turn.checked_sub(1).map(|before| &contents[before]);
        if before.is_none_or(is_model) {
            self.found(FunctionCallOrder::MisplacedCall { turn });
        }
        if turn + 1 == contents.len() {
            return;
        }
        // Some clients send each result in a turn of its own.
        let answers = contents[turn + 1..].iter().map(responses);
        let responses: usize = answers.take_while(|count| *count > 0).sum();
        let calls = calls(&contents[turn]);
        if calls != responses {
            self.found(FunctionCallOrder::Count {
                turn,
                calls,
                responses,
            });
        }
    }

    fn responses_at(&mut self, contents: &[Content], turn: usize) {
        let earlier = contents[..turn].iter().rev();
        let mut earlier = earlier.skip_while(|content| responses(content) > 0);
        if earlier.next().is_none_or(|content| calls(content) == 0) {
            self.found(FunctionCallOrder::MisplacedResponse { turn });
        }
    }

    fn last_turn(&mut self, contents: &[Content]) {
        let Some(last) = contents.last() else { return };
        if is_model(last) && (calls(last) > 0 || !self.card.prefill) {
            self.found(MultiturnRoleOrder::EndsWithModel);
        }
    }
}

fn calls(content: &Content) -> usize {
    let parts = content.parts.iter();
    parts.filter(|part| part.function_call.is_some()).count()
}

fn responses(content: &Content) -> usize {
    let parts = content.parts.iter();
    parts
        .filter(|part| part.function_response.is_some())
        .count()
}

fn is_model(content: &Content) -> bool {
    content.role.as_deref() == Some("model")
}
