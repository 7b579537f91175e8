//! `propus keys`: create, list, revoke, expire.

use crate::commands::output::ListFormat;
use crate::folders;
use anyhow::Context;
use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use propus_server::accounts::{Accounts, AndroidApp, KeyRow, Restrictions};
use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, SystemTime},
};

/// The sub-commands.
#[derive(Subcommand)]
pub enum Keys {
    /// Make a key and print it; it is not stored and cannot be shown again
    Create(Create),
    /// List all keys
    List(List),
    /// End a key for good: callers get "API key not valid"
    Revoke(Which),
    /// Let a key run out: callers get "API key expired"
    Expire(Expire),
    /// Mark a key as reported leaked: callers get 403
    Leak(Which),
    /// Set from where a key may be used; without restrictions from everywhere
    Restrict(Restrict),
}

#[derive(Args)]
pub struct Folder {
    /// Where keys and state are kept [default: the user's data folder, such as ~/.local/share/propus]
    #[arg(long, env = "PROPUS_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Args)]
pub struct Create {
    /// What to call the key
    #[arg(long, default_value = "")]
    name: String,
    /// The project that the key belongs to
    #[arg(long, default_value = "default")]
    project: String,
    /// When it ends, from now: 90d, 12h, 30m
    #[arg(long, value_name = "TIME", value_parser = time_span)]
    expires_in: Option<Duration>,
    #[command(flatten)]
    restricted: Restricted,
    #[command(flatten)]
    folder: Folder,
}

/// From where a key may be used, as in Google's console.
#[derive(Args)]
pub struct Restricted {
    /// A web page, with `*` for any letters: https://example.com/*; may be repeated
    #[arg(long, value_name = "PATTERN")]
    referrer: Vec<String>,
    /// An address or network of callers: 203.0.113.7, 10.0.0.0/8; may be repeated
    #[arg(long, value_name = "NETWORK")]
    ip: Vec<String>,
    /// An Android app with its certificate's SHA-1: com.example.app=AA:BB:...; may be repeated
    #[arg(long, value_name = "PACKAGE=SHA1")]
    android: Vec<String>,
    /// An iOS app's bundle identifier; may be repeated
    #[arg(long, value_name = "BUNDLE")]
    ios: Vec<String>,
    /// A service that may be called, such as generativelanguage.googleapis.com; may be repeated
    #[arg(long, value_name = "SERVICE")]
    api: Vec<String>,
}

#[derive(Args)]
pub struct Restrict {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    restricted: Restricted,
}

/// What lists of keys and of projects take.
#[derive(Args)]
pub struct List {
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    pub format: ListFormat,
    /// Where they are kept.
    #[command(flatten)]
    pub folder: Folder,
}

#[derive(Args)]
pub struct Which {
    /// The key's number, its last four letters, or the whole key
    key: String,
    #[command(flatten)]
    folder: Folder,
}

#[derive(Args)]
pub struct Expire {
    #[command(flatten)]
    which: Which,
    /// When it ends, from now; at once where it is left out
    #[arg(long, value_name = "TIME", value_parser = time_span)]
    r#in: Option<Duration>,
}

impl Restricted {
    fn read(self) -> anyhow::Result<Restrictions> {
        let network = |text: &String| {
            let single = text.parse::<std::net::IpAddr>().map(Into::into);
            text.parse().or(single).map_err(|_| {
                anyhow::anyhow!(
                    "--ip `{text}`: no address or network\nhint: 203.0.113.7 or 10.0.0.0/8"
                )
            })
        };
        let app = |text: &String| {
            let (package, certificate) = text.split_once('=').with_context(|| {
                format!("--android `{text}`: no certificate\nhint: com.example.app=AA:BB:...")
            })?;
            anyhow::Ok(AndroidApp {
                package: package.into(),
                certificate: certificate.into(),
            })
        };
        Ok(Restrictions {
            ips: self.ip.iter().map(network).collect::<Result<_, _>>()?,
            android: self.android.iter().map(app).collect::<Result<_, _>>()?,
            referrers: self.referrer,
            ios: self.ios,
            apis: self.api,
        })
    }
}

impl Folder {
    /// Opens the accounts that lie there.
    pub fn open(self) -> anyhow::Result<Accounts> {
        open(&folders::data(self.data_dir)?)
    }
}

/// Opens the accounts of a data folder.
pub fn open(folder: &std::path::Path) -> anyhow::Result<Accounts> {
    Ok(Accounts::open(&folder.join("propus.db"))?)
}

impl Keys {
    /// Carries out the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let now = SystemTime::now();
        match self {
            Self::Create(create) => {
                let expires = create.expires_in.map(|span| now + span);
                let restrictions = create.restricted.read()?;
                let accounts = create.folder.open()?;
                let made = accounts.create_key(
                    &create.project,
                    &create.name,
                    expires,
                    &restrictions,
                    now,
                )?;
                eprintln!(
                    "key {} of project {}; it is not shown again:",
                    made.id, create.project
                );
                println!("{}", made.key);
            }
            Self::List(list) => print(&list.folder.open()?.keys()?, list.format, now)?,
            Self::Revoke(which) => {
                let key = which.folder.open()?.revoke(&which.key, now)?;
                eprintln!("revoked key {} (…{})", key.id, key.ending);
            }
            Self::Leak(which) => {
                let key = which.folder.open()?.leak(&which.key, now)?;
                eprintln!("key {} (…{}) counts as leaked", key.id, key.ending);
            }
            Self::Restrict(restrict) => {
                let restrictions = restrict.restricted.read()?;
                let accounts = restrict.which.folder.open()?;
                let key = accounts.restrict(&restrict.which.key, &restrictions)?;
                let may = if restrictions.is_none() {
                    "from everywhere"
                } else {
                    "as restricted"
                };
                eprintln!("key {} (…{}) may be used {may}", key.id, key.ending);
            }
            Self::Expire(expire) => {
                let at = now + expire.r#in.unwrap_or_default();
                let key = expire.which.folder.open()?.expire(&expire.which.key, at)?;
                eprintln!(
                    "key {} (…{}) ends {}",
                    key.id,
                    key.ending,
                    shown(key.expires)
                );
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn time_span(text: &str) -> Result<Duration, String> {
    let span: SignedDuration = text
        .strip_suffix('d')
        .and_then(|days| {
            Some(SignedDuration::from_hours(
                days.parse::<i64>().ok()?.checked_mul(24)?,
            ))
        })
        .map_or_else(|| text.parse(), Ok)
        .map_err(|_| format!("`{text}` is not a time such as 90d, 12h or 30m"))?;
    Duration::try_from(span).map_err(|_| "the time must not be negative".into())
}

fn print(keys: &[KeyRow], format: ListFormat, now: SystemTime) -> anyhow::Result<()> {
    if let ListFormat::Json = format {
        println!(
            "{}",
            serde_json::to_string_pretty(keys).context("cannot write JSON")?
        );
        return Ok(());
    }
    println!(
        "{:>4}  {:<8} {:<12} {:<20} {:<24} STATE",
        "KEY", "ENDING", "PROJECT", "NAME", "CREATED"
    );
    for key in keys {
        println!(
            "{:>4}  …{:<7} {:<12} {:<20} {:<24} {}",
            key.id,
            key.ending,
            key.project,
            key.name,
            shown(Some(key.created)),
            state(key, now)
        );
    }
    Ok(())
}

fn state(key: &KeyRow, now: SystemTime) -> String {
    let now = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() as i64);
    if let (None, Some(at)) = (key.revoked, key.leaked) {
        return format!("leaked {}", shown(Some(at)));
    }
    match (key.revoked, key.expires) {
        (Some(at), _) => format!("revoked {}", shown(Some(at))),
        (None, Some(at)) if at <= now => format!("expired {}", shown(Some(at))),
        (None, Some(at)) => format!("valid until {}", shown(Some(at))),
        (None, None) => "valid".into(),
    }
}

fn shown(seconds: Option<i64>) -> String {
    let time = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or_else(|| "-".into(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read() {
        assert_eq!(time_span("2d"), Ok(Duration::from_secs(172_800)));
        assert_eq!(time_span("12h"), Ok(Duration::from_secs(43_200)));
        for bad in ["", "x", "-3h", "d"] {
            assert!(time_span(bad).is_err(), "{bad}");
        }
    }
}
