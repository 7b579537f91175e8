//! `propus models`: what is in the model folder.

use crate::commands::output::ListFormat;
use crate::folders;
use anyhow::Context;
use clap::Args;
use indicatif::HumanBytes;
use propus_llama::store::{ModelKind, Store, StoredModel, catalogue};
use std::{path::PathBuf, process::ExitCode};

/// List the models in the model folder
#[derive(Args)]
pub struct Models {
    /// List the models that `propus pull NAME` knows instead
    #[arg(long)]
    known: bool,
    /// Remove a model
    #[arg(long, value_name = "NAME")]
    remove: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    format: ListFormat,
    /// Where models are kept [default: the user's cache, such as ~/.cache/propus/models]
    #[arg(long, env = "PROPUS_MODELS_DIR", value_name = "DIR")]
    models_dir: Option<PathBuf>,
}

impl Models {
    /// Carries out the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        if self.known {
            for row in catalogue() {
                println!("{:<24} {}", row.name, row.license);
            }
            return Ok(ExitCode::SUCCESS);
        }
        let store = Store::open(folders::models(self.models_dir)?)?;
        if let Some(name) = &self.remove {
            let path = store.remove(name)?;
            eprintln!("removed {}", path.display());
            return Ok(ExitCode::SUCCESS);
        }
        let listing = store.look()?;
        match self.format {
            ListFormat::Json => {
                let json =
                    serde_json::to_string_pretty(&listing.models).context("cannot write JSON")?;
                println!("{json}");
            }
            ListFormat::Text => print(&listing.models),
        }
        for broken in &listing.broken {
            eprintln!("warning: {broken}");
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn print(models: &[StoredModel]) {
    if models.is_empty() {
        eprintln!("no models yet\nhint: `propus pull` fetches the default model");
        return;
    }
    println!(
        "{:<28} {:<9} {:<8} {:>10} {:>9} {:>9}",
        "NAME", "KIND", "WEIGHTS", "PARAMETERS", "CONTEXT", "SIZE"
    );
    for model in models {
        let kind = match model.kind {
            ModelKind::Generate => "generate",
            ModelKind::Embed => "embed",
        };
        println!(
            "{:<28} {:<9} {:<8} {:>9}M {:>9} {:>9}",
            model.name,
            kind,
            model.quantisation,
            model.parameters / 1_000_000,
            model.context_tokens,
            HumanBytes(model.size_bytes).to_string()
        );
    }
}
