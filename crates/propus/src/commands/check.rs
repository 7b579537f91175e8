//! `propus check`: what the API would refuse, before it is sent.

use crate::commands::{
    diagnose::read,
    explain::{Format, bullets},
};
use clap::{Args, ValueEnum};
use propus_failures::{Cards, Day, Finding, Sending, inspect, inspect::METHODS};
use propus_wire::{Surface, Version};
use std::{path::PathBuf, process::ExitCode};

/// Check a request body before it is sent
///
/// Finds what the API would refuse: malformed JSON, unknown fields, wrong types, values out of the
/// model's ranges, unsupported features, schemas, function names, the order of turns, retired models.
/// Nothing leaves this machine.
///
/// Exit code 0: nothing found; 1: findings; 2: a slip in the command.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  propus check request.json --model gemini-3.5-flash\n  \
    jq .body log.json | propus check - --model gemini-2.5-pro --api-version v1 --format json"
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
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ApiVersion {
    V1,
    V1beta,
}

impl Check {
    /// Carries out the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let body = read(self.file.as_deref())?;
        let version = match self.api_version {
            ApiVersion::V1 => Version::V1,
            ApiVersion::V1beta => Version::V1Beta,
        };
        let legacy = self.legacy_v1 && version == Version::V1;
        let today = jiff::Timestamp::now().to_string();
        let sending = Sending {
            method: &self.method,
            model: &self.model,
            version,
            surface: if legacy {
                Surface::LegacyV1
            } else {
                Surface::Modern
            },
            day: today.parse::<Day>().map_err(anyhow::Error::msg)?,
        };
        let found = inspect(body.as_bytes(), &sending, Cards::builtin());
        let name = self
            .file
            .as_ref()
            .map_or("-".into(), |file| file.display().to_string());
        match self.format {
            Format::Json => println!(
                "{}",
                serde_json::to_string_pretty(&serde_json::json!({"findings": found}))?
            ),
            Format::Text => found
                .iter()
                .for_each(|finding| print!("{}", text(finding, &body, &name))),
            Format::Markdown => found
                .iter()
                .for_each(|finding| print!("{}", markdown(finding))),
        }
        match found.len() {
            0 => eprintln!(
                "nothing found: {} would take this request, as far as it can be told",
                self.model
            ),
            1 => eprintln!("1 finding"),
            more => eprintln!("{more} findings"),
        }
        Ok(ExitCode::from(u8::from(!found.is_empty())))
    }
}

fn text(finding: &Finding, body: &str, name: &str) -> String {
    let mut out = format!(
        "error[{}]: {}\n",
        finding.failure,
        finding.message.replace('\n', "\n  ")
    );
    if let Some(place) = &finding.place {
        out += &excerpt(body, place, name);
    }
    for fact in ["nearest", "replacement"] {
        if let Some(value) = finding.facts.get(fact).and_then(|value| value.as_str()) {
            out += &format!("  {fact}: {value}\n");
        }
    }
    out += &bullets(&finding.fix, "  ");
    out + "\n"
}

/// The line of the request that is meant, with carets under the place.
fn excerpt(body: &str, place: &std::ops::Range<usize>, name: &str) -> String {
    let start = place.start.min(body.len());
    let line_start = body[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = body[start..].find('\n').map_or(body.len(), |at| start + at);
    let number = body[..start].matches('\n').count() + 1;
    // A body is often one long line: only what is near is shown.
    let from = body[line_start..start]
        .char_indices()
        .rev()
        .nth(40)
        .map_or(line_start, |(at, _)| line_start + at);
    let shown: String = body[from..line_end].chars().take(90).collect();
    let before = body[from..start].chars().count();
    let column = body[line_start..start].chars().count() + 1;
    let length = body
        .get(start..place.end.min(line_end))
        .map_or(1, |text| text.chars().count());
    let carets = "^".repeat(length.clamp(1, 90usize.saturating_sub(before).max(1)));
    let edge = " ".repeat(number.to_string().len());
    format!(
        "{edge} --> {name}:{number}:{column}\n{edge} |\n{number} | {shown}\n{edge} | {}{carets}\n{edge} |\n",
        " ".repeat(before)
    )
}

fn markdown(finding: &Finding) -> String {
    format!(
        "## `{}`\n\n```\n{}\n```\n\n{}\n\n{}\n",
        finding.failure,
        finding.message,
        finding.summary,
        bullets(&finding.fix, "")
    )
}
