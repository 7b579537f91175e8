//! A GGUF model that makes vectors: texts of all callers are computed together, on a thread of its own.
//!
//! A model pools its tokens as its file says (the first token, the mean, ...); one that says nothing,
//! such as a model that writes, by their mean.

mod worker;

use crate::Token;
use crate::model::{LoadError, Metadata, load_native};
use crate::native::{Attention, ContextOptions, NativeContext, NativeModel, with_last_error};
use crate::threads;
use crate::tokenizer::Tokenizer;
use propus_engines::Load;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use worker::{Queue, Worker};

/// Most requests that wait.
const QUEUE_LIMIT: usize = 256;
/// Most texts of one computation.
const SEQUENCES: usize = 64;
/// Most tokens of a text: they must be computed at once, and memory grows with their square.
const LONGEST: usize = 2048;

/// An embedding model. Clones are handles of the same; the last one ends its thread.
#[derive(Clone, Debug)]
pub struct Embedder {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
    tokenizer: Tokenizer,
    metadata: Metadata,
    context_tokens: usize,
}

/// Why texts were not embedded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmbedError {
    /// The queue is full.
    #[error("the embedding queue is full")]
    Busy,
    /// A text has no token.
    #[error("text {index} is empty")]
    Empty {
        /// Which text, from 0.
        index: usize,
    },
    /// A text does not fit.
    #[error("text {index} has {tokens} tokens, the model takes {limit}")]
    TooLong {
        /// Which text, from 0.
        index: usize,
        /// Its tokens.
        tokens: usize,
        /// Most tokens of a text.
        limit: usize,
    },
    /// llama.cpp could not compute a batch.
    #[error("the computation failed")]
    Computation,
    /// The embedder has stopped.
    #[error("the embedder has stopped")]
    Stopped,
}

impl Embedder {
    /// Loads a model and starts its thread. Blocks until it is ready.
    pub fn load(path: &Path, threads: Option<usize>) -> Result<Self, LoadError> {
        let native = load_native(path, -1)?;
        let tokenizer = Tokenizer::new(Arc::clone(&native));
        let metadata = Metadata::read(path, &native, &tokenizer);
        let longest = metadata.context_trained.clamp(1, LONGEST);
        let options = context_options(longest, threads);
        let context = context(path, native, &options)?;
        let queue = Arc::new(Queue::new(QUEUE_LIMIT));
        let worker = Worker::new(context, Arc::clone(&queue), options.batch, SEQUENCES);
        let thread = std::thread::Builder::new().name("llama-embed".into());
        let thread = thread.spawn(|| worker.run()).map_err(LoadError::Thread)?;
        Ok(Self {
            inner: Arc::new(Inner {
                queue,
                thread: Some(thread),
                tokenizer,
                metadata,
                context_tokens: longest,
            }),
        })
    }

    /// What the file says about the model.
    pub fn metadata(&self) -> &Metadata {
        &self.inner.metadata
    }

    /// The numbers of one vector.
    pub fn dimensions(&self) -> usize {
        self.inner.metadata.embedding_size
    }

    /// Most tokens of a text.
    pub fn context_tokens(&self) -> usize {
        self.inner.context_tokens
    }

    /// The tokens of a text, with those that the model wants at its beginning and end.
    pub fn tokenize(&self, text: &str) -> Vec<Token> {
        self.inner.tokenizer.tokenize(text, false, true)
    }

    /// One vector for each text, as the model makes it; see [`normalize`]. Dropping the future ends the
    /// work on texts that have not been computed.
    pub async fn embed(&self, texts: Vec<Vec<Token>>) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.check(&texts)?;
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let answer = self.inner.queue.submit(texts)?;
        answer.await.unwrap_or(Err(EmbedError::Stopped))
    }

    fn check(&self, texts: &[Vec<Token>]) -> Result<(), EmbedError> {
        let limit = self.context_tokens();
        for (index, text) in texts.iter().enumerate() {
            match text.len() {
                0 => return Err(EmbedError::Empty { index }),
                tokens if tokens > limit => {
                    return Err(EmbedError::TooLong {
                        index,
                        tokens,
                        limit,
                    });
                }
                _ => (),
            }
        }
        Ok(())
    }

    /// How much there is to do.
    pub fn load_now(&self) -> Load {
        self.inner.queue.load()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queue.stop();
        if let Some(thread) = self.thread.take() {
            // The worker catches its panics: there is no error to see here.
            let _ = thread.join();
        }
    }
}

/// Scales a vector to length 1; one without length stays as it is.
pub fn normalize(vector: &mut [f32]) {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value /= length);
    }
}

fn context_options(longest: usize, threads: Option<usize>) -> ContextOptions {
    // A batch is computed at once, or attention would not see all of a text.
    let batch = longest.max(512);
    ContextOptions {
        cells: batch.next_multiple_of(256),
        sequences: SEQUENCES,
        batch,
        ubatch: batch,
        outputs: batch,
        threads: threads.unwrap_or_else(threads::physical_cores).max(1),
        flash_attention: None,
        attention: Attention::Embed,
    }
}

fn context(
    path: &Path,
    native: Arc<NativeModel>,
    options: &ContextOptions,
) -> Result<NativeContext, LoadError> {
    let (context, reason) = with_last_error(|| NativeContext::new(native, options));
    context.ok_or_else(|| LoadError::Context {
        path: path.to_owned(),
        tokens: options.cells,
        reason: reason.unwrap_or_else(|| "it gives no reason".into()),
    })
}
