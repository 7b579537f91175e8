//! Constrained decoding: from a response schema to a grammar that a model cannot leave.
//!
//! A schema becomes a `form` (what is valid), the form becomes a plan (what we let a model
//! write), and the plan becomes a Lark grammar for `llguidance`. Every text of the grammar is
//! valid against the schema; the reverse does not hold, because small models must come to an end:
//!
//! # Limits
//!
//! Texts, lists, free objects, recursion and digits are finite even where the schema sets no
//! bound. The roomiest step is taken for which the *longest possible* answer still
//! fits into `maxOutputTokens` (or [`DEFAULT_TOKENS`]), at three characters a token; if none does,
//! the tightest. A lower bound of the schema is never undercut: `minItems: 500` gives 500 items.
//!
//! # Chosen among several readings
//!
//! - Properties are written in the order of `propertyOrdering`, then of declaration. Others are
//!   written only where `additionalProperties` says so, or where an object declares none.
//! - `oneOf` means `anyOf`, as Google says; options that could be taken for another one are left
//!   out where others remain.
//! - JSON is written on one line with `", "` and `": "`, and without `\u` escapes.
//! - Items of a list with `uniqueItems` are taken from an `enum` in its order; a list of other items
//!   gets at most one, and `minItems` above that is refused.
//! - A multiple for `multipleOf` is one of the 400 next to zero.
//! - Formats that JSON Schema defines are enforced in a common subset (dates with years 1000 to
//!   2999, URIs with `http`); unknown formats are ignored.

pub(crate) mod form;
pub(crate) mod google;
pub(crate) mod lark;
mod number;
pub(crate) mod plan;
pub(crate) mod read;
#[cfg(test)]
pub(crate) mod tests;
mod text;

pub use google::json_schema;

use crate::tools::ToolGrammar;
use form::Forms;
use llguidance::{Matcher, ParserFactory, api::TopLevelGrammar};
use plan::Plan;
use propus_wire::generate::GenerationConfig;
use serde_json::Value;
use std::rc::Rc;

/// The length of an answer that limits aim at where a request sets none.
pub const DEFAULT_TOKENS: u64 = 1024;

/// Why a schema cannot be served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct SchemaError {
    /// Where in the request, such as `generation_config.response_schema.properties["a"].items`.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// Whether it is merely too large or too deep.
    pub too_complex: bool,
}

impl SchemaError {
    pub(crate) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
            too_complex: false,
        }
    }

    pub(crate) fn too_complex(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: "the specified schema produces a constraint that has too many states for \
                      serving"
                .into(),
            too_complex: true,
        }
    }
}

/// Makes grammars.
#[derive(Debug)]
pub struct Constraint;

/// What a model may write, as a Lark grammar.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Grammar {
    lark: String,
    path: String,
    longest: u64,
}

impl Constraint {
    /// The grammar for a request's output format and tools; `None` where text is free.
    pub fn for_request(
        config: Option<&GenerationConfig>,
        tools: Option<&ToolGrammar>,
    ) -> Result<Option<Grammar>, SchemaError> {
        let budget = budget(config);
        let answer = match config {
            Some(config) => answer(config)?,
            None => Answer::Free,
        };
        match (tools, answer) {
            (Some(tools), answer) => tools.grammar(answer, budget).map(Some),
            (None, Answer::Free) => Ok(None),
            (None, Answer::OneOf(texts)) => Ok(Some(Grammar::of_texts(&texts))),
            (None, Answer::Json(forms)) => Grammar::of_forms(&forms, budget).map(Some),
        }
    }

    /// The grammar for values of one JSON Schema.
    pub fn for_json_schema(schema: &Value, budget: u64) -> Result<Grammar, SchemaError> {
        Grammar::of_forms(&read::forms(schema, "schema")?, budget)
    }
}

/// What a text answer must look like.
pub(crate) enum Answer {
    /// Like nothing in particular.
    Free,
    /// Like one of these, raw.
    OneOf(Vec<String>),
    /// Like JSON of this form.
    Json(Forms),
}

/// The characters that the longest answer should fit into.
fn budget(config: Option<&GenerationConfig>) -> u64 {
    let tokens = config.and_then(|config| config.max_output_tokens);
    let tokens = tokens.and_then(|tokens| u64::try_from(tokens).ok());
    3 * tokens
        .filter(|tokens| *tokens > 0)
        .unwrap_or(DEFAULT_TOKENS)
}

fn answer(config: &GenerationConfig) -> Result<Answer, SchemaError> {
    let schema = response_schema(config);
    match (
        config.response_mime_type.as_deref().unwrap_or_default(),
        schema,
    ) {
        ("text/x.enum", Some((path, schema))) => texts(&schema, &path).map(Answer::OneOf),
        ("text/x.enum", None) => Err(SchemaError::new(
            "generation_config.response_schema",
            "`text/x.enum` needs a schema with an `enum`",
        )),
        (_, Some((path, schema))) => Ok(Answer::Json(read::forms(&schema, &path)?)),
        ("application/json", None) => Ok(Answer::Json(form::object_or_list())),
        (_, None) => Ok(Answer::Free),
    }
}

fn response_schema(config: &GenerationConfig) -> Option<(String, Value)> {
    let named = |name: &str| format!("generation_config.{name}");
    if let Some(schema) = &config.response_schema {
        return Some((named("response_schema"), json_schema(schema)));
    }
    let preview = &config.private_response_json_schema;
    let schema = config.response_json_schema.as_ref().or(preview.as_ref())?;
    Some((named("response_json_schema"), schema.clone()))
}

fn texts(schema: &Value, path: &str) -> Result<Vec<String>, SchemaError> {
    let list = schema["enum"].as_array().into_iter().flatten();
    let texts: Option<Vec<String>> = list.map(|text| text.as_str().map(str::to_owned)).collect();
    match texts {
        Some(texts) if !texts.is_empty() => Ok(texts),
        _ => Err(SchemaError::new(
            path,
            "`text/x.enum` needs a schema with an `enum` of texts",
        )),
    }
}

impl Grammar {
    pub(crate) fn new(lark: String, path: &str, longest: u64) -> Self {
        Self {
            lark,
            path: path.to_owned(),
            longest,
        }
    }

    fn of_texts(texts: &[String]) -> Self {
        let longest = texts.iter().map(String::len).max().unwrap_or(0);
        let lark = lark::one_of(texts);
        Self::new(lark, "generation_config.response_schema", longest as u64)
    }

    fn of_forms(forms: &Forms, budget: u64) -> Result<Self, SchemaError> {
        let plan = plan::fitting(forms, budget)?;
        Self::of_plan(&plan, &forms.path)
    }

    fn of_plan(plan: &Rc<Plan>, path: &str) -> Result<Self, SchemaError> {
        let mut writer = lark::Writer::default();
        let start = writer.value(plan, path)?;
        Ok(Self::new(writer.finish(&start), path, plan::longest(plan)))
    }

    /// The grammar's text.
    pub fn lark(&self) -> &str {
        &self.lark
    }

    /// The length in characters of the longest text it allows.
    pub fn longest(&self) -> u64 {
        self.longest
    }

    /// The grammar in `llguidance`'s form.
    pub fn top_level(&self) -> TopLevelGrammar {
        TopLevelGrammar::from_lark(self.lark.clone())
    }

    /// A matcher at the beginning of the text.
    ///
    /// Where nothing can follow, it stops by itself (`is_stopped`) before any token of the end:
    /// the answer is finished then, with `STOP`.
    pub fn matcher(&self, factory: &ParserFactory) -> Result<Matcher, SchemaError> {
        let parser = factory.create_parser(self.top_level());
        // The reason names our grammar's rules, which mean nothing to the caller.
        parser
            .map(|parser| Matcher::new(Ok(parser)))
            .map_err(|_| SchemaError::too_complex(&self.path))
    }
}
