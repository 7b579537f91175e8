//! `propus check`: what the API would refuse, before it is sent.

mod fix;
mod print;

use crate::commands::output::{named, read};
use clap::{Args, ValueEnum};
use fix::Fixed;
use propus_failures::{
    Advice, Cards, Day, Finding, Sending, advise, cards::Profile, inspect, inspect::METHODS,
};
use propus_wire::{Surface, Version};
use std::{path::PathBuf, process::ExitCode, time::Duration};

/// Check a request body before it is sent
///
/// Finds what the API would refuse: malformed JSON, unknown fields, wrong types, values out of the
/// model's ranges, unsupported features, schemas, function names, the order of turns, prompts longer
/// than the window, retired models; and warns of what it takes and then answers badly. Nothing leaves
/// this machine.
///
/// Exit code 0: nothing found; 1: errors or warnings; 2: a slip in the command. Advice alone is 0.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  propus check request.json --model gemini-3.5-flash\n  \
    jq .body log.json | propus check - --model gemini-2.5-pro --api-version v1 --format json\n  \
    propus check request.json --fix            corrects the file where there is one right form\n  \
    propus check - --fix < in.json > out.json"
)]
pub struct Check {
    /// The file with the request's body; `-` or nothing: standard input
    file: Option<PathBuf>,
    /// The model that is asked
    #[arg(long, default_value = "gemini-3.5-flash")]
    model: String,
    /// The API version of the path
    #[arg(long, value_enum, default_value = "v1beta")]
    api_version: ApiVersion,
    /// The method of the path
    #[arg(long, default_value = "generateContent", value_parser = METHODS)]
    method: String,
    /// Judge v1 as strictly as Google did in 2025: many fields exist only on v1beta
    #[arg(long)]
    legacy_v1: bool,
    /// Whose rules count: `2025-05`, Google's troubleshooting guide of May 2025, or `2026`
    #[arg(long, default_value = "2026", value_name = "PROFILE")]
    profile: Profile,
    /// How long the client will wait for the answer, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    client_timeout: Option<Duration>,
    /// Advise also by Google's rules for prompts
    #[arg(long)]
    advice: bool,
    /// Correct what has one right form: the file itself, or standard input to standard output
    #[arg(long)]
    fix: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    format: CheckFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ApiVersion {
    V1,
    V1beta,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For notes and tickets.
    Markdown,
    /// For code scanning: SARIF 2.1.0.
    Sarif,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// What was found, and in which text.
struct Report<'a> {
    /// The request, corrected where that was asked for.
    body: &'a str,
    /// Its file.
    name: &'a str,
    findings: &'a [Finding],
    advice: &'a [Advice],
    fixed: Option<&'a Fixed>,
}

impl Check {
    /// Carries out the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let body = read(self.file.as_deref())?;
        let today = jiff::Timestamp::now().to_string();
        let sending = self.sending(today.parse::<Day>().map_err(anyhow::Error::msg)?);
        let cards = Cards::builtin().clone().under(self.profile);
        let fixed = self.fix.then(|| fix::fixed(&body, &sending, &cards));
        let body = match &fixed {
            Some(fixed) if fixed.is_changed() => {
                if let Some(file) = named(self.file.as_deref()) {
                    fix::replace(file, &fixed.body)?;
                }
                &fixed.body
            }
            _ => &body,
        };
        let findings = inspect(body.as_bytes(), &sending, &cards);
        let advice = match self.advice {
            true => advise(body.as_bytes(), &sending, &cards),
            false => Vec::new(),
        };
        let name = self
            .file
            .as_ref()
            .map_or("-".into(), |file| file.display().to_string());
        let report = Report {
            body,
            name: &name,
            findings: &findings,
            advice: &advice,
            fixed: fixed.as_ref(),
        };
        let text = match self.format {
            CheckFormat::Json => print::json(&report)?,
            CheckFormat::Text => print::text(&report),
            CheckFormat::Markdown => print::markdown(&report),
            CheckFormat::Sarif => print::sarif(&report)?,
        };
        // A request that was corrected on its way through takes standard output.
        let passes = self.fix && named(self.file.as_deref()).is_none();
        if passes && self.format != CheckFormat::Json {
            print!("{body}");
            eprint!("{text}");
        } else {
            print!("{text}");
        }
        eprintln!("{}", self.summary(&report));
        Ok(ExitCode::from(u8::from(!findings.is_empty())))
    }

    fn sending(&self, day: Day) -> Sending<'_> {
        let version = match self.api_version {
            ApiVersion::V1 => Version::V1,
            ApiVersion::V1beta => Version::V1Beta,
        };
        let legacy = self.legacy_v1 && version == Version::V1;
        Sending {
            surface: if legacy {
                Surface::LegacyV1
            } else {
                Surface::Modern
            },
            count: Some(|request| propus_tokens::count_request(request).tokens),
            timeout: self.client_timeout,
            ..Sending::new(&self.method, &self.model, version, day)
        }
    }

    fn summary(&self, report: &Report) -> String {
        let changes = report.fixed.map_or(0, |fixed| fixed.changes.len());
        let fixed = match changes {
            0 => String::new(),
            1 => "1 correction; ".into(),
            more => format!("{more} corrections; "),
        };
        let advice = match report.advice.len() {
            0 => String::new(),
            more => format!(", {more} advice"),
        };
        match report.findings.len() {
            0 => format!(
                "{fixed}nothing found: {} would take this request, as far as it can be told{advice}",
                self.model
            ),
            1 => format!("{fixed}1 finding{advice}"),
            more => format!("{fixed}{more} findings{advice}"),
        }
    }
}
