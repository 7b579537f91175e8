//! A GGUF model that writes: loaded once, shared by all threads.

mod details;
mod load;

pub use details::Metadata;
pub(crate) use load::load_native;
pub use load::{LoadError, LoadOptions, MAX_SEQUENCES};

use crate::Token;
use crate::scheduler::{Generation, Job, Metrics, Scheduler, SubmitError};
use crate::token_env;
use crate::tokenizer::Tokenizer;
use llguidance::ParserFactory;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use toktrie::TokEnv;

/// A model with its engine. Clones are handles of the same; the last one ends the engine's thread.
///
/// ```no_run
/// use propus_llama::{model::{LoadOptions, Model}, scheduler::{Event, Job}};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let model = Model::load("model.gguf".as_ref(), &LoadOptions::default())?;
/// let prompt = model.tokenize("Once upon a time", false, true);
/// let mut generation = model.submit(Job::new(prompt, 100))?;
/// while let Some(event) = generation.next().await {
///     if let Event::Text { text, .. } = event {
///         print!("{text}");
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Model {
    inner: Arc<Inner>,
}

struct Inner {
    // First, so that the thread has ended before the rest goes.
    scheduler: Scheduler,
    tokenizer: Arc<Tokenizer>,
    metadata: Metadata,
    context_tokens: usize,
    token_env: OnceLock<TokEnv>,
    parser_factory: OnceLock<ParserFactory>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model")
            .field("name", &self.inner.metadata.name)
            .finish_non_exhaustive()
    }
}

impl Model {
    /// Loads a model and starts its engine. Blocks: about 0.2 s for a model of 100 MB.
    pub fn load(path: &Path, options: &LoadOptions) -> Result<Self, LoadError> {
        let loaded = load::load(path, options)?;
        let model = Self {
            inner: Arc::new(Inner {
                scheduler: loaded.scheduler,
                tokenizer: loaded.tokenizer,
                metadata: loaded.metadata,
                context_tokens: loaded.context_tokens,
                token_env: OnceLock::new(),
                parser_factory: OnceLock::new(),
            }),
        };
        model.prepare_constraints();
        Ok(model)
    }

    /// Builds what constraints need while nobody waits for it yet.
    fn prepare_constraints(&self) {
        let inner = Arc::downgrade(&self.inner);
        let build = move || {
            if let Some(inner) = inner.upgrade() {
                Self { inner }.parser_factory();
            }
        };
        // Without the thread the first constraint builds it.
        let _ = std::thread::Builder::new()
            .name("llama-constraints".into())
            .spawn(build);
    }

    /// What the file says about the model.
    pub fn metadata(&self) -> &Metadata {
        &self.inner.metadata
    }

    /// Most tokens of one prompt and its answer.
    pub fn context_tokens(&self) -> usize {
        self.inner.context_tokens
    }

    /// The tokens of a text. With `special` the texts of control tokens become those tokens: only for
    /// text that is ours, never for a user's. With `bounds` it begins and ends as the model wants.
    pub fn tokenize(&self, text: &str, special: bool, bounds: bool) -> Vec<Token> {
        self.inner.tokenizer.tokenize(text, special, bounds)
    }

    /// The bytes of a token in a text; none for control tokens. One character may take several tokens.
    pub fn token_bytes(&self, token: Token) -> &[u8] {
        self.inner.tokenizer.bytes(token)
    }

    /// The text of a token, also of a control token.
    pub fn token_text(&self, token: Token) -> String {
        String::from_utf8_lossy(self.inner.tokenizer.all_bytes(token)).into_owned()
    }

    /// The text of tokens, without control tokens.
    pub fn detokenize(&self, tokens: &[Token]) -> String {
        self.inner.tokenizer.detokenize(tokens)
    }

    /// Whether a token ends the model's turn.
    pub fn is_end(&self, token: Token) -> bool {
        self.inner.tokenizer.is_end(token)
    }

    /// Begins to generate. Never blocks: the job runs, waits in the queue, or is refused.
    pub fn submit(&self, job: Job) -> Result<Generation, SubmitError> {
        self.inner.scheduler.submit(job)
    }

    /// What the engine is doing.
    pub fn metrics(&self) -> Metrics {
        self.inner.scheduler.metrics()
    }

    /// The vocabulary as `llguidance` wants it. The first call builds it, unless it is done already.
    pub fn token_env(&self) -> &TokEnv {
        self.inner.token_env.get_or_init(|| {
            let metadata = &self.inner.metadata;
            token_env::build(
                &self.inner.tokenizer,
                metadata.vocab_size,
                metadata.eot.or(metadata.eos),
            )
        })
    }

    /// Makes the parsers of constraints. The first call builds it, unless it is done already.
    pub fn parser_factory(&self) -> &ParserFactory {
        self.inner
            .parser_factory
            .get_or_init(|| token_env::parser_factory(self.token_env()))
    }
}
