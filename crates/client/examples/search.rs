//! Search by meaning: the texts whose vectors are nearest to the question's.
//!
//! `GEMINI_API_KEY=... cargo run -p propus-client --example search -- "Where can I swim?"`

use propus_client::{Client, wire::embed::TaskType};

const TEXTS: [&str; 4] = [
    "The pool opens at seven in the morning.",
    "Dogs must be kept on a lead in the park.",
    "The library lends books for four weeks.",
    "Lake and beach are a short walk away.",
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let question = std::env::args().nth(1);
    let question = question.unwrap_or_else(|| "Where can I swim?".into());
    let model = Client::from_env()?
        .embedding_model("gemini-embedding-001")
        .dimensions(768);
    let documents = model.clone().task(TaskType::RetrievalDocument);
    let documents = documents.embed_all(TEXTS).await?;
    let query = model.task(TaskType::RetrievalQuery).embed(question).await?;
    let mut found: Vec<_> = documents
        .iter()
        .map(|document| likeness(&query, document))
        .zip(TEXTS)
        .collect();
    found.sort_by(|one, other| other.0.total_cmp(&one.0));
    for (likeness, text) in found {
        println!("{likeness:.3}  {text}");
    }
    Ok(())
}

/// The cosine of the angle between two vectors; shortened ones are not of length 1.
fn likeness(one: &[f32], other: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(one, other) / (dot(one, one) * dot(other, other)).sqrt()
}
