//! `propus config`: whether a configuration makes sense.

use crate::config::{Config, Engine};
use clap::{Args, Subcommand};
use std::{path::PathBuf, process::ExitCode};

/// The sub-commands.
#[derive(Subcommand)]
pub enum Command {
    /// Check a configuration file, without starting anything
    Check(Check),
}

/// Check a configuration file
///
/// Reads it as `propus serve --config` does: unknown keys, values that do not fit, engines that are not
/// defined. Keys are not read and nothing is asked. Exit code 0: it can be used; 2: the first fault.
#[derive(Args)]
#[command(
    after_help = "Example, the smallest gateway:\n  [engines.google]\n  kind = \"google\"\n  \
    api_key = \"env:GEMINI_API_KEY\"\n  [models]\n  default = \"google\""
)]
pub struct Check {
    /// The file
    file: PathBuf,
}

impl Command {
    /// Carries out the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let Self::Check(Check { file }) = self;
        let config = Config::read(Some(&file))?;
        for (name, engine) in &config.engines {
            println!("engine {name}: {}", kind(engine));
        }
        for (name, model) in &config.models {
            let engines = model.routes.iter().chain(&model.fallbacks);
            let engines: Vec<_> = engines.map(|route| route.engine.as_str()).collect();
            println!("model {name}: {}", engines.join(", "));
        }
        eprintln!("{} can be used", file.display());
        Ok(ExitCode::SUCCESS)
    }
}

fn kind(engine: &Engine) -> &'static str {
    match engine {
        Engine::Local { .. } => "local",
        Engine::Google(_) => "google",
        Engine::OpenAi(_) => "openai",
        Engine::Scripted { .. } => "scripted",
    }
}
