//! Another precision for a model's weights, and what it costs in quality.
//!
//! Weights of 8 bits have faster kernels than most smaller ones: a file of 4-bit weights becomes larger
//! by this, hardly worse, and quicker.

use crate::Token;
use crate::gguf::{Gguf, GgufError};
use crate::model::{LoadError, load_native};
use crate::native::{
    Attention, Batch, ContextOptions, NativeContext, quantize_to_q8_0, with_last_error,
};
use crate::sampling::log_probability;
use crate::threads;
use crate::tokenizer::Tokenizer;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Tokens that the model sees at once when its perplexity is measured.
const WINDOW: usize = 512;

/// Why a model was not written or measured.
#[derive(Debug, thiserror::Error)]
pub enum QuantizeError {
    /// The file to read is damaged, or no GGUF file.
    #[error("the model file `{}` is not usable", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: GgufError,
    },
    /// llama.cpp refused.
    #[error("llama.cpp cannot quantise `{}`: {reason}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What llama.cpp says.
        reason: String,
    },
    /// The new file cannot be put in its place.
    #[error("`{}` cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The model cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// llama.cpp could not compute a batch.
    #[error("the computation failed")]
    Computation,
    /// The text is too short to say anything.
    #[error("the text has {tokens} tokens, at least {needed} are needed")]
    TooShort {
        /// Its tokens.
        tokens: usize,
        /// The tokens needed.
        needed: usize,
    },
}

/// Writes `from` with 8-bit weights (Q8_0) to `to`. The file appears when it is complete.
pub fn quantize(from: &Path, to: &Path) -> Result<(), QuantizeError> {
    Gguf::read(from).map_err(|source| QuantizeError::Invalid {
        path: from.to_owned(),
        source,
    })?;
    let unfinished = unfinished(to);
    let (done, reason) =
        with_last_error(|| quantize_to_q8_0(from, &unfinished, threads::physical_cores()));
    if !done {
        let _ = std::fs::remove_file(&unfinished);
        let reason = reason.unwrap_or_else(|| "it gives no reason".into());
        return Err(QuantizeError::Refused {
            path: from.to_owned(),
            reason,
        });
    }
    put_in_place(&unfinished, to).map_err(|source| {
        let _ = std::fs::remove_file(&unfinished);
        QuantizeError::Write {
            path: to.to_owned(),
            source,
        }
    })
}

/// A name beside the final one, so that both are on one file system.
fn unfinished(to: &Path) -> PathBuf {
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    to.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

fn put_in_place(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::File::open(from)?.sync_all()?;
    std::fs::rename(from, to)
}

/// How surprised a model is by a text: `e` to the mean surprise of its tokens. Lower is better; compare
/// only figures of the same text and vocabulary.
pub fn perplexity(model: &Path, text: &str, threads: Option<usize>) -> Result<f64, QuantizeError> {
    let native = load_native(model, -1)?;
    let tokens = Tokenizer::new(Arc::clone(&native)).tokenize(text, false, true);
    if tokens.len() < WINDOW {
        return Err(QuantizeError::TooShort {
            tokens: tokens.len(),
            needed: WINDOW,
        });
    }
    let threads = threads.unwrap_or_else(threads::physical_cores).max(1);
    let context = NativeContext::new(native, &context_options(threads));
    let mut context = context.ok_or(QuantizeError::Computation)?;
    let mut sum = 0.0;
    let mut count = 0;
    for window in tokens.chunks_exact(WINDOW) {
        sum += surprise(&mut context, window)?;
        count += WINDOW / 2;
    }
    Ok((sum / count as f64).exp())
}

fn context_options(threads: usize) -> ContextOptions {
    ContextOptions {
        cells: WINDOW,
        sequences: 1,
        batch: WINDOW,
        ubatch: WINDOW,
        outputs: WINDOW,
        threads,
        flash_attention: None,
        attention: Attention::Generate,
    }
}

/// The summed surprise of a window's second half: the first gives the model something to go by.
fn surprise(context: &mut NativeContext, window: &[Token]) -> Result<f64, QuantizeError> {
    let mut batch = Batch::default();
    for (position, token) in window.iter().enumerate() {
        batch.add(*token, position, 0, position + 1 >= WINDOW / 2);
    }
    context.clear();
    context
        .decode(&mut batch)
        .map_err(|_| QuantizeError::Computation)?;
    let mut sum = 0.0;
    for (position, token) in window.iter().enumerate().skip(WINDOW / 2) {
        let logits = context
            .logits(position - 1)
            .ok_or(QuantizeError::Computation)?;
        sum -= f64::from(log_probability(logits, *token));
    }
    Ok(sum)
}
