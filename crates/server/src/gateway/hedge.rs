//! A second attempt on another route while the first one is silent: the one that serves first is taken.

use crate::gateway::{attempt::Attempted, attempts::Course, ways::Way};
use futures::future::{Either, select};
use propus_failures::recovery::Scope;
use std::pin::pin;
use tokio::time::{Instant, sleep};

impl Course {
    /// Makes an attempt and, where that is on and may be done twice, another one beside it when it has been
    /// silent for long. The way is the one of the attempt that counts.
    pub async fn attempt_hedged(&mut self, way: Way) -> (Way, Attempted) {
        let hedging = &self.state.hedging;
        if !hedging.enabled || !self.asked.safe {
            let attempted = self.attempt(&way).await;
            return (way, attempted);
        }
        let (counts, hedged) = self.race(&way, hedging.after).await;
        match (counts, hedged) {
            (attempted, None) => (way, attempted),
            (attempted, Some(other)) => {
                self.history.begin(&other.name);
                (other, attempted)
            }
        }
    }

    /// What came of the attempts, and the other way where it is the other's.
    async fn race(&self, way: &Way, after: std::time::Duration) -> (Attempted, Option<Way>) {
        let mut first = pin!(self.attempt(way));
        let silent = pin!(sleep(after));
        if let Either::Left((attempted, _)) = select(&mut first, silent).await {
            return (attempted, None);
        }
        let Some(other) = self.hedge(way).await else {
            return (first.await, None);
        };
        let (attempted, is_others) = {
            let second = pin!(self.attempt(&other));
            match select(first, second).await {
                Either::Left((failed, second)) if !failed.serves() => (second.await, true),
                Either::Left((attempted, _)) => (attempted, false),
                Either::Right((failed, first)) if !failed.serves() => (first.await, false),
                Either::Right((attempted, _)) => (attempted, true),
            }
        };
        (attempted, is_others.then_some(other))
    }

    /// Another route that has room at once and can bear a call more.
    async fn hedge(&self, way: &Way) -> Option<Way> {
        let other = self.other(way, Scope::Route)?;
        if let Some(lane) = &other.lane {
            lane.enter(&self.caller, 0, Instant::now()).await.ok()?;
        }
        other.line.withdraw().then_some(other)
    }
}
