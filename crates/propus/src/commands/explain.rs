//! `propus explain`: the pages of the catalogue.

use crate::commands::output::Format;
use clap::Args;
use propus_failures::{
    Entry,
    catalogue::ENTRIES,
    explain::{Answer, explain, search},
};
use serde_json::{Value, json};
use std::process::ExitCode;

/// Explain a failure: what happens, why, and what to do
///
/// NAME is a failure of the catalogue (quota-per-day), a status (RESOURCE_EXHAUSTED) or an HTTP code
/// (429).
#[derive(Args)]
pub struct Explain {
    /// Name, status or HTTP code
    #[arg(required_unless_present_any = ["list", "search"])]
    name: Option<String>,
    /// List all failures
    #[arg(long, conflicts_with_all = ["name", "search"])]
    list: bool,
    /// Look for pages with these words
    #[arg(long, value_name = "WORDS", num_args = 1.., conflicts_with = "name")]
    search: Vec<String>,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Explain {
    /// Carries out the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        if self.list {
            print_list(&ENTRIES, self.format)?;
            return Ok(ExitCode::SUCCESS);
        }
        let Some(name) = &self.name else {
            let found = search(&self.search);
            print_list(&found, self.format)?;
            return Ok(ExitCode::from(u8::from(found.is_empty())));
        };
        match explain(name) {
            Answer::Page(entry) => print_page(entry, self.format)?,
            Answer::Several(entries) => print_list(&entries, self.format)?,
            Answer::Unknown(nearest) => anyhow::bail!(unknown(name, &nearest)),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn unknown(name: &str, nearest: &[&str]) -> String {
    let hint = match nearest {
        [] => "`propus explain --list` names all failures".to_owned(),
        names => format!("did you mean `{}`?", names.join("`, `")),
    };
    format!("no failure, status or code is called `{name}`\nhint: {hint}")
}

fn print_page(entry: &Entry, format: Format) -> anyhow::Result<()> {
    match format {
        Format::Text | Format::Markdown => print!("{}", entry.page),
        Format::Json => println!("{}", serde_json::to_string_pretty(&page(entry))?),
    }
    Ok(())
}

fn page(entry: &Entry) -> Value {
    let page = entry.page();
    json!({
        "failure": entry.name,
        "summary": page.summary,
        "why": page.why(),
        "fix": page.fixes(),
        "retry": {"retryable": entry.retry.is_retryable(), "how": entry.retry},
        "guide": entry.guide.map(|guide| guide.heading()),
        "page": entry.page,
    })
}

fn print_list(entries: &[&Entry], format: Format) -> anyhow::Result<()> {
    match format {
        Format::Json => {
            let list: Vec<_> = entries.iter().map(|entry| page(entry)).collect();
            println!("{}", serde_json::to_string_pretty(&list)?);
        }
        Format::Markdown => {
            for entry in entries {
                println!("- `{}`: {}", entry.name, entry.page().summary);
            }
        }
        Format::Text => {
            let width = entries
                .iter()
                .map(|entry| entry.name.len())
                .max()
                .unwrap_or(0);
            for entry in entries {
                println!("{:width$}  {}", entry.name, entry.page().summary);
            }
        }
    }
    Ok(())
}
