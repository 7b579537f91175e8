//! `propus quota`: what projects may ask, and requests for more.

use crate::commands::{
    keys::{Folder, List},
    output::ListFormat,
};
use anyhow::Context;
use clap::{Args, Subcommand};
use propus_quota::{
    Ledger, LimitTable, Limits, Money, PriceTable, Profile, Spend, Usage,
    limits::{LimitChange, Setting},
};
use propus_server::accounts::{Accounts, Increase, Project};
use serde::Serialize;
use std::{path::PathBuf, process::ExitCode, time::SystemTime};

/// The sub-commands.
#[derive(Subcommand)]
pub enum Quota {
    /// Show a project's limits and what it used of them
    Show(Show),
    /// Give a project limits of its own
    Set(Set),
    /// Take a project's own limits of a model away
    Unset(Unset),
    /// Ask for other limits; they hold once they are approved
    Request(Request),
    /// List the requests for other limits
    Requests(List),
    /// Approve a request: its limits hold within a second
    Approve(Decide),
    /// Deny a request
    Deny(Decide),
}

#[derive(Args)]
pub struct Show {
    /// The project's name or number
    #[arg(default_value = "default")]
    project: String,
    /// The model; what was used today where it is left out
    #[arg(long)]
    model: Option<String>,
    /// A file of limits that changes the built-in ones, as the server has it
    #[arg(long, value_name = "FILE")]
    limits: Option<PathBuf>,
    #[command(flatten)]
    list: List,
}

/// Limits as they are given.
#[derive(Args)]
pub struct Given {
    /// Requests per minute: a number, or `unlimited`
    #[arg(long, value_name = "N", value_parser = setting)]
    rpm: Option<Setting>,
    /// Input tokens per minute
    #[arg(long, value_name = "N", value_parser = setting)]
    tpm: Option<Setting>,
    /// Requests per day, Pacific Time
    #[arg(long, value_name = "N", value_parser = setting)]
    rpd: Option<Setting>,
    /// Input tokens per day, Pacific Time
    #[arg(long, value_name = "N", value_parser = setting)]
    tpd: Option<Setting>,
}

/// Whose limits of what.
#[derive(Args)]
pub struct Of {
    /// The project's name or number
    #[arg(default_value = "default")]
    project: String,
    /// The model, or several by a `*` at the end, such as gemini-2.5-*
    #[arg(long)]
    model: String,
    #[command(flatten)]
    folder: Folder,
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  propus quota set default --model gemini-2.5-pro --rpm 2 --rpd unlimited\n  \
    propus quota unset default --model gemini-2.5-pro"
)]
pub struct Set {
    #[command(flatten)]
    of: Of,
    #[command(flatten)]
    given: Given,
}

#[derive(Args)]
pub struct Unset {
    #[command(flatten)]
    of: Of,
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  propus quota request default --model gemini-2.5-pro --rpm 300 --reason 'a launch'"
)]
pub struct Request {
    #[command(flatten)]
    of: Of,
    #[command(flatten)]
    given: Given,
    /// Why, for the one who decides
    #[arg(long, default_value = "")]
    reason: String,
}

#[derive(Args)]
pub struct Decide {
    /// The request's number, as `propus quota requests` shows it
    id: i64,
    #[command(flatten)]
    folder: Folder,
}

fn setting(text: &str) -> Result<Setting, String> {
    match text {
        "unlimited" => Ok(Setting::Unlimited),
        text => text
            .replace('_', "")
            .parse()
            .map(Setting::At)
            .map_err(|_| "a whole number, or `unlimited`".into()),
    }
}

impl Given {
    fn row(&self) -> anyhow::Result<LimitChange> {
        let row = LimitChange {
            rpm: self.rpm.unwrap_or_default(),
            tpm: self.tpm.unwrap_or_default(),
            rpd: self.rpd.unwrap_or_default(),
            tpd: self.tpd.unwrap_or_default(),
        };
        if row == LimitChange::default() {
            anyhow::bail!("no limit is given\nhint: give --rpm, --tpm, --rpd or --tpd");
        }
        Ok(row)
    }
}

impl Quota {
    /// Carries out the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let now = SystemTime::now();
        match self {
            Self::Show(show) => show.run(now)?,
            Self::Set(Set { of, given }) => {
                let row = given.row()?;
                let accounts = of.folder.open()?;
                accounts.set_limits(&of.project, &of.model, &row)?;
                eprintln!("{} of {} has limits of its own", of.model, of.project);
            }
            Self::Unset(Unset { of }) => {
                let accounts = of.folder.open()?;
                accounts.set_limits(&of.project, &of.model, &LimitChange::default())?;
                eprintln!("{} of {} has its tier's limits", of.model, of.project);
            }
            Self::Request(Request { of, given, reason }) => {
                let row = given.row()?;
                let accounts = of.folder.open()?;
                let asked =
                    accounts.request_increase(&of.project, &of.model, &row, &reason, now)?;
                println!("{}", asked.id);
                eprintln!(
                    "asked; the administrator decides with `propus quota approve {}`",
                    asked.id
                );
            }
            Self::Requests(list) => {
                let (accounts, format) = (list.folder.open()?, list.format);
                print_requests(&accounts.increases()?, format)?;
            }
            Self::Approve(decide) => decide.run(true, now)?,
            Self::Deny(decide) => decide.run(false, now)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Decide {
    fn run(self, approved: bool, now: SystemTime) -> anyhow::Result<()> {
        let decided = self
            .folder
            .open()?
            .decide_increase(self.id, approved, now)?;
        eprintln!(
            "{} for {} of {}: {}",
            decided.state.name(),
            decided.model,
            decided.project,
            written(&decided.limits)
        );
        Ok(())
    }
}

/// A model's limits, and what was used of them.
#[derive(Serialize)]
struct Line {
    model: String,
    limits: Limits,
    used: Usage,
}

impl Show {
    fn run(self, now: SystemTime) -> anyhow::Result<()> {
        let mut table = LimitTable::builtin().clone();
        if let Some(path) = &self.limits {
            let shown = path.display();
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the limits `{shown}`"))?;
            table = table
                .overridden(&text)
                .with_context(|| format!("the limits `{shown}` have a fault"))?;
        }
        let accounts = self.list.folder.open()?;
        let project = accounts.project(&self.project)?;
        let lines = lines(&accounts, &project, &table, self.model, now)?;
        if let ListFormat::Json = self.list.format {
            let text = serde_json::to_string_pretty(&lines).context("cannot write JSON")?;
            println!("{text}");
            return Ok(());
        }
        println!("project {}, {}", project.name, project.plan.tier);
        if lines.is_empty() {
            println!("nothing was used today; --model NAME shows a model's limits");
        }
        for line in &lines {
            print_line(line);
        }
        print_spending(&accounts, &project, now)?;
        Ok(())
    }
}

/// What a server wrote down, at most a second ago.
fn lines(
    accounts: &Accounts,
    project: &Project,
    table: &LimitTable,
    model: Option<String>,
    now: SystemTime,
) -> anyhow::Result<Vec<Line>> {
    let snapshot = accounts.counters()?.unwrap_or_default();
    let number = project.number.to_string();
    let used = snapshot.accounts.iter();
    let used = used.filter(|account| account.project == number);
    let models = match model {
        Some(model) => vec![model],
        None => used.map(|account| account.model.clone()).collect(),
    };
    let ledger = Ledger::restore(&snapshot);
    let line = |model: String| Line {
        limits: table.limits_of(Profile::Current, &project.plan, &model),
        used: ledger.usage(now, &number, &model),
        model,
    };
    Ok(models.into_iter().map(line).collect())
}

fn print_line(line: &Line) {
    let Line {
        model,
        limits,
        used,
    } = line;
    let of = |used: u64, limit: Option<u64>| match limit {
        Some(limit) => format!("{used} of {limit}"),
        None => format!("{used}, no limit"),
    };
    println!("\n{model}");
    for (name, used, limit) in [
        ("requests per minute", used.minute.requests, limits.rpm),
        ("input tokens per minute", used.minute.tokens, limits.tpm),
        ("requests per day", used.day.requests, limits.rpd),
        ("input tokens per day", used.day.tokens, limits.tpd),
    ] {
        println!("  {name:<24} {}", of(used, limit));
    }
}

fn print_spending(accounts: &Accounts, project: &Project, now: SystemTime) -> anyhow::Result<()> {
    let spent = Spend::restore(&accounts.spent()?.unwrap_or_default());
    let spent = spent.spending(now, &project.number.to_string());
    let of = |limit: Option<Money>| limit.map_or(String::new(), |limit| format!(" of {limit}"));
    let tier = PriceTable::builtin().spend_limits(project.plan.tier);
    println!("\nUS dollars");
    for (name, spent, limit) in [
        ("in ten minutes", spent.ten_minutes, tier.ten_minutes),
        (
            "this month",
            spent.month,
            project.spend_cap.or(tier.account_month),
        ),
        ("of prepaid credit", spent.of_credit, project.credit),
    ] {
        println!("  {name:<24} {spent}{}", of(limit));
    }
    Ok(())
}

fn print_requests(requests: &[Increase], format: ListFormat) -> anyhow::Result<()> {
    if let ListFormat::Json = format {
        let text = serde_json::to_string_pretty(requests).context("cannot write JSON")?;
        println!("{text}");
        return Ok(());
    }
    println!(
        "{:>4}  {:<9} {:<16} {:<28} {:<28} REASON",
        "ID", "STATE", "PROJECT", "MODEL", "LIMITS"
    );
    for request in requests {
        println!(
            "{:>4}  {:<9} {:<16} {:<28} {:<28} {}",
            request.id,
            request.state.name(),
            request.project,
            request.model,
            written(&request.limits),
            request.reason
        );
    }
    Ok(())
}

/// Such as `rpm=300 rpd=unlimited`.
fn written(row: &LimitChange) -> String {
    let one = |(name, setting): (&str, Setting)| match setting {
        Setting::Kept => None,
        Setting::Unlimited => Some(format!("{name}=unlimited")),
        Setting::At(limit) => Some(format!("{name}={limit}")),
    };
    let settings = [
        ("rpm", row.rpm),
        ("tpm", row.tpm),
        ("rpd", row.rpd),
        ("tpd", row.tpd),
    ];
    settings
        .into_iter()
        .filter_map(one)
        .collect::<Vec<_>>()
        .join(" ")
}
