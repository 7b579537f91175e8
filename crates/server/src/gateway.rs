//! The gateway: calls that other servers answer, and that would have failed, succeed.
//!
//! [`settings`] says who answers for which model. What is done after a failed attempt is decided by
//! [`propus_failures::recovery`] and carried out in `attempts`, and nowhere else. A reply that needed no
//! repair is passed on byte for byte, with the pieces in which it came; what was done for one is said in
//! `x-propus-repairs`.

mod asked;
mod attempt;
mod attempts;
mod breaker;
mod cache;
mod fleet;
mod fold;
mod hedge;
mod line;
mod pacing;
mod rests;
mod same;
mod seen;
pub mod settings;
mod stream;
mod told;
mod upload;
mod watch;
mod ways;

pub(crate) use line::RouteNow;
pub use settings::Settings;

use crate::{app::App, layers::render::Failed as Rendered};
use asked::{Asked, Named};
use attempts::Course;
use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use cache::Cache;
use fleet::Fleet;
use propus_engines::{
    google::{Google, SetupError},
    secret::Secrets,
};
use propus_failures::recovery::Policy;
use rests::Rests;
use same::Same;
use settings::Hedging;
use std::{
    collections::{BTreeMap, HashMap},
    mem,
    sync::{Arc, PoisonError, RwLock},
};
use thiserror::Error;
use ways::{Known, Map, Way};

/// Other servers, and how calls find their way to them.
#[derive(Debug)]
pub struct Gateway(RwLock<Arc<State>>);

/// What one configuration makes. A call keeps the one that it began with.
#[derive(Debug)]
struct State {
    map: Map,
    rests: Rests,
    policy: Policy,
    cache: Option<Cache>,
    hedging: Hedging,
    /// The gateways that share a store with this one.
    fleet: Option<Arc<Fleet>>,
}

/// Why a gateway cannot be made.
#[derive(Debug, Error)]
pub enum GatewayError {
    /// The settings make no sense.
    #[error(transparent)]
    Unfit(#[from] settings::Unfit),
    /// An upstream cannot be used.
    #[error("`engines.{engine}`: {error}")]
    Engine {
        /// Its name.
        engine: String,
        /// Why.
        error: SetupError,
    },
}

impl Gateway {
    /// Makes the engines of the settings; their keys are read. `here` are the engines that are models of
    /// this server: their names in the settings, and the names of their models in the registry.
    pub fn new(settings: &Settings, here: &BTreeMap<String, String>) -> Result<Self, GatewayError> {
        Ok(Self(RwLock::new(Arc::new(State::new(settings, here)?))))
    }

    /// Takes other settings for the calls that come from now on; those that have begun go on with theirs.
    /// Nothing changes where the settings are wrong. Keys are read anew. What was learnt of a route whose
    /// engine, address and key stay the same still holds: limits and what of them is used, rests, and
    /// whether it is left out. Replies that were kept are forgotten.
    pub fn reload(
        &self,
        settings: &Settings,
        here: &BTreeMap<String, String>,
    ) -> Result<(), GatewayError> {
        let mut state = State::new(settings, here)?;
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        state.keep(&current);
        *current = Arc::new(state);
        Ok(())
    }

    /// How it stands with the routes now.
    pub(crate) fn routes(&self) -> Vec<RouteNow> {
        self.state().map.routes()
    }

    fn state(&self) -> Arc<State> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl State {
    fn new(settings: &Settings, here: &BTreeMap<String, String>) -> Result<Self, GatewayError> {
        let names: Vec<&str> = here.keys().map(String::as_str).collect();
        settings.check(&names)?;
        let (mut engines, mut secrets) = (HashMap::new(), Secrets::default());
        for (name, upstream) in &settings.engines {
            let google =
                Google::with(upstream, &mut secrets).map_err(|error| GatewayError::Engine {
                    engine: name.clone(),
                    error,
                })?;
            engines.insert(name.clone(), Known::Google(Arc::new(google)));
        }
        let own = here.iter();
        engines.extend(own.map(|(name, model)| (name.clone(), Known::Here(model.clone()))));
        let mut map = Map::new(settings, engines);
        let fleet = Fleet::of(&settings.pacing, &mut secrets)?;
        if let Some(fleet) = &fleet {
            map.share(fleet);
        }
        Ok(Self {
            map,
            rests: Rests::default(),
            policy: settings.recovery.0.clone(),
            cache: Cache::new(&settings.cache),
            hedging: settings.hedging.clone(),
            fleet,
        })
    }

    /// Takes over what was learnt of routes that are the same as before.
    fn keep(&mut self, before: &Self) {
        let same = Same::between(before.map.engines(), self.map.engines());
        if let (Some(fleet), Some(known)) = (&mut self.fleet, &before.fleet)
            && fleet.has_store_of(known)
        {
            *fleet = known.clone();
            self.map.share(fleet);
        }
        self.rests.keep(&before.rests, &same);
        self.map.keep(&before.map, &same);
    }

    /// The ways to the answer of a call; none where it is answered here.
    fn ways(&self, app: &App, asked: &Asked) -> Option<Vec<Way>> {
        let Some(model) = asked.model.as_deref() else {
            let home = match asked.named {
                // The list of models is this server's own, unless another one stands for all.
                Named::Models | Named::OpenAi(_) if !self.map.is_default_elsewhere() => None,
                _ => self.map.home(),
            };
            return home.map(|home| vec![home]);
        };
        self.ways_of(app, model, &|| asked.is_bound())
    }

    fn ways_of(&self, app: &App, name: &str, bound: &dyn Fn() -> bool) -> Option<Vec<Way>> {
        let model = self.model(app, name)?;
        let counted = if self.is_known(app, name) { name } else { "" };
        Some(self.map.ways(model, name, counted, bound))
    }

    /// Whether a model's name is more than a caller's word.
    fn is_known(&self, app: &App, name: &str) -> bool {
        self.map.is_listed(name)
            || app.registry.cards().get(name).is_some()
            || self.map.has_met(name)
    }

    /// Who answers for a model; none where it is this server alone.
    fn model(&self, app: &App, name: &str) -> Option<&settings::Model> {
        let own = || app.registry.own().any(|own| own.name == name);
        if !self.map.is_listed(name) && own() {
            return None;
        }
        let model = self.map.model(name)?;
        self.map.is_elsewhere(model).then_some(model)
    }
}

/// Whether a path that this server does not have is another server's.
pub(crate) fn takes(app: &App, path: &str) -> bool {
    let Some(gateway) = &app.gateway else {
        return false;
    };
    Named::of(path).is_some() && gateway.state().map.home().is_some()
}

/// Answers a call by other servers, or gives it back.
pub(crate) async fn answer(app: &Arc<App>, mut request: Request) -> Result<Response, Request> {
    let Some(gateway) = &app.gateway else {
        return Err(request);
    };
    let Some((named, version)) = Named::of(request.uri().path()) else {
        return Err(request);
    };
    let state = gateway.state();
    // What is answered here is read there, too: a body is not read twice.
    if let Named::Method { model, .. } | Named::Model(model) = &named
        && state.model(app, model).is_none()
    {
        return Err(request);
    }
    let extensions = mem::take(request.extensions_mut());
    let place = extensions.get();
    let asked = match Asked::read(app, named, version, request, place).await {
        Ok(asked) => asked,
        Err(problem) => return Ok(Rendered(problem).into_response()),
    };
    match state.ways(app, &asked) {
        Some(ways) if !ways.is_empty() => {
            let course = Course::new(app.clone(), state, asked, ways, extensions);
            Ok(Box::pin(course.run()).await)
        }
        _ => Err(asked.into_request(extensions)),
    }
}
