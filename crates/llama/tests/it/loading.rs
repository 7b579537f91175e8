//! Files that are no models.

use crate::support::{model_file, options, writer_file};
use propus_llama::model::{LoadError, Model};
use std::fs;
use std::io::Read;

#[track_caller]
fn check(content: &[u8], fits: impl Fn(&LoadError) -> bool) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.gguf");
    fs::write(&path, content).unwrap();
    let error = Model::load(&path, &options()).unwrap_err();
    assert!(fits(&error), "{error:?}");
    assert!(error.to_string().contains("broken.gguf"), "{error}");
}

fn head_of_a_model() -> Vec<u8> {
    let mut head = Vec::new();
    fs::File::open(writer_file())
        .unwrap()
        .take(3 << 20)
        .read_to_end(&mut head)
        .unwrap();
    head
}

#[test]
fn broken_files_are_named() {
    check(b"", |error| matches!(error, LoadError::Invalid { .. }));
    check(b"PK\x03\x04 is a zip file, not a model", |error| {
        matches!(error, LoadError::Invalid { .. })
    });
    check(&head_of_a_model(), |error| {
        matches!(error, LoadError::Invalid { .. })
    });
}

#[test]
fn unknown_architectures_are_named_with_the_reason() {
    let mut content = fs::read(writer_file()).unwrap();
    let key = b"general.architecture";
    let at = content
        .windows(key.len())
        .position(|window| window == key)
        .unwrap()
        + key.len()
        + 12;
    assert_eq!(&content[at..at + 5], b"llama");
    content[at..at + 5].copy_from_slice(b"lxxma");
    check(&content, |error| match error {
        LoadError::Unsupported { reason, .. } => reason.contains("lxxma"),
        _ => false,
    });
}

#[test]
fn missing_files_are_named() {
    let error = Model::load("/nowhere/missing.gguf".as_ref(), &options()).unwrap_err();
    assert!(matches!(error, LoadError::Missing { .. }), "{error:?}");
    assert!(error.to_string().contains("/nowhere/missing.gguf"));
}

#[test]
fn a_model_for_vectors_writes_no_text() {
    let path = model_file("PROPUS_TEST_EMBEDDER", "all-minilm-l6-v2.gguf");
    let error = Model::load(&path, &options()).unwrap_err();
    assert!(matches!(error, LoadError::WrongKind { .. }), "{error:?}");
}
