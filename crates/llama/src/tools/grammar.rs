//! The grammar of answers with calls.

use super::{CallSyntax, Mode, Rules, callable, parameters};
use crate::constraint::{
    Answer, Grammar, SchemaError,
    lark::{self, Writer},
    plan, read,
};
use propus_wire::generate::GenerateContentRequest;
use serde_json::Value;

/// The most calls of one answer.
pub const MAX_CALLS: u64 = 8;

/// A function that may be called.
#[derive(Clone, Debug, PartialEq)]
pub struct Declaration {
    /// Its name.
    pub name: String,
    /// Its arguments as JSON Schema.
    pub parameters: Value,
    /// Where the arguments stand in the request.
    pub path: String,
}

/// What calls an answer may or must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolGrammar {
    /// The functions that may be called.
    pub declarations: Vec<Declaration>,
    /// Whether calls are free or forced.
    pub rules: Rules,
    /// How the model writes them.
    pub syntax: CallSyntax,
    /// Whether the model was trained on calls. One that was not would repeat a call until it is
    /// stopped, so it gets at most as many calls as there are functions.
    pub trained: bool,
}

impl ToolGrammar {
    /// The calls that a request allows; `None` where it allows none.
    pub fn of_request(
        request: &GenerateContentRequest,
        syntax: CallSyntax,
        trained: bool,
    ) -> Option<Self> {
        let declarations: Vec<Declaration> = callable(request)
            .map(|(path, declaration)| {
                let field = match declaration.parameters_json_schema {
                    Some(_) => "parameters_json_schema",
                    None => "parameters",
                };
                Declaration {
                    name: declaration.name.clone().unwrap_or_default(),
                    parameters: parameters(declaration),
                    path: format!("{path}.{field}"),
                }
            })
            .collect();
        let rules = Rules::of_request(request);
        (!declarations.is_empty()).then_some(Self {
            declarations,
            rules,
            syntax,
            trained,
        })
    }

    /// Calls, and beside them an answer of the given form unless calls are forced.
    pub(crate) fn grammar(&self, answer: Answer, budget: u64) -> Result<Grammar, SchemaError> {
        let mut writer = Writer::default();
        let (call, longest) = self.call(&mut writer, budget / 2)?;
        let start = match (&self.rules.mode, answer) {
            (Mode::Any, _) => self.calls(&mut writer, &call, self.syntax.opening()),
            (_, Answer::Free) => self.text_or_calls(&mut writer, &call),
            (_, answer) => self.answer_or_calls(&mut writer, &call, answer, budget)?,
        };
        Ok(Grammar::new(
            writer.finish(&start),
            "tools",
            longest * self.most_calls(),
        ))
    }

    /// One call of any function, and the length of the longest.
    fn call(&self, writer: &mut Writer, budget: u64) -> Result<(String, u64), SchemaError> {
        let mut longest = 0;
        let mut options = Vec::new();
        for declaration in &self.declarations {
            let forms = read::forms(&declaration.parameters, &declaration.path)?;
            if !forms.is_object() {
                let message = "a function's parameters must be of type OBJECT";
                return Err(SchemaError::new(&declaration.path, message));
            }
            let plan = plan::fitting(&forms, budget)?;
            longest = longest.max(plan::longest(&plan));
            let args = writer.value(&plan, &declaration.path)?;
            let name = Value::from(declaration.name.as_str());
            let head = format!("{{\"name\": {name}, \"{}\": ", self.syntax.arguments());
            options.push(format!("{} {args} \"}}\"", lark::string(&head)));
        }
        Ok((writer.rule(&options.join(" | ")), longest))
    }

    /// Calls, the first one after `opening`.
    fn calls(&self, writer: &mut Writer, call: &str, opening: &str) -> String {
        let word = |text: &str| match text {
            "" => String::new(),
            text => lark::string(text),
        };
        let syntax = self.syntax;
        let (close, end) = (word(syntax.closing()), word(syntax.ending()));
        let first = format!("{} {call} {close}", word(opening));
        match self.most_calls() - 1 {
            0 => writer.rule(&format!("{first} {end}")),
            more => {
                let next = writer.rule(&format!("{} {call} {close}", word(syntax.following())));
                writer.rule(&format!("{first} {next}{{0,{more}}} {end}"))
            }
        }
    }

    fn most_calls(&self) -> u64 {
        match self.trained {
            true => MAX_CALLS,
            false => MAX_CALLS.min(self.declarations.len().max(1) as u64),
        }
    }

    /// Free text without a call's marker, which calls may follow.
    fn text_or_calls(&self, writer: &mut Writer, call: &str) -> String {
        const ALL: &str = "(?s:.*)";
        let trigger = lark::string(self.syntax.trigger());
        let (all, more) = (lark::regex(ALL), lark::regex("(?s:.+)"));
        let text = writer.terminal(format!("{more} & ~({all} {trigger} {all})"));
        if self.syntax == CallSyntax::Bare {
            let calls = self.calls(writer, call, "");
            return format!("{text} | {calls} |");
        }
        let marked = writer.terminal(format!("({all} {trigger}) & ~({all} {trigger} {more})"));
        let opening = &self.syntax.opening()[self.syntax.trigger().len()..];
        let calls = self.calls(writer, call, opening);
        format!("{text} | {marked} {calls} |")
    }

    fn answer_or_calls(
        &self,
        writer: &mut Writer,
        call: &str,
        answer: Answer,
        budget: u64,
    ) -> Result<String, SchemaError> {
        let answer = match answer {
            Answer::OneOf(texts) => {
                let texts: Vec<String> = texts.iter().map(|text| lark::string(text)).collect();
                writer.terminal(texts.join(" | "))
            }
            Answer::Json(forms) if self.syntax.stands_apart_from_json() => {
                let plan = plan::fitting(&forms, budget)?;
                writer.value(&plan, &forms.path)?
            }
            Answer::Json(_) | Answer::Free => {
                return Err(SchemaError::new(
                    "generation_config.response_mime_type",
                    "Function calling with a response mime type: 'application/json' is unsupported",
                ));
            }
        };
        let calls = self.calls(writer, call, self.syntax.opening());
        Ok(format!("{answer} | {calls}"))
    }
}
