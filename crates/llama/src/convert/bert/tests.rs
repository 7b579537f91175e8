//! A tiny BERT, converted and read again.

use std::collections::HashMap;

use safetensors::serialize;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::*;
use crate::gguf::{Gguf, Value};

const WIDTH: usize = 32;
const INNER: usize = 64;

/// Writes the files of a tiny model into a folder.
pub(crate) fn write_tiny_bert(folder: &Path) {
    tiny().write(folder);
}

struct Model {
    config: Json,
    tokenizer: Json,
    tensors: Vec<(String, Vec<usize>)>,
}

fn tiny() -> Model {
    let config = json!({
        "model_type": "bert", "hidden_size": WIDTH, "intermediate_size": INNER, "num_attention_heads": 4,
        "num_hidden_layers": 1, "max_position_embeddings": 16, "vocab_size": 8, "layer_norm_eps": 1e-12,
    });
    let special = |id: u32, content: &str| json!({"id": id, "content": content, "special": true});
    let tokenizer = json!({
        "model": {"type": "WordPiece", "unk_token": "[UNK]",
            "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "walk": 4, "##ing": 5, "ing": 6}},
        "added_tokens": [special(0, "[PAD]"), special(1, "[UNK]"), special(2, "[CLS]"), special(3, "[SEP]")],
        "normalizer": {"type": "BertNormalizer", "lowercase": true, "strip_accents": null},
    });
    let shape = |name: &str| -> Vec<usize> {
        match name {
            "embeddings.word_embeddings.weight" => vec![8, WIDTH],
            "embeddings.position_embeddings.weight" => vec![16, WIDTH],
            "embeddings.token_type_embeddings.weight" => vec![2, WIDTH],
            name if name.contains("intermediate") && name.ends_with("bias") => vec![INNER],
            name if name.contains("intermediate") => vec![INNER, WIDTH],
            "encoder.layer.0.output.dense.weight" => vec![WIDTH, INNER],
            name if name.contains("LayerNorm") || name.ends_with("bias") => vec![WIDTH],
            _ => vec![WIDTH, WIDTH],
        }
    };
    let tensors = tensor_names(1)
        .into_iter()
        .map(|(name, _)| (name.clone(), shape(&name)))
        .collect();
    Model {
        config,
        tokenizer,
        tensors,
    }
}

impl Model {
    fn convert(&self, precision: Precision) -> Result<Gguf, ConvertError> {
        let folder = TempDir::new().unwrap();
        self.write(folder.path());
        let to = folder.path().join("out.gguf");
        bert_to_gguf(
            &BertFiles::in_folder(folder.path()),
            "Tiny",
            Some("mit"),
            precision,
            &to,
        )?;
        Ok(Gguf::read(&to).unwrap())
    }

    fn write(&self, folder: &Path) {
        fs::write(folder.join("config.json"), self.config.to_string()).unwrap();
        fs::write(folder.join("tokenizer.json"), self.tokenizer.to_string()).unwrap();
        let data: HashMap<&str, Vec<u8>> = self
            .tensors
            .iter()
            .map(|(name, shape)| {
                (
                    name.as_str(),
                    0.5f32.to_le_bytes().repeat(shape.iter().product()),
                )
            })
            .collect();
        let views = self.tensors.iter().map(|(name, shape)| {
            (
                name,
                TensorView::new(Dtype::F32, shape.clone(), &data[name.as_str()]).unwrap(),
            )
        });
        fs::write(
            folder.join("model.safetensors"),
            serialize(views, None).unwrap(),
        )
        .unwrap();
    }
}

fn check_refusal(change: impl FnOnce(&mut Model), expected: &str) {
    let mut model = tiny();
    change(&mut model);
    assert_eq!(
        model.convert(Precision::F16).unwrap_err().to_string(),
        expected
    );
}

#[test]
fn the_file_has_what_llama_cpp_reads() {
    let file = tiny().convert(Precision::F16).unwrap();
    assert_eq!(file.architecture(), Some("bert"));
    assert_eq!(file.context_length(), Some(16));
    assert_eq!(file.embedding_length(), Some(32));
    assert_eq!(file.quantisation(), "F16");
    assert!(file.is_embedder());
    for (key, expected) in [
        ("bert.attention.causal", Value::Bool(false)),
        ("bert.pooling_type", Value::U32(1)),
        ("tokenizer.ggml.bos_token_id", Value::U32(2)),
        ("tokenizer.ggml.seperator_token_id", Value::U32(3)),
        ("tokenizer.ggml.token_type_count", Value::U32(2)),
        ("tokenizer.ggml.normalizer.strip_accents", Value::Bool(true)),
    ] {
        assert_eq!(file.get(key), Some(&expected), "{key}");
    }
    assert_eq!(file.tensors.len(), 5 + 16);
}

#[test]
fn words_and_continuations_are_spelt_as_llama_cpp_does() {
    let file = tiny().convert(Precision::F16).unwrap();
    let Some(Value::Array(tokens)) = file.get("tokenizer.ggml.tokens") else {
        panic!()
    };
    let tokens: Vec<_> = tokens.values.iter().filter_map(Value::as_str).collect();
    assert_eq!(
        tokens,
        [
            "[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁walk", "ing", "▁ing", "[PAD7]"
        ]
    );
    let Some(Value::Array(kinds)) = file.get("tokenizer.ggml.token_type") else {
        panic!()
    };
    assert_eq!(kinds.values, [3, 3, 3, 3, 1, 1, 1, 5].map(Value::I32));
}

#[test]
fn only_matrices_lose_precision() {
    for (precision, expected) in [
        (Precision::F32, TensorType::F32),
        (Precision::F16, TensorType::F16),
        (Precision::Q8_0, TensorType::Q8_0),
    ] {
        let file = tiny().convert(precision).unwrap();
        for tensor in &file.tensors {
            let exact = tensor.shape.len() == 1
                || ["position_embd.weight", "token_types.weight"].contains(&&*tensor.name);
            assert_eq!(
                tensor.kind,
                if exact { TensorType::F32 } else { expected },
                "{}",
                tensor.name
            );
        }
    }
}

#[test]
fn prefixes_and_old_names_are_found() {
    let mut model = tiny();
    for (name, _) in &mut model.tensors {
        *name = format!(
            "bert.{}",
            name.replace("LayerNorm.weight", "LayerNorm.gamma")
        );
    }
    model.convert(Precision::F16).unwrap();
}

#[test]
fn refuses_what_llama_cpp_would_get_wrong() {
    check_refusal(
        |model| model.config["position_embedding_type"] = "relative_key".into(),
        "the model cannot be converted: its `position_embedding_type` is `relative_key`, not `absolute`",
    );
    check_refusal(
        |model| model.config["hidden_act"] = "relu".into(),
        "the model cannot be converted: its `hidden_act` is `relu`, not `gelu`",
    );
    check_refusal(
        |model| model.tokenizer["model"]["vocab"]["##[CLS]"] = 7.into(),
        "the model cannot be converted: two of its tokens read `[CLS]`",
    );
    check_refusal(
        |model| model.tokenizer["model"]["vocab"]["x"] = 8.into(),
        "the model cannot be converted: token 8 lies outside its vocabulary of 8",
    );
    check_refusal(
        |model| {
            model
                .tensors
                .retain(|(name, _)| !name.contains("self.key.weight"))
        },
        "the weights have no tensor `encoder.layer.0.attention.self.key.weight`",
    );
    check_refusal(
        |model| model.config["vocab_size"] = 4_000_000_000u32.into(),
        "the model cannot be converted: its vocabulary has 4000000000 tokens and its embeddings [8, 32]",
    );
}

#[test]
fn q8_blocks_are_ggmls() {
    let values: Vec<f32> = (0..32).map(|n| n as f32 - 15.5).collect();
    let block = q8_block(&values);
    let scale = f16::from_le_bytes([block[0], block[1]]).to_f32();
    for (byte, value) in block[2..].iter().zip(&values) {
        assert!((f32::from(*byte as i8) * scale - value).abs() <= scale);
    }
    assert_eq!(q8_block(&[0.0; 32]), [0; 34]);
}
