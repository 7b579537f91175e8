//! The local engines: a model that writes, and a model that makes vectors.

mod embed;
mod reply;

pub use embed::EmbeddingEngine;

use crate::{
    constraint::{Constraint, DEFAULT_TOKENS, SchemaError},
    model::{LoadError, LoadOptions, Model},
    prompt::{ChatTemplate, Conversation, ModelWords, PromptError, Segment},
    sampling::Sampling,
    scheduler::{Event, Generation, GenerationError, Job, SubmitError},
    tools::ToolGrammar,
};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use propus_engines::{Chunks, Engine, Load};
use propus_failures::{
    Problem,
    content::mime_unsupported::MimeUnsupported,
    limits::context_too_long::ContextTooLong,
    request::{
        invalid_argument_generic::InvalidArgumentGeneric,
        schema_too_complex::SchemaTooComplex,
        schema_unsupported::{Rule, SchemaUnsupported},
    },
    service::{
        deadline_504::Deadline504, internal_500::Internal500, overloaded_503::Overloaded503,
    },
};
use propus_wire::{
    embed::{ContentEmbedding, EmbedContentRequest},
    generate::{
        CountTokensResponse, GenerateContentRequest, GenerateContentResponse, GenerationConfig,
        Modality, ModalityTokenCount,
    },
};
use reply::Writer;
use std::{path::Path, sync::Arc, time::Instant};

/// The longest answer, in tokens, where a request does not say it. Google's default is the model's
/// output limit; small models hardly ever end by themselves, and clients wait for a whole answer.
pub const DEFAULT_OUTPUT: usize = DEFAULT_TOKENS as usize;

/// How tokens are chosen where a request does not say it; `models.get` says the same.
pub const DEFAULT_SAMPLING: Sampling = Sampling {
    temperature: 0.7,
    top_p: 0.95,
    top_k: 40,
    seed: None,
    presence_penalty: 0.0,
    frequency_penalty: 0.0,
};

/// A prompt longer than this is tokenised apart from the threads that serve connections.
const LONG_TEXT: usize = 16 * 1024;

/// A GGUF model that writes.
#[derive(Clone)]
pub struct LocalEngine {
    model: Model,
    template: Arc<ChatTemplate>,
    waiting_limit: usize,
}

/// A call in the form that the scheduler takes, and what its reply needs to be written.
struct Prepared {
    job: Job,
    writer: Writer,
}

impl LocalEngine {
    /// Loads a model. Blocks until it is ready.
    pub fn load(path: &Path, options: &LoadOptions) -> Result<Self, LoadError> {
        let model = Model::load(path, options)?;
        let metadata = model.metadata();
        let words = ModelWords {
            bos: metadata.bos_text.clone(),
            eos: metadata.eos_text.clone(),
            architecture: metadata.architecture.clone(),
            control: metadata.control_texts.clone(),
        };
        let template =
            ChatTemplate::new(metadata.chat_template.as_deref(), words).map_err(|error| {
                LoadError::Template {
                    path: path.to_owned(),
                    message: error.to_string(),
                }
            })?;
        Ok(Self {
            template: Arc::new(template),
            waiting_limit: options.queue_limit,
            model,
        })
    }

    /// The longest conversation, in tokens.
    pub fn context_tokens(&self) -> usize {
        self.model.context_tokens()
    }

    /// The prompt's tokens.
    fn tokens(&self, call: &GenerateContentRequest) -> Result<Vec<crate::Token>, Problem> {
        let chat = Conversation::from_request(call).map_err(prompt_problem)?;
        let segments = self.template.segments(&chat).map_err(prompt_problem)?;
        Ok(self.tokenize(&segments))
    }

    fn tokenize(&self, segments: &[Segment]) -> Vec<crate::Token> {
        let written = segments.first().is_some_and(|first| {
            let bos = &self.model.metadata().bos_text;
            !bos.is_empty() && first.text.starts_with(bos.as_str())
        });
        let mut tokens = Vec::new();
        for (place, segment) in segments.iter().enumerate() {
            let begins = place == 0 && !written;
            tokens.extend(self.model.tokenize(&segment.text, segment.special, begins));
        }
        tokens
    }

    fn prepare(&self, call: &GenerateContentRequest) -> Result<Prepared, Problem> {
        let prompt = self.tokens(call)?;
        let config = call.generation_config.clone().unwrap_or_default();
        let room = self.room(prompt.len())?;
        let most = positive(config.max_output_tokens)
            .unwrap_or(DEFAULT_OUTPUT)
            .min(room);
        let traits = self.template.traits();
        let syntax = traits.syntax;
        let tools = ToolGrammar::of_request(call, syntax, traits.tools);
        let grammar =
            Constraint::for_request(Some(&config), tools.as_ref()).map_err(schema_problem)?;
        let constraint = match grammar {
            Some(grammar) => Some(
                grammar
                    .matcher(self.model.parser_factory())
                    .map_err(schema_problem)?,
            ),
            None => None,
        };
        let writer = Writer::new(self.model.clone(), &config, tools.map(|_| syntax));
        Ok(Prepared {
            job: Job {
                candidates: positive(config.candidate_count).unwrap_or(1),
                sampling: sampling(&config),
                stop: config.stop_sequences.clone(),
                constraint,
                logprobs: writer.logprobs(),
                ..Job::new(prompt, most)
            },
            writer,
        })
    }

    /// How many tokens an answer may have behind a prompt.
    fn room(&self, prompt: usize) -> Result<usize, Problem> {
        let limit = self.context_tokens();
        match limit.checked_sub(prompt) {
            Some(room) if room > 0 => Ok(room),
            _ => Err(ContextTooLong {
                tokens: prompt as u64,
                limit: limit as u64,
            }
            .into()),
        }
    }
}

#[async_trait]
impl Engine for LocalEngine {
    async fn generate(
        &self,
        call: GenerateContentRequest,
        until: Option<Instant>,
    ) -> Result<Chunks, Problem> {
        let engine = self.clone();
        let is_heavy = is_long(&call) || is_constrained(&call);
        let Prepared { mut job, writer } = aside(is_heavy, move || engine.prepare(&call)).await??;
        job.until = until;
        let generation = self.model.submit(job).map_err(submit_problem)?;
        begun(generation, writer).await
    }

    async fn count_tokens(
        &self,
        call: GenerateContentRequest,
    ) -> Result<CountTokensResponse, Problem> {
        let engine = self.clone();
        let tokens = aside(is_long(&call), move || engine.tokens(&call)).await??;
        Ok(counted(tokens.len()))
    }

    async fn embed(&self, _: Vec<EmbedContentRequest>) -> Result<Vec<ContentEmbedding>, Problem> {
        // The registry asks only models whose card has the method.
        Err(internal("this model makes no vectors"))
    }

    fn load(&self) -> Load {
        let metrics = self.model.metrics();
        Load {
            running: metrics.running,
            waiting: metrics.waiting,
            waiting_limit: self.waiting_limit,
        }
    }
}

/// Waits until the prompt is read, so that a failure until then has a status code of its own.
async fn begun(mut generation: Generation, mut writer: Writer) -> Result<Chunks, Problem> {
    match generation.next().await {
        Some(Event::Failed(error)) => return Err(generation_problem(&error)),
        Some(event) => writer.take(event),
        None => return Err(internal("the engine ended without an answer")),
    }
    let chunks = stream::unfold(Some((generation, writer)), |state| async {
        let (generation, writer) = state?;
        next_chunk(generation, writer).await
    });
    Ok(chunks.boxed())
}

type Next = (
    Result<GenerateContentResponse, Problem>,
    Option<(Generation, Writer)>,
);

async fn next_chunk(mut generation: Generation, mut writer: Writer) -> Option<Next> {
    loop {
        match generation.next().await {
            Some(Event::Failed(error)) => return Some((Err(generation_problem(&error)), None)),
            Some(event) => writer.take(event),
            None if writer.is_finished() => return None,
            None => return Some((Err(internal("the engine ended inside an answer")), None)),
        }
        if let Some(chunk) = writer.chunk() {
            return Some((Ok(chunk), Some((generation, writer))));
        }
    }
}

/// Runs work of some milliseconds apart from the threads that serve connections.
async fn aside<T: Send + 'static>(
    heavy: bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    if !heavy {
        return Ok(work());
    }
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| internal(&format!("preparing a request: {error}")))
}

fn is_long(call: &GenerateContentRequest) -> bool {
    let turns = call.system_instruction.iter().chain(&call.contents);
    let parts = turns.flat_map(|turn| &turn.parts);
    let length = |part: &propus_wire::generate::Part| {
        let text = part.text.as_ref().map_or(0, String::len);
        text + part
            .inline_data
            .as_ref()
            .and_then(|blob| blob.data.as_ref())
            .map_or(0, |data| data.len())
    };
    parts.map(length).sum::<usize>() > LONG_TEXT
}

fn is_constrained(call: &GenerateContentRequest) -> bool {
    let config = call.generation_config.as_ref();
    !call.tools.is_empty() || config.is_some_and(|config| config.response_mime_type.is_some())
}

fn sampling(config: &GenerationConfig) -> Sampling {
    let default = DEFAULT_SAMPLING;
    Sampling {
        temperature: config.temperature.unwrap_or(default.temperature),
        top_p: config.top_p.unwrap_or(default.top_p),
        top_k: config
            .top_k
            .map_or(default.top_k, |top_k| usize::try_from(top_k).unwrap_or(0)),
        seed: config.seed.map(|seed| seed as u32),
        presence_penalty: config.presence_penalty.unwrap_or(0.0),
        frequency_penalty: config.frequency_penalty.unwrap_or(0.0),
    }
}

/// Google takes 0 for "not set".
fn positive(value: Option<i32>) -> Option<usize> {
    value
        .and_then(|value| usize::try_from(value).ok())
        .filter(|value| *value > 0)
}

/// A count of text tokens in the form of `countTokens`.
fn counted(tokens: usize) -> CountTokensResponse {
    CountTokensResponse {
        total_tokens: Some(count(tokens)),
        prompt_tokens_details: text_tokens(tokens),
        ..Default::default()
    }
}

fn text_tokens(tokens: usize) -> Vec<ModalityTokenCount> {
    vec![ModalityTokenCount {
        modality: Some(Modality::Text),
        token_count: Some(count(tokens)),
    }]
}

fn count(tokens: usize) -> i32 {
    i32::try_from(tokens).unwrap_or(i32::MAX)
}

fn internal(cause: &str) -> Problem {
    let cause = Some(cause.to_owned());
    Internal500 { cause }.into()
}

fn generation_problem(error: &GenerationError) -> Problem {
    let cause = error.to_string();
    match error {
        GenerationError::TooLate { .. } => Deadline504 { cause: Some(cause) }.into(),
        _ => internal(&cause),
    }
}

fn submit_problem(error: SubmitError) -> Problem {
    match error {
        SubmitError::Busy { .. } => Overloaded503 {
            cause: Some(error.to_string()),
            ..Overloaded503::default()
        }
        .into(),
        SubmitError::PromptTooLong { tokens, limit } => ContextTooLong {
            tokens: tokens as u64,
            limit: limit as u64,
        }
        .into(),
        other => internal(&other.to_string()),
    }
}

fn prompt_problem(error: PromptError) -> Problem {
    match error {
        PromptError::Media { mime_type, .. } => MimeUnsupported::Part { mime_type }.into(),
        PromptError::Template(_) => internal(&error.to_string()),
        other => InvalidArgumentGeneric {
            cause: Some(other.to_string()),
        }
        .into(),
    }
}

fn schema_problem(error: SchemaError) -> Problem {
    if error.too_complex {
        return SchemaTooComplex::TooManyStates.into();
    }
    SchemaUnsupported {
        path: format!("GenerateContentRequest.{}", error.path),
        rule: Rule::OfEngine(error.message),
    }
    .into()
}
