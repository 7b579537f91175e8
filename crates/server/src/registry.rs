//! Which models there are and who answers for them.
//!
//! A model's own name leads to its engine. A name that Google serves today and that has no engine
//! here is answered by a local model as a *stand-in*, so that unmodified apps run at once; replies
//! say so in `x-propus-model`. Unknown and retired names are refused as Google refuses them.

use crate::app::Clock;
use axum::response::Response;
use http::HeaderValue;
use jiff::{Timestamp, tz::TimeZone};
use propus_engines::{Engine, Load};
use propus_failures::{
    Card, Cards, Day, Problem, keys::tuned_model_permission::TunedModelPermission,
};
use propus_wire::{Version, models::Model, path::Resource};
use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

/// A model with an engine of its own.
#[derive(Clone)]
pub struct OwnModel {
    /// Its name without `models/`.
    pub name: String,
    /// What it is and allows.
    pub card: Arc<Card>,
    /// Who answers.
    pub engine: Arc<dyn Engine>,
}

/// Who answers a call, and by which card it is judged.
#[derive(Clone)]
pub struct Route {
    /// What the asked model is and allows.
    pub card: Arc<Card>,
    /// Who answers.
    pub engine: Arc<dyn Engine>,
    /// The model that answers in place of the asked one, if it is another.
    pub stand_in: Option<String>,
}

impl Route {
    /// Says in a reply which model stood in.
    pub fn mark(&self, mut response: Response) -> Response {
        let name = self.stand_in.as_ref().unwrap_or(&self.card.name);
        if let Ok(name) = HeaderValue::from_str(name) {
            response.headers_mut().insert("x-propus-model", name);
        }
        response
    }
}

/// The kinds of work that tell which local model may stand in.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Work {
    Generate,
    Embed,
}

impl Work {
    fn of(method: &str, card: &Card) -> Self {
        match method {
            "embedContent" | "batchEmbedContents" => Self::Embed,
            "countTokens" if !card.has_method("generateContent") => Self::Embed,
            _ => Self::Generate,
        }
    }

    fn method(self) -> &'static str {
        match self {
            Self::Generate => "generateContent",
            Self::Embed => "embedContent",
        }
    }
}

/// All models of this server.
pub struct Registry {
    cards: Cards,
    own: Vec<OwnModel>,
    strict: bool,
    clock: Clock,
    found: RwLock<Found>,
}

/// Stand-ins that were found already; what a name means can change with the day.
#[derive(Default)]
struct Found {
    day: Option<Day>,
    routes: HashMap<(Version, Work, String), Route>,
}

impl Registry {
    /// A registry; with `strict` nobody stands in for anybody. The profile of the cards counts for
    /// models of its own, too.
    pub fn new(cards: Cards, own: Vec<OwnModel>, strict: bool, clock: Clock) -> Self {
        let profile = cards.profile();
        let under = |mut model: OwnModel| {
            model.card = Arc::new(Card::clone(&model.card).under(profile));
            model
        };
        Self {
            cards,
            own: own.into_iter().map(under).collect(),
            strict,
            clock,
            found: RwLock::default(),
        }
    }

    /// What is known of models.
    pub fn cards(&self) -> &Cards {
        &self.cards
    }

    /// The models with an engine of their own.
    pub fn own(&self) -> impl Iterator<Item = &OwnModel> {
        self.own.iter()
    }

    /// How much each engine has to do.
    pub fn loads(&self) -> impl Iterator<Item = (String, Load)> {
        self.own
            .iter()
            .map(|model| (model.name.clone(), model.engine.load()))
    }

    /// Finds who answers a method of a model.
    pub fn find(
        &self,
        version: Version,
        resource: &Resource<'_>,
        method: &str,
    ) -> Result<Route, Problem> {
        if resource.collection != "models" {
            return Err(self.no_such_method(version, resource, method));
        }
        let name = resource.name.as_ref();
        match self.own.iter().find(|model| model.name == name) {
            Some(own) if own.card.has_method(method) => Ok(own_route(own)),
            Some(_) => Err(self.cards.not_found(name, method, version)),
            None => self.stand_in(version, name, method),
        }
    }

    /// The failure of a method that nothing here has.
    pub fn no_such_method(
        &self,
        version: Version,
        resource: &Resource<'_>,
        method: &str,
    ) -> Problem {
        if resource.collection == "tunedModels" {
            let id = resource.name.clone().into_owned();
            return TunedModelPermission { id }.into();
        }
        self.cards.not_found(&resource.name, method, version)
    }

    fn stand_in(&self, version: Version, name: &str, method: &str) -> Result<Route, Problem> {
        let day = self.today();
        let card = self.cards.resolve(name, method, version, day)?;
        let not_found = || self.cards.not_found(name, method, version);
        if self.strict || !card.has_method(method) {
            return Err(not_found());
        }
        let work = Work::of(method, card);
        let key = (version, work, name.to_owned());
        if let Some(route) = self.found_before(day, &key) {
            return Ok(route);
        }
        let local = self.local(work).ok_or_else(not_found)?;
        let route = Route {
            card: Arc::new(card.served_by(&local.card)),
            engine: local.engine.clone(),
            stand_in: Some(local.name.clone()),
        };
        self.remember(day, key, &route);
        Ok(route)
    }

    fn local(&self, work: Work) -> Option<&OwnModel> {
        self.own
            .iter()
            .find(|model| model.card.has_method(work.method()))
    }

    fn found_before(&self, day: Day, key: &(Version, Work, String)) -> Option<Route> {
        let found = self.found.read().ok()?;
        (found.day == Some(day)).then(|| found.routes.get(key).cloned())?
    }

    fn remember(&self, day: Day, key: (Version, Work, String), route: &Route) {
        let Ok(mut found) = self.found.write() else {
            return;
        };
        if found.day != Some(day) {
            *found = Found {
                day: Some(day),
                routes: HashMap::new(),
            };
        }
        found.routes.insert(key, route.clone());
    }

    /// The reply of `models.list`: own models first, then those that others stand in for.
    pub fn list(&self, version: Version) -> Vec<Model> {
        let own = self.own.iter().map(|model| model.card.model());
        let mut models: Vec<Model> = own.collect();
        if !self.strict {
            let served = self.cards.served_on(self.today(), version);
            let names = served
                .iter()
                .filter(|card| self.own.iter().all(|own| own.name != card.name));
            models.extend(names.filter_map(|card| self.stood_in_for(version, &card.name)));
        }
        models
    }

    /// The reply of `models.get`.
    pub fn get(&self, version: Version, name: &str) -> Result<Model, Problem> {
        if let Some(own) = self.own.iter().find(|model| model.name == name) {
            return Ok(own.card.model());
        }
        self.cards
            .resolve(name, "GetModel", version, self.today())?;
        self.stood_in_for(version, name)
            .ok_or_else(|| self.cards.not_found(name, "GetModel", version))
    }

    /// A model of Google's under the name that was asked for, if anybody here stands in for it.
    fn stood_in_for(&self, version: Version, name: &str) -> Option<Model> {
        let route = [Work::Generate, Work::Embed]
            .into_iter()
            .find_map(|work| self.stand_in(version, name, work.method()).ok())?;
        let mut model = route.card.model();
        let by = route.stand_in.as_deref().unwrap_or_default();
        let known = model.description.take().unwrap_or_default();
        model.name = Some(format!("models/{name}"));
        model.description = Some(
            format!("{known} (answered here by the stand-in {by})")
                .trim()
                .to_owned(),
        );
        Some(model)
    }

    /// The day, by the clock, in UTC.
    pub fn today(&self) -> Day {
        let now = Timestamp::try_from((self.clock)()).unwrap_or(Timestamp::UNIX_EPOCH);
        let date = now.to_zoned(TimeZone::UTC).date();
        Day::new(
            date.year().unsigned_abs(),
            date.month().unsigned_abs(),
            date.day().unsigned_abs(),
        )
    }
}

fn own_route(own: &OwnModel) -> Route {
    Route {
        card: own.card.clone(),
        engine: own.engine.clone(),
        stand_in: None,
    }
}
