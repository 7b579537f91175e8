//! GGUF files without llama.cpp: what a model says about itself, and how to write one.
//!
//! The reader looks only at the head of the file and believes nothing in it: every length is checked against the
//! size of the file before a byte is allocated, so a truncated, corrupt or hostile file ends in a [`GgufError`] and
//! never in a panic. (llama.cpp itself aborts the process on some of them: check here first.)

mod kinds;
mod read;
mod value;
mod write;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;

pub use kinds::TensorType;
pub use value::{Array, Value};
pub use write::GgufWriter;

/// The first four bytes of every GGUF file.
pub const MAGIC: [u8; 4] = *b"GGUF";

/// The head of a GGUF file: its metadata and the list of its tensors.
#[derive(Clone, Debug, PartialEq)]
pub struct Gguf {
    /// The version of the format, 2 or 3.
    pub version: u32,
    /// The key-value pairs. Arrays with more than [`Array::KEPT`] elements (vocabularies) keep their length only.
    pub metadata: BTreeMap<String, Value>,
    /// The tensors, in the order of the file.
    pub tensors: Vec<TensorInfo>,
    /// Tensor data begins at a multiple of this.
    pub alignment: u64,
    /// Where the tensor data begins in the file.
    pub data_offset: u64,
    /// The size of the file in bytes.
    pub file_size: u64,
}

/// One tensor as the head of the file lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorInfo {
    /// The name, such as `blk.0.attn_q.weight`.
    pub name: String,
    /// The dimensions, the fastest first: a matrix of 30,522 rows of 384 is `[384, 30522]`.
    pub shape: Vec<u64>,
    /// How its numbers are stored.
    pub kind: TensorType,
    /// Where its data begins, counted from [`Gguf::data_offset`].
    pub offset: u64,
}

impl TensorInfo {
    /// The number of elements.
    pub fn elements(&self) -> u64 {
        self.shape
            .iter()
            .fold(1, |product: u64, side| product.saturating_mul(*side))
    }

    /// The size of its data in bytes; none for a type that is not known here.
    pub fn bytes(&self) -> Option<u64> {
        self.kind
            .bytes(self.shape.first().copied().unwrap_or(1), self.elements())
    }
}

/// Why a file cannot be read as GGUF, or a tensor cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum GgufError {
    /// The operating system could not read or write the file.
    #[error("the file could not be read or written")]
    Io(#[from] io::Error),
    /// The file does not begin with `GGUF`.
    #[error("not a GGUF file: {looks_like}")]
    NotGguf {
        /// What it looks like instead.
        looks_like: String,
    },
    /// The file is shorter than its own head says.
    #[error("the file is truncated: expected at least {expected} bytes, it has {actual}")]
    Truncated {
        /// The bytes that the head asks for, as far as it could be read.
        expected: u64,
        /// The bytes that are there.
        actual: u64,
    },
    /// A version of GGUF that is neither 2 nor 3.
    #[error("GGUF version {version} is not supported (2 and 3 are)")]
    UnsupportedVersion {
        /// The version that the file names.
        version: u32,
    },
    /// The file was written for processors of the other byte order.
    #[error("a big-endian GGUF file cannot be read on this processor")]
    BigEndian,
    /// The head contradicts itself.
    #[error("the file is corrupt near byte {position}: {what}")]
    Corrupt {
        /// Where in the file.
        position: u64,
        /// What is wrong there.
        what: String,
    },
    /// A tensor to be written does not fit its shape.
    #[error("tensor `{name}` has {actual} bytes, its shape and type need {expected:?}")]
    BadTensor {
        /// The tensor.
        name: String,
        /// The bytes that shape and type ask for; none when its rows are no whole blocks.
        expected: Option<u64>,
        /// The bytes given.
        actual: u64,
    },
}

impl Gguf {
    /// A value of the metadata.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.metadata.get(key)
    }

    /// `general.name`: the name that its makers gave it.
    pub fn name(&self) -> Option<&str> {
        self.get("general.name")?.as_str()
    }

    /// `general.architecture`, such as `llama`, `gemma3` or `bert`.
    pub fn architecture(&self) -> Option<&str> {
        self.get("general.architecture")?.as_str()
    }

    /// The tokens that the model was trained to attend to.
    pub fn context_length(&self) -> Option<u64> {
        self.of_architecture("context_length")
    }

    /// The numbers in one token's vector, which is also the size of an embedding.
    pub fn embedding_length(&self) -> Option<u64> {
        self.of_architecture("embedding_length")
    }

    /// The chat template, in Jinja. Base models have none.
    pub fn chat_template(&self) -> Option<&str> {
        self.get("tokenizer.chat_template")?.as_str()
    }

    /// `general.license`.
    pub fn license(&self) -> Option<&str> {
        self.get("general.license")?.as_str()
    }

    /// The number of weights.
    pub fn parameters(&self) -> u64 {
        self.tensors
            .iter()
            .fold(0, |sum: u64, tensor| sum.saturating_add(tensor.elements()))
    }

    /// How the weights are stored: the name of `general.file_type` (`Q4_K_M`), or the type that holds most of them.
    pub fn quantisation(&self) -> String {
        let declared = self
            .get("general.file_type")
            .and_then(Value::as_u64)
            .and_then(kinds::file_type_name);
        declared.map_or_else(|| self.majority_type(), str::to_owned)
    }

    /// Whether it makes vectors instead of text: it names a pooling, or its architecture is an encoder's.
    pub fn is_embedder(&self) -> bool {
        let architecture = self.architecture().unwrap_or_default();
        let pools = self
            .of_architecture("pooling_type")
            .is_some_and(|pooling| pooling != 0);
        pools
            || architecture.contains("bert")
            || architecture == "t5encoder"
            || architecture.ends_with("-embedding")
    }

    fn majority_type(&self) -> String {
        let mut elements: BTreeMap<TensorType, u64> = BTreeMap::new();
        for tensor in &self.tensors {
            let sum = elements.entry(tensor.kind).or_default();
            *sum = sum.saturating_add(tensor.elements());
        }
        let most = elements.into_iter().max_by_key(|(_, sum)| *sum);
        most.map_or_else(|| "none".to_owned(), |(kind, _)| kind.to_string())
    }

    fn of_architecture(&self, key: &str) -> Option<u64> {
        self.get(&format!("{}.{key}", self.architecture()?))?
            .as_u64()
    }
}
