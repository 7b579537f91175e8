//! Conversions of models that are published in other formats into GGUF.

mod bert;

use std::io;
use std::path::PathBuf;

#[cfg(test)]
pub(crate) use bert::tests::write_tiny_bert;
pub use bert::{BertFiles, Precision, bert_to_gguf};

use crate::gguf::GgufError;

/// Why a model could not be converted.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// A file of the model is not there or cannot be read.
    #[error("`{path}` could not be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A JSON file is not what it should be.
    #[error("`{path}` is not the JSON that was expected")]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// The safetensors file cannot be read.
    #[error("the weights are not a readable safetensors file")]
    Safetensors(#[from] safetensors::SafeTensorError),
    /// The weights lack a tensor.
    #[error("the weights have no tensor `{0}`")]
    MissingTensor(String),
    /// The model does something that llama.cpp's implementation of the architecture does not.
    #[error("the model cannot be converted: {0}")]
    Unsupported(String),
    /// The GGUF file could not be written.
    #[error("the GGUF file could not be written")]
    Gguf(#[from] GgufError),
}
