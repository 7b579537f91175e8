//! `propus serve`: settings, engines, keys, then the server until a signal.

mod engines;
mod limits;
#[cfg(feature = "otel")]
mod telemetry;

use crate::{admin_token, commands::keys, config::Config, folders};
use anyhow::{Context, bail};
use clap::Args;
use propus_failures::{Cards, cards::Profile};
use propus_server::{
    AdminToken, Load,
    accounts::Accounts,
    app::{App, Settings, router},
    gateway::Gateway,
    inject::Injector,
    memory,
    metrics::Metrics,
    quotas,
    registry::Registry,
    replay::Recorder,
    serve,
};
use std::{
    collections::BTreeMap,
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use tokio::net::TcpListener;

const LISTEN: &str = "127.0.0.1:8787";

/// Serve the Gemini API
///
/// Answers on 127.0.0.1:8787 from the default model, which the first start pulls. When ready it
/// prints one line on stdout, `ready url=http://HOST:PORT`, with `key=...` when it made a key;
/// everything else goes to stderr. SIGTERM lets running requests finish.
#[derive(Args)]
pub struct Serve {
    /// Address and port; port 0 picks a free one [default: 127.0.0.1:8787]
    #[arg(long, env = "PROPUS_LISTEN", value_name = "ADDR")]
    listen: Option<String>,
    /// A TOML file with settings; flags override it
    #[arg(long, env = "PROPUS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where keys and state are kept [default: the user's data folder, such as ~/.local/share/propus]
    #[arg(long, env = "PROPUS_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// A model from the model folder, or a GGUF file; may be repeated, the first one that can do
    /// the work stands in for Google's models [default: smollm2-135m-instruct, all-minilm-l6-v2]
    #[arg(long = "model", value_name = "NAME|PATH")]
    models: Vec<String>,
    /// Answer only for models that are here: no stand-ins
    #[arg(long)]
    strict_models: bool,
    /// Whose rules count where Google's have changed: `2025-05`, the troubleshooting guide of May 2025
    /// (temperature to 1.0, a prompt that is too long is a 500), or `2026` [default: 2026]
    #[arg(long, env = "PROPUS_PROFILE", value_name = "PROFILE")]
    profile: Option<Profile>,
    /// Let /v1 know as few fields as in 2025 (no tools, system instruction, JSON mode)
    #[arg(long)]
    legacy_v1: bool,
    /// Refuse with 429 what goes beyond the limits of the project's tier, as Google does
    #[arg(long, conflicts_with = "no_auth")]
    quotas: bool,
    /// Let requests ask for failures: by the header x-propus-inject, such as `overloaded-503*2,ok;id=a`, by a
    /// model called fault-NAME, or by rules in [[inject]] and at /propus/v1/inject, which lists all names
    #[arg(long)]
    inject: bool,
    /// Write every exchange to a new file, without keys, for `propus replay`
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Log every request, one line each, without a word of what was asked or answered; else only those that
    /// fail (--record keeps everything)
    #[arg(long)]
    log_requests: bool,
    /// Ask for no key; only on a loopback address
    #[arg(long)]
    no_auth: bool,
    /// Threads for local models [default: the physical cores]
    #[arg(long, env = "PROPUS_THREADS", value_name = "N")]
    threads: Option<usize>,
    /// Tokens that all running requests of a local model share
    #[arg(long, value_name = "N")]
    context_tokens: Option<usize>,
    /// Most requests that a local model works on together
    #[arg(long, value_name = "N")]
    sequences: Option<usize>,
    /// Most requests that wait for a local model; beyond it they fail as overloaded (503)
    #[arg(long, value_name = "N")]
    queue: Option<usize>,
    /// Seconds that a call may take; later it fails with 504, or earlier by X-Server-Timeout [default: 600]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    deadline: Option<u64>,
    /// Seconds that running requests may take after SIGTERM [default: 30]
    #[arg(long, value_name = "SECONDS")]
    grace: Option<u64>,
}

impl Serve {
    /// Runs the server until a signal.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let began = Instant::now();
        let config = self.settings()?;
        let listener = listen(config.listen.as_deref().unwrap_or(LISTEN)).await?;
        let address = listener
            .local_addr()
            .context("the listening socket has no address")?;
        let (accounts, key) = accounts(&config, address)?;
        let admin = match accounts {
            Some(_) => {
                let folder = folders::data(config.data_dir.clone())?;
                Some(AdminToken::new(&admin_token::made(&folder)?))
            }
            None => None,
        };
        let regions = config.regions.read()?;
        let cards = cards(config.cards.as_deref())?.under(config.profile);
        let engines::Started { own, here } = engines::start(&config, &self.models).await?;
        let names: Vec<_> = own.iter().map(|model| model.name.as_str()).collect();
        tracing::info!("serving {} after {:?}", names.join(", "), began.elapsed());
        let settings = settings(&config);
        let quotas = limits::read(&config, accounts.as_ref())?;
        let clock = settings.clock.clone();
        let registry = Registry::new(cards, own, config.strict_models, clock);
        #[cfg(feature = "otel")]
        let telemetry = telemetry::start(&config.telemetry)?;
        let metrics = Metrics::new(&registry);
        #[cfg(feature = "otel")]
        let metrics = match telemetry.clone() {
            Some(telemetry) => metrics.collected_by(telemetry),
            None => metrics,
        };
        let app = Arc::new(App {
            metrics,
            registry,
            settings,
            load: Arc::new(Load::new(
                config.max_requests.unwrap_or(10_000),
                config.max_body_bytes.unwrap_or(1 << 30),
            )),
            accounts,
            admin,
            regions,
            quotas,
            gateway: gateway(&config, &here)?,
            injector: injector(&config, self.inject)?,
        });
        tokio::spawn(quotas::keep(app.clone()));
        if let Some(path) = self.config.clone() {
            tokio::spawn(reload(app.clone(), path, here));
        }
        tokio::spawn(quotas::watch(app.clone()));
        tokio::spawn(memory::watch(app.clone()));
        let stop = stop_signal()?;
        let grace = Duration::from_secs(config.grace_seconds.unwrap_or(30));
        let recorder = self.record.as_deref().map(Recorder::create).transpose()?;
        let routes = router(app.clone());
        let routes = match &recorder {
            Some(recorder) => recorder.around(routes),
            None => routes,
        };
        announce(address, key.as_deref());
        serve::serve(listener, routes, stop, grace).await;
        if let Some(recorder) = recorder {
            recorder.flush().await?;
        }
        quotas::save_now(&app);
        #[cfg(feature = "otel")]
        if let Some(telemetry) = telemetry {
            telemetry.flush().await;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The file's settings with the flags over them.
    fn settings(&self) -> anyhow::Result<Config> {
        let mut config = Config::read(self.config.as_deref())?;
        let over = |flag: &Option<usize>, file: &mut Option<usize>| *file = flag.or(*file);
        over(&self.threads, &mut config.local.threads);
        over(&self.context_tokens, &mut config.local.context_tokens);
        over(&self.sequences, &mut config.local.sequences);
        over(&self.queue, &mut config.local.queue);
        config.profile = self.profile.unwrap_or(config.profile);
        config.listen = self.listen.clone().or(config.listen);
        config.data_dir = self.data_dir.clone().or(config.data_dir);
        config.deadline_seconds = self.deadline.or(config.deadline_seconds);
        config.grace_seconds = self.grace.or(config.grace_seconds);
        config.strict_models |= self.strict_models;
        config.legacy_v1 |= self.legacy_v1;
        config.quotas.enabled |= self.quotas;
        config.log_requests |= self.log_requests;
        if self.no_auth {
            config.auth = Some(false);
        }
        Ok(config)
    }
}

fn settings(config: &Config) -> Settings {
    let default = Settings::default();
    let deadline = config.deadline_seconds.map(Duration::from_secs);
    Settings {
        legacy_v1: config.legacy_v1,
        body_limit: config.body_limit.unwrap_or(default.body_limit),
        deadline: deadline.unwrap_or(default.deadline),
        log_answers: config.log_requests,
        ..default
    }
}

async fn listen(address: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on `{address}`\nhint: choose another with --listen; port 0 picks a free one")
    })
}

/// Opens the accounts and makes the first key; `None` where no key is asked for.
fn accounts(
    config: &Config,
    address: SocketAddr,
) -> anyhow::Result<(Option<Accounts>, Option<String>)> {
    if config.auth == Some(false) {
        if !address.ip().is_loopback() {
            bail!(
                "--no-auth would let anybody on `{address}` in\nhint: listen on 127.0.0.1, or leave --no-auth out"
            );
        }
        return Ok((None, None));
    }
    let accounts = keys::open(&folders::data(config.data_dir.clone())?)?;
    let first = accounts.first_key(SystemTime::now())?;
    Ok((Some(accounts), first.map(|made| made.key)))
}

/// The gateway, where there is an upstream.
fn gateway(config: &Config, here: &BTreeMap<String, String>) -> anyhow::Result<Option<Gateway>> {
    let settings = config.gateway();
    if settings.engines.is_empty() {
        return Ok(None);
    }
    Ok(Some(Gateway::new(&settings, here)?))
}

/// Takes the gateway's part of the configuration anew whenever SIGHUP comes; a slip changes nothing.
async fn reload(app: Arc<App>, path: PathBuf, here: BTreeMap<String, String>) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut hangup) = signal(SignalKind::hangup()) else {
        return;
    };
    while hangup.recv().await.is_some() {
        let Some(gateway) = &app.gateway else {
            tracing::warn!("SIGHUP: there is no gateway whose settings could be read anew");
            continue;
        };
        let read = Config::read(Some(&path));
        let done = read.and_then(|config| Ok(gateway.reload(&config.gateway(), &here)?));
        match done {
            Ok(()) => tracing::info!("SIGHUP: engines, routes and recovery were read anew"),
            Err(error) => tracing::error!("SIGHUP: nothing was changed: {error:#}"),
        }
    }
}

/// Failures on demand; rules without the flag are a slip.
fn injector(config: &Config, asked: bool) -> anyhow::Result<Option<Injector>> {
    if !asked && !config.inject.is_empty() {
        bail!(
            "the configuration has [[inject]] rules, and failures are not allowed\nhint: start with --inject"
        );
    }
    let rules = asked.then(|| Injector::with_rules(config.inject.clone()));
    Ok(rules.transpose()?)
}

fn cards(path: Option<&Path>) -> anyhow::Result<Cards> {
    let Some(path) = path else {
        return Ok(Cards::builtin().clone());
    };
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the model cards `{shown}`"))?;
    Cards::builtin()
        .overridden(&text)
        .with_context(|| format!("the model cards `{shown}` have a fault"))
}

/// Done when the process is asked to stop. A second signal ends it at once.
pub fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::warn!("stopped at once by a second signal");
            #[allow(clippy::disallowed_methods)]
            // Somebody insists; nothing waits for a destructor.
            std::process::exit(130);
        });
    })
}

/// The one line on stdout, and what a person does next.
fn announce(address: SocketAddr, key: Option<&str>) {
    let url = format!("http://{address}");
    let line = match key {
        Some(key) => format!("ready url={url} key={key}"),
        None => format!("ready url={url}"),
    };
    // A closed stdout is no reason not to serve.
    let _ = writeln!(std::io::stdout(), "{line}");
    let shown = key.unwrap_or("$GEMINI_API_KEY");
    if key.is_some() {
        eprintln!(
            "\nThis is your API key; it is not shown again (`propus keys create` makes more)."
        );
    }
    eprintln!(
        "\nFor the SDKs:\n  export GOOGLE_GEMINI_BASE_URL={url}\n  export GEMINI_API_KEY={shown}\n\nTry:\n  \
         curl -s {url}/v1beta/models/gemini-flash-latest:generateContent -H 'x-goog-api-key: {shown}' \
         -H 'content-type: application/json' -d '{{\"contents\":[{{\"parts\":[{{\"text\":\"Why is the sky blue?\"}}]}}]}}'\n"
    );
}
