//! The configuration file: one TOML file, every key of which a flag may override.

use anyhow::Context;
use ipnet::IpNet;
use propus_engines::{google, openai};
use propus_failures::cards::Profile;
use propus_server::{gateway::settings as gateway, inject::Rule};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
};

/// What a configuration file may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address and port.
    pub listen: Option<String>,
    /// Where keys and state are kept.
    pub data_dir: Option<PathBuf>,
    /// Nobody stands in for anybody.
    pub strict_models: bool,
    /// `v1` knows as few fields as in 2025.
    pub legacy_v1: bool,
    /// Whether a key is needed.
    pub auth: Option<bool>,
    /// How long running requests may take after a stop, in seconds.
    pub grace_seconds: Option<u64>,
    /// The longest that a call may take, in seconds.
    pub deadline_seconds: Option<u64>,
    /// The largest request body, in bytes.
    pub body_limit: Option<usize>,
    /// Most requests at once; beyond it they fail as overloaded. 10,000 where it is left out.
    pub max_requests: Option<usize>,
    /// Most bytes of all request bodies at once; 1 GiB where it is left out.
    pub max_body_bytes: Option<usize>,
    /// Whose rules count: `2026` or `2025-05`.
    pub profile: Profile,
    /// From where projects without billing may call.
    pub regions: Regions,
    /// What projects may ask.
    pub quotas: Quotas,
    /// Settings of local engines.
    pub local: Local,
    /// Engines by name.
    pub engines: BTreeMap<String, Engine>,
    /// Model names and the engines that answer for them; `default` stands in for all others.
    pub models: BTreeMap<String, gateway::Model>,
    /// What may be tried after a failed attempt at an upstream.
    #[serde(deserialize_with = "gateway::policy")]
    pub recovery: gateway::Recovery,
    /// How requests wait for the upstreams' quotas.
    pub pacing: gateway::Pacing,
    /// Replies of upstreams that are given again.
    pub cache: gateway::Cache,
    /// Second attempts beside the first one.
    pub hedging: gateway::Hedging,
    /// Rules by which calls fail, for servers that run with --inject.
    pub inject: Vec<Rule>,
    /// Who is told of every request.
    pub telemetry: Telemetry,
    /// Whether requests that were answered are logged, too.
    pub log_requests: bool,
    /// A file of model cards that changes the built-in ones.
    pub cards: Option<PathBuf>,
}

/// Settings of local engines.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Local {
    /// Threads for the model; the number of physical cores where it is left out.
    pub threads: Option<usize>,
    /// Tokens that all running requests share.
    pub context_tokens: Option<usize>,
    /// Most requests that run together.
    pub sequences: Option<usize>,
    /// Most requests that wait; beyond it they fail as overloaded.
    pub queue: Option<usize>,
    /// Layers to run on a GPU.
    pub gpu_layers: Option<i32>,
}

/// A collector of OpenTelemetry.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// Its address for OTLP over HTTP, such as `http://127.0.0.1:4318`; `OTEL_EXPORTER_OTLP_ENDPOINT` where
    /// it is left out.
    pub endpoint: Option<String>,
    /// Headers of each delivery, besides those of `OTEL_EXPORTER_OTLP_HEADERS`.
    pub headers: HashMap<String, String>,
    /// The name of this server; `OTEL_SERVICE_NAME`, or else `propus`, where it is left out.
    pub service: Option<String>,
}

/// From where projects without billing may call.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Regions {
    /// Networks of proxies whose headers are believed; this machine where they are left out.
    pub trusted_proxies: Option<Vec<IpNet>>,
    /// The header in which such a proxy names the caller's country, such as `cf-ipcountry`.
    pub country_header: Option<String>,
    /// A file of countries by address, such as GeoLite2-Country.mmdb.
    pub database: Option<PathBuf>,
    /// More countries where the free tier is offered, by their two letters.
    pub offered: Vec<String>,
    /// More countries where it is not.
    pub not_offered: Vec<String>,
    /// Whether it is offered in listed countries only.
    pub only_listed: bool,
}

impl Regions {
    /// The built-in lists, changed by these settings.
    pub fn read(&self) -> anyhow::Result<propus_server::regions::Regions> {
        let mut regions = propus_server::regions::Regions::default();
        if let Some(trusted) = &self.trusted_proxies {
            regions.trusted.clone_from(trusted);
        }
        if let Some(header) = &self.country_header {
            let named = header.parse();
            regions.country_header = Some(named.with_context(|| {
                format!("`regions.country_header` is `{header}`, which cannot be a header's name")
            })?);
        }
        if let Some(path) = &self.database {
            regions.open(path)?;
        }
        regions.only_listed = self.only_listed;
        regions.change(&self.offered, &self.not_offered)?;
        Ok(regions)
    }
}

/// What projects may ask, by their tiers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quotas {
    /// Whether calls are counted and refused.
    pub enabled: bool,
    /// Whose numbers count: `current` or `2025-05`; those of the profile where it is left out.
    pub profile: Option<propus_quota::Profile>,
    /// A file of limits that changes the built-in ones.
    pub limits: Option<PathBuf>,
    /// A file of prices that changes the built-in ones.
    pub prices: Option<PathBuf>,
    /// A Valkey or Redis that several servers share, such as `redis://127.0.0.1:6379/`, or `env:NAME`.
    pub store: Option<String>,
    /// What happens while it is away: `count-locally` or `refuse`.
    pub on_outage: OnOutage,
}

/// What happens to calls while the shared store of quotas is away.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnOutage {
    /// Each server counts by itself.
    #[default]
    CountLocally,
    /// They are refused with 503.
    Refuse,
}

/// One engine.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Engine {
    /// A model on this machine.
    Local {
        /// A name in the model folder, or a path.
        model: String,
    },
    /// Google, or another server with the Gemini API.
    Google(Box<google::Settings>),
    /// A server with OpenAI's API.
    OpenAi(Box<openai::Settings>),
    /// Fixed replies from a file.
    Scripted {
        /// The file; without one it repeats what it is told.
        script: Option<PathBuf>,
    },
}

impl Config {
    /// Reads the file; without one everything has its default.
    pub fn read(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let shown = path.display();
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read the configuration `{shown}`"))?;
        let config: Self = toml::from_str(&text)
            .with_context(|| format!("the configuration `{shown}` has a fault"))?;
        config
            .check()
            .with_context(|| format!("the configuration `{shown}` has a fault"))?;
        Ok(config)
    }

    fn check(&self) -> anyhow::Result<()> {
        let others: Vec<_> = self.here().collect();
        Ok(self.gateway().check(&others)?)
    }

    /// The engines that are models of this server.
    pub fn here(&self) -> impl Iterator<Item = &str> {
        let here = |engine: &Engine| !matches!(engine, Engine::Google(_));
        let engines = self.engines.iter().filter(move |(_, engine)| here(engine));
        engines.map(|(name, _)| name.as_str())
    }

    /// The engine that alone answers for a model, if it is one of this server.
    pub fn alone<'a>(&self, model: &'a gateway::Model) -> Option<&'a str> {
        let [route] = model.routes.as_slice() else {
            return None;
        };
        let is_plain = route.model.is_none() && model.fallbacks.is_empty();
        let is_here = self.here().any(|name| name == route.engine);
        (is_plain && is_here).then_some(&route.engine)
    }

    /// What the gateway is told.
    pub fn gateway(&self) -> gateway::Settings {
        let upstream = |(name, engine): (&String, &Engine)| match engine {
            Engine::Google(settings) => Some((name.clone(), (**settings).clone())),
            _ => None,
        };
        gateway::Settings {
            engines: self.engines.iter().filter_map(upstream).collect(),
            models: self.models.clone(),
            recovery: self.recovery.clone(),
            pacing: self.pacing.clone(),
            cache: self.cache.clone(),
            hedging: self.hedging.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<Config> {
        let config: Config = toml::from_str(text)?;
        config.check().map(|()| config)
    }

    #[test]
    fn a_small_file_is_enough() {
        let config = read("[engines.s]\nkind = 'scripted'\n[models]\ndefault = 's'").unwrap();
        assert!(matches!(
            config.engines["s"],
            Engine::Scripted { script: None }
        ));
    }

    #[test]
    fn slips_are_named() {
        for (text, word) in [
            ("lissten = 'x'", "lissten"),
            ("[models]\ndefault = 'nobody'", "nobody"),
            ("[engines.s]\nkind = 'magic'", "magic"),
            ("[local]\nthread = 1", "thread"),
        ] {
            let error = read(text).unwrap_err();
            assert!(format!("{error:#}").contains(word), "{text}: {error:#}");
        }
    }
}
