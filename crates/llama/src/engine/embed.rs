//! A GGUF model that makes vectors.

use super::{counted, internal};
use crate::{
    embedder::{EmbedError, Embedder},
    model::LoadError,
};
use async_trait::async_trait;
use propus_engines::{Chunks, Engine, Load};
use propus_failures::{
    Problem, limits::context_too_long::ContextTooLong, service::overloaded_503::Overloaded503,
};
use propus_wire::{
    embed::{ContentEmbedding, EmbedContentRequest},
    generate::{Content, CountTokensResponse, GenerateContentRequest},
};
use std::{path::Path, time::Instant};

/// An embedding model behind the API.
///
/// Task types are accepted and change nothing: the packaged model was trained for one task. A
/// title is put before its text. Vectors have length 1; `outputDimensionality` cuts them and makes
/// their length 1 again, or fills them up with zeros, which changes neither lengths nor angles.
#[derive(Clone)]
pub struct EmbeddingEngine {
    embedder: Embedder,
}

impl EmbeddingEngine {
    /// Loads a model. Blocks until it is ready.
    pub fn load(path: &Path, threads: Option<usize>) -> Result<Self, LoadError> {
        Ok(Self {
            embedder: Embedder::load(path, threads)?,
        })
    }

    /// The longest text, in tokens.
    pub fn context_tokens(&self) -> usize {
        self.embedder.context_tokens()
    }
}

#[async_trait]
impl Engine for EmbeddingEngine {
    async fn generate(
        &self,
        _: GenerateContentRequest,
        _: Option<Instant>,
    ) -> Result<Chunks, Problem> {
        // The registry asks only models whose card has the method.
        Err(internal("this model makes vectors only"))
    }

    async fn count_tokens(
        &self,
        call: GenerateContentRequest,
    ) -> Result<CountTokensResponse, Problem> {
        let turns = call.system_instruction.iter().chain(&call.contents);
        let texts = turns.map(Content::texts).collect::<Vec<_>>().join("\n");
        Ok(counted(self.embedder.tokenize(&texts).len()))
    }

    async fn embed(
        &self,
        calls: Vec<EmbedContentRequest>,
    ) -> Result<Vec<ContentEmbedding>, Problem> {
        let mut texts = Vec::with_capacity(calls.len());
        for call in &calls {
            let tokens = self.embedder.tokenize(&text_to_embed(call));
            self.check_length(tokens.len())?;
            texts.push(tokens);
        }
        let vectors = self.embedder.embed(texts).await.map_err(embed_problem)?;
        let sized = vectors
            .into_iter()
            .zip(&calls)
            .map(|(vector, call)| ContentEmbedding {
                values: sized(vector, call.output_dimensionality),
            });
        Ok(sized.collect())
    }

    fn load(&self) -> Load {
        self.embedder.load_now()
    }
}

impl EmbeddingEngine {
    fn check_length(&self, tokens: usize) -> Result<(), Problem> {
        let limit = self.context_tokens();
        if tokens <= limit {
            return Ok(());
        }
        Err(ContextTooLong {
            tokens: tokens as u64,
            limit: limit as u64,
        }
        .into())
    }
}

fn text_to_embed(call: &EmbedContentRequest) -> String {
    let text = call
        .content
        .as_ref()
        .map(Content::texts)
        .unwrap_or_default();
    match call.title.as_deref() {
        Some(title) if !title.is_empty() => format!("{title}\n{text}"),
        _ => text,
    }
}

fn sized(mut vector: Vec<f32>, dimensions: Option<i32>) -> Vec<f32> {
    if let Some(wanted) = dimensions
        .and_then(|wanted| usize::try_from(wanted).ok())
        .filter(|wanted| *wanted > 0)
    {
        vector.resize(wanted, 0.0);
    }
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        for value in &mut vector {
            *value /= length;
        }
    }
    vector
}

fn embed_problem(error: EmbedError) -> Problem {
    match error {
        EmbedError::Busy => Overloaded503 {
            cause: Some("the embedding queue is full".into()),
            ..Overloaded503::default()
        }
        .into(),
        other => internal(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::sized;

    #[test]
    fn vectors_are_cut_filled_and_normalised() {
        assert_eq!(sized(vec![3.0, 4.0], None), [0.6, 0.8]);
        assert_eq!(sized(vec![3.0, 4.0], Some(1)), [1.0]);
        assert_eq!(sized(vec![3.0, 4.0], Some(3)), [0.6, 0.8, 0.0]);
        assert_eq!(sized(vec![0.0], Some(2)), [0.0, 0.0]);
    }
}
