//! Function calling: how tools are described to a model, what its calls look like, and how they
//! are taken out of its text again.
//!
//! # The format
//!
//! Models whose chat template writes tools answer in the syntax that they were trained on
//! ([`CallSyntax`]). For all others the tools are described in the system text, one JSON object a
//! line, and a call is
//!
//! ```text
//! <tool_call>
//! {"name": "get_weather", "arguments": {"city": "Rome"}}
//! </tool_call>
//! ```
//!
//! and its result, in the next user turn, `<tool_response>{"name": …, "response": …}</tool_response>`.

mod grammar;
mod parser;
#[cfg(test)]
mod tests;

pub use grammar::{Declaration, MAX_CALLS, ToolGrammar};
pub use parser::{CallParser, Ending, Output};

use crate::{
    constraint::google,
    prompt::{PromptError, python_json},
};
use propus_wire::generate::{
    FunctionCall, FunctionCallingMode, FunctionDeclaration, FunctionResponse,
    GenerateContentRequest,
};
use serde_json::{Map, Value, json};

/// A call of a function, or its result.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Call {
    /// Matches call and result.
    pub id: String,
    /// The function.
    pub name: String,
    /// Arguments, or what came back.
    pub args: Map<String, Value>,
}

impl Call {
    pub(crate) fn of_request(call: &FunctionCall) -> Self {
        Self {
            id: call.id.clone().unwrap_or_default(),
            name: call.name.clone().unwrap_or_default(),
            args: call.args.clone().unwrap_or_default(),
        }
    }

    pub(crate) fn of_response(response: &FunctionResponse) -> Self {
        Self {
            id: response.id.clone().unwrap_or_default(),
            name: response.name.clone().unwrap_or_default(),
            args: response.response.clone().unwrap_or_default(),
        }
    }
}

/// How a model writes a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CallSyntax {
    /// `<tool_call>\n{"name": …, "arguments": …}\n</tool_call>`: Hermes, Qwen, SmolLM3, and ours.
    #[default]
    Tagged,
    /// `[TOOL_CALLS][{"name": …, "arguments": …}]`: Mistral.
    Bracketed,
    /// `{"name": …, "parameters": …}` and nothing else: Llama 3.
    Bare,
}

impl CallSyntax {
    /// The syntax that a template teaches its model.
    pub(crate) fn of_template(source: &str) -> Self {
        match source {
            _ if source.contains("<tool_call>") => Self::Tagged,
            _ if source.contains("[TOOL_CALLS]") => Self::Bracketed,
            _ if source.contains("\"parameters\": ") => Self::Bare,
            _ => Self::Tagged,
        }
    }

    /// What a call begins with.
    pub(crate) fn opening(self) -> &'static str {
        match self {
            Self::Tagged => "<tool_call>\n",
            Self::Bracketed => "[TOOL_CALLS][",
            Self::Bare => "",
        }
    }

    /// What a further call of the same answer begins with.
    pub(crate) fn following(self) -> &'static str {
        match self {
            Self::Tagged => "\n<tool_call>\n",
            Self::Bracketed => ", ",
            Self::Bare => "; ",
        }
    }

    /// What ends each call.
    pub(crate) fn closing(self) -> &'static str {
        match self {
            Self::Tagged => "\n</tool_call>",
            Self::Bracketed | Self::Bare => "",
        }
    }

    /// What ends the last call.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Bracketed => "]",
            Self::Tagged | Self::Bare => "",
        }
    }

    /// The words that announce a call in free text; free text never holds them.
    pub(crate) fn trigger(self) -> &'static str {
        match self {
            Self::Tagged => "<tool_call>",
            Self::Bracketed => "[TOOL_CALLS]",
            Self::Bare => "{\"name\": ",
        }
    }

    /// Whether JSON cannot begin as a call does.
    pub(crate) fn stands_apart_from_json(self) -> bool {
        self == Self::Tagged
    }

    /// The name of the arguments' field.
    pub(crate) fn arguments(self) -> &'static str {
        match self {
            Self::Tagged | Self::Bracketed => "arguments",
            Self::Bare => "parameters",
        }
    }
}

/// How functions may be called in a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Whether calls are free, forced or forbidden.
    pub mode: Mode,
    /// With a forced or validated call: only these; empty means all.
    pub allowed: Vec<String>,
}

/// Whether a model may, must or must not call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Text or calls, as the model likes. `AUTO` and `VALIDATED`: here every call is validated.
    #[default]
    Auto,
    /// One call or more and no text: `ANY`.
    Any,
    /// Text only: `NONE`. As with Google, the declarations are not shown to the model then.
    None,
}

impl Rules {
    /// The rules of a request's `toolConfig`.
    pub fn of_request(request: &GenerateContentRequest) -> Self {
        let config = request.tool_config.as_ref();
        let Some(config) = config.and_then(|config| config.function_calling_config.as_ref()) else {
            return Self::default();
        };
        let mode = match config.mode {
            Some(FunctionCallingMode::Any) => Mode::Any,
            Some(FunctionCallingMode::None) => Mode::None,
            _ => Mode::Auto,
        };
        Self {
            mode,
            allowed: config.allowed_function_names.clone(),
        }
    }

    /// Whether a function may be called.
    pub fn allows(&self, name: &str) -> bool {
        let named = self.allowed.is_empty() || self.allowed.iter().any(|known| known == name);
        self.mode != Mode::None && named
    }
}

/// The declarations that a request's rules allow to be called, with where each stands.
pub(crate) fn callable(
    request: &GenerateContentRequest,
) -> impl Iterator<Item = (String, &FunctionDeclaration)> {
    let rules = Rules::of_request(request);
    let tools = request.tools.iter().enumerate();
    tools
        .flat_map(|(at, tool)| {
            let declarations = tool.function_declarations.iter().enumerate();
            declarations.map(move |(index, declaration)| {
                (
                    format!("tools[{at}].function_declarations[{index}]"),
                    declaration,
                )
            })
        })
        .filter(move |(_, declaration)| {
            rules.allows(declaration.name.as_deref().unwrap_or_default())
        })
}

/// The callable functions in the form that chat templates take.
pub(crate) fn declared(request: &GenerateContentRequest) -> Result<Vec<Value>, PromptError> {
    callable(request)
        .map(|(path, declaration)| described(declaration, &path))
        .collect()
}

fn described(declaration: &FunctionDeclaration, path: &str) -> Result<Value, PromptError> {
    let Some(name) = declaration.name.as_deref().filter(|name| !name.is_empty()) else {
        return Err(PromptError::Declaration {
            path: format!("{path}.name"),
            message: "a function declaration needs a name".into(),
        });
    };
    Ok(json!({
        "type": "function",
        "function": {
            "name": name,
            "description": declaration.description.as_deref().unwrap_or_default(),
            "parameters": parameters(declaration),
        },
    }))
}

/// The form of a function's arguments as JSON Schema.
pub(crate) fn parameters(declaration: &FunctionDeclaration) -> Value {
    match (&declaration.parameters_json_schema, &declaration.parameters) {
        (Some(schema), _) => schema.clone(),
        (None, Some(schema)) => google::json_schema(schema),
        (None, None) => json!({"type": "object", "properties": {}}),
    }
}

/// What a model without tools in its template is told about them; `None` without tools.
pub(crate) fn instruction(tools: &[Value], rules: &Rules) -> Option<String> {
    if tools.is_empty() {
        return None;
    }
    let lines: Vec<String> = tools
        .iter()
        .map(|tool| python_json(&tool["function"]))
        .collect();
    let when = match rules.mode {
        Mode::Any => "Answer with one call or more and nothing else.",
        _ => "If a function helps, answer with a call; otherwise answer with text.",
    };
    Some(format!(
        "You can call these functions:\n{}\n{when} Write a call as\n<tool_call>\n{{\"name\": \
         function name, \"arguments\": object of arguments}}\n</tool_call>",
        lines.join("\n")
    ))
}

/// A call in our own format.
pub(crate) fn call_text(call: &Call) -> String {
    let call = json!({"name": call.name, "arguments": call.args});
    format!("<tool_call>\n{}\n</tool_call>", python_json(&call))
}

/// A result in our own format.
pub(crate) fn result_text(result: &Call) -> String {
    let result = json!({"name": result.name, "response": result.args});
    format!(
        "<tool_response>\n{}\n</tool_response>",
        python_json(&result)
    )
}
