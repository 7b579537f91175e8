//! `propus diagnose`: names the failure in whatever a person has in hand.

use crate::commands::output::{Format, bullets, read, wrapped};
use clap::Args;
use propus_failures::{Cause, Diagnosis, diagnose, entry::Sure};
use std::{path::PathBuf, process::ExitCode};

/// Name a failure from an error body, exception, traceback, log or reply
///
/// Reads the evidence from FILE or from standard input, in any form: JSON in JSON, Python's repr,
/// gRPC text, coloured logs, server-sent events. Says what happened, why, and what to do; several
/// errors in one text are all found. Nothing leaves this machine.
///
/// Exit code 0: recognised; 1: nothing recognised; 2: a slip in the command.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  propus diagnose error.log\n  python app.py 2>&1 | propus diagnose\n  \
    curl -s ... | propus diagnose --format json"
)]
pub struct Diagnose {
    /// The file with the evidence; `-` or nothing: standard input
    file: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// The first cause only, without the doubts behind it
    #[arg(long)]
    first: bool,
}

impl Diagnose {
    /// Carries out the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let evidence = read(self.file.as_deref())?;
        let mut diagnosis = diagnose(&evidence);
        if self.first {
            diagnosis.causes.truncate(1);
        }
        match self.format {
            Format::Text => print!("{}", text(&diagnosis)),
            Format::Json => println!("{}", serde_json::to_string_pretty(&diagnosis)?),
            Format::Markdown => print!("{}", markdown(&diagnosis)),
        }
        if diagnosis.causes.is_empty() {
            eprintln!(
                "nothing recognised\nhint: give the whole error, not only its first line; \
                 `propus explain --search WORDS` looks through the catalogue"
            );
            return Ok(ExitCode::from(1));
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn sure(cause: &Cause) -> &'static str {
    match cause.sure {
        Sure::Certain => "certain",
        Sure::Likely => "likely",
        Sure::Possible => "possible",
    }
}

/// A fact without quotation marks.
fn shown(fact: &serde_json::Value) -> String {
    fact.as_str()
        .map_or_else(|| fact.to_string(), str::to_owned)
}

fn text(diagnosis: &Diagnosis) -> String {
    let mut out = String::new();
    for (place, cause) in diagnosis.causes.iter().enumerate() {
        if place > 0 {
            out += "\n";
        }
        out += &format!("{} ({})\n", cause.failure, sure(cause));
        out += &wrapped(cause.summary, "  ");
        // The first cause is told in full, the others are named.
        if place > 0 && cause.sure == Sure::Possible {
            out += &format!("  see: propus explain {}\n", cause.failure);
            continue;
        }
        out += &format!("\n  seen: {}\n", cause.source.replace('\n', "\n        "));
        for (name, value) in &cause.facts {
            let value = shown(value);
            out += &format!("  {name}: {value}\n");
        }
        out += &format!("\n  why:\n{}", wrapped(&cause.why, "    "));
        out += &format!("\n  what to do:\n{}", bullets(&cause.fix, "    "));
        out += &format!("\n  again? {}\n", again(cause));
        if let Some(guide) = cause.guide {
            out += &format!("  Google's guide: {guide}\n");
        }
    }
    out
}

fn again(cause: &Cause) -> String {
    use propus_failures::entry::Retry;
    let after = cause.retry.after_seconds.as_ref();
    match (cause.retry.how, after) {
        (Retry::Never, _) => "no, the same call fails again".into(),
        (Retry::Day, _) => "not before the next midnight, Pacific Time".into(),
        (_, Some(seconds)) => format!("yes, after {seconds} s"),
        (Retry::Delay, None) => "yes, after a minute".into(),
        (Retry::Backoff, None) => "yes, with exponential backoff".into(),
        (Retry::LongerDeadline, None) => "yes, with a longer deadline".into(),
        (Retry::Poll, None) => "yes, as soon as what it waits for is ready".into(),
        (Retry::Maybe, None) => "perhaps; rather with a changed prompt".into(),
    }
}

fn markdown(diagnosis: &Diagnosis) -> String {
    let mut out = String::new();
    for cause in &diagnosis.causes {
        out += &format!(
            "## `{}` ({})\n\n{}\n\n",
            cause.failure,
            sure(cause),
            cause.summary
        );
        out += &format!("```\n{}\n```\n\n", cause.source.replace("```", "'''"));
        if !cause.facts.is_empty() {
            out += "| fact | value |\n|---|---|\n";
            for (name, value) in &cause.facts {
                let value = shown(value);
                out += &format!("| {name} | {} |\n", value.replace('|', "\\|"));
            }
            out += "\n";
        }
        out += &format!(
            "**Why.** {}\n\n**What to do**\n\n{}\n",
            cause.why,
            bullets(&cause.fix, "")
        );
        out += &format!("**Again?** {}\n\n", again(cause));
    }
    out
}
