//! The connection to the store, and the scripts that it runs.

use crate::{
    account::{MOST_TOKENS, Now},
    limits::Limits,
    pacific,
    refused::{Exhausted, Refused, Unit, Window},
    shared::{
        board::{News, Note},
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
/// The minute in ticks of 100 ms.
pub(super) const MINUTE: u64 = 600;

pub(super) struct Store {
    connection: ConnectionManager,
    timeout: Duration,
    /// The minute in ticks.
    minute: u64,
    reserve: Script,
    reserve_informed: Script,
    post: Script,
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
    /// What the account counts in the minute, with this admission.
    pub requests: u64,
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
    pub(super) fn new(address: &str, timeout: Duration, minute: u64) -> Result<Store, RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(timeout))
            .set_response_timeout(Some(timeout))
            .set_number_of_retries(0);
        Ok(Store {
            connection: ConnectionManager::new_lazy_with_config(Client::open(address)?, config)?,
            timeout,
            minute,
            reserve: Script::new(include_str!("reserve.lua")),
            reserve_informed: Script::new(concat!(
                include_str!("news.lua"),
                include_str!("reserve.lua")
            )),
            post: Script::new(include_str!("post.lua")),
            replace: Script::new(include_str!("replace.lua")),
            probe: Script::new(include_str!("probe.lua")),
            marks: Default::default(),
        })
    }

    pub(super) async fn reserve(
        &self,
        question: Question<'_>,
    ) -> Result<Result<Ticket, Refused>, Outage> {
        let account = account_key(question.project, question.model);
        let mut script = self.reserve.key(&account);
        self.ask_for(&mut script, &account, question);
        let answer: Vec<i64> = self.run(&script).await?;
        Ok(verdict(account, question, &answer))
    }

    /// The same, unless the board has another version than the known one: then nothing counts, and this
    /// is what stands there.
    pub(super) async fn reserve_informed(
        &self,
        question: Question<'_>,
        board: &str,
        known: u64,
    ) -> Result<Informed, Outage> {
        let account = account_key(question.project, question.model);
        let mut script = self.reserve_informed.key(&account);
        self.ask_for(&mut script, &account, question);
        script.key(board_key(board)).arg(known);
        Ok(match self.run(&script).await? {
            Answer::Verdict(answer) => Informed::Verdict(verdict(account, question, &answer)),
            Answer::News(version, notes) => Informed::News(News::of(version, notes)),
        })
    }

    /// Pins a note to a board, in place of the one of this name.
    pub(super) async fn post(&self, now: Now, board: &str, note: &Note) -> Result<(), Outage> {
        let mut script = self.post.key(board_key(board));
        script.arg(now.millis()).arg(note.until_millis());
        script.arg(&note.name).arg(&note.text);
        self.run(&script).await
    }

    /// What the script needs for a question; its first key is the account.
    fn ask_for(&self, script: &mut ScriptInvocation<'_>, account: &str, question: Question<'_>) {
        let Question { now, limits, .. } = question;
        let tokens = question.tokens.min(MOST_TOKENS);
        let midnight = pacific::next_midnight(now.millis());
        script.key(format!("{account}:log"));
        script.arg(now.millis()).arg(midnight.min(MOST)).arg(tokens);
        for (_, _, limit) in rows(limits) {
            let limit = limit.and_then(|limit| i64::try_from(limit).ok());
            script.arg(limit.filter(|limit| *limit <= MOST as i64).unwrap_or(-1));
        }
        script.arg(self.marks.hash_one((account, now.millis())) % MOST);
        script.arg(self.minute);
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
        let answer = tokio::time::timeout(self.timeout, script.invoke_async(&mut connection)).await;
        answer.map_err(|_| Outage::Late)?.map_err(Outage::Failed)
    }
}

/// What the script for the informed answers.
enum Answer {
    Verdict(Vec<i64>),
    News(u64, Vec<String>),
}

impl FromRedisValue for Answer {
    fn from_redis_value(value: redis::Value) -> Result<Self, redis::ParsingError> {
        if let redis::Value::Array(parts) = &value
            && let [redis::Value::Int(2), version, notes] = &parts[..]
        {
            let version = redis::from_redis_value_ref(version)?;
            return Ok(Self::News(version, redis::from_redis_value_ref(notes)?));
        }
        Ok(Self::Verdict(redis::from_redis_value(value)?))
    }
}

/// An answer to one who knows a board.
pub(super) enum Informed {
    Verdict(Result<Ticket, Refused>),
    News(News),
}

fn verdict(account: String, question: Question<'_>, answer: &[i64]) -> Result<Ticket, Refused> {
    match *answer {
        [1, tick, day, mark, requests] => Ok(Ticket {
            account,
            tick: tick.unsigned_abs(),
            day: day.unsigned_abs(),
            mark: mark.unsigned_abs(),
            tokens: question.tokens.min(MOST_TOKENS),
            requests: requests.unsigned_abs(),
        }),
        _ => Err(refused(question.now, question.limits, answer)),
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

/// A board is one key for all accounts, so its script needs a store that is one node, as the client does.
fn board_key(board: &str) -> String {
    format!("propus-quota:board:{board}")
}
