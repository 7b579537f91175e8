//! Vectors.

use crate::support::{model_file, writer_file};
use propus_llama::embedder::{EmbedError, Embedder, normalize};

fn embedder() -> Embedder {
    let path = model_file("PROPUS_TEST_EMBEDDER", "all-minilm-l6-v2.gguf");
    Embedder::load(&path, Some(1)).expect("the test model loads")
}

async fn embed(embedder: &Embedder, texts: &[&str]) -> Vec<Vec<f32>> {
    let tokens = texts.iter().map(|text| embedder.tokenize(text)).collect();
    let mut vectors = embedder.embed(tokens).await.unwrap();
    vectors.iter_mut().for_each(|vector| normalize(vector));
    vectors
}

fn likeness(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[tokio::test]
async fn texts_that_mean_the_same_are_close() {
    let embedder = embedder();
    let texts = [
        "A cat sits on the mat.",
        "A kitten rests on a rug.",
        "Interest rates rose again.",
    ];
    let vectors = embed(&embedder, &texts).await;
    assert_eq!(vectors[0].len(), embedder.dimensions());
    let (same, other) = (
        likeness(&vectors[0], &vectors[1]),
        likeness(&vectors[0], &vectors[2]),
    );
    assert!(same > 0.5 && other < 0.3, "{same} {other}");
}

#[tokio::test]
async fn neighbours_in_a_batch_change_nothing_that_matters() {
    let embedder = embedder();
    let many: Vec<String> = (0..150)
        .map(|i| format!("Sentence number {i} about the sea."))
        .collect();
    let texts: Vec<&str> = many.iter().map(String::as_str).collect();
    let vectors = embed(&embedder, &texts).await;
    assert_eq!(vectors.len(), 150);
    for index in [0, 70, 149] {
        let alone = embed(&embedder, &texts[index..=index]).await;
        assert!(likeness(&alone[0], &vectors[index]) > 0.9999);
    }
}

#[tokio::test]
async fn a_model_that_writes_gives_the_mean_of_its_tokens() {
    let embedder = Embedder::load(&writer_file(), Some(1)).unwrap();
    let vectors = embed(&embedder, &["The sea is calm.", "The ocean is quiet."]).await;
    assert_eq!(vectors[1].len(), 576);
    assert!(likeness(&vectors[0], &vectors[1]) > 0.5);
}

#[tokio::test]
async fn what_cannot_be_embedded_is_named() {
    let embedder = embedder();
    let error = embedder
        .embed(vec![vec![101, 102], vec![]])
        .await
        .unwrap_err();
    assert_eq!(error, EmbedError::Empty { index: 1 });
    let limit = embedder.context_tokens();
    let error = embedder
        .embed(vec![vec![101; limit + 1]])
        .await
        .unwrap_err();
    assert_eq!(
        error,
        EmbedError::TooLong {
            index: 0,
            tokens: limit + 1,
            limit
        }
    );
    assert_eq!(embedder.embed(vec![]).await, Ok(vec![]));
}

#[tokio::test]
async fn dropped_requests_do_not_block_others() {
    let embedder = embedder();
    let texts: Vec<_> = (0..200)
        .map(|_| embedder.tokenize("A text that nobody waits for."))
        .collect();
    drop(embedder.embed(texts));
    assert_eq!(embed(&embedder, &["Hello"]).await.len(), 1);
}
