//! The servers themselves: a way to each, and a lease for every call.

use super::{
    settings::{Settings, SettingsError},
    standing::{Standings, Verdict},
};
use crate::secret::Secrets;
use propus_client::transport::Transport;
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

/// As of the client's transport.
const SHORTEST_SECRET: usize = 8;

/// Servers that have the same model.
#[derive(Debug)]
pub(super) struct Pool {
    members: Vec<Member>,
    standings: Mutex<Standings>,
    secrets: Vec<Secret>,
}

/// A header that is not shown.
struct Secret {
    name: String,
    prefix: &'static str,
    value: String,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// One server.
#[derive(Debug)]
pub(super) struct Member {
    /// Below `/v1`.
    pub(super) api: Transport,
    /// What stands above it.
    pub(super) root: Transport,
}

impl Pool {
    pub(super) fn new(settings: &Settings) -> Result<Arc<Self>, SettingsError> {
        let secrets = secrets(settings)?;
        let addresses = settings.addresses()?;
        let members = addresses.iter().enumerate().map(|(at, address)| {
            let root = address.strip_suffix("/v1").unwrap_or(address);
            Ok(Member {
                api: transport(address, at, &secrets, settings)?,
                root: transport(root, at, &secrets, settings)?,
            })
        });
        let members: Vec<_> = members.collect::<Result<_, SettingsError>>()?;
        let standings = Standings::new(members.len(), settings.ejection);
        Ok(Arc::new(Self {
            members,
            standings: Mutex::new(standings),
            secrets,
        }))
    }

    /// A server for a call, other than those that it tried.
    pub(super) fn lease(self: &Arc<Self>, tried: &[usize]) -> Option<Lease> {
        let at = self.standing(|standings| standings.begin(Instant::now(), tried))?;
        Some(Lease {
            pool: self.clone(),
            at,
            verdict: Verdict::Unknown,
        })
    }

    /// Calls being answered.
    pub(super) fn running(&self) -> usize {
        self.standing(|standings| standings.running())
    }

    /// Puts a mark in the place of the key.
    pub(super) fn redact(&self, text: &str) -> String {
        let values = self.secrets.iter().map(|secret| &secret.value);
        // Shorter ones are test words, and hiding them would garble the text around them.
        let hidden = values.filter(|value| value.len() >= SHORTEST_SECRET);
        hidden.fold(text.to_owned(), |text, value| text.replace(value, "<key>"))
    }

    fn standing<T>(&self, look: impl FnOnce(&mut Standings) -> T) -> T {
        let standings = self.standings.lock();
        look(&mut standings.unwrap_or_else(PoisonError::into_inner))
    }
}

/// The key and the headers of the settings.
fn secrets(settings: &Settings) -> Result<Vec<Secret>, SettingsError> {
    let mut reader = Secrets::default();
    let mut secrets = Vec::new();
    if let Some(key) = &settings.api_key {
        secrets.push(Secret {
            name: "authorization".into(),
            prefix: "Bearer ",
            value: key.read("api_key", &mut reader)?,
        });
    }
    for (name, value) in &settings.headers {
        secrets.push(Secret {
            name: name.clone(),
            prefix: "",
            value: value.read(&format!("headers.{name}"), &mut reader)?,
        });
    }
    Ok(secrets)
}

fn transport(
    address: &str,
    at: usize,
    secrets: &[Secret],
    settings: &Settings,
) -> Result<Transport, SettingsError> {
    let mut builder = Transport::builder(address)
        .connect_timeout(settings.connect_timeout())
        .first_byte_timeout(settings.first_byte_timeout())
        .user_agent(concat!("propus/", env!("CARGO_PKG_VERSION")));
    for Secret {
        name,
        prefix,
        value,
    } in secrets
    {
        builder = builder.secret(name, *prefix, value);
    }
    builder.build().map_err(|error| {
        let hint = error.hint().unwrap_or_default();
        SettingsError::new(format!("`base_urls[{at}]`: {}", error.message()), hint)
    })
}

/// A server for the time of one call. What is not said when it is dropped is unknown.
#[derive(Debug)]
pub(super) struct Lease {
    pool: Arc<Pool>,
    at: usize,
    verdict: Verdict,
}

impl Lease {
    pub(super) fn member(&self) -> &Member {
        &self.pool.members[self.at]
    }

    /// Its place in the settings.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Says what the call says of its server.
    pub(super) fn judge(&mut self, verdict: Verdict) {
        self.verdict = verdict;
    }

    /// Says that the reply has begun.
    pub(super) fn answer(&self) {
        self.pool
            .standing(|standings| standings.answer(self.at, Instant::now()));
    }

    /// Puts a mark in the place of the key.
    pub(super) fn redact(&self, text: &str) -> String {
        self.pool.redact(text)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let (at, verdict) = (self.at, self.verdict);
        let ended = |standings: &mut Standings| standings.end(at, verdict, Instant::now());
        if let Some(time) = self.pool.standing(ended) {
            let server = self.member().api.base_url();
            tracing::warn!(
                server,
                seconds = time.as_secs(),
                "failed too often; left alone"
            );
        }
    }
}
