//! Roles and turns as the API has them, and calls that carry no signature.

use super::{Amend, json};
use serde_json::{Value, json};

/// What Google's page on thought signatures gives for calls that no Gemini model made.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

impl Amend<'_> {
    pub(super) fn history(&mut self, request: &mut Value) {
        if !self.is_generate() {
            return;
        }
        if let Some(Value::Array(contents)) = json::get_mut(request, "contents") {
            self.roles(contents);
            self.parts(contents);
            self.join_calls(contents);
            self.signatures(contents);
        }
        self.system_turns(request);
    }

    fn roles(&mut self, contents: &mut [Value]) {
        for (turn, content) in contents.iter_mut().enumerate() {
            let Some(Value::String(role)) = json::get_mut(content, "role") else {
                continue;
            };
            let meant = match role.trim().to_ascii_lowercase().as_str() {
                "assistant" | "ai" | "bot" | "model" | "gemini" => "model",
                "user" | "human" | "customer" | "tool" | "tool_result" => "user",
                "function" => "function",
                // They become instructions.
                "system" | "developer" => "system",
                _ => continue,
            };
            if role != meant {
                let done = format!("`{role}` became `{meant}`");
                meant.clone_into(role);
                self.changed(format!("contents[{turn}].role"), done);
            }
        }
    }

    /// Turns that say nothing go, and parts that hold two things become two.
    fn parts(&mut self, contents: &mut Vec<Value>) {
        let mut turn = 0;
        let count = contents.len();
        contents.retain(|content| {
            let parts = json::get(content, "parts");
            let says_nothing = parts.and_then(Value::as_array).is_some_and(Vec::is_empty);
            let last = turn + 1 == count;
            let goes = says_nothing && content.is_object() && !last;
            if goes {
                self.changed(format!("contents[{turn}]"), "left out: it has no parts");
            }
            turn += 1;
            !goes
        });
        for (turn, content) in contents.iter_mut().enumerate() {
            self.loose_text(content, turn);
            let Some(Value::Array(parts)) = json::get_mut(content, "parts") else {
                continue;
            };
            let mut at = 0;
            while at < parts.len() {
                if let Some(text) = text_beside_data(&mut parts[at]) {
                    parts.insert(at, json!({"text": text}));
                    let done = "text and data became two parts";
                    self.changed(format!("contents[{turn}].parts[{at}]"), done);
                }
                at += 1;
            }
        }
    }

    /// A text that stands in the turn itself.
    fn loose_text(&mut self, content: &mut Value, turn: usize) {
        if json::get(content, "parts").is_some() {
            return;
        }
        let Some(text) = json::take(content, "text") else {
            return;
        };
        if let Some(content) = content.as_object_mut() {
            content.insert("parts".into(), json!([{"text": text}]));
        }
        self.changed(format!("contents[{turn}].text"), "became a part");
    }

    /// A turn of calls behind another turn of the model belongs to it.
    fn join_calls(&mut self, contents: &mut Vec<Value>) {
        let mut turn = 1;
        while turn < contents.len() {
            let both = is_model(&contents[turn - 1]) && is_model(&contents[turn]);
            if both && has(&contents[turn], "functionCall") {
                let later = contents.remove(turn);
                let parts = json::get(&later, "parts")
                    .and_then(Value::as_array)
                    .cloned();
                let before = json::get_mut(&mut contents[turn - 1], "parts");
                if let (Some(Value::Array(before)), Some(parts)) = (before, parts) {
                    before.extend(parts);
                }
                self.changed(
                    format!("contents[{turn}]"),
                    "joined to the model's turn before it",
                );
            } else {
                turn += 1;
            }
        }
    }

    fn signatures(&mut self, contents: &mut [Value]) {
        if !self.card.is_some_and(|card| card.thought_signatures) {
            return;
        }
        let asked = contents
            .iter()
            .rposition(|content| !is_model(content) && !has(content, "functionResponse"));
        let steps = contents.iter_mut().enumerate();
        for (turn, content) in steps.skip(asked.map_or(0, |at| at + 1)) {
            let Some(Value::Array(parts)) = json::get_mut(content, "parts") else {
                continue;
            };
            let mut calls = parts
                .iter_mut()
                .enumerate()
                .filter(|(_, part)| json::get(part, "functionCall").is_some());
            let Some((at, Value::Object(part))) = calls.next() else {
                continue;
            };
            let signature = json::key(part, "thoughtSignature").and_then(|key| part.get(&key));
            if signature
                .and_then(Value::as_str)
                .unwrap_or_default()
                .is_empty()
            {
                part.insert("thoughtSignature".into(), NO_SIGNATURE.into());
                let done = "marked as a call that no Gemini model made";
                self.changed(
                    format!("contents[{turn}].parts[{at}].thoughtSignature"),
                    done,
                );
            }
        }
    }

    /// Turns of the system become the system instruction.
    fn system_turns(&mut self, request: &mut Value) {
        let Some(Value::Array(contents)) = json::get_mut(request, "contents") else {
            return;
        };
        let is_system =
            |content: &Value| json::get(content, "role").and_then(Value::as_str) == Some("system");
        let mut moved: Vec<Value> = Vec::new();
        let mut places = Vec::new();
        let mut turn = 0;
        contents.retain(|content| {
            let goes = is_system(content);
            if goes {
                let parts = json::get(content, "parts").and_then(Value::as_array);
                moved.extend(parts.into_iter().flatten().cloned());
                places.push(turn);
            }
            turn += 1;
            !goes
        });
        if places.is_empty() {
            return;
        }
        if let Some(Value::Array(parts)) = json::get_mut(request, "systemInstruction")
            .and_then(|instruction| json::get_mut(instruction, "parts"))
        {
            parts.extend(moved);
        } else if let Some(object) = request.as_object_mut() {
            object.insert("systemInstruction".into(), json!({"parts": moved}));
        }
        for turn in places {
            self.changed(format!("contents[{turn}]"), "moved to `systemInstruction`");
        }
    }
}

fn is_model(content: &Value) -> bool {
    json::get(content, "role").and_then(Value::as_str) == Some("model")
}

fn has(content: &Value, field: &str) -> bool {
    let parts = json::get(content, "parts").and_then(Value::as_array);
    parts.is_some_and(|parts| parts.iter().any(|part| json::get(part, field).is_some()))
}

/// Takes the text out of a part that holds something else too.
fn text_beside_data(part: &mut Value) -> Option<Value> {
    const DATA: [&str; 6] = [
        "inlineData",
        "fileData",
        "functionCall",
        "functionResponse",
        "executableCode",
        "codeExecutionResult",
    ];
    DATA.iter()
        .any(|data| json::get(part, data).is_some())
        .then(|| json::take(part, "text"))?
}
