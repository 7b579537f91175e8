//! From Gemini messages to the text that a model was trained to continue.
//!
//! A model's own chat template (a Jinja text in its file) is rendered as `transformers` does.
//! What users wrote never becomes a control token: the result is a list of [`Segment`]s, and only
//! the template's own text may be tokenised with special tokens.

mod conversation;
mod jinja;
mod seal;
mod templates;
#[cfg(test)]
mod tests;

pub use conversation::{Conversation, Role, Turn};
pub(crate) use jinja::python_json;

use crate::tools::CallSyntax;
use jinja::Style;
use minijinja::{Environment, Value, context, value::Serde};
use seal::Seal;
use std::collections::BTreeSet;

/// Why no prompt could be made of a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PromptError {
    /// A medium that a text model cannot read.
    #[error("{path}: media of type `{mime_type}` cannot be read by this model")]
    Media {
        /// Where, such as `contents[0].parts[1]`.
        path: String,
        /// Its type.
        mime_type: String,
    },
    /// Text bytes that are not UTF-8.
    #[error("{path}: the data of type `{mime_type}` is not valid UTF-8")]
    NotUtf8 {
        /// Where, such as `contents[0].parts[1]`.
        path: String,
        /// Its type.
        mime_type: String,
    },
    /// A role that does not exist.
    #[error("{path}: please use a valid role: user, model")]
    Role {
        /// Where, such as `contents[0].role`.
        path: String,
    },
    /// A function without a usable declaration.
    #[error("{path}: {message}")]
    Declaration {
        /// Where, such as `tools[0].function_declarations[1].name`.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// The model's template cannot be read or refuses the conversation.
    #[error("the model's chat template failed: {0}")]
    Template(String),
}

/// A piece of a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The piece.
    pub text: String,
    /// Whether control tokens in it count: true for the template's words, false for a user's.
    pub special: bool,
}

/// What a model's file says about its texts.
#[derive(Clone, Debug, Default)]
pub struct ModelWords {
    /// The text of the token that begins a prompt; empty where the model has none.
    pub bos: String,
    /// The text of the token that ends a turn.
    pub eos: String,
    /// `general.architecture`, such as `llama` or `gemma3`.
    pub architecture: String,
    /// All control tokens' texts, where known.
    pub control: Vec<String>,
}

/// A model's way to write a conversation.
#[derive(Debug)]
pub struct ChatTemplate {
    environment: Environment<'static>,
    words: ModelWords,
    traits: Traits,
}

/// What a template can do, found out by trying it once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traits {
    /// It writes a system message.
    pub system: bool,
    /// It refuses two turns of one role in a row.
    pub alternates: bool,
    /// It writes the declared tools.
    pub tools: bool,
    /// How its model writes calls; ours where `tools` is false.
    pub syntax: CallSyntax,
}

impl ChatTemplate {
    /// Reads a template; without one, Gemma's for its architectures and ChatML for all others.
    ///
    /// ```
    /// # use propus_llama::prompt::{ChatTemplate, ModelWords, Conversation};
    /// let template = ChatTemplate::new(None, ModelWords::default()).unwrap();
    /// let chat = Conversation::of_text("Hello");
    /// let prompt = template.render(&chat).unwrap();
    /// assert_eq!(prompt, "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n");
    /// ```
    pub fn new(source: Option<&str>, words: ModelWords) -> Result<Self, PromptError> {
        let source = source.unwrap_or_else(|| templates::built_in(&words.architecture));
        let environment = jinja::environment(source).map_err(failed)?;
        let mut template = Self {
            environment,
            words,
            traits: Traits::default(),
        };
        template.traits = template.probe(source)?;
        Ok(template)
    }

    /// What this template can do.
    pub fn traits(&self) -> Traits {
        self.traits
    }

    /// The whole prompt as one text; for counting and showing, not for tokenising.
    pub fn render(&self, chat: &Conversation) -> Result<String, PromptError> {
        let segments = self.segments(chat)?;
        Ok(segments.into_iter().map(|segment| segment.text).collect())
    }

    /// The prompt in pieces, the template's words apart from the users'.
    ///
    /// Users' texts travel through the template between unguessable marks and are cut out
    /// afterwards. A template that looks into a text so that the marks change its work gets the
    /// text itself; control tokens in it are then broken by a space after their first character.
    pub fn segments(&self, chat: &Conversation) -> Result<Vec<Segment>, PromptError> {
        let chat = self.adapt(chat);
        let plain = self.run(&chat, &Style::Plain)?;
        let seal = Seal::random();
        let sealed = self.run(&chat, &Style::Sealed(seal.clone()))?;
        let mut segments = match seal.cut(&sealed) {
            Some(segments) if seal::joined(&segments) == plain => segments,
            _ => self.whole(&chat)?,
        };
        if let Some(prefill) = &chat.prefill {
            seal::push(&mut segments, prefill, false);
        }
        Ok(segments)
    }

    fn whole(&self, chat: &Conversation) -> Result<Vec<Segment>, PromptError> {
        let text = self.run(chat, &Style::Broken(self.control_words()))?;
        Ok(vec![Segment {
            text,
            special: true,
        }])
    }

    fn control_words(&self) -> Vec<String> {
        let known = self.words.control.iter().map(String::as_str);
        let mut words: BTreeSet<&str> = known.chain(templates::CONTROL).collect();
        words.extend([self.words.bos.as_str(), self.words.eos.as_str()]);
        words
            .into_iter()
            .filter(|word| word.len() > 1)
            .map(str::to_owned)
            .collect()
    }

    /// The conversation in the form that this template accepts.
    fn adapt(&self, chat: &Conversation) -> Conversation {
        let mut chat = chat.clone();
        chat.take_prefill();
        if !self.traits.tools {
            chat.write_tools_as_text();
        }
        if !self.traits.system {
            chat.move_system_into_first_user_turn();
        }
        if self.traits.alternates {
            chat.alternate();
        }
        chat
    }

    fn run(&self, chat: &Conversation, style: &Style) -> Result<String, PromptError> {
        self.run_messages(chat, style).map_err(failed)
    }

    fn run_messages(&self, chat: &Conversation, style: &Style) -> Result<String, minijinja::Error> {
        let tools = match chat.tools.is_empty() {
            true => Value::UNDEFINED,
            false => Value::from(Serde(&chat.tools)),
        };
        self.environment
            .get_template(jinja::NAME)?
            .render(context! {
                messages => jinja::messages(chat, style),
                tools => tools,
                bos_token => self.words.bos.as_str(),
                eos_token => self.words.eos.as_str(),
                add_generation_prompt => true,
                enable_thinking => chat.thinking,
                now => chat.now.map(|now| now.to_string()),
            })
    }

    /// Tries small conversations. A template that cannot even write "one user, one text" is an
    /// error; everything else only says what it lacks.
    fn probe(&self, source: &str) -> Result<Traits, PromptError> {
        let try_out = |chat: &Conversation| self.run(chat, &Style::Plain);
        let one = Conversation::of_text("PROBE1");
        try_out(&one)?;
        let system = Conversation {
            system: Some("PROBE0".into()),
            ..one.clone()
        };
        let twice = Conversation {
            turns: vec![Turn::user("PROBE1"), Turn::user("PROBE2")],
            ..one.clone()
        };
        let tools = Conversation {
            tools: vec![templates::probe_tool()],
            ..one
        };
        let shows =
            |chat: &Conversation, mark: &str| try_out(chat).is_ok_and(|text| text.contains(mark));
        let tools = shows(&tools, "probe_tool");
        Ok(Traits {
            system: shows(&system, "PROBE0"),
            alternates: !(shows(&twice, "PROBE1") && shows(&twice, "PROBE2")),
            tools,
            syntax: match tools {
                true => CallSyntax::of_template(source),
                false => CallSyntax::Tagged,
            },
        })
    }
}

fn failed(error: minijinja::Error) -> PromptError {
    PromptError::Template(match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.to_string(),
    })
}
