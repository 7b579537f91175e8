//! The order of turns: calls and their results, and who speaks last.

use super::Check;
use crate::request::{
    function_call_order::FunctionCallOrder, missing_required_field::Missing,
    multiturn_role_order::MultiturnRoleOrder, thought_signature_missing::ThoughtSignatureMissing,
};
use propus_wire::generate::Content;

impl Check<'_> {
    pub(super) fn turns(&mut self, root: &str, contents: &[Content]) {
        for turn in 0..contents.len() {
            let path = format!("{root}.contents[{turn}]");
            if calls(&contents[turn]) > 0 {
                self.calls_at(&path, contents, turn);
            }
            if responses(&contents[turn]) > 0 {
                self.responses_at(&path, contents, turn);
            }
        }
        if self.card.thought_signatures {
            self.signatures(root, contents);
        }
        if let Some((last, before)) = contents.split_last() {
            self.last_turn(&format!("{root}.contents[{}]", before.len()), last);
        }
    }

    /// In the current turn, which begins after the user's last own words, the first call of each step
    /// carries a signature; parallel calls behind it have none (Google's page on thought signatures).
    fn signatures(&mut self, root: &str, contents: &[Content]) {
        let asked = contents
            .iter()
            .rposition(|content| !is_model(content) && responses(content) == 0);
        let steps = contents
            .iter()
            .enumerate()
            .skip(asked.map_or(0, |at| at + 1));
        for (turn, content) in steps.filter(|(_, content)| is_model(content)) {
            let mut calls = content
                .parts
                .iter()
                .enumerate()
                .filter_map(|(place, part)| {
                    let call = part.function_call.as_ref()?;
                    let signature = part.thought_signature.as_deref().unwrap_or_default();
                    Some((place, call, signature))
                });
            if let Some((place, call, [])) = calls.next() {
                let fault = ThoughtSignatureMissing {
                    function: call.name.clone().unwrap_or_default(),
                    position: turn + 1,
                };
                self.found_at(&format!("{root}.contents[{turn}].parts[{place}]"), fault);
            }
        }
    }

    fn calls_at(&mut self, path: &str, contents: &[Content], turn: usize) {
        let before = turn.checked_sub(1).map(|before| &contents[before]);
        if before.is_none_or(is_model) {
            self.found_at(path, FunctionCallOrder::MisplacedCall { turn });
        }
        if turn + 1 == contents.len() {
            return;
        }
        // Some clients send each result in a turn of its own.
        let answers = contents[turn + 1..].iter().map(responses);
        let responses: usize = answers.take_while(|count| *count > 0).sum();
        let calls = calls(&contents[turn]);
        if calls != responses {
            let fault = FunctionCallOrder::Count {
                turn,
                calls,
                responses,
            };
            self.found_at(path, fault);
        }
    }

    fn responses_at(&mut self, path: &str, contents: &[Content], turn: usize) {
        let earlier = contents[..turn].iter().rev();
        let mut earlier = earlier.skip_while(|content| responses(content) > 0);
        if earlier.next().is_none_or(|content| calls(content) == 0) {
            self.found_at(path, FunctionCallOrder::MisplacedResponse { turn });
        }
    }

    /// The newest models take no last turn of the model, which they would have to continue, and want
    /// some text in that of the user (Google's page on its latest models names both together).
    fn last_turn(&mut self, path: &str, last: &Content) {
        let continues = self.card.prefill;
        if is_model(last) {
            if calls(last) > 0 || !continues {
                self.found_at(path, MultiturnRoleOrder::EndsWithModel);
            }
        } else if !continues && is_blank(last) {
            self.missing(format!("{path}.parts[0].text"), Missing::Text);
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

/// Whether a turn has texts and nothing else, and all of them are empty.
fn is_blank(content: &Content) -> bool {
    let mut parts = content.parts.iter();
    !content.parts.is_empty() && parts.all(|part| part.text.as_deref() == Some(""))
}

fn is_model(content: &Content) -> bool {
    content.role.as_deref() == Some("model")
}
