//! Loading: check the file, map it, make the context, start the engine.

use super::Metadata;
use crate::gguf::{Gguf, GgufError};
use crate::native::{Attention, ContextOptions, NativeModel, with_last_error};
use crate::scheduler::{BLOCK, Engine, EngineOptions, Limits, Scheduler};
use crate::threads;
use crate::tokenizer::Tokenizer;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most sequences that llama.cpp can keep apart, less the one that the engine needs for itself.
pub const MAX_SEQUENCES: usize = 255;

/// Most tokens of one decoding step.
const BATCH: usize = 512;

/// How a model is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadOptions {
    /// Threads for computing; the physical cores where it is not said.
    pub threads: Option<usize>,
    /// Tokens for which there is memory, all sequences together.
    pub context_tokens: usize,
    /// Most candidates that are written at once, up to [`MAX_SEQUENCES`].
    pub max_sequences: usize,
    /// Most candidates that wait; beyond it a job is refused as busy.
    pub queue_limit: usize,
    /// Prompt tokens that are read between two steps of running candidates: more is faster for new
    /// requests, less is smoother for running ones.
    pub prompt_chunk: usize,
    /// Most bytes that the prefix cache keeps outside of the context; 0 for none.
    pub prefix_cache_bytes: usize,
    /// Layers on a GPU; below zero all. Without a GPU build it has no effect.
    pub gpu_layers: i32,
    /// Fused attention; by default where llama.cpp supports it.
    pub flash_attention: Option<bool>,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            threads: None,
            context_tokens: 16_384,
            max_sequences: 64,
            queue_limit: 256,
            prompt_chunk: 256,
            prefix_cache_bytes: 256 << 20,
            gpu_layers: -1,
            flash_attention: None,
        }
    }
}

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file is not there.
    #[error("there is no model file `{}`", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("the model file `{}` cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is damaged, or no GGUF file.
    #[error("the model file `{}` is not usable", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: GgufError,
    },
    /// llama.cpp refuses the file: an unknown architecture, missing tensors, ...
    #[error("llama.cpp cannot load `{}`: {reason}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What llama.cpp says.
        reason: String,
    },
    /// The model makes vectors and was to write, for example.
    #[error("the model `{}` cannot be used for this: {reason}", path.display())]
    WrongKind {
        /// The file.
        path: PathBuf,
        /// What it is.
        reason: &'static str,
    },
    /// There is not enough memory for a context.
    #[error("llama.cpp cannot make a context of {tokens} tokens for `{}`: {reason}", path.display())]
    Context {
        /// The file.
        path: PathBuf,
        /// The tokens that it should have had room for.
        tokens: usize,
        /// What llama.cpp says.
        reason: String,
    },
    /// The chat template cannot be used.
    #[error("the chat template of `{}` cannot be used: {message}", path.display())]
    Template {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The engine's thread could not be started.
    #[error("a thread could not be started")]
    Thread(#[source] io::Error),
}

/// A model that is ready.
pub(super) struct Loaded {
    pub(super) scheduler: Scheduler,
    pub(super) tokenizer: Arc<Tokenizer>,
    pub(super) metadata: Metadata,
    pub(super) context_tokens: usize,
}

pub(super) fn load(path: &Path, options: &LoadOptions) -> Result<Loaded, LoadError> {
    let wrong_kind = || LoadError::WrongKind {
        path: path.to_owned(),
        reason: "it makes vectors, not text",
    };
    if check(path)?.is_embedder() {
        return Err(wrong_kind());
    }
    let native = load_native(path, options.gpu_layers)?;
    if !native.generates() {
        return Err(wrong_kind());
    }
    let tokenizer = Arc::new(Tokenizer::new(Arc::clone(&native)));
    let metadata = Metadata::read(path, &native, &tokenizer);
    let engine_options = engine_options(options, &native);
    let context_tokens = engine_options.limits.sequence_tokens;
    let scheduler = start(path, &native, &tokenizer, engine_options)?;
    Ok(Loaded {
        scheduler,
        tokenizer,
        metadata,
        context_tokens,
    })
}

/// Maps a file into memory, after a look at its head: llama.cpp aborts the process on some damages.
pub(crate) fn load_native(path: &Path, gpu_layers: i32) -> Result<Arc<NativeModel>, LoadError> {
    check(path)?;
    let (native, reason) = with_last_error(|| NativeModel::load(path, gpu_layers));
    native.map(Arc::new).ok_or_else(|| LoadError::Unsupported {
        path: path.to_owned(),
        reason: reason.unwrap_or_else(|| "it gives no reason".into()),
    })
}

fn check(path: &Path) -> Result<Gguf, LoadError> {
    let path = || path.to_owned();
    match Gguf::read(&path()) {
        Ok(gguf) => Ok(gguf),
        Err(GgufError::Io(source)) if source.kind() == io::ErrorKind::NotFound => {
            Err(LoadError::Missing { path: path() })
        }
        Err(GgufError::Io(source)) => Err(LoadError::Unreadable {
            path: path(),
            source,
        }),
        Err(source) => Err(LoadError::Invalid {
            path: path(),
            source,
        }),
    }
}

fn engine_options(options: &LoadOptions, native: &NativeModel) -> EngineOptions {
    let sequences = options.max_sequences.clamp(1, MAX_SEQUENCES);
    // llama.cpp rounds up to a multiple of 256 itself.
    let cells = options.context_tokens.max(2 * BLOCK).next_multiple_of(256);
    let trained = native.context_trained().max(1);
    EngineOptions {
        context: ContextOptions {
            cells,
            sequences: sequences + 1,
            batch: BATCH,
            ubatch: BATCH,
            outputs: sequences + 1,
            threads: options
                .threads
                .unwrap_or_else(threads::physical_cores)
                .max(1),
            flash_attention: options.flash_attention,
            attention: Attention::Generate,
        },
        limits: Limits {
            sequences,
            waiting: options.queue_limit,
            sequence_tokens: trained.min(cells),
            vocabulary: native.vocab_size(),
        },
        cache_bytes: options.prefix_cache_bytes,
        prompt_chunk: options.prompt_chunk.max(BLOCK),
    }
}

fn start(
    path: &Path,
    native: &Arc<NativeModel>,
    tokenizer: &Arc<Tokenizer>,
    options: EngineOptions,
) -> Result<Scheduler, LoadError> {
    let tokens = options.context.cells;
    let (native, tokenizer) = (Arc::clone(native), Arc::clone(tokenizer));
    let (engine, reason) = with_last_error(|| Engine::new(native, tokenizer, options));
    let engine = engine.ok_or_else(|| LoadError::Context {
        path: path.to_owned(),
        tokens,
        reason: reason.unwrap_or_else(|| "it gives no reason".into()),
    })?;
    Scheduler::start(engine).map_err(LoadError::Thread)
}
