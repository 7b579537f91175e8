//! The conversation: OpenAI's messages become a system instruction and the turns of a conversation.
//!
//! Names that a message does not have are let through: Google types messages as free objects, and
//! clients send back what another provider put into an answer (`reasoning_content`, `audio: null`).

use super::{item::Item, parts, tool_calls};
use propus_wire::generate::{Content, FunctionResponse, Part};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// What was said so far.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    pub(super) system: Option<Content>,
    pub(super) contents: Vec<Content>,
    /// Names of called functions by the id of the call.
    called: HashMap<String, String>,
}

/// Reads `messages`.
pub(super) fn conversation(body: &Item<'_>) -> Conversation {
    let mut conversation = Conversation::default();
    let messages = body
        .get("messages")
        .map(|item| item.list())
        .unwrap_or_default();
    for message in messages {
        conversation.add(&message);
    }
    conversation
}

#[derive(Clone, Copy)]
enum Role {
    System,
    User,
    Assistant,
    Tool,
    Function,
}

const ROLES: [(&str, Role); 6] = [
    ("system", Role::System),
    ("developer", Role::System),
    ("user", Role::User),
    ("assistant", Role::Assistant),
    ("tool", Role::Tool),
    ("function", Role::Function),
];

impl Conversation {
    fn add(&mut self, message: &Item<'_>) -> Option<()> {
        message.object()?;
        match message.required("role")?.word(&ROLES)? {
            Role::System => self.instruct(message),
            Role::User => self.say("user", parts::of_user(message)),
            Role::Assistant => self.answer(message),
            Role::Tool => self.return_from_tool(message)?,
            Role::Function => self.return_from_function(message)?,
        }
        Some(())
    }

    /// Instructions count wherever they stand; the Gemini API has one place for them.
    fn instruct(&mut self, message: &Item<'_>) {
        let more = parts::of_system(message);
        if !more.is_empty() {
            self.system.get_or_insert_default().parts.extend(more);
        }
    }

    fn say(&mut self, role: &str, parts: Vec<Part>) {
        self.contents.push(Content {
            parts,
            role: Some(role.into()),
        });
    }

    /// An answer without text and calls, as a blocked one is sent back, says nothing.
    fn answer(&mut self, message: &Item<'_>) {
        let mut parts = parts::of_assistant(message);
        parts.extend(tool_calls::parts(message, &mut self.called));
        if !parts.is_empty() {
            self.say("model", parts);
        }
    }

    fn return_from_tool(&mut self, message: &Item<'_>) -> Option<()> {
        let item = message.required("tool_call_id")?;
        let id = item.text()?;
        let named = message.get("name").and_then(|name| name.text());
        let Some(name) = self.called.get(id).cloned().or(named.map(str::to_owned)) else {
            item.wrong(format_args!("no earlier tool call has the id \"{id}\"."));
            return None;
        };
        self.respond(Some(id.into()), name, message);
        Some(())
    }

    fn return_from_function(&mut self, message: &Item<'_>) -> Option<()> {
        let name = message.required("name")?.text()?;
        self.respond(None, name.into(), message);
        Some(())
    }

    /// Results that follow each other form one turn: the Gemini API wants as many of them there as
    /// there were calls.
    fn respond(&mut self, id: Option<String>, name: String, message: &Item<'_>) {
        let part = Part {
            function_response: Some(FunctionResponse {
                id,
                name: Some(name),
                response: Some(result(&parts::plain_text(message))),
                ..FunctionResponse::default()
            }),
            ..Part::default()
        };
        let last = self.contents.last_mut();
        match last.filter(|turn| {
            turn.parts
                .iter()
                .any(|part| part.function_response.is_some())
        }) {
            Some(turn) => turn.parts.push(part),
            None => self.say("user", vec![part]),
        }
    }
}

/// A JSON object is the result; anything else becomes its field `result`.
fn result(text: &str) -> Map<String, Value> {
    let value = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
    match value {
        Value::Object(map) => map,
        other => [("result".to_owned(), other)].into_iter().collect(),
    }
}
