//! `propus replay`: answers from a recording.

use crate::commands::serve::stop_signal;
use anyhow::Context;
use clap::Args;
use propus_server::{
    replay::{self, Options},
    serve,
};
use std::{io::Write, path::PathBuf, process::ExitCode, time::Duration};
use tokio::net::TcpListener;

/// Answer from a recording, byte for byte
///
/// The file is one that `propus serve --record FILE` wrote. A request gets the reply that the same
/// request got, or else the next one of the same method and path; others get 404 with the nearest that
/// was recorded. No key is needed. When ready it prints one line on stdout, `ready url=http://HOST:PORT`.
#[derive(Args)]
#[command(
    after_help = "Example:\n  propus serve --record calls.jsonl      then call it, and stop it\n  \
    propus replay calls.jsonl"
)]
pub struct Replay {
    /// The recording
    file: PathBuf,
    /// Address and port; port 0 picks a free one
    #[arg(
        long,
        env = "PROPUS_LISTEN",
        value_name = "ADDR",
        default_value = "127.0.0.1:8787"
    )]
    listen: String,
    /// Send each chunk as long after the request as it came then
    #[arg(long)]
    pace: bool,
}

impl Replay {
    /// Runs the server until a signal.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let routes = replay::router(&self.file, Options { paced: self.pace })?;
        let listener = TcpListener::bind(&self.listen)
            .await
            .with_context(|| format!("cannot listen on `{}`", self.listen))?;
        let address = listener
            .local_addr()
            .context("the listening socket has no address")?;
        let stop = stop_signal()?;
        // A closed stdout is no reason not to serve.
        let _ = writeln!(std::io::stdout(), "ready url=http://{address}");
        serve::serve(listener, routes, stop, Duration::from_secs(5)).await;
        Ok(ExitCode::SUCCESS)
    }
}
