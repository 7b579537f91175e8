//! The reader against good, bad and random files.

use std::io::Cursor;

use proptest::prelude::*;

use super::*;

fn small_model() -> Vec<u8> {
    let mut writer = GgufWriter::new("llama");
    writer
        .set("general.name", "Small")
        .set("llama.context_length", 2048u32)
        .set("llama.embedding_length", 64u32)
        .set("llama.attention.layer_norm_rms_epsilon", 1e-5f32)
        .set("general.license", "apache-2.0")
        .set("tokenizer.chat_template", "{{ messages }}")
        .set("tokenizer.ggml.add_bos_token", true)
        .set(
            "tokenizer.ggml.tokens",
            vec!["a".to_owned(), "b".to_owned()],
        )
        .set("tokenizer.ggml.token_type", vec![1i32; 3000]);
    writer
        .tensor(
            "token_embd.weight",
            &[64, 4],
            TensorType::Q8_0,
            vec![1; 4 * 2 * 34],
        )
        .unwrap();
    writer
        .tensor(
            "output_norm.weight",
            &[64],
            TensorType::F32,
            vec![2; 64 * 4],
        )
        .unwrap();
    let mut file = Vec::new();
    writer.write_to(&mut file).unwrap();
    file
}

fn parse(bytes: &[u8]) -> Result<Gguf, GgufError> {
    Gguf::from_reader(Cursor::new(bytes), bytes.len() as u64)
}

fn check_error(bytes: &[u8], expected: &str) {
    assert_eq!(parse(bytes).unwrap_err().to_string(), expected);
}

#[test]
fn reads_what_it_wrote() {
    let file = small_model();
    let model = parse(&file).unwrap();
    assert_eq!(model.version, 3);
    assert_eq!(model.name(), Some("Small"));
    assert_eq!(model.architecture(), Some("llama"));
    assert_eq!(model.context_length(), Some(2048));
    assert_eq!(model.embedding_length(), Some(64));
    assert_eq!(model.license(), Some("apache-2.0"));
    assert_eq!(model.chat_template(), Some("{{ messages }}"));
    assert_eq!(model.parameters(), 64 * 4 + 64);
    assert_eq!(model.quantisation(), "Q8_0");
    assert!(!model.is_embedder());
    let Some(Value::Array(tokens)) = model.get("tokenizer.ggml.tokens") else {
        panic!()
    };
    assert_eq!(tokens.values, ["a".into(), "b".into()]);
    let Some(Value::Array(kinds)) = model.get("tokenizer.ggml.token_type") else {
        panic!()
    };
    assert_eq!((kinds.length, kinds.values.len()), (3000, 0));
}

#[test]
fn the_declared_file_type_names_the_quantisation() {
    let mut writer = GgufWriter::new("llama");
    writer.set("general.file_type", 15u32);
    let mut file = Vec::new();
    writer.write_to(&mut file).unwrap();
    assert_eq!(parse(&file).unwrap().quantisation(), "Q4_K_M");
}

#[test]
fn a_pooling_makes_an_embedder() {
    for (architecture, pooling, expected) in [
        ("bert", 1u32, true),
        ("qwen3", 3, true),
        ("qwen3", 0, false),
    ] {
        let mut writer = GgufWriter::new(architecture);
        writer.set(&format!("{architecture}.pooling_type"), pooling);
        let mut file = Vec::new();
        writer.write_to(&mut file).unwrap();
        assert_eq!(
            parse(&file).unwrap().is_embedder(),
            expected,
            "{architecture} {pooling}"
        );
    }
}

#[test]
fn says_what_is_wrong() {
    check_error(
        b"",
        "the file is truncated: expected at least 4 bytes, it has 0",
    );
    check_error(
        b"GGUF\x03",
        "the file is truncated: expected at least 8 bytes, it has 5",
    );
    check_error(
        b"GGUF\x01\0\0\0",
        "GGUF version 1 is not supported (2 and 3 are)",
    );
    check_error(
        b"GGUF\0\0\0\x03",
        "a big-endian GGUF file cannot be read on this processor",
    );
    check_error(
        b"PK\x03\x04....",
        "not a GGUF file: it looks like a ZIP archive or a Python wheel",
    );
    check_error(
        b"<!DOCTYPE html>",
        "not a GGUF file: it looks like a web page, perhaps a failed download",
    );
    check_error(
        b"version https",
        "not a GGUF file: it looks like a Git LFS pointer, not the file itself",
    );
    check_error(
        b"\x01\x02ab",
        "not a GGUF file: it begins with `\\x01\\x02ab`",
    );
}

#[test]
fn a_missing_end_is_told_in_bytes() {
    let file = small_model();
    // The last tensor ends where the file ends: 256 is a multiple of the alignment.
    let expected = format!(
        "the file is truncated: expected at least {} bytes, it has {}",
        file.len(),
        file.len() - 7
    );
    check_error(&file[..file.len() - 7], &expected);
}

#[test]
fn every_truncation_is_an_error() {
    let file = small_model();
    for length in 0..file.len() {
        assert!(
            matches!(parse(&file[..length]), Err(GgufError::Truncated { .. })),
            "{length}"
        );
    }
}

#[test]
fn huge_claims_cost_nothing() {
    let head = |tensors: u64, pairs: u64| {
        [
            b"GGUF\x03\0\0\0".as_slice(),
            &tensors.to_le_bytes(),
            &pairs.to_le_bytes(),
        ]
        .concat()
    };
    assert!(matches!(
        parse(&head(u64::MAX, 0)),
        Err(GgufError::Corrupt { .. })
    ));
    assert!(matches!(
        parse(&head(0, u64::MAX)),
        Err(GgufError::Corrupt { .. })
    ));
    assert!(matches!(
        parse(&head(0, 1 << 39)),
        Err(GgufError::Truncated { .. })
    ));
    let mut long_text = head(0, 1);
    long_text.extend(1u64.to_le_bytes());
    long_text.extend(b"k");
    long_text.extend(8u32.to_le_bytes());
    long_text.extend((1u64 << 39).to_le_bytes());
    assert!(matches!(
        parse(&long_text),
        Err(GgufError::Truncated { .. })
    ));
    // A list of lists of lists: each level costs 12 bytes only.
    let mut nested = head(0, 1);
    nested.extend(1u64.to_le_bytes());
    nested.extend(b"k");
    nested.extend(9u32.to_le_bytes());
    for _ in 0..10_000 {
        nested.extend(9u32.to_le_bytes());
        nested.extend(1u64.to_le_bytes());
    }
    assert!(matches!(parse(&nested), Err(GgufError::Corrupt { .. })));
}

#[test]
fn a_tensor_that_does_not_fit_is_not_written() {
    let mut writer = GgufWriter::new("llama");
    assert!(matches!(
        writer.tensor("x", &[3], TensorType::F32, vec![0; 11]),
        Err(GgufError::BadTensor {
            expected: Some(12),
            actual: 11,
            ..
        })
    ));
    assert!(matches!(
        writer.tensor("x", &[33], TensorType::Q8_0, vec![0; 34]),
        Err(GgufError::BadTensor { expected: None, .. })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_changes_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let mut file = small_model();
        for (index, byte) in changes {
            let index = index.index(file.len());
            file[index] = byte;
        }
        if let Ok(model) = parse(&file) {
            let _ = (model.parameters(), model.quantisation(), model.is_embedder(), model.context_length());
        }
    }

    #[test]
    fn random_numbers_in_the_head_never_panic(at in any::<prop::sample::Index>(), number in any::<u64>(), cut in any::<prop::sample::Index>()) {
        let mut file = small_model();
        let at = at.index(file.len() - 8);
        file[at..at + 8].copy_from_slice(&number.to_le_bytes());
        file.truncate(cut.index(file.len()) + 1);
        let _ = parse(&file);
    }

    #[test]
    fn random_bytes_never_panic(tail in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&tail);
        let _ = parse(&[b"GGUF\x03\0\0\0".as_slice(), &tail].concat());
    }
}
