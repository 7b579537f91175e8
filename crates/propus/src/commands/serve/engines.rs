//! Starts the engines that the settings ask for.

use crate::{
    commands::pull,
    config::{Config, Engine, Local},
    folders,
};
use anyhow::Context;
use propus_engines::{
    openai::{self, OpenAi},
    scripted::Scripted,
};
use propus_failures::Card;
use propus_llama::{
    engine::{DEFAULT_SAMPLING, EmbeddingEngine, LocalEngine},
    model::LoadOptions,
    store::{DEFAULT_EMBEDDER, DEFAULT_MODEL, ModelKind, PullSource, Store, StoredModel},
};
use propus_server::{gateway::settings::Model, registry::OwnModel};
use propus_wire::generate::GenerateContentRequest;
use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

/// What was started.
pub struct Started {
    /// The models, the first ones first in line as stand-ins.
    pub own: Vec<OwnModel>,
    /// The engines of the file, by the names of their models.
    pub here: BTreeMap<String, String>,
}

/// Starts all engines of this server. The first one that can do the work stands in for Google's models: what
/// `models.default` names, then the models of the flags, then the file's engines.
pub async fn start(config: &Config, flags: &[String]) -> anyhow::Result<Started> {
    let (mut own, mut here) = (Vec::new(), BTreeMap::new());
    for name in flags {
        own.push(local(&config.local, name).await?);
    }
    let alone = |model: &Model| config.alone(model).map(str::to_owned);
    let models = config.models.iter();
    let models = models.filter_map(|(name, model)| Some((name.as_str(), alone(model)?)));
    let models: BTreeMap<&str, String> = models.collect();
    let default = models.get("default");
    for (name, engine) in &config.engines {
        let model = match engine {
            Engine::Local { model } => local(&config.local, model).await?,
            // The gateway asks them.
            Engine::Google(_) => continue,
            Engine::OpenAi(settings) => open_ai(name, settings).await?,
            Engine::Scripted { script } => scripted(name, script.as_deref())?,
        };
        here.insert(name.clone(), model.name.clone());
        let named = models.iter().filter(|(_, engine)| *engine == name);
        let named: Vec<_> = named
            .map(|(model, _)| *model)
            .filter(|model| *model != "default")
            .collect();
        let renamed = named.iter().map(|new_name| under(&model, new_name));
        let at = if default == Some(name) { 0 } else { own.len() };
        own.splice(at..at, renamed.collect::<Vec<_>>());
        own.insert(at, model);
    }
    if own.is_empty() && config.engines.is_empty() {
        own.push(local(&config.local, DEFAULT_MODEL).await?);
    }
    if flags.is_empty() && config.engines.is_empty() {
        own.push(local(&config.local, DEFAULT_EMBEDDER).await?);
    }
    Ok(Started { own, here })
}

fn under(model: &OwnModel, name: &str) -> OwnModel {
    let mut card = (*model.card).clone();
    name.clone_into(&mut card.name);
    OwnModel {
        name: name.to_owned(),
        card: Arc::new(card),
        engine: model.engine.clone(),
    }
}

fn scripted(name: &str, script: Option<&Path>) -> anyhow::Result<OwnModel> {
    let text = match script {
        Some(path) => fs::read_to_string(path)
            .with_context(|| format!("cannot read the script `{}`", path.display()))?,
        None => String::new(),
    };
    let engine = Scripted::from_toml(&text)
        .with_context(|| format!("the script of the engine `{name}` has a fault"))?;
    let mut card = Card::for_local(name, 1_048_576);
    card.methods.push("embedContent".into());
    Ok(OwnModel {
        name: name.to_owned(),
        card: Arc::new(card),
        engine: Arc::new(engine),
    })
}

/// Asks the server how long a prompt may be; where it does not say, it will refuse what is too long.
async fn open_ai(name: &str, settings: &openai::Settings) -> anyhow::Result<OwnModel> {
    let upstream = settings.model.clone();
    let engine = OpenAi::new(settings.clone())
        .with_context(|| format!("the engine `{name}` has a fault"))?
        .with_counter(Arc::new(|call: &GenerateContentRequest| {
            propus_tokens::count_request(call).tokens
        }));
    let asked = engine.context_tokens(upstream.as_deref().unwrap_or(name));
    let context = asked.await.unwrap_or(1_048_576);
    let mut card = Card::for_local(name, context);
    card.methods.push("embedContent".into());
    Ok(OwnModel {
        name: name.to_owned(),
        card: Arc::new(card),
        engine: Arc::new(engine),
    })
}

/// Starts a model of the model folder, or of a path; a known name that is not there is pulled.
async fn local(settings: &Local, name: &str) -> anyhow::Result<OwnModel> {
    let store = Store::open(folders::models(None)?)?;
    let stored = match store.find(name) {
        Ok(stored) => stored,
        Err(missing) => match name.parse::<PullSource>() {
            Ok(source @ PullSource::Catalogue(_)) => {
                eprintln!("pulling {name}, once");
                pull::fetch(&store, &source, &pull::options()).await?
            }
            _ => return Err(missing.into()),
        },
    };
    // Loading blocks: weights are read and threads are started.
    tokio::task::block_in_place(|| load(settings, &stored))
}

fn load(settings: &Local, stored: &StoredModel) -> anyhow::Result<OwnModel> {
    let name = stored.name.clone();
    Ok(match stored.kind {
        ModelKind::Generate => {
            let engine = LocalEngine::load(&stored.path, &options(settings))?;
            let card = Card {
                temperature: Some(DEFAULT_SAMPLING.temperature),
                top_p: Some(DEFAULT_SAMPLING.top_p),
                top_k: i32::try_from(DEFAULT_SAMPLING.top_k).ok(),
                ..Card::for_local(&name, engine.context_tokens() as u32)
            };
            OwnModel {
                card: Arc::new(card),
                engine: Arc::new(engine),
                name,
            }
        }
        ModelKind::Embed => {
            let engine = EmbeddingEngine::load(&stored.path, settings.threads)?;
            OwnModel {
                card: Arc::new(Card::for_local_embedding(
                    &name,
                    engine.context_tokens() as u32,
                )),
                engine: Arc::new(engine),
                name,
            }
        }
    })
}

fn options(settings: &Local) -> LoadOptions {
    let default = LoadOptions::default();
    LoadOptions {
        threads: settings.threads.or(default.threads),
        context_tokens: settings.context_tokens.unwrap_or(default.context_tokens),
        max_sequences: settings.sequences.unwrap_or(default.max_sequences),
        queue_limit: settings.queue.unwrap_or(default.queue_limit),
        gpu_layers: settings.gpu_layers.unwrap_or(default.gpu_layers),
        ..default
    }
}
