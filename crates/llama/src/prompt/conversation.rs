//! A conversation, read from a request's contents.

use super::PromptError;
use crate::tools::{self, Call};
use propus_wire::generate::{Blob, Content, GenerateContentRequest, Part};
use serde_json::Value;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The caller's side, results of functions included.
    User,
    /// The model.
    Model,
}

/// One turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub text: String,
    /// Functions that the model called.
    pub calls: Vec<Call>,
    /// What they returned; the value is in `args`.
    pub results: Vec<Call>,
}

/// All that a prompt is made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conversation {
    /// Instructions above the conversation.
    pub system: Option<String>,
    /// The turns.
    pub turns: Vec<Turn>,
    /// Declared functions, in the form that chat templates take.
    pub tools: Vec<Value>,
    /// How calls are asked for where a template cannot write `tools`.
    pub tool_rules: tools::Rules,
    /// Whether a model that can think aloud shall do so.
    pub thinking: bool,
    /// The beginning of the model's answer, given by the caller.
    pub prefill: Option<String>,
    /// The caller's clock, for templates that tell the model the day.
    pub now: Option<jiff::civil::DateTime>,
}

impl Turn {
    /// A user's text.
    pub fn user(text: &str) -> Self {
        Self::new(Role::User, text)
    }

    /// A model's text.
    pub fn model(text: &str) -> Self {
        Self::new(Role::Model, text)
    }

    fn new(role: Role, text: &str) -> Self {
        Self {
            role,
            text: text.to_owned(),
            calls: Vec::new(),
            results: Vec::new(),
        }
    }

    fn is_plain(&self) -> bool {
        self.calls.is_empty() && self.results.is_empty()
    }
}

impl Conversation {
    /// One user's text.
    pub fn of_text(text: &str) -> Self {
        Self {
            turns: vec![Turn::user(text)],
            ..Self::default()
        }
    }

    /// Reads a request.
    ///
    /// Texts of a model's turn follow each other without anything between them, also over several
    /// contents, because SDKs store a streamed answer in pieces. A user's parts get a line each.
    /// Thoughts are left out.
    pub fn from_request(request: &GenerateContentRequest) -> Result<Self, PromptError> {
        let mut chat = Self {
            tool_rules: tools::Rules::of_request(request),
            tools: tools::declared(request)?,
            ..Self::default()
        };
        if let Some(system) = &request.system_instruction {
            let turn = turn(system, "system_instruction")?;
            chat.system = Some(turn.text).filter(|text| !text.is_empty());
        }
        for (index, content) in request.contents.iter().enumerate() {
            chat.add(turn(content, &format!("contents[{index}]"))?);
        }
        Ok(chat)
    }

    fn add(&mut self, turn: Turn) {
        match self.turns.last_mut() {
            Some(last) if last.role == Role::Model && turn.role == Role::Model => {
                last.text.push_str(&turn.text);
                last.calls.extend(turn.calls);
            }
            _ => self.turns.push(turn),
        }
    }

    /// Takes a last turn of the model out: it is the beginning of the answer.
    pub(super) fn take_prefill(&mut self) {
        let is_prefill = |turn: &Turn| turn.role == Role::Model && turn.is_plain();
        if self.prefill.is_none() && self.turns.last().is_some_and(is_prefill) {
            self.prefill = self.turns.pop().map(|turn| turn.text);
        }
    }

    /// For templates without a system role.
    pub(super) fn move_system_into_first_user_turn(&mut self) {
        let Some(system) = self.system.take() else {
            return;
        };
        match self.turns.first_mut() {
            Some(first) if first.role == Role::User && first.results.is_empty() => {
                first.text = format!("{system}\n\n{}", first.text);
            }
            _ => self.turns.insert(0, Turn::user(&system)),
        }
    }

    /// For templates that want user and model to take turns, the user first.
    pub(super) fn alternate(&mut self) {
        let mut turns: Vec<Turn> = Vec::with_capacity(self.turns.len() + 1);
        for turn in std::mem::take(&mut self.turns) {
            match turns.last_mut() {
                None if turn.role == Role::Model => turns.extend([Turn::user(""), turn]),
                Some(last) if last.role == turn.role => last.join(turn),
                _ => turns.push(turn),
            }
        }
        self.turns = turns;
    }

    /// For templates that cannot write tools: describes them above the conversation and writes
    /// calls and results as text.
    pub(super) fn write_tools_as_text(&mut self) {
        if let Some(text) = tools::instruction(&self.tools, &self.tool_rules) {
            self.system = Some(match self.system.take() {
                Some(system) => format!("{system}\n\n{text}"),
                None => text,
            });
        }
        self.tools.clear();
        for turn in &mut self.turns {
            turn.write_calls_as_text();
        }
    }
}

impl Turn {
    fn join(&mut self, next: Turn) {
        if !self.text.is_empty() && !next.text.is_empty() {
            self.text.push_str("\n\n");
        }
        self.text.push_str(&next.text);
        self.calls.extend(next.calls);
        self.results.extend(next.results);
    }

    fn write_calls_as_text(&mut self) {
        let calls = std::mem::take(&mut self.calls);
        let results = std::mem::take(&mut self.results);
        let said = std::mem::take(&mut self.text);
        let lines = results
            .iter()
            .map(tools::result_text)
            .chain([said].into_iter().filter(|text| !text.is_empty()))
            .chain(calls.iter().map(tools::call_text));
        self.text = lines.collect::<Vec<_>>().join("\n");
    }
}

fn turn(content: &Content, path: &str) -> Result<Turn, PromptError> {
    let role = match content.role.as_deref() {
        None | Some("" | "user" | "function" | "tool" | "system") => Role::User,
        Some("model" | "assistant") => Role::Model,
        Some(_) => {
            return Err(PromptError::Role {
                path: format!("{path}.role"),
            });
        }
    };
    let mut turn = Turn::new(role, "");
    for (index, part) in content.parts.iter().enumerate() {
        turn.add(part, &format!("{path}.parts[{index}]"))?;
    }
    Ok(turn)
}

impl Turn {
    fn add(&mut self, part: &Part, path: &str) -> Result<(), PromptError> {
        if part.thought == Some(true) {
            return Ok(());
        }
        if let Some(call) = &part.function_call {
            self.calls.push(Call::of_request(call));
        }
        if let Some(response) = &part.function_response {
            self.results.push(Call::of_response(response));
        }
        if let Some(text) = part_text(part, path)? {
            self.say(&text);
        }
        Ok(())
    }

    fn say(&mut self, text: &str) {
        let touches = |c: char| !c.is_whitespace();
        if self.role == Role::User && self.text.ends_with(touches) && text.starts_with(touches) {
            self.text.push('\n');
        }
        self.text.push_str(text);
    }
}

fn part_text(part: &Part, path: &str) -> Result<Option<String>, PromptError> {
    if let Some(blob) = &part.inline_data {
        return blob_text(blob, path).map(Some);
    }
    if let Some(file) = &part.file_data {
        return Err(PromptError::Media {
            path: path.to_owned(),
            mime_type: file.mime_type.clone().unwrap_or_else(|| "file".into()),
        });
    }
    let code = part.executable_code.as_ref().map(|code| {
        format!(
            "```python\n{}\n```\n",
            code.code.as_deref().unwrap_or_default()
        )
    });
    let output = part.code_execution_result.as_ref().map(|result| {
        format!(
            "```output\n{}\n```\n",
            result.output.as_deref().unwrap_or_default()
        )
    });
    Ok(part.text.clone().or(code).or(output))
}

fn blob_text(blob: &Blob, path: &str) -> Result<String, PromptError> {
    let mime_type = blob.mime_type.clone().unwrap_or_default();
    let path = path.to_owned();
    let is_text = mime_type.starts_with("text/") || mime_type.starts_with("application/json");
    if !is_text {
        return Err(PromptError::Media { path, mime_type });
    }
    let data = blob.data.clone().unwrap_or_default();
    String::from_utf8(data.to_vec()).map_err(|_| PromptError::NotUtf8 { path, mime_type })
}
