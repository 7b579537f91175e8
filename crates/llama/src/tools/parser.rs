//! Takes calls out of a model's text while it is written.

use super::CallSyntax;
use propus_wire::generate::FunctionCall;
use serde_json::{Map, Value};

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// More text.
    Text(String),
    /// A finished call.
    Call(FunctionCall),
}

/// How an answer's calls ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All calls are finished, or there are none.
    Complete,
    /// The last call is not: the answer ends with `MALFORMED_FUNCTION_CALL` and this
    /// `finishMessage`, which holds the call's text as Google's does. Calls that were finished
    /// before it have been handed out and stay valid.
    Malformed(String),
}

/// Splits a model's text into text and calls, whatever the pieces it comes in.
pub struct CallParser {
    syntax: CallSyntax,
    new_id: Box<dyn FnMut() -> String + Send>,
    /// What is not decided yet: text that may begin a call, or a call that is not finished.
    held: String,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Text,
    /// Between the opening and the end of a call.
    Call,
    /// After a call.
    After,
}

impl std::fmt::Debug for CallParser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = f.debug_struct("CallParser");
        out.field("held", &self.held)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl CallParser {
    /// A parser at the beginning of an answer; `new_id` makes the ids of calls.
    pub fn new(syntax: CallSyntax, new_id: impl FnMut() -> String + Send + 'static) -> Self {
        Self {
            syntax,
            new_id: Box::new(new_id),
            held: String::new(),
            place: Place::Text,
        }
    }

    /// Takes the next piece of text.
    pub fn push(&mut self, text: &str) -> Vec<Output> {
        self.held.push_str(text);
        let mut out = Vec::new();
        while self.step(&mut out) {}
        out
    }

    /// The answer is over: what was held back as text, and whether all calls are finished.
    pub fn finish(&mut self) -> (Vec<Output>, Ending) {
        let held = std::mem::take(&mut self.held);
        match self.place {
            Place::Text if held.is_empty() => (Vec::new(), Ending::Complete),
            Place::Text => (vec![Output::Text(held)], Ending::Complete),
            Place::After => (Vec::new(), Ending::Complete),
            Place::Call => (Vec::new(), Ending::Malformed(malformed(&held))),
        }
    }

    /// Decides a little more of what is held; false where more text is needed.
    fn step(&mut self, out: &mut Vec<Output>) -> bool {
        match self.place {
            Place::Text => self.text(out),
            Place::Call => self.call(out),
            Place::After => self.after(),
        }
    }

    fn text(&mut self, out: &mut Vec<Output>) -> bool {
        let trigger = self.syntax.trigger();
        let found = self.held.find(trigger);
        let safe = found.unwrap_or_else(|| self.held.len() - undecided(&self.held, trigger));
        let before = self.held[..safe].trim_end().len();
        let text: String = match found {
            Some(at) => {
                // A bare call has no marker: its trigger belongs to the JSON itself.
                let skip = if self.syntax == CallSyntax::Bare {
                    at
                } else {
                    at + trigger.len()
                };
                let text = self.held[..before].to_owned();
                self.held.drain(..skip);
                self.place = Place::Call;
                text
            }
            // White space may be what stands before a call.
            None => self.held.drain(..before).collect(),
        };
        if !text.is_empty() {
            out.push(Output::Text(text));
        }
        found.is_some()
    }

    fn call(&mut self, out: &mut Vec<Output>) -> bool {
        let Some(start) = self.held.find('{') else {
            return false;
        };
        let mut values = serde_json::Deserializer::from_str(&self.held[start..]).into_iter();
        let Some(Ok(Value::Object(call))) = values.next() else {
            return false;
        };
        let end = start + values.byte_offset();
        let Some(call) = self.function_call(call) else {
            return false;
        };
        out.push(Output::Call(call));
        self.held.drain(..end);
        self.place = Place::After;
        true
    }

    fn function_call(&mut self, mut call: Map<String, Value>) -> Option<FunctionCall> {
        let name = call.get("name")?.as_str()?.to_owned();
        let Some(Value::Object(args)) = call.shift_remove(self.syntax.arguments()) else {
            return None;
        };
        Some(FunctionCall {
            id: Some((self.new_id)()),
            name: Some(name),
            args: Some(args),
        })
    }

    /// Skips what ends a call, up to the next one.
    fn after(&mut self) -> bool {
        let next = match self.syntax {
            CallSyntax::Tagged => self
                .held
                .find("<tool_call>")
                .map(|at| at + "<tool_call>".len()),
            CallSyntax::Bracketed | CallSyntax::Bare => self.held.find('{'),
        };
        let Some(next) = next else {
            return false;
        };
        self.held.drain(..next);
        self.place = Place::Call;
        true
    }
}

/// How many bytes at the end may be the beginning of the trigger.
fn undecided(text: &str, trigger: &str) -> usize {
    let possible = (1..trigger.len().min(text.len() + 1)).rev();
    let mut begins = possible.filter(|length| text.ends_with(&trigger[..*length]));
    begins.next().unwrap_or(0)
}

fn malformed(call: &str) -> String {
    format!("Malformed function call: {}", call.trim())
}
