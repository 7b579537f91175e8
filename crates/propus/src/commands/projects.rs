//! `propus projects`: create, list, change.

use crate::commands::{
    keys::{Folder, List},
    output::ListFormat,
};
use anyhow::Context;
use clap::{Args, Subcommand};
use propus_quota::Money;
use propus_server::accounts::{Project, ProjectChange, Tier};
use std::{process::ExitCode, time::SystemTime};

/// The sub-commands.
#[derive(Subcommand)]
pub enum Projects {
    /// Make a project of the free tier
    Create(Create),
    /// List all projects
    List(List),
    /// Change a project: tier, billing, suspension, whether the API is on
    Set(Set),
}

#[derive(Args)]
pub struct Create {
    /// What to call it: letters, digits, `-` and `_`
    name: String,
    #[command(flatten)]
    folder: Folder,
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  propus projects set default --tier tier2\n  \
    propus projects set shop --billing off\n  propus projects set shop --suspended on"
)]
pub struct Set {
    /// The project's name or number
    project: String,
    /// free, tier1, tier2 or tier3; a paid tier links a billing account
    #[arg(long)]
    tier: Option<Tier>,
    /// Whether a billing account is linked
    #[arg(long, value_parser = switch, value_name = "on|off")]
    billing: Option<bool>,
    /// What it may spend in a month, in US dollars, or `none`
    #[arg(long, value_parser = money, value_name = "USD|none")]
    spend_cap: Option<Dollars>,
    /// All credit that was bought in advance, top-ups added, in US dollars, or `none`: paid afterwards
    #[arg(long, value_parser = money, value_name = "USD|none")]
    credit: Option<Dollars>,
    /// Whether it is suspended: callers get 403
    #[arg(long, value_parser = switch, value_name = "on|off")]
    suspended: Option<bool>,
    /// Whether the API is enabled in it
    #[arg(long, value_parser = switch, value_name = "on|off")]
    api: Option<bool>,
    #[command(flatten)]
    folder: Folder,
}

/// An amount, or none.
#[derive(Clone, Copy)]
struct Dollars(Option<Money>);

fn money(text: &str) -> Result<Dollars, String> {
    match text {
        "none" => Ok(Dollars(None)),
        text => text
            .parse()
            .map(|money| Dollars(Some(money)))
            .map_err(|error| format!("{error}, or `none`")),
    }
}

fn switch(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("on or off".into()),
    }
}

impl Projects {
    /// Carries out the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Create(create) => {
                let accounts = create.folder.open()?;
                let project = accounts.create_project(&create.name, SystemTime::now())?;
                print(&[project], ListFormat::Text)?;
            }
            Self::List(list) => print(&list.folder.open()?.projects()?, list.format)?,
            Self::Set(set) => {
                let change = ProjectChange {
                    tier: set.tier,
                    billing: set.billing,
                    spend_cap: set.spend_cap.map(|Dollars(cap)| cap),
                    credit: set.credit.map(|Dollars(credit)| credit),
                    suspended: set.suspended,
                    api_disabled: set.api.map(|on| !on),
                };
                if change == ProjectChange::default() {
                    anyhow::bail!(
                        "nothing is to be changed\nhint: give --tier, --billing, --spend-cap, --credit, --suspended or --api"
                    );
                }
                let accounts = set.folder.open()?;
                print(
                    &[accounts.change_project(&set.project, &change)?],
                    ListFormat::Text,
                )?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn print(projects: &[Project], format: ListFormat) -> anyhow::Result<()> {
    if let ListFormat::Json = format {
        let text = serde_json::to_string_pretty(projects).context("cannot write JSON")?;
        println!("{text}");
        return Ok(());
    }
    println!(
        "{:<14} {:<30} {:<6} {:<8} STATE",
        "NUMBER", "NAME", "TIER", "BILLING"
    );
    for project in projects {
        let state = match (project.suspended, project.api_disabled) {
            (true, _) => "suspended",
            (false, true) => "API disabled",
            (false, false) => "active",
        };
        let billing = if project.billing { "on" } else { "off" };
        println!(
            "{:<14} {:<30} {:<6} {:<8} {state}",
            project.number, project.name, project.plan.tier, billing
        );
    }
    Ok(())
}
