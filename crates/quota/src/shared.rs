//! The same counts for several processes, in a Valkey or Redis that they share.
//!
//! Each question is one Lua script, so that it is answered and counted at once; times are passed
//! in here too, and the rules are those of [`crate::ledger`]. The store is asked for at most
//! [`TIMEOUT`]; what happens then is for [`OnOutage`] to say. An answer that came too late may
//! have been counted all the same, so that an outage never admits too much.

use crate::{
    account::{MOST_TOKENS, Now},
    ledger::{Ledger, Reservation},
    limits::Limits,
    pacific,
    refused::{Exhausted, Refused, Unit, Window},
};
use redis::{
    Client, FromRedisValue, RedisError, Script, ScriptInvocation,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// How long the store may take to answer.
pub const TIMEOUT: Duration = Duration::from_millis(200);
/// The greatest number that a script counts exactly; a greater limit is none.
const MOST: u64 = 1 << 52;

/// What happens to requests while the store does not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnOutage {
    /// They are refused.
    Refuse,
    /// Each process counts by itself. The limits then hold for each process, not for all together.
    #[default]
    CountLocally,
}

/// Counts in a shared store; clones share the connection.
#[derive(Clone)]
pub struct Shared {
    store: ConnectionManager,
    scripts: Arc<Scripts>,
    /// Counts while the store is away.
    local: Option<Ledger>,
}

struct Scripts {
    reserve: Script,
    replace: Script,
}

/// The store did not answer, or with an error. What it said may hold its address: for the log.
#[derive(Debug)]
pub enum Outage {
    /// Not within [`TIMEOUT`].
    Late,
    /// What the store or the connection to it said.
    Failed(RedisError),
}

/// Why a request was not admitted.
#[derive(Debug)]
pub enum Denied {
    /// By a limit.
    Refused(Refused),
    /// By [`OnOutage::Refuse`].
    Outage(Outage),
}

/// A request that was admitted and counts. Dropped, it stays counted with its estimate.
#[must_use = "settle it with the actual tokens, or cancel it"]
pub struct SharedReservation(Counted);

enum Counted {
    Locally(Reservation),
    Shared(Shared, Ticket),
}

struct Ticket {
    account: String,
    tick: u64,
    day: u64,
    tokens: u64,
}

impl Shared {
    /// Counts in the store of an address such as `redis://127.0.0.1:6379/`. It connects with the
    /// first request, and again after an outage. Needs a Tokio runtime around it.
    pub fn new(address: &str, on_outage: OnOutage) -> Result<Shared, RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT))
            .set_number_of_retries(0);
        let store = ConnectionManager::new_lazy_with_config(Client::open(address)?, config)?;
        Ok(Shared {
            store,
            scripts: Arc::new(Scripts {
                reserve: Script::new(include_str!("shared/reserve.lua")),
                replace: Script::new(include_str!("shared/replace.lua")),
            }),
            local: (on_outage == OnOutage::CountLocally).then(Ledger::new),
        })
    }

    /// As [`Ledger::reserve`].
    pub async fn reserve(
        &self,
        now: SystemTime,
        project: &str,
        model: &str,
        limits: &Limits,
        input_tokens: u64,
    ) -> Result<SharedReservation, Denied> {
        let answer = self.ask(now, project, model, limits, input_tokens).await;
        match (answer, &self.local) {
            (Ok(Ok(ticket)), _) => {
                let counted = Counted::Shared(self.clone(), ticket);
                Ok(SharedReservation(counted))
            }
            (Ok(Err(refused)), _) => Err(Denied::Refused(refused)),
            (Err(outage), None) => Err(Denied::Outage(outage)),
            (Err(_), Some(local)) => local
                .reserve(now, project, model, limits, input_tokens)
                .map(|reservation| SharedReservation(Counted::Locally(reservation)))
                .map_err(Denied::Refused),
        }
    }

    async fn ask(
        &self,
        now: SystemTime,
        project: &str,
        model: &str,
        limits: &Limits,
        input_tokens: u64,
    ) -> Result<Result<Ticket, Refused>, Outage> {
        let (now, tokens) = (Now::of(now), input_tokens.min(MOST_TOKENS));
        let account = account_key(project, model);
        let midnight = pacific::next_midnight(now.millis());
        let mut script = self.scripts.reserve.key(&account);
        script.key(format!("{account}:log"));
        script.arg(now.millis()).arg(midnight.min(MOST)).arg(tokens);
        for (_, _, limit) in rows(limits) {
            let limit = limit.and_then(|limit| i64::try_from(limit).ok());
            script.arg(limit.filter(|limit| *limit <= MOST as i64).unwrap_or(-1));
        }
        let answer: Vec<i64> = self.run(&script).await?;
        Ok(match *answer.as_slice() {
            [1, tick, day] => Ok(Ticket {
                account,
                tick: tick.unsigned_abs(),
                day: day.unsigned_abs(),
                tokens,
            }),
            _ => Err(refused(now, limits, &answer)),
        })
    }

    async fn run<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, Outage> {
        let mut store = self.store.clone();
        let answer = tokio::time::timeout(TIMEOUT, script.invoke_async(&mut store)).await;
        answer.map_err(|_| Outage::Late)?.map_err(Outage::Failed)
    }

    async fn replace(&self, ticket: &Ticket, requests: i64, tokens: i64) -> Result<(), Outage> {
        let mut script = self.scripts.replace.key(&ticket.account);
        script.arg(ticket.tick).arg(ticket.day);
        script.arg(requests).arg(tokens);
        self.run(&script).await
    }
}

impl SharedReservation {
    /// As [`Reservation::settle`]. Where the store does not answer, the estimate stays.
    pub async fn settle(self, actual_input_tokens: u64) -> Result<(), Outage> {
        match self.0 {
            Counted::Locally(reservation) => reservation.settle(actual_input_tokens),
            Counted::Shared(shared, ticket) => {
                let actual = actual_input_tokens.min(MOST_TOKENS) as i64;
                shared
                    .replace(&ticket, 0, actual - ticket.tokens as i64)
                    .await?;
            }
        }
        Ok(())
    }

    /// As [`Reservation::cancel`]. Where the store does not answer, the request stays counted.
    pub async fn cancel(self) -> Result<(), Outage> {
        match self.0 {
            Counted::Locally(reservation) => reservation.cancel(),
            Counted::Shared(shared, ticket) => {
                shared.replace(&ticket, -1, -(ticket.tokens as i64)).await?;
            }
        }
        Ok(())
    }
}

/// The limits in the order of the script.
fn rows(limits: &Limits) -> [(Unit, Window, Option<u64>); 4] {
    [
        (Unit::Requests, Window::Minute, limits.rpm),
        (Unit::Requests, Window::Day, limits.rpd),
        (Unit::Tokens, Window::Minute, limits.tpm),
        (Unit::Tokens, Window::Day, limits.tpd),
    ]
}

fn refused(now: Now, limits: &Limits, answer: &[i64]) -> Refused {
    let exhausted = rows(limits).into_iter().zip(answer.iter().skip(1));
    let exhausted = exhausted.filter_map(|((unit, window, limit), free)| {
        let wait = match *free {
            -2 => return None,
            -1 => Duration::MAX,
            free => now.until(free.unsigned_abs()),
        };
        Some(Exhausted {
            unit,
            window,
            limit: limit?,
            wait,
        })
    });
    Refused {
        exhausted: exhausted.collect(),
    }
}

/// The braces keep both keys of an account on one node of a cluster; the length keeps the names
/// apart.
fn account_key(project: &str, model: &str) -> String {
    format!("propus-quota:{{{}:{project}:{model}}}", project.len())
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outage::Late => write!(f, "the quota store did not answer within {TIMEOUT:?}"),
            Outage::Failed(_) => f.write_str("the quota store failed"),
        }
    }
}

impl std::error::Error for Outage {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Outage::Late => None,
            Outage::Failed(error) => Some(error),
        }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denied::Refused(refused) => refused.fmt(f),
            Denied::Outage(outage) => outage.fmt(f),
        }
    }
}

impl std::error::Error for Denied {}
