//! The command line: arguments, configuration sources, terminal output.

mod admin_token;
mod commands;
mod config;
mod folders;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use std::{io::IsTerminal, process::ExitCode};

/// The Gemini API you can run and rely on.
///
/// `propus serve` answers Gemini clients (v1, v1beta) from a local model. The first start pulls the
/// default model, creates an API key and prints both lines an SDK needs.
#[derive(Parser)]
#[command(name = "propus", version, max_term_width = 100)]
struct Cli {
    /// How much to log: error, warn, info, debug, or a filter such as propus_server=debug
    #[arg(
        long,
        global = true,
        env = "PROPUS_LOG",
        default_value = "info",
        value_name = "LEVEL"
    )]
    log: String,
    /// How to log: lines for people, or a JSON object on each line
    #[arg(
        long,
        global = true,
        env = "PROPUS_LOG_FORMAT",
        value_enum,
        default_value = "text"
    )]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[derive(Subcommand)]
enum Command {
    Serve(commands::serve::Serve),
    Replay(commands::replay::Replay),
    /// Check a configuration
    #[command(subcommand)]
    Config(commands::config::Command),
    Pull(commands::pull::Pull),
    Models(commands::models::Models),
    /// Create, list and end API keys
    #[command(subcommand)]
    Keys(commands::keys::Keys),
    /// Create, list and change projects
    #[command(subcommand)]
    Projects(commands::projects::Projects),
    /// Show and set what projects may ask; request and approve increases
    #[command(subcommand)]
    Quota(commands::quota::Quota),
    /// Ask a server once
    Generate(commands::generate::Generate),
    /// Talk with a model
    Chat(commands::chat::Chat),
    Top(commands::top::Top),
    Doctor(commands::doctor::Doctor),
    Diagnose(commands::diagnose::Diagnose),
    Explain(commands::explain::Explain),
    Check(commands::check::Check),
    Tokens(commands::tokens::Tokens),
    Completions(commands::manual::Completions),
    Man(commands::manual::Man),
}

fn main() -> ExitCode {
    // Before anything else: code compiled for this machine's processor may not run on another.
    if let Err(missing) = propus_llama::processor::check() {
        eprintln!("error: {missing}");
        return ExitCode::from(2);
    }
    let cli = Cli::parse();
    if let Err(error) = log_to_stderr(&cli.log, cli.log_format) {
        return fail(&error);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::anyhow!("cannot start worker threads: {error}")),
    };
    let result = runtime.block_on(run(cli.command));
    // Requests that outlived the grace period must not hold the process.
    runtime.shutdown_background();
    result.unwrap_or_else(|error| fail(&error))
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(serve) => serve.run().await,
        Command::Replay(replay) => replay.run().await,
        Command::Config(config) => config.run(),
        Command::Pull(pull) => pull.run().await,
        Command::Models(models) => models.run(),
        Command::Keys(keys) => keys.run(),
        Command::Projects(projects) => projects.run(),
        Command::Quota(quota) => quota.run(),
        Command::Generate(generate) => generate.run().await,
        Command::Chat(chat) => chat.run().await,
        Command::Top(top) => top.run().await,
        Command::Doctor(doctor) => doctor.run().await,
        Command::Diagnose(diagnose) => diagnose.run(),
        Command::Explain(explain) => explain.run(),
        Command::Check(check) => check.run(),
        Command::Tokens(tokens) => tokens.run(),
        Command::Completions(completions) => Ok(completions.run(Cli::command())),
        Command::Man(man) => man.run(Cli::command()),
    }
}

fn log_to_stderr(filter: &str, format: LogFormat) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(filter)
        .map_err(|error| anyhow::anyhow!("--log `{filter}`: {error}\nhint: try info or debug"))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    Ok(())
}

/// What stops a command before it has done its work: one clear line naming the thing, and the fix.
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
    ExitCode::from(2)
}
