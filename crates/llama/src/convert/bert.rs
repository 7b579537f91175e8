//! BERT sentence encoders (all-MiniLM, BGE, E5 …): safetensors and a WordPiece tokenizer become a GGUF file.
//!
//! What must be in the file, and under which names, is read off llama.cpp's `models/bert.cpp` and `llama-vocab.cpp`.
//! Two things there are traps. The vocabulary follows llama.cpp's own convention: a token that begins a word carries
//! `▁` in front, and `##ing` becomes `ing`. And llama.cpp aborts the process when two tokens read the same, so that is
//! checked here.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::ConvertError;
use crate::gguf::{GgufWriter, TensorType};

/// Where the files of the model lie.
#[derive(Clone, Debug)]
pub struct BertFiles {
    /// `model.safetensors`.
    pub weights: PathBuf,
    /// `tokenizer.json`.
    pub tokenizer: PathBuf,
    /// `config.json`.
    pub config: PathBuf,
    /// `1_Pooling/config.json` of sentence-transformers. Without it the vectors of all tokens are averaged.
    pub pooling: Option<PathBuf>,
}

impl BertFiles {
    /// The files by their usual names in a folder.
    pub fn in_folder(folder: &Path) -> BertFiles {
        let pooling = folder.join("1_Pooling").join("config.json");
        BertFiles {
            weights: folder.join("model.safetensors"),
            tokenizer: folder.join("tokenizer.json"),
            config: folder.join("config.json"),
            pooling: pooling.is_file().then_some(pooling),
        }
    }
}

/// How the matrices are stored. Vectors and the two small embeddings are always 32-bit floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floats, as published: twice the size of `F16` and no better in practice.
    F32,
    /// 16-bit floats.
    F16,
    /// 8-bit blocks: half the size of `F16`.
    Q8_0,
}

/// Converts a BERT encoder to a GGUF file. `name` becomes its `general.name`, `license` an SPDX identifier.
pub fn bert_to_gguf(
    files: &BertFiles,
    name: &str,
    license: Option<&str>,
    precision: Precision,
    to: &Path,
) -> Result<(), ConvertError> {
    let config: Config = read_json(&files.config)?;
    config.check()?;
    let tokenizer: Tokenizer = read_json(&files.tokenizer)?;
    let pooling = files
        .pooling
        .as_deref()
        .map(read_json::<Pooling>)
        .transpose()?
        .unwrap_or_default();
    let bytes = read(&files.weights)?;
    let weights = SafeTensors::deserialize(&bytes)?;
    config.check_vocabulary(&weights)?;

    let mut writer = GgufWriter::new("bert");
    writer
        .set("general.type", "model")
        .set("general.name", name);
    if let Some(license) = license {
        writer.set("general.license", license);
    }
    precision.describe(&mut writer);
    config.describe(&mut writer);
    writer.set("bert.pooling_type", pooling.number()?);
    tokenizer.describe(config.vocab_size, config.type_vocab_size, &mut writer)?;
    add_tensors(&weights, &config, precision, &mut writer)?;
    Ok(writer.write(to)?)
}

fn read(path: &Path) -> Result<Vec<u8>, ConvertError> {
    fs::read(path).map_err(|source| ConvertError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, ConvertError> {
    serde_json::from_slice(&read(path)?).map_err(|source| ConvertError::Json {
        path: path.to_owned(),
        source,
    })
}

impl Precision {
    fn describe(self, writer: &mut GgufWriter<'_>) {
        writer.set("general.file_type", self.file_type());
        if self == Precision::Q8_0 {
            writer.set("general.quantization_version", 2u32);
        }
    }

    /// llama.cpp's number of the file type.
    fn file_type(self) -> u32 {
        match self {
            Precision::F32 => 0,
            Precision::F16 => 1,
            Precision::Q8_0 => 7,
        }
    }
}

#[derive(Deserialize)]
struct Config {
    hidden_size: u32,
    intermediate_size: u32,
    num_attention_heads: u32,
    num_hidden_layers: u32,
    max_position_embeddings: u32,
    vocab_size: u32,
    #[serde(default = "two")]
    type_vocab_size: u32,
    layer_norm_eps: f32,
    #[serde(default)]
    model_type: String,
    #[serde(default = "gelu")]
    hidden_act: String,
    position_embedding_type: Option<String>,
}

fn two() -> u32 {
    2
}

fn gelu() -> String {
    "gelu".to_owned()
}

impl Config {
    fn check(&self) -> Result<(), ConvertError> {
        let positions = self
            .position_embedding_type
            .as_deref()
            .unwrap_or("absolute");
        let wanted = [
            ("model_type", self.model_type.as_str(), "bert"),
            ("hidden_act", self.hidden_act.as_str(), "gelu"),
            ("position_embedding_type", positions, "absolute"),
        ];
        for (key, found, expected) in wanted {
            if found != expected {
                return Err(ConvertError::Unsupported(format!(
                    "its `{key}` is `{found}`, not `{expected}`"
                )));
            }
        }
        if self.num_attention_heads == 0
            || !self.hidden_size.is_multiple_of(self.num_attention_heads)
        {
            return Err(ConvertError::Unsupported(
                "its width cannot be shared out among its heads".into(),
            ));
        }
        Ok(())
    }

    /// Before anything is allocated for that many tokens.
    fn check_vocabulary(&self, weights: &SafeTensors<'_>) -> Result<(), ConvertError> {
        let embeddings = find_tensor(weights, "embeddings.word_embeddings.weight")?;
        let (rows, shape) = (self.vocab_size, embeddings.shape());
        if shape != [rows as usize, self.hidden_size as usize] {
            let what = format!("its vocabulary has {rows} tokens and its embeddings {shape:?}");
            return Err(ConvertError::Unsupported(what));
        }
        Ok(())
    }

    fn describe(&self, writer: &mut GgufWriter<'_>) {
        writer
            .set("bert.context_length", self.max_position_embeddings)
            .set("bert.embedding_length", self.hidden_size)
            .set("bert.feed_forward_length", self.intermediate_size)
            .set("bert.block_count", self.num_hidden_layers)
            .set("bert.attention.head_count", self.num_attention_heads)
            .set("bert.attention.layer_norm_epsilon", self.layer_norm_eps)
            .set("bert.attention.causal", false);
    }
}

/// sentence-transformers' account of how token vectors become one vector.
#[derive(Default, Deserialize)]
struct Pooling {
    #[serde(default)]
    pooling_mode_cls_token: bool,
    #[serde(default)]
    pooling_mode_max_tokens: bool,
    #[serde(default)]
    pooling_mode_mean_sqrt_len_tokens: bool,
}

impl Pooling {
    /// llama.cpp's number of the pooling.
    fn number(&self) -> Result<u32, ConvertError> {
        if self.pooling_mode_max_tokens || self.pooling_mode_mean_sqrt_len_tokens {
            return Err(ConvertError::Unsupported(
                "its pooling is neither the mean nor the first token".into(),
            ));
        }
        Ok(if self.pooling_mode_cls_token { 2 } else { 1 })
    }
}

#[derive(Deserialize)]
struct Tokenizer {
    model: WordPiece,
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
    normalizer: Option<Normalizer>,
}

#[derive(Deserialize)]
struct WordPiece {
    #[serde(rename = "type")]
    kind: Option<String>,
    vocab: BTreeMap<String, u32>,
    #[serde(default = "unknown_token")]
    unk_token: String,
}

fn unknown_token() -> String {
    "[UNK]".to_owned()
}

#[derive(Deserialize)]
struct AddedToken {
    id: u32,
    content: String,
    #[serde(default)]
    special: bool,
}

#[derive(Deserialize)]
struct Normalizer {
    lowercase: Option<bool>,
    strip_accents: Option<bool>,
}

/// llama.cpp's kinds of tokens.
const NORMAL: i32 = 1;
const CONTROL: i32 = 3;
const UNUSED: i32 = 5;

impl Tokenizer {
    fn describe(
        &self,
        vocabulary_size: u32,
        token_types: u32,
        writer: &mut GgufWriter<'_>,
    ) -> Result<(), ConvertError> {
        if self
            .model
            .kind
            .as_deref()
            .is_some_and(|kind| kind != "WordPiece")
        {
            return Err(ConvertError::Unsupported(
                "its tokenizer is not WordPiece".into(),
            ));
        }
        let (tokens, kinds) = self.vocabulary(vocabulary_size)?;
        writer
            .set("tokenizer.ggml.model", "bert")
            .set("tokenizer.ggml.pre", "default")
            .set("tokenizer.ggml.tokens", tokens)
            .set("tokenizer.ggml.token_type", kinds)
            .set("tokenizer.ggml.token_type_count", token_types);
        self.describe_special_tokens(writer)?;
        self.describe_normalizer(writer);
        Ok(())
    }

    /// The tokens by their number, in llama.cpp's spelling, and the kind of each.
    fn vocabulary(&self, size: u32) -> Result<(Vec<String>, Vec<i32>), ConvertError> {
        // The tables have as many rows as the embedding matrix; rows without a token are filled up.
        let mut tokens: Vec<String> = (0..size).map(|id| format!("[PAD{id}]")).collect();
        let mut kinds = vec![UNUSED; size as usize];
        let mut place = |id: u32, token: String, kind: i32| {
            let slot = tokens.get_mut(id as usize).ok_or_else(|| {
                ConvertError::Unsupported(format!(
                    "token {id} lies outside its vocabulary of {size}"
                ))
            })?;
            *slot = token;
            kinds[id as usize] = kind;
            Ok::<(), ConvertError>(())
        };
        for (token, id) in &self.model.vocab {
            place(*id, spelling(token), NORMAL)?;
        }
        for token in self.added_tokens.iter().filter(|token| token.special) {
            place(token.id, token.content.clone(), CONTROL)?;
        }
        let mut seen = HashSet::with_capacity(tokens.len());
        if let Some(twice) = tokens.iter().find(|token| !seen.insert(token.as_str())) {
            return Err(ConvertError::Unsupported(format!(
                "two of its tokens read `{twice}`"
            )));
        }
        Ok((tokens, kinds))
    }

    fn describe_special_tokens(&self, writer: &mut GgufWriter<'_>) -> Result<(), ConvertError> {
        let cls = self.required_id("[CLS]")?;
        // llama.cpp puts its "beginning" token in front of a text, which is [CLS] here; `seperator` is its spelling.
        writer
            .set("tokenizer.ggml.bos_token_id", cls)
            .set("tokenizer.ggml.cls_token_id", cls)
            .set(
                "tokenizer.ggml.seperator_token_id",
                self.required_id("[SEP]")?,
            )
            .set(
                "tokenizer.ggml.unknown_token_id",
                self.required_id(&self.model.unk_token)?,
            );
        for (key, token) in [("padding", "[PAD]"), ("mask", "[MASK]")] {
            if let Some(id) = self.id(token) {
                writer.set(&format!("tokenizer.ggml.{key}_token_id"), id);
            }
        }
        Ok(())
    }

    fn describe_normalizer(&self, writer: &mut GgufWriter<'_>) {
        let lowercase = self
            .normalizer
            .as_ref()
            .and_then(|n| n.lowercase)
            .unwrap_or(true);
        let strip_accents = self
            .normalizer
            .as_ref()
            .and_then(|n| n.strip_accents)
            .unwrap_or(lowercase);
        writer
            .set("tokenizer.ggml.normalizer.lowercase", lowercase)
            .set("tokenizer.ggml.normalizer.strip_accents", strip_accents);
    }

    fn required_id(&self, token: &str) -> Result<u32, ConvertError> {
        self.id(token).ok_or_else(|| {
            ConvertError::Unsupported(format!("its tokenizer has no token `{token}`"))
        })
    }

    fn id(&self, token: &str) -> Option<u32> {
        let added = self
            .added_tokens
            .iter()
            .find(|added| added.content == token)
            .map(|added| added.id);
        added.or_else(|| self.model.vocab.get(token).copied())
    }
}

/// llama.cpp's spelling of a WordPiece token.
fn spelling(token: &str) -> String {
    match token.strip_prefix("##") {
        Some(rest) => rest.to_owned(),
        None => format!("\u{2581}{token}"),
    }
}

fn add_tensors(
    weights: &SafeTensors<'_>,
    config: &Config,
    precision: Precision,
    writer: &mut GgufWriter<'_>,
) -> Result<(), ConvertError> {
    for (theirs, ours) in tensor_names(config.num_hidden_layers) {
        let tensor = find_tensor(weights, &theirs)?;
        let kind = storage(&ours, tensor.shape(), precision);
        let shape: Vec<u64> = tensor
            .shape()
            .iter()
            .rev()
            .map(|side| *side as u64)
            .collect();
        writer.tensor(&ours, &shape, kind, encode(&floats(&tensor)?, kind))?;
    }
    Ok(())
}

/// Every tensor that llama.cpp reads: its name in the weights, and in the GGUF file.
fn tensor_names(layers: u32) -> Vec<(String, String)> {
    let mut names = Vec::new();
    let mut add = |theirs: &str, ours: &str, parts: &[&str]| {
        names.extend(
            parts
                .iter()
                .map(|part| (format!("{theirs}.{part}"), format!("{ours}.{part}"))),
        );
    };
    add("embeddings.word_embeddings", "token_embd", &["weight"]);
    add(
        "embeddings.position_embeddings",
        "position_embd",
        &["weight"],
    );
    add(
        "embeddings.token_type_embeddings",
        "token_types",
        &["weight"],
    );
    add(
        "embeddings.LayerNorm",
        "token_embd_norm",
        &["weight", "bias"],
    );
    for layer in 0..layers {
        for (theirs, ours) in LAYER {
            add(
                &format!("encoder.layer.{layer}.{theirs}"),
                &format!("blk.{layer}.{ours}"),
                &["weight", "bias"],
            );
        }
    }
    names
}

const LAYER: [(&str, &str); 8] = [
    ("attention.self.query", "attn_q"),
    ("attention.self.key", "attn_k"),
    ("attention.self.value", "attn_v"),
    ("attention.output.dense", "attn_output"),
    ("attention.output.LayerNorm", "attn_output_norm"),
    ("intermediate.dense", "ffn_up"),
    ("output.dense", "ffn_down"),
    ("output.LayerNorm", "layer_output_norm"),
];

/// Some checkpoints put `bert.` in front of every name, and old ones call a norm's weight and bias gamma and beta.
fn find_tensor<'a>(weights: &SafeTensors<'a>, name: &str) -> Result<TensorView<'a>, ConvertError> {
    let old = name
        .replace("LayerNorm.weight", "LayerNorm.gamma")
        .replace("LayerNorm.bias", "LayerNorm.beta");
    for candidate in [name, &format!("bert.{name}"), &old, &format!("bert.{old}")] {
        if let Ok(tensor) = weights.tensor(candidate) {
            return Ok(tensor);
        }
    }
    Err(ConvertError::MissingTensor(name.to_owned()))
}

/// The token types are added to 32-bit floats as they are, and positions are small: both stay exact.
fn storage(name: &str, shape: &[usize], precision: Precision) -> TensorType {
    let is_vector = shape.len() < 2;
    if is_vector || name.starts_with("position_embd") || name.starts_with("token_types") {
        return TensorType::F32;
    }
    match precision {
        Precision::Q8_0 if shape[shape.len() - 1].is_multiple_of(Q8_BLOCK) => TensorType::Q8_0,
        Precision::F32 => TensorType::F32,
        Precision::F16 | Precision::Q8_0 => TensorType::F16,
    }
}

fn floats(tensor: &TensorView<'_>) -> Result<Vec<f32>, ConvertError> {
    let data = tensor.data();
    Ok(match tensor.dtype() {
        Dtype::F32 => data
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect(),
        Dtype::F16 => data
            .chunks_exact(2)
            .map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32())
            .collect(),
        Dtype::BF16 => data
            .chunks_exact(2)
            .map(|b| bf16::from_le_bytes([b[0], b[1]]).to_f32())
            .collect(),
        other => {
            return Err(ConvertError::Unsupported(format!(
                "its weights are stored as {other:?}"
            )));
        }
    })
}

fn encode(values: &[f32], kind: TensorType) -> Cow<'static, [u8]> {
    let bytes = match kind {
        TensorType::F16 => values
            .iter()
            .flat_map(|value| f16::from_f32(*value).to_le_bytes())
            .collect(),
        TensorType::Q8_0 => values.chunks_exact(Q8_BLOCK).flat_map(q8_block).collect(),
        _ => values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect::<Vec<u8>>(),
    };
    Cow::Owned(bytes)
}

const Q8_BLOCK: usize = 32;

/// ggml's `quantize_row_q8_0_ref`: the largest value of the block becomes 127.
fn q8_block(values: &[f32]) -> [u8; 2 + Q8_BLOCK] {
    let largest = values
        .iter()
        .fold(0f32, |largest, value| largest.max(value.abs()));
    let scale = largest / 127.0;
    let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
    let mut block = [0; 2 + Q8_BLOCK];
    block[..2].copy_from_slice(&f16::from_f32(scale).to_le_bytes());
    for (byte, value) in block[2..].iter_mut().zip(values) {
        *byte = ((value * inverse).round() as i8).to_le_bytes()[0];
    }
    block
}

#[cfg(test)]
pub(crate) mod tests;
