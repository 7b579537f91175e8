//! Answers from any server with OpenAI's API: vLLM, SGLang, llama-server, Ollama, OpenAI itself.
//!
//! A Gemini request becomes the body of `chat/completions` and the completion becomes chunks of a
//! Gemini reply. What has no place in OpenAI's API is refused with the field's name; [`fields`]
//! lists what becomes of each.
//!
//! ```
//! use propus_engines::openai::{OpenAi, Settings};
//!
//! let settings: Settings = toml::from_str(r#"
//!     base_url = "http://127.0.0.1:8000/v1"
//!     flavour = "vllm"
//! "#).unwrap();
//! assert!(OpenAi::new(settings).is_ok());
//!
//! let error = OpenAi::new(Settings::of("nowhere")).unwrap_err();
//! assert!(error.to_string().contains("is not a URL"));
//! ```

mod completion;
mod count;
mod embeddings;
mod faults;
pub mod fields;
mod flavour;
mod form;
mod gaps;
mod media;
mod messages;
mod pool;
mod reader;
mod request;
mod sampling;
mod schema;
mod settings;
mod standing;
mod stream;
mod strict;
mod thinking;
mod tools;

pub use faults::Busy;
pub use flavour::Flavour;
pub use gaps::Untranslatable;
pub use settings::{Ejection, EmbeddingFormat, Key, Settings, SettingsError};

use crate::{Chunks, Engine, Load};
use async_trait::async_trait;
use bytes::Bytes;
use faults::{Asked, Fault};
use pool::{Lease, Pool};
use propus_client::{
    Method,
    transport::{Call, Reply},
};
use propus_failures::Problem;
use propus_wire::{
    embed::{ContentEmbedding, EmbedContentRequest},
    generate::{
        BlockReason, CountTokensResponse, GenerateContentRequest, GenerateContentResponse,
        PromptFeedback,
    },
};
use request::Target;
use serde_json::Value;
use standing::Verdict;
use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

/// A list of models that takes longer tells nothing.
const MODELS_TIMEOUT: Duration = Duration::from_secs(10);

/// Counts a prompt where the server cannot, in tokens.
pub type Counter = Arc<dyn Fn(&GenerateContentRequest) -> u64 + Send + Sync>;

/// An engine that asks an OpenAI-compatible server, or several with the same model.
pub struct OpenAi {
    settings: Settings,
    pool: Arc<Pool>,
    /// Found out once, where the settings do not say it.
    flavour: OnceLock<Flavour>,
    counter: Option<Counter>,
}

impl fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAi")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl OpenAi {
    /// An engine with these settings. It reads the key; nothing is sent yet.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        Ok(Self {
            pool: Pool::new(&settings)?,
            flavour: OnceLock::new(),
            counter: None,
            settings,
        })
    }

    /// Counts prompts like this where the server has no way to count them.
    #[must_use]
    pub fn with_counter(mut self, counter: Counter) -> Self {
        self.counter = Some(counter);
        self
    }

    /// Which server it is, as the settings say or as the server shows. Where nothing tells, it is
    /// [`Flavour::Other`]; it is asked again where it did not answer.
    pub async fn flavour(&self) -> Flavour {
        if self.settings.flavour != Flavour::Auto {
            return self.settings.flavour;
        }
        if let Some(known) = self.flavour.get() {
            return *known;
        }
        // Several calls may look at once: none waits for another that waits for a dead server.
        match self.find_out().await {
            Ok(found) => *self.flavour.get_or_init(|| found),
            Err(_) => Flavour::Other,
        }
    }

    /// Looks at the address, or else at the owners of the models that are listed.
    async fn find_out(&self) -> Result<Flavour, Problem> {
        let addresses = self.settings.addresses().unwrap_or_default();
        if let Some(known) = addresses.iter().find_map(|at| Flavour::of_address(at)) {
            return Ok(known);
        }
        let models = self.models().await?;
        let mut owners = models.iter().filter_map(|model| model["owned_by"].as_str());
        let found = owners.find_map(Flavour::of_owner).unwrap_or(Flavour::Other);
        tracing::info!(flavour = ?found, "found out which server it is");
        Ok(found)
    }

    /// How many tokens the model reads and writes together, where the server's list says so, as
    /// those of vLLM and SGLang do. `model` is the caller's name for it.
    pub async fn context_tokens(&self, model: &str) -> Option<u32> {
        let asked = self.asked(Some(model), "generateContent", None);
        let name = self.model(&asked);
        let models = self.models().await.ok()?;
        let own = models.iter().find(|model| model["id"] == *name)?;
        u32::try_from(own["max_model_len"].as_u64()?).ok()
    }

    /// The models that are listed; none where the server answers and has no list.
    async fn models(&self) -> Result<Vec<Value>, Problem> {
        let until = Some(Instant::now() + MODELS_TIMEOUT);
        let asked = self.asked(None, "generateContent", until);
        let path = Path::Api("models");
        let (mut lease, reply) = match self.send(Method::GET, path, None, &asked).await {
            Ok(sent) => sent,
            Err(fault) if fault.verdict == Verdict::Good => return Ok(Vec::new()),
            Err(fault) => return Err(fault.problem),
        };
        let mut list: Value = reply.json().await.unwrap_or_default();
        lease.judge(Verdict::Good);
        match list["data"].take() {
            Value::Array(models) => Ok(models),
            _ => Ok(Vec::new()),
        }
    }

    fn asked(&self, model: Option<&str>, method: &'static str, until: Option<Instant>) -> Asked {
        let model = model.unwrap_or_default();
        let model = model.strip_prefix("models/").unwrap_or(model);
        Asked {
            is_renamed: self
                .settings
                .model
                .as_deref()
                .is_some_and(|own| own != model),
            model: model.to_owned(),
            method,
            until,
        }
    }

    /// The model's name at the server.
    fn model<'a>(&'a self, asked: &'a Asked) -> &'a str {
        self.settings.model.as_deref().unwrap_or(&asked.model)
    }

    fn target<'a>(&'a self, flavour: Flavour, asked: &'a Asked) -> Target<'a> {
        Target {
            traits: flavour.traits(),
            model: self.model(asked),
            stream: self.settings.stream,
            fetch_images: self.settings.fetch_images,
            detail: None,
            dropped: &self.settings.drop,
        }
    }

    /// Sends a call to the server with the least to do, and to another one where that may help:
    /// generating changes nothing, so nothing is done twice.
    async fn send(
        &self,
        method: Method,
        path: Path<'_>,
        body: Option<Bytes>,
        asked: &Asked,
    ) -> Result<(Lease, Reply), Fault> {
        let mut tried = Vec::new();
        let mut last = None;
        while let Some(mut lease) = self.pool.lease(&tried) {
            let Some(call) = prepared(&lease, &method, path, body.as_ref(), asked) else {
                return Err(last.unwrap_or_else(|| Fault::of_call(faults::late())));
            };
            let error = match call.send().await {
                Ok(reply) => return Ok((lease, reply)),
                Err(error) => error,
            };
            let fault = faults::of(&error, asked);
            lease.judge(fault.verdict);
            let problem = fault.problem.name();
            tracing::debug!(server = member_name(&lease), problem, "failed");
            if !fault.elsewhere {
                return Err(fault);
            }
            tried.push(lease.at());
            last = Some(fault);
        }
        Err(last.unwrap_or_else(|| Fault::of_call(faults::internal("there is no server"))))
    }

    /// Sends a body and reads the whole reply.
    async fn exchange(
        &self,
        path: Path<'_>,
        body: &Value,
        asked: &Asked,
    ) -> Result<Value, Problem> {
        let body = Bytes::from(body.to_string());
        let (mut lease, reply) = self.send(Method::POST, path, Some(body), asked).await?;
        match reply.json().await {
            Ok(json) => {
                lease.judge(Verdict::Good);
                Ok(json)
            }
            Err(error) => {
                let fault = faults::of(&error, asked);
                lease.judge(fault.verdict);
                Err(fault.problem)
            }
        }
    }
}

/// A call that is ready to be sent; `None` where it would be late.
fn prepared(
    lease: &Lease,
    method: &Method,
    path: Path<'_>,
    body: Option<&Bytes>,
    asked: &Asked,
) -> Option<Call> {
    let member = lease.member();
    let mut call = match path {
        Path::Api(path) => member.api.call(method.clone(), path),
        Path::Root(path) => member.root.call(method.clone(), path),
    };
    if let Some(body) = body {
        call = call
            .body(body.clone())
            .header("content-type", "application/json");
    }
    let Some(until) = asked.until else {
        return Some(call);
    };
    let left = until.saturating_duration_since(Instant::now());
    (!left.is_zero()).then(|| call.timeout(left))
}

fn member_name(lease: &Lease) -> &str {
    lease.member().api.base_url()
}

/// Where an API is.
#[derive(Clone, Copy, Debug)]
enum Path<'a> {
    /// Below `/v1`.
    Api(&'a str),
    /// Above it.
    Root(&'a str),
}

#[async_trait]
impl Engine for OpenAi {
    async fn generate(
        &self,
        call: GenerateContentRequest,
        until: Option<Instant>,
    ) -> Result<Chunks, Problem> {
        let asked = self.asked(call.model.as_deref(), "generateContent", until);
        let flavour = self.flavour().await;
        let body = request::body(&call, &self.target(flavour, &asked))?;
        let body = Bytes::from(body.to_string());
        let sent = self
            .send(
                Method::POST,
                Path::Api("chat/completions"),
                Some(body),
                &asked,
            )
            .await;
        let (lease, reply) = match sent {
            Ok(sent) => sent,
            Err(fault) if fault.is_blocked => return Ok(stream::of(blocked())),
            Err(fault) => return Err(fault.problem),
        };
        let silence = self.settings.silence_timeout();
        let chunks = stream::read(reply, lease, asked, wants_thoughts(&call), silence);
        stream::begun(chunks).await
    }

    async fn count_tokens(
        &self,
        call: GenerateContentRequest,
    ) -> Result<CountTokensResponse, Problem> {
        self.count(call).await
    }

    async fn embed(
        &self,
        calls: Vec<EmbedContentRequest>,
    ) -> Result<Vec<ContentEmbedding>, Problem> {
        let model = calls.first().and_then(|call| call.model.as_deref());
        let asked = self.asked(model, "embedContent", None);
        let mut out = vec![ContentEmbedding::default(); calls.len()];
        for batch in embeddings::batches(&calls, &self.settings)? {
            let body = batch.body(self.model(&asked), self.settings.embedding_format);
            let reply = self
                .exchange(Path::Api("embeddings"), &body, &asked)
                .await?;
            let vectors = embeddings::read(reply, batch.places.len());
            let vectors = vectors.map_err(faults::internal)?;
            for (place, vector) in batch.places.iter().zip(vectors) {
                out[*place] = vector;
            }
        }
        Ok(out)
    }

    fn load(&self) -> Load {
        Load {
            running: self.pool.running(),
            ..Load::default()
        }
    }
}

/// Whether thoughts are parts of the reply.
fn wants_thoughts(call: &GenerateContentRequest) -> bool {
    let config = call.generation_config.as_ref();
    let thinking = config.and_then(|config| config.thinking_config.as_ref());
    thinking.is_some_and(|thinking| thinking.include_thoughts == Some(true))
}

/// The reply to a prompt that the server's filters refuse.
fn blocked() -> GenerateContentResponse {
    GenerateContentResponse {
        prompt_feedback: Some(PromptFeedback {
            block_reason: Some(BlockReason::Safety),
            ..PromptFeedback::default()
        }),
        ..GenerateContentResponse::default()
    }
}

#[cfg(test)]
mod tests;
