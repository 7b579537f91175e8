//! Model cards: what each model is, can do and allows, as data that a user may override.

mod card;
mod lifecycle;
mod served;
#[cfg(test)]
mod tests;

pub use card::{Card, Medium, Profile, Ranges, Thinking};
pub use lifecycle::{Route, State};

use crate::{
    Day, Problem,
    models::{model_not_found::ModelNotFound, model_retired::ModelRetired},
};
use indexmap::IndexMap;
use propus_wire::Version;
use serde::Deserialize;
use std::{fmt, sync::LazyLock};
use toml::Table;

/// All model cards by name.
#[derive(Clone, Debug)]
pub struct Cards {
    profiles: Profiles,
    profile: Profile,
    tables: IndexMap<String, Table>,
    cards: IndexMap<String, Card>,
}

#[derive(Clone, Debug, Deserialize)]
struct Profiles {
    #[serde(rename = "2025-05")]
    may_2025: Table,
    #[serde(rename = "2026")]
    current: Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    profiles: Option<Profiles>,
    #[serde(default)]
    model: Vec<Table>,
}

/// Why a file of model cards cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardsError(String);

impl fmt::Display for CardsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CardsError {}

impl Cards {
    /// The cards that come with the program.
    pub fn builtin() -> &'static Cards {
        static BUILTIN: LazyLock<Cards> = LazyLock::new(|| {
            Cards::parse(include_str!("cards.toml")).expect("a test reads the built-in cards")
        });
        &BUILTIN
    }

    fn parse(text: &str) -> Result<Cards, CardsError> {
        let file: File = toml::from_str(text).map_err(|error| CardsError(error.to_string()))?;
        let profiles = file
            .profiles
            .ok_or_else(|| CardsError("`profiles` is missing".into()))?;
        let mut cards = Cards {
            profiles,
            profile: Profile::default(),
            tables: IndexMap::new(),
            cards: IndexMap::new(),
        };
        cards.add(file.model)?;
        Ok(cards)
    }

    /// These cards, changed by a file of the same form: a known name changes only the keys that
    /// the file holds, a new name adds a model.
    pub fn overridden(&self, text: &str) -> Result<Cards, CardsError> {
        let file: File = toml::from_str(text).map_err(|error| CardsError(error.to_string()))?;
        let mut cards = self.clone();
        if let Some(profiles) = file.profiles {
            cards.profiles = profiles;
        }
        cards.add(file.model)?;
        Ok(cards)
    }

    /// These cards with the ranges of a profile.
    #[must_use]
    pub fn under(mut self, profile: Profile) -> Cards {
        self.profile = profile;
        for card in self.cards.values_mut() {
            *card = std::mem::take(card).under(profile);
        }
        self
    }

    /// Whose ranges count.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    fn add(&mut self, tables: Vec<Table>) -> Result<(), CardsError> {
        for table in tables {
            let name = table.get("name").and_then(toml::Value::as_str);
            let name = name.ok_or_else(|| CardsError("a `[[model]]` has no `name`".into()))?;
            let name = bare(name).to_owned();
            let mut whole = self.tables.get(&name).cloned().unwrap_or_default();
            whole.extend(table);
            whole.insert("name".into(), name.clone().into());
            let card = self.card(whole.clone());
            let card = card.map_err(|error| CardsError(format!("model `{name}`: {error}")))?;
            self.tables.insert(name.clone(), whole);
            self.cards.insert(name, card);
        }
        Ok(())
    }

    /// A card of a table, its ranges filled up from the profiles.
    fn card(&self, mut table: Table) -> Result<Card, toml::de::Error> {
        let mut ranges = self.profiles.current.clone();
        if let Some(most) = table.get("max_temperature").and_then(toml::Value::as_float) {
            ranges.insert("temperature".into(), vec![0.0, most].into());
        }
        for (key, mut ranges) in [
            ("ranges", ranges),
            ("ranges_2025_05", self.profiles.may_2025.clone()),
        ] {
            if let Some(toml::Value::Table(own)) = table.remove(key) {
                ranges.extend(own);
            }
            table.insert(key.into(), ranges.into());
        }
        let mut card: Card = table.try_into()?;
        // Gemini 3 and later: Google's page on thought signatures.
        card.thought_signatures |= matches!(card.thinking, Thinking::Level { .. });
        Ok(card.under(self.profile))
    }

    /// A card with nothing but a name, in the current ranges.
    pub(crate) fn blank(&self, name: &str) -> Card {
        let mut table = Table::new();
        table.insert("name".into(), bare(name).into());
        self.card(table).unwrap_or_default()
    }

    /// The card of a name, with or without `models/`.
    pub fn get(&self, name: &str) -> Option<&Card> {
        self.cards.get(bare(name))
    }

    /// All cards, in the order of their file.
    pub fn iter(&self) -> impl Iterator<Item = &Card> {
        self.cards.values()
    }

    /// The card that answers to a name on a day: an alias or a routed name gives its target's.
    pub fn resolve(
        &self,
        name: &str,
        method: &str,
        version: Version,
        day: Day,
    ) -> Result<&Card, Problem> {
        let unknown = || self.not_found(name, method, version);
        let mut card = self.get(name).ok_or_else(unknown)?;
        if !card.in_version(version) {
            return Err(unknown());
        }
        // An alias may lead to a routed name; a circle in a user's file must not hang us.
        for _ in 0..8 {
            match card.state(day) {
                State::Active | State::Restricted => return Ok(card),
                State::Routed(target) => card = self.get(target).ok_or_else(unknown)?,
                State::Retired => return Err(self.retired(card, method, version)),
                State::Future => return Err(unknown()),
            }
        }
        Err(unknown())
    }

    /// The failure of an unknown name, with the nearest names that are still served as far as the
    /// cards say.
    pub fn not_found(&self, name: &str, method: &str, version: Version) -> Problem {
        ModelNotFound {
            model: bare(name).into(),
            version,
            method: method.into(),
            nearest: self.nearest(name, 3),
        }
        .into()
    }

    fn retired(&self, card: &Card, method: &str, version: Version) -> Problem {
        ModelRetired {
            model: card.name.clone(),
            version,
            method: method.into(),
            since: card.shutdown,
            to_new_users: false,
            replacement: card.replacement.clone(),
        }
        .into()
    }

    /// Names that look like this one, the most similar first; retired ones are left out.
    pub fn nearest(&self, name: &str, most: usize) -> Vec<String> {
        let wanted = bare(name).to_lowercase();
        let alive = self.cards.values().filter(|card| card.shutdown.is_none());
        let mut scored: Vec<(f64, &str)> = alive
            .map(|card| {
                (
                    strsim::jaro_winkler(&wanted, &card.name),
                    card.name.as_str(),
                )
            })
            .filter(|(score, _)| *score > 0.8)
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        scored.truncate(most);
        scored
            .into_iter()
            .map(|(_, name)| name.to_owned())
            .collect()
    }

    /// What Google serves on a day in a version, aliases and routed names included.
    pub fn served_on(&self, day: Day, version: Version) -> Vec<&Card> {
        let cards = self.cards.values();
        cards
            .filter(|card| card.in_version(version))
            .filter(|card| {
                self.resolve(&card.name, "generateContent", version, day)
                    .is_ok()
            })
            .collect()
    }
}

/// A model's name without `models/`.
fn bare(name: &str) -> &str {
    name.strip_prefix("models/").unwrap_or(name)
}
