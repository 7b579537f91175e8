//! Notes that the processes leave each other beside the counts: who asks for an admission hears of new
//! ones first.

use super::{
    Denied, Shared, SharedReservation,
    store::{self, Question, Store},
};
use crate::{Limits, account::Now, shared::Outage};
use redis::RedisError;
use std::{
    sync::atomic::Ordering,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A note on a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What it is about; a later note of the same name takes its place.
    pub name: String,
    /// What it says.
    pub text: String,
    /// When it is taken off; to the millisecond.
    pub until: SystemTime,
}

/// What stands on a board.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// The board's version; 0 while there is nothing.
    pub version: u64,
    /// The notes, some of which may be over.
    pub notes: Vec<Note>,
}

/// The answer to one who knows a board.
pub enum Informed {
    /// The request is admitted, and this many count in the minute with it, of all processes.
    Admitted(SharedReservation, u64),
    /// Nothing counts, for the board has changed since.
    News(News),
}

impl Shared {
    /// Counts in the store of an address, which has `timeout` to answer; nothing is counted while it is
    /// away. The minute is as long as `minute`, to a tenth of a second.
    ///
    /// # Errors
    ///
    /// The address makes no sense.
    pub fn patient(
        address: &str,
        timeout: Duration,
        minute: Duration,
    ) -> Result<Shared, RedisError> {
        let ticks = u64::try_from(minute.as_millis() / 100).unwrap_or(store::MINUTE);
        Ok(Self::over(Store::new(address, timeout, ticks)?, None))
    }

    /// As [`Shared::reserve`], by one who knows a board in this version: if it has changed, the answer is
    /// what stands there, in the same round trip. Nothing is counted locally.
    ///
    /// # Errors
    ///
    /// Limits that leave no room, or the store's being away.
    pub async fn reserve_informed(
        &self,
        now: SystemTime,
        account: (&str, &str),
        limits: &Limits,
        input_tokens: u64,
        known: (&str, u64),
    ) -> Result<Informed, Denied> {
        let question = Question {
            now: Now::of(now),
            project: account.0,
            model: account.1,
            limits,
            tokens: input_tokens,
        };
        let (board, version) = known;
        let answer = match self.inner.circuit.check() {
            Ok(()) => {
                let asked = self.inner.store.reserve_informed(question, board, version);
                asked.await.inspect_err(|outage| self.inner.failed(outage))
            }
            Err(outage) => Err(outage),
        };
        match answer {
            Ok(store::Informed::News(news)) => Ok(Informed::News(news)),
            Ok(store::Informed::Verdict(verdict)) => {
                self.inner.circuit.by_store.fetch_add(1, Ordering::Relaxed);
                let ticket = verdict.map_err(Denied::Refused)?;
                let requests = ticket.requests;
                Ok(Informed::Admitted(self.admitted(None, ticket), requests))
            }
            Err(outage) => {
                self.inner.circuit.outage.fetch_add(1, Ordering::Relaxed);
                Err(Denied::Outage(outage))
            }
        }
    }

    /// Pins a note to a board.
    ///
    /// # Errors
    ///
    /// The store is away: then nobody else hears of it.
    pub async fn post(&self, now: SystemTime, board: &str, note: &Note) -> Result<(), Outage> {
        self.inner.circuit.check()?;
        let posted = self.inner.store.post(Now::of(now), board, note).await;
        posted.inspect_err(|outage| self.inner.failed(outage))
    }
}

impl News {
    /// Fields and values of the board, as the store has them.
    pub(super) fn of(version: u64, fields: Vec<String>) -> Self {
        let notes = fields.chunks_exact(2);
        let notes = notes.filter_map(|pair| Note::of(&pair[0], &pair[1]));
        Self {
            version,
            notes: notes.collect(),
        }
    }
}

impl Note {
    pub(super) fn until_millis(&self) -> u64 {
        Now::of(self.until).millis()
    }

    fn of(field: &str, value: &str) -> Option<Self> {
        let name = field.strip_prefix("note:")?.to_owned();
        let (until, text) = value.split_once(' ')?;
        let until = UNIX_EPOCH.checked_add(Duration::from_millis(until.parse().ok()?))?;
        let text = text.to_owned();
        Some(Self { name, text, until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_is_read_as_it_is_written() {
        let fields = ["version", "7", "note:a b", "1500 two words", "other", "1 x"];
        let news = News::of(7, fields.map(str::to_owned).to_vec());
        let expected = Note {
            name: "a b".into(),
            text: "two words".into(),
            until: UNIX_EPOCH + Duration::from_millis(1500),
        };
        assert_eq!(news.notes, [expected]);
        assert_eq!(news.version, 7);
    }
}
