//! The connection to the store, and the scripts that it runs.

use crate::{
    account::{MOST_TOKENS, Now},
    limits::Limits,
    pacific,
    refused::{Exhausted, Refused, Unit, Window},
    shared::{
        TIMEOUT,
        outage::{Correction, Outage},
    },
};
use redis::{
    Client, FromRedisValue, RedisError, Script, ScriptInvocation,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use std::{hash::BuildHasher, time::Duration};

/// The greatest number that a script counts exactly; a greater limit is none.
const MOST: u64 = 1 << 52;

pub(super) struct Store {
    connection: ConnectionManager,
    reserve: Script,
    replace: Script,
    probe: Script,
    marks: foldhash::quality::RandomState,
}

/// Where the store counted an admission, and with how much.
#[derive(Clone)]
pub(super) struct Ticket {
    pub account: String,
    pub tick: u64,
    pub day: u64,
    pub mark: u64,
    pub tokens: u64,
}

/// One question.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub now: Now,
    pub project: &'a str,
    pub model: &'a str,
    pub limits: &'a Limits,
    pub tokens: u64,
}

impl Store {
    pub(super) fn new(address: &str) -> Result<Store, RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT))
            .set_number_of_retries(0);
        Ok(Store {
            connection: ConnectionManager::new_lazy_with_config(Client::open(address)?, config)?,
            reserve: Script::new(include_str!("reserve.lua")),
            replace: Script::new(include_str!("replace.lua")),
            probe: Script::new(include_str!("probe.lua")),
            marks: Default::default(),
        })
    }

    pub(super) async fn reserve(
        &self,
        question: Question<'_>,
    ) -> Result<Result<Ticket, Refused>, Outage> {
        let Question { now, limits, .. } = question;
        let tokens = question.tokens.min(MOST_TOKENS);
        let account = account_key(question.project, question.model);
        let midnight = pacific::next_midnight(now.millis());
        let mut script = self.reserve.key(&account);
        script.key(format!("{account}:log"));
        script.arg(now.millis()).arg(midnight.min(MOST)).arg(tokens);
        for (_, _, limit) in rows(limits) {
            let limit = limit.and_then(|limit| i64::try_from(limit).ok());
            script.arg(limit.filter(|limit| *limit <= MOST as i64).unwrap_or(-1));
        }
        script.arg(self.marks.hash_one((&account, now.millis())) % MOST);
        let answer: Vec<i64> = self.run(&script).await?;
        Ok(match *answer.as_slice() {
            [1, tick, day, mark] => Ok(Ticket {
                account,
                tick: tick.unsigned_abs(),
                day: day.unsigned_abs(),
                mark: mark.unsigned_abs(),
                tokens,
            }),
            _ => Err(refused(now, limits, &answer)),
        })
    }

    pub(super) async fn correct(&self, correction: &Correction) -> Result<(), Outage> {
        let ticket = &correction.ticket;
        let mut script = self.replace.key(&ticket.account);
        script.arg(ticket.tick).arg(ticket.day);
        script.arg(correction.requests).arg(correction.tokens);
        script.arg(ticket.mark);
        self.run(&script).await
    }

    /// Whether the store runs scripts and lets them write.
    pub(super) async fn probe(&self) -> Result<(), Outage> {
        let probe = || async { self.run(&self.probe.key("propus-quota:probe")).await };
        match probe().await {
            // This may be how the last attempt to connect ended; it has begun the next one.
            Err(Outage::Failed(error)) if error.is_io_error() => probe().await,
            answer => answer,
        }
    }

    async fn run<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, Outage> {
        let mut connection = self.connection.clone();
        let answer = tokio::time::timeout(TIMEOUT, script.invoke_async(&mut connection)).await;
        answer.map_err(|_| Outage::Late)?.map_err(Outage::Failed)
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
