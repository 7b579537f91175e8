//! The conversation: instructions and turns as messages.

use super::{
    gaps::Gaps,
    media,
    request::{Target, text_of_struct},
};
use propus_wire::generate::{
    Content, FunctionCall, FunctionResponse, GenerateContentRequest, Part, Scheduling,
};
use serde_json::{Map, Value, json};
use std::collections::VecDeque;

/// Writes all messages.
pub(super) fn messages(
    call: &GenerateContentRequest,
    target: &Target<'_>,
    gaps: &Gaps<'_>,
) -> Vec<Value> {
    let mut conversation = Conversation {
        target,
        gaps,
        messages: Vec::new(),
        open: VecDeque::new(),
    };
    if let Some(system) = &call.system_instruction {
        conversation.instruct(system);
    }
    for (at, turn) in call.contents.iter().enumerate() {
        conversation.turn(at, turn);
    }
    conversation.messages
}

struct Conversation<'a> {
    target: &'a Target<'a>,
    gaps: &'a Gaps<'a>,
    messages: Vec<Value>,
    /// Calls that have no result yet.
    open: VecDeque<Open>,
}

struct Open {
    id: String,
    name: String,
}

/// What a model's turn holds.
#[derive(Default)]
struct Answer {
    text: String,
    thoughts: String,
    calls: Vec<Value>,
}

impl Conversation<'_> {
    fn instruct(&mut self, system: &Content) {
        let mut text = String::new();
        for (at, part) in system.parts.iter().enumerate() {
            let at = format!("system_instruction.parts[{at}]");
            self.look(part, &at);
            match &part.text {
                Some(words) => text.push_str(words),
                None => self.refuse_data(part, &at, "instructions are text"),
            }
        }
        if !text.is_empty() {
            self.messages
                .push(json!({ "role": "system", "content": text }));
        }
    }

    fn turn(&mut self, at: usize, turn: &Content) {
        match turn.role.as_deref().unwrap_or_default() {
            "" | "user" | "function" => self.question(at, turn),
            "model" => self.answer(at, turn),
            other => self.gaps.refuse(
                "Content.role",
                &format!("contents[{at}].role"),
                format!("a turn of `{other}` cannot be sent to this model"),
            ),
        }
    }

    /// Results of functions come first: they must follow the calls.
    fn question(&mut self, turn: usize, content: &Content) {
        let mut pieces = Vec::new();
        for (at, part) in content.parts.iter().enumerate() {
            let at = format!("contents[{turn}].parts[{at}]");
            self.look(part, &at);
            match (&part.text, &part.inline_data, &part.file_data) {
                (Some(text), ..) => pieces.push(json!({ "type": "text", "text": text })),
                (_, Some(blob), _) => {
                    pieces.extend(media::inline(blob, &at, self.target, self.gaps));
                }
                (.., Some(file)) => {
                    pieces.extend(media::elsewhere(file, &at, self.target, self.gaps));
                }
                _ => match &part.function_response {
                    Some(response) => self.result(response, &at),
                    None => self.refuse_data(part, &at, "this cannot be said by a user"),
                },
            }
        }
        if !pieces.is_empty() {
            let content = joined(pieces);
            self.messages
                .push(json!({ "role": "user", "content": content }));
        }
    }

    fn answer(&mut self, turn: usize, content: &Content) {
        let mut answer = Answer::default();
        self.open.clear();
        for (at, part) in content.parts.iter().enumerate() {
            let at = format!("contents[{turn}].parts[{at}]");
            self.look(part, &at);
            match (&part.text, &part.function_call) {
                (Some(text), _) if part.thought == Some(true) => answer.thoughts.push_str(text),
                (Some(text), _) => answer.text.push_str(text),
                (_, Some(call)) => {
                    let call = self.call(call, turn, answer.calls.len(), &at);
                    answer.calls.push(call);
                }
                _ => self.refuse_data(part, &at, "this cannot be said by this model"),
            }
        }
        self.messages.extend(answer.message(self.target));
    }

    /// Calls without an id get one from their place, so that the same conversation has the same
    /// ids, and its beginning the same tokens, whenever it is sent.
    fn call(&mut self, call: &FunctionCall, turn: usize, place: usize, at: &str) -> Value {
        let name = call.name.clone().unwrap_or_default();
        if name.is_empty() {
            let path = format!("{at}.function_call.name");
            self.gaps
                .refuse("FunctionCall.name", &path, "a call needs a name");
        }
        let given = call.id.clone().filter(|id| !id.is_empty());
        let id = given.unwrap_or_else(|| format!("call_{turn}_{place}"));
        let function = json!({ "name": name, "arguments": text_of_struct(call.args.as_ref()) });
        let written = json!({ "id": id, "type": "function", "function": function });
        self.open.push_back(Open { id, name });
        written
    }

    fn result(&mut self, response: &FunctionResponse, at: &str) {
        let at = format!("{at}.function_response");
        self.look_at_response(response, &at);
        let Some(call) = self.answered(response) else {
            self.gaps.refuse(
                "Part.functionResponse",
                &at,
                "no call of the turn before it is answered by this",
            );
            return;
        };
        self.messages.push(json!({
            "role": "tool",
            "tool_call_id": call.id,
            "name": call.name,
            "content": text_of_struct(response.response.as_ref()),
        }));
    }

    /// The call that a result belongs to: by id, or else the first one of that function.
    fn answered(&mut self, response: &FunctionResponse) -> Option<Open> {
        let id = response.id.as_deref();
        let name = response.name.as_deref();
        let by_id = self.open.iter().position(|open| Some(&*open.id) == id);
        let by_name = || self.open.iter().position(|open| Some(&*open.name) == name);
        self.open.remove(by_id.or_else(by_name)?)
    }

    fn look_at_response(&self, response: &FunctionResponse, at: &str) {
        let refuse = |field: &str, name: &str, rule: &str| {
            let row = format!("FunctionResponse.{field}");
            self.gaps.refuse(&row, &format!("{at}.{name}"), rule);
        };
        if !response.parts.is_empty() {
            refuse("parts", "parts", "results of functions are text here");
        }
        if response.will_continue == Some(true) {
            refuse("willContinue", "will_continue", "a result comes whole here");
        }
        let scheduling = response.scheduling.as_ref();
        if scheduling.is_some_and(|one| *one != Scheduling::Unspecified) {
            refuse("scheduling", "scheduling", "only the Live API schedules");
        }
    }

    /// Notes what stands beside a part's data and cannot be sent.
    fn look(&self, part: &Part, at: &str) {
        let beside = [
            (
                "videoMetadata",
                "video_metadata",
                part.video_metadata.is_some(),
            ),
            (
                "mediaResolution",
                "media_resolution",
                part.media_resolution.is_some(),
            ),
            (
                "mediaProcessing",
                "media_processing",
                part.media_processing.is_some(),
            ),
            (
                "speechMetadata",
                "speech_metadata",
                part.speech_metadata.is_some(),
            ),
            (
                "documentMetadata",
                "document_metadata",
                part.document_metadata.is_some(),
            ),
            (
                "spreadsheetMetadata",
                "spreadsheet_metadata",
                part.spreadsheet_metadata.is_some(),
            ),
            (
                "audioMetadata",
                "audio_metadata",
                part.audio_metadata.is_some(),
            ),
        ];
        for (field, name, is_set) in beside {
            if is_set {
                let row = format!("Part.{field}");
                let rule = "this model cannot be told how to look at a medium";
                self.gaps.refuse(&row, &format!("{at}.{name}"), rule);
            }
        }
    }

    /// Notes a part whose data have no place where they stand.
    fn refuse_data(&self, part: &Part, at: &str, rule: &str) {
        let data = [
            ("text", "text", part.text.is_some()),
            ("inlineData", "inline_data", part.inline_data.is_some()),
            (
                "functionCall",
                "function_call",
                part.function_call.is_some(),
            ),
            (
                "functionResponse",
                "function_response",
                part.function_response.is_some(),
            ),
            ("fileData", "file_data", part.file_data.is_some()),
            (
                "executableCode",
                "executable_code",
                part.executable_code.is_some(),
            ),
            (
                "codeExecutionResult",
                "code_execution_result",
                part.code_execution_result.is_some(),
            ),
            ("toolCall", "tool_call", part.tool_call.is_some()),
            (
                "toolResponse",
                "tool_response",
                part.tool_response.is_some(),
            ),
            (
                "audioTranscription",
                "audio_transcription",
                part.audio_transcription.is_some(),
            ),
        ];
        for (field, name, is_set) in data {
            if is_set {
                let row = format!("Part.{field}");
                self.gaps.refuse(&row, &format!("{at}.{name}"), rule);
            }
        }
    }
}

impl Answer {
    /// A turn that says nothing, as a blocked one is sent back, is no message.
    fn message(self, target: &Target<'_>) -> Option<Value> {
        if self.text.is_empty() && self.calls.is_empty() {
            return None;
        }
        let mut message = Map::new();
        message.insert("role".into(), json!("assistant"));
        let content = match self.text.is_empty() {
            true => Value::Null,
            false => json!(self.text),
        };
        message.insert("content".into(), content);
        if let Some(field) = target.traits.thoughts.filter(|_| !self.thoughts.is_empty()) {
            message.insert(field.into(), json!(self.thoughts));
        }
        if !self.calls.is_empty() {
            message.insert("tool_calls".into(), self.calls.into());
        }
        Some(message.into())
    }
}

/// Text alone is one string: servers join several parts differently, and Google not at all.
fn joined(pieces: Vec<Value>) -> Value {
    let texts: Option<String> = pieces.iter().map(|piece| piece["text"].as_str()).collect();
    texts.map_or(Value::Array(pieces), Value::String)
}
