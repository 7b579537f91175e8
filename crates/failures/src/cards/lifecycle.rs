//! From a model's release to its end, by the day that is passed in.

use super::Card;
use crate::Day;
use serde::{Deserialize, Serialize};

/// Another model that answers from a day on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The first day.
    pub from: Day,
    /// The model that answers.
    pub to: String,
}

/// What a name stands for on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State<'a> {
    /// Not released yet.
    Future,
    /// It answers.
    Active,
    /// It answers those who used it before.
    Restricted,
    /// Another model answers.
    Routed(&'a str),
    /// It is gone.
    Retired,
}

impl Card {
    /// What this name stands for on a day.
    pub fn state(&self, day: Day) -> State<'_> {
        let begun = self.routes.iter().filter(|route| route.from <= day);
        let route = begun.max_by_key(|route| route.from);
        if let Some(end) = self.shutdown.filter(|end| *end <= day) {
            // Some names were shut down and led on from that very day; others led on for a while
            // and were shut down later.
            return match route.filter(|route| route.from >= end) {
                Some(route) => State::Routed(&route.to),
                None => State::Retired,
            };
        }
        if let Some(route) = route {
            return State::Routed(&route.to);
        }
        if self.alias || self.released.is_some_and(|first| day < first) {
            return State::Future;
        }
        match self.restricted_since.is_some_and(|first| first <= day) {
            true => State::Restricted,
            false => State::Active,
        }
    }
}
