//! The ways to an answer: each an engine with one of its keys and the model's name there, in the order in
//! which they are tried.

use crate::gateway::{
    fleet::Fleet,
    line::{Line, Queue, RouteNow},
    pacing::{Lane, Lanes},
    rests::Parts,
    same::Same,
    settings::{DEFAULT, Model, Route, Settings},
};
use propus_engines::google::Google;
use propus_failures::recovery::{Policy, Scope};
use rand::Rng;
use std::{
    collections::{HashMap, HashSet},
    ops::Deref,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

/// Who answers.
#[derive(Clone, Debug)]
pub(super) enum Upstream {
    /// An upstream by HTTP, with the number of its key.
    Google(Arc<Google>, usize),
    /// A model of this server, by its name.
    Here(String),
}

/// One way to an answer. A call copies it several times, so copies share what it consists of.
#[derive(Clone, Debug)]
pub(super) struct Way(Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub upstream: Upstream,
    /// The engine's name, with the number of the key where there are several.
    pub name: String,
    /// The engine's name.
    pub engine: String,
    /// The model's name there; none for what is no model's.
    pub model: Option<String>,
    pub parts: Parts,
    pub line: Arc<Line>,
    pub lane: Option<Arc<Lane>>,
    pub queue: Arc<Queue>,
}

/// What an engine is called by.
#[derive(Clone, Debug)]
pub(super) enum Known {
    Google(Arc<Google>),
    /// The name of its model in the registry.
    Here(String),
}

/// Finds the ways of a model.
#[derive(Debug)]
pub(super) struct Map {
    engines: HashMap<String, Known>,
    models: HashMap<String, Model>,
    /// By engine and model.
    lines: Mutex<HashMap<(String, String), Arc<Line>>>,
    /// By the names of ways.
    queues: Mutex<HashMap<String, Arc<Queue>>>,
    lanes: Lanes,
    made: RwLock<Made>,
    policy: Policy,
    turn: AtomicUsize,
    /// Models that nobody here knows and that an upstream has served.
    met: RwLock<HashSet<String>>,
}

/// Ways that were found before, by engine and model. Only known names are kept.
type Made = HashMap<String, HashMap<String, Arc<[Way]>>>;

/// So many of them are remembered; callers choose the names, and memory is not endless.
const MOST_MET: usize = 1_000;

impl Map {
    pub fn new(settings: &Settings, engines: HashMap<String, Known>) -> Self {
        let models = settings.models.iter();
        Self {
            engines,
            models: models
                .map(|(name, model)| (name.clone(), model.clone()))
                .collect(),
            lines: Mutex::default(),
            queues: Mutex::default(),
            lanes: Lanes::new(&settings.pacing),
            made: RwLock::default(),
            policy: settings.recovery.0.clone(),
            turn: AtomicUsize::new(0),
            met: RwLock::default(),
        }
    }

    /// From now on the lanes keep to their limits together with others.
    pub fn share(&mut self, fleet: &Arc<Fleet>) {
        self.lanes.share(fleet);
    }

    /// Who answers for a model, also by default.
    pub fn model(&self, name: &str) -> Option<&Model> {
        self.models.get(name).or_else(|| self.models.get(DEFAULT))
    }

    /// Whether a model has an entry of its own.
    pub fn is_listed(&self, name: &str) -> bool {
        self.models.contains_key(name)
    }

    /// Whether an upstream has served a model that is not listed.
    pub fn has_met(&self, name: &str) -> bool {
        self.met.read().is_ok_and(|met| met.contains(name))
    }

    /// An upstream has served a model: from now on it is counted by its name.
    pub fn meet(&self, name: &str) {
        if let Ok(mut met) = self.met.write()
            && met.len() < MOST_MET
        {
            met.insert(name.to_owned());
        }
    }

    /// Whether any of the engines is an upstream; what is answered here needs no gateway.
    pub fn is_elsewhere(&self, model: &Model) -> bool {
        let routes = model.routes.iter().chain(&model.fallbacks);
        let several = model.routes.len() + model.fallbacks.len() > 1;
        several
            || routes
                .into_iter()
                .any(|route| self.google(&route.engine).is_some())
    }

    fn google(&self, engine: &str) -> Option<&Arc<Google>> {
        match self.engines.get(engine)? {
            Known::Google(google) => Some(google),
            Known::Here(_) => None,
        }
    }

    /// The upstream for what is no model's: the default's, else the only one there is.
    pub fn home(&self) -> Option<Way> {
        let default = self
            .models
            .get(DEFAULT)
            .into_iter()
            .flat_map(|model| &model.routes);
        let of_default = default.map(|route| route.engine.as_str());
        let mut upstreams = self.engines.keys().map(String::as_str);
        let mut upstreams = upstreams
            .by_ref()
            .filter(|name| self.google(name).is_some());
        let only = upstreams.next().filter(|_| upstreams.next().is_none());
        let engine = of_default
            .chain(only)
            .find(|name| self.google(name).is_some())?;
        self.ways_of(&Route::to(engine), None, "", &|| true)
            .into_iter()
            .next()
    }

    /// Whether the default is an upstream.
    pub fn is_default_elsewhere(&self) -> bool {
        self.models
            .get(DEFAULT)
            .is_some_and(|model| self.is_elsewhere(model))
    }

    /// The ways for a model, those to prefer first. `counted` is the name under which it is counted; it is
    /// empty for names that nobody knows. Only the first key of an engine is taken where `bound`.
    pub fn ways(
        &self,
        model: &Model,
        name: &str,
        counted: &str,
        bound: &dyn Fn() -> bool,
    ) -> Vec<Way> {
        let routes = shuffled(&model.routes);
        let routes = routes.into_iter().chain(&model.fallbacks);
        let mut ways = Vec::new();
        for route in routes {
            ways.extend(self.ways_of(route, Some(name), counted, bound));
        }
        ways
    }

    fn ways_of(
        &self,
        route: &Route,
        name: Option<&str>,
        counted: &str,
        bound: &dyn Fn() -> bool,
    ) -> Vec<Way> {
        let engine = route.engine.as_str();
        let model = route.model.as_deref().or(name);
        // A name that the configuration gives is known.
        let counted = route.model.as_deref().unwrap_or(counted);
        let all = match model.filter(|model| *model == counted) {
            Some(model) => self.known_ways(engine, model),
            None => self.made(engine, model, counted).into(),
        };
        let (first, count) = match all.len() {
            0 | 1 => (0, all.len()),
            _ if bound() => (0, 1),
            several => (self.turn.fetch_add(1, Relaxed), several),
        };
        (0..count)
            .map(|at| all[(first + at) % all.len()].clone())
            .collect()
    }

    /// The ways to a model that is counted by its name, which are made once.
    fn known_ways(&self, engine: &str, model: &str) -> Arc<[Way]> {
        let find = |made: &Made| Some(made.get(engine)?.get(model)?.clone());
        if let Some(known) = self.made.read().ok().and_then(|made| find(&made)) {
            return known;
        }
        let ways: Arc<[Way]> = self.made(engine, Some(model), model).into();
        if let Ok(mut made) = self.made.write() {
            let of_engine = made.entry(engine.to_owned()).or_default();
            of_engine.insert(model.to_owned(), ways.clone());
        }
        ways
    }

    /// The ways by all keys of an engine.
    fn made(&self, engine: &str, model: Option<&str>, counted: &str) -> Vec<Way> {
        let line = self.line(engine, counted);
        let way = |upstream, name: String, model: Option<&str>, parts, lane| {
            Way(Arc::new(Inner {
                upstream,
                queue: self.queue(&name),
                name,
                engine: engine.to_owned(),
                model: model.map(str::to_owned),
                parts,
                line: line.clone(),
                lane,
            }))
        };
        let counted = Some(counted).filter(|counted| !counted.is_empty());
        let google = match self.engines.get(engine) {
            Some(Known::Google(google)) => google,
            Some(Known::Here(own)) => {
                let parts = Parts::new(engine, Some(own), None);
                let upstream = Upstream::Here(own.clone());
                return vec![way(upstream, engine.to_owned(), Some(own), parts, None)];
            }
            None => return Vec::new(),
        };
        let keys = google.keys();
        let by_key = keys.iter().enumerate().map(|(at, key)| {
            let ours = (!key.is_callers()).then_some((at, &*key.project, &*key.account));
            let lane = ours
                .zip(counted)
                .and_then(|(_, counted)| self.lanes.lane(key, counted));
            let name = way_name(engine, at, keys.len());
            let parts = Parts::new(engine, counted, ours);
            let upstream = Upstream::Google(google.clone(), at);
            way(upstream, name, model, parts, lane)
        });
        by_key.collect()
    }

    fn line(&self, engine: &str, model: &str) -> Arc<Line> {
        let mut lines = lock(&self.lines);
        let line = lines.entry((engine.to_owned(), model.to_owned()));
        line.or_insert_with(|| Arc::new(Line::new(&self.policy)))
            .clone()
    }

    fn queue(&self, name: &str) -> Arc<Queue> {
        let mut queues = lock(&self.queues);
        if let Some(known) = queues.get(name) {
            return known.clone();
        }
        queues.entry(name.to_owned()).or_default().clone()
    }

    /// How it stands with every way to an upstream, and with every engine of this server that was tried.
    pub fn routes(&self) -> Vec<RouteNow> {
        let mut open: HashMap<String, bool> = HashMap::new();
        for ((engine, _), line) in lock(&self.lines).iter() {
            *open.entry(engine.clone()).or_default() |= line.is_open();
        }
        let mut routes = Vec::new();
        for (engine, known) in &self.engines {
            let is_open = open.get(engine).copied();
            let keys = match known {
                Known::Google(google) => google.keys().len(),
                Known::Here(_) if is_open.is_none() => continue,
                Known::Here(_) => 1,
            };
            routes.extend((0..keys).map(|at| {
                let name = way_name(engine, at, keys);
                RouteNow {
                    waiting: self.queue(&name).waiting(),
                    name,
                    is_open: is_open.unwrap_or_default(),
                }
            }));
        }
        routes
    }

    /// Who answers, by the engines' names.
    pub fn engines(&self) -> &HashMap<String, Known> {
        &self.engines
    }

    /// Takes over what was learnt of routes that are the same as before.
    pub fn keep(&mut self, before: &Self, same: &Same) {
        self.lanes.keep(&before.lanes, same);
        self.made = RwLock::default();
        let lines = lock(&before.lines);
        let kept = lines
            .iter()
            .filter(|((engine, _), _)| same.has_engine(engine));
        let kept = kept.map(|(route, line)| (route.clone(), line.under(&self.policy)));
        self.lines = Mutex::new(kept.collect());
        // Those who wait, and names that are more than a caller's word, stay so.
        self.queues = Mutex::new(lock(&before.queues).clone());
        if let Ok(met) = before.met.read() {
            self.met = RwLock::new(met.clone());
        }
    }
}

/// The engine's name, with the number of the key where there are several.
fn way_name(engine: &str, key: usize, keys: usize) -> String {
    match keys {
        1 => engine.to_owned(),
        _ => format!("{engine}/{}", key + 1),
    }
}

/// Routes in an order by chance, the heavier ones more often first; those without weight not at all.
fn shuffled(routes: &[Route]) -> Vec<&Route> {
    if let [one] = routes {
        return vec![one];
    }
    let mut rest: Vec<&Route> = routes.iter().filter(|route| route.weight > 0.0).collect();
    let mut order = Vec::new();
    while !rest.is_empty() {
        let all: f64 = rest.iter().map(|route| route.weight).sum();
        let mut drawn = rand::rng().random_range(0.0..1.0) * all;
        let is_it = |route: &&Route| {
            drawn -= route.weight;
            drawn <= 0.0
        };
        let at = rest.iter().position(is_it).unwrap_or(rest.len() - 1);
        order.push(rest.remove(at));
    }
    order
}

impl Deref for Way {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Way {
    /// It has served, if only with an error that is the request's own.
    pub fn served(&self) {
        if self.line.served() {
            let (route, model) = (&self.name, &self.model);
            tracing::info!(route, model, "a route is well again");
        }
    }

    /// It has failed.
    pub fn failed(&self) {
        if self.line.failed() {
            let (route, model) = (&self.name, &self.model);
            tracing::warn!(route, model, "a route is left out, for it failed too often");
        }
    }

    /// Whether a failure of another way that concerns so much does not concern this one.
    pub fn is_beyond(&self, failed: &Way, scope: Scope) -> bool {
        let same = |scope| match (self.parts.of(scope), failed.parts.of(scope)) {
            (Some(one), Some(other)) => one == other,
            // What is answered here has no project.
            _ => self.engine == failed.engine,
        };
        let model = || self.model == failed.model;
        match scope {
            Scope::Call => false,
            Scope::Route => self.engine != failed.engine || !model(),
            Scope::Key => !same(Scope::Key),
            Scope::Model => !model(),
            Scope::ProjectModel => !same(Scope::Project) || !model(),
            Scope::Project => !same(Scope::Project),
            Scope::Account => !same(Scope::Account),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use propus_engines::google;

    fn map(text: &str) -> Map {
        let settings: Settings = toml::from_str(text).unwrap();
        let upstream =
            |settings: &google::Settings| Known::Google(Arc::new(Google::new(settings).unwrap()));
        let engines = settings
            .engines
            .iter()
            .map(|(name, one)| (name.clone(), upstream(one)));
        let here = ("here".to_owned(), Known::Here("small".into()));
        Map::new(&settings, engines.chain([here]).collect())
    }

    const TWO: &str = "[engines.a]\napi_keys = ['k', { key = 'l', project = 'p' }, { key = 'm', project = 'p' }]\n\
        [engines.b]\napi_key = 'k'\n[models]\nm = { routes = ['a'], fallbacks = [{ engine = 'b', model = 'n' }, 'here'] }";

    fn ways(map: &Map, bound: bool) -> Vec<Way> {
        map.ways(map.model("m").unwrap(), "m", "m", &|| bound)
    }

    #[test]
    fn keys_take_turns_and_fallbacks_follow() {
        let map = map(TWO);
        let names = |bound| {
            let ways = ways(&map, bound);
            ways.iter().map(|way| way.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(false), ["a/1", "a/2", "a/3", "b", "here"]);
        assert_eq!(names(false), ["a/2", "a/3", "a/1", "b", "here"]);
    }

    #[test]
    fn what_a_failure_concerns_is_passed_over() {
        let map = map(TWO);
        let ways = ways(&map, false);
        let beyond = |from: usize, scope| {
            let beyond = ways.iter().filter(|way| way.is_beyond(&ways[from], scope));
            beyond.map(|way| way.name.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(beyond(1, Scope::Key), ["a/1", "a/3", "b", "here"]);
        assert_eq!(beyond(1, Scope::Project), ["a/1", "b", "here"]);
        assert_eq!(beyond(0, Scope::ProjectModel), ["a/2", "a/3", "b", "here"]);
        assert_eq!(beyond(0, Scope::Route), ["b", "here"]);
        assert_eq!(beyond(0, Scope::Model), ["b", "here"]);
        assert!(beyond(0, Scope::Call).is_empty());
    }

    #[test]
    fn weights_are_kept_by_and_large() {
        let route = |engine: &str, weight| Route {
            weight,
            ..Route::to(engine)
        };
        let routes = [route("a", 9.0), route("b", 1.0), route("c", 0.0)];
        let first = (0..2000)
            .filter(|_| shuffled(&routes)[0].engine == "a")
            .count();
        assert!((1700..1900).contains(&first), "{first}");
        assert_eq!(shuffled(&routes).len(), 2);
    }

    #[test]
    fn files_go_to_the_first_key_of_the_default() {
        let map = map(&format!("{TWO}\ndefault = 'a'"));
        for _ in 0..2 {
            assert_eq!(map.home().unwrap().name, "a/1");
        }
    }
}
