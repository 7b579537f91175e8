//! `propus doctor`: examines this environment, from the key to the last chunk of a stream.

use clap::{Args, ValueEnum};
use propus_doctor::{Environment, Settings, examine};
use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, SystemTime},
};

/// Examine this environment: key, base URL, network, TLS, models, stream, SDKs
///
/// Looks at the variables that SDKs read, resolves and connects, judges the certificate, compares the
/// clock, lists the models, and asks for one tiny and one streamed answer (at most 528 tokens). Says
/// of each step what was tried, what was seen and what to do. Keys are never printed.
///
/// Each step takes at most --timeout. Exit code 0: healthy, perhaps with warnings; 1: something is
/// wrong; 2: a slip in the command.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  propus doctor\n  propus doctor --model gemini-2.5-flash --json\n  \
    propus doctor --base-url http://127.0.0.1:8787"
)]
pub struct Doctor {
    /// The address in front of /v1beta [default: GOOGLE_GEMINI_BASE_URL, or else Google's]
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// The model that is asked [default: one of the server's list]
    #[arg(long)]
    model: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// The longest that one step may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Doctor {
    /// Carries out the command.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let settings = Settings {
            base_url: self.base_url,
            model: self.model,
            timeout: Duration::from_secs(self.timeout),
        };
        let report = examine(&environment(), &settings).await;
        match self.json || self.format == Format::Json {
            true => println!("{}", serde_json::to_string_pretty(&report)?),
            false => print!("{report}"),
        }
        eprintln!("{}", report.summary());
        Ok(ExitCode::from(u8::from(!report.healthy)))
    }
}

/// This process and machine. A store that cannot be read is an empty one.
fn environment() -> Environment {
    let authorities = rustls_native_certs::load_native_certs().certs;
    Environment {
        variables: std::env::vars_os().collect(),
        folder: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
        now: SystemTime::now(),
        authorities: authorities.iter().map(|der| der.to_vec()).collect(),
    }
}
