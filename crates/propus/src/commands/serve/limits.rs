//! The limits that count, and where they are counted.

use crate::config::{Config, OnOutage};
use anyhow::{Context, bail};
use propus_failures::cards::Profile;
use propus_quota::{Ledger, Spend, shared};
use propus_server::{
    accounts::Accounts,
    quotas::{Counts, Quotas},
};
use std::path::Path;

/// Reads them; none unless they are asked for.
pub fn read(config: &Config, accounts: Option<&Accounts>) -> anyhow::Result<Option<Quotas>> {
    if !config.quotas.enabled {
        return Ok(None);
    }
    let mut quotas = Quotas::new();
    quotas.profile = config.quotas.profile.unwrap_or(match config.profile {
        Profile::May2025 => propus_quota::Profile::May2025,
        Profile::Current => propus_quota::Profile::Current,
    });
    if let Some(path) = &config.quotas.limits {
        let table = quotas.table.overridden(&text(path, "limits")?);
        quotas.table = table.with_context(|| fault(path, "limits"))?;
    }
    if let Some(path) = &config.quotas.prices {
        let prices = quotas.prices.overridden(&text(path, "prices")?);
        quotas.prices = prices.with_context(|| fault(path, "prices"))?;
    }
    // A restart forgets nothing.
    if let Some(spent) = accounts.map(Accounts::spent).transpose()?.flatten() {
        quotas.spend = Spend::restore(&spent);
    }
    if let Some(counts) = accounts.map(Accounts::counters).transpose()?.flatten() {
        quotas.counts = Counts::Own(Ledger::restore(&counts));
    }
    if let Some(store) = &config.quotas.store {
        quotas.counts = Counts::Shared(shared(store, config.quotas.on_outage)?);
    }
    Ok(Some(quotas))
}

/// Connects with the first call.
fn shared(store: &str, on_outage: OnOutage) -> anyhow::Result<shared::Shared> {
    let named = store.strip_prefix("env:");
    let address = match named {
        Some(name) => std::env::var(name).with_context(|| {
            format!("`quotas.store` is `{store}`, and the variable `{name}` is not set")
        })?,
        None => store.to_owned(),
    };
    let on_outage = match on_outage {
        OnOutage::CountLocally => shared::OnOutage::CountLocally,
        OnOutage::Refuse => shared::OnOutage::Refuse,
    };
    match shared::Shared::new(&address, on_outage) {
        Ok(shared) => Ok(shared),
        // The address may hold a password.
        Err(_) => bail!(
            "`quotas.store` is no address of a Valkey or Redis\nhint: redis://HOST:PORT/ or rediss://USER:PASSWORD@HOST:PORT/"
        ),
    }
}

fn text(path: &Path, what: &str) -> anyhow::Result<String> {
    let read = std::fs::read_to_string(path);
    read.with_context(|| format!("cannot read the {what} `{}`", path.display()))
}

fn fault(path: &Path, what: &str) -> String {
    format!("the {what} `{}` have a fault", path.display())
}
