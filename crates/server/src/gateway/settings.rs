//! What a configuration file says of the gateway: routes, recovery and pacing.

use propus_engines::google;
use propus_failures::recovery::Policy;
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, value::MapAccessDeserializer},
};
use std::{collections::BTreeMap, fmt, time::Duration};
use thiserror::Error;

/// The name in `[models]` that stands for all others.
pub const DEFAULT: &str = "default";

/// The settings of the gateway. The tables of a file have the fields' names.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Upstreams by their names.
    pub engines: BTreeMap<String, google::Settings>,
    /// Model names and who answers for them.
    pub models: BTreeMap<String, Model>,
    /// What recovery may do, by [`policy`].
    #[serde(deserialize_with = "policy")]
    pub recovery: Recovery,
    /// How requests wait for quotas.
    pub pacing: Pacing,
    /// Replies that are given again.
    pub cache: Cache,
    /// Second attempts beside the first one.
    pub hedging: Hedging,
}

/// What recovery may do; by default [`Policy::gateway`].
#[derive(Clone, Debug, PartialEq)]
pub struct Recovery(pub Policy);

impl Default for Recovery {
    fn default() -> Self {
        Self(Policy::gateway())
    }
}

/// Who answers for a model: `"NAME"` of an engine, or a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The engines that share the work, by weight.
    pub routes: Vec<Route>,
    /// Those that are tried, in their order, when none of the routes serves.
    pub fallbacks: Vec<Route>,
    /// The name of a model with a longer context.
    pub larger: Option<String>,
}

/// An engine that answers for a model: its name, or a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The engine's name.
    pub engine: String,
    /// The model's name there, where it is another.
    pub model: Option<String>,
    /// Its share of the work, in relation to the other routes; at 0 it gets none.
    pub weight: f64,
}

/// How requests wait for quotas in place of failing.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pacing {
    /// Whether they do.
    pub enabled: bool,
    /// Whether limits are learnt from the upstream's refusals. One that was learnt is raised by a tenth
    /// each five minutes without a refusal, and learnt again after an hour.
    pub learn: bool,
    /// Most requests that wait for one project and model; beyond it they fail at once.
    pub queue: usize,
    /// Which part of a limit is used, from 0.1 to 1.
    pub share: f64,
    /// Limits that are known, for each project; `default` stands for all other models.
    pub limits: BTreeMap<String, Known>,
    /// A Valkey or Redis by which several gateways keep to the limits together.
    pub store: Option<Store>,
}

/// The address of a Valkey or Redis, such as `redis://127.0.0.1:6379/`, or where it is read from, such as
/// `env:NAME`. It may hold a password, so it shows nowhere.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Store(pub String);

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

/// Limits of one model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Known {
    /// Requests in any 60 seconds.
    pub requests_per_minute: Option<u32>,
    /// Input tokens in any 60 seconds.
    pub input_tokens_per_minute: Option<u64>,
}

/// Replies that are given again to identical requests that are deterministic: with temperature 0 or a
/// seed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cache {
    /// Whether they are.
    pub enabled: bool,
    /// Most bytes of all replies.
    pub max_bytes: u64,
    /// How long a reply is kept, in seconds in a file.
    #[serde(rename = "ttl_seconds", deserialize_with = "seconds")]
    pub ttl: Duration,
}

/// A second attempt on another route while the first one is silent.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hedging {
    /// Whether there is one.
    pub enabled: bool,
    /// How long the first one may be silent, in seconds in a file.
    #[serde(rename = "after_seconds", deserialize_with = "seconds")]
    pub after: Duration,
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            enabled: true,
            learn: true,
            queue: 10_000,
            share: 1.0,
            limits: BTreeMap::new(),
            store: None,
        }
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            enabled: false,
            max_bytes: 64 << 20,
            ttl: Duration::from_secs(300),
        }
    }
}

impl Default for Hedging {
    fn default() -> Self {
        Self {
            enabled: false,
            after: Duration::from_secs(10),
        }
    }
}

/// A setting that makes no sense. It names the field and, on a line of its own, the fix.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{field}` {what}\nhint: {hint}")]
pub struct Unfit {
    /// The field, as it is named in a file.
    pub field: String,
    /// What is wrong with it.
    pub what: String,
    /// What would be right.
    pub hint: String,
}

impl Settings {
    /// Whether the settings make sense together. `others` are the names of engines that are no
    /// upstreams, such as local models. Keys are not read.
    ///
    /// # Errors
    ///
    /// The first field that makes none.
    pub fn check(&self, others: &[&str]) -> Result<(), Unfit> {
        let known = Names {
            settings: self,
            others,
        };
        for (name, model) in &self.models {
            known.model(name, model)?;
        }
        if let Err(wrong) = self.recovery.0.check() {
            let field = format!("recovery.{}", wrong.field);
            return unfit(field, wrong.rule, "see the field's documentation");
        }
        if !(0.1..=1.0).contains(&self.pacing.share) {
            let what = format!("is {}", self.pacing.share);
            return unfit(
                "pacing.share",
                what,
                "it is a part of the limit from 0.1 to 1",
            );
        }
        for (name, known) in &self.pacing.limits {
            if known.requests_per_minute == Some(0) {
                let field = format!("pacing.limits.{name}.requests_per_minute");
                return unfit(field, "is 0", "leave the model out of [models]");
            }
        }
        Ok(())
    }
}

struct Names<'a> {
    settings: &'a Settings,
    others: &'a [&'a str],
}

impl Names<'_> {
    fn model(&self, name: &str, model: &Model) -> Result<(), Unfit> {
        if model.routes.is_empty() {
            let field = format!("models.{name}.routes");
            return unfit(field, "is empty", "name an engine: routes = [\"NAME\"]");
        }
        let weights: f64 = model.routes.iter().map(|route| route.weight).sum();
        let sound = |route: &Route| route.weight.is_finite() && route.weight >= 0.0;
        if !model.routes.iter().all(sound) || weights <= 0.0 {
            let field = format!("models.{name}.routes.weight");
            let hint = "weights are numbers from 0 on, and one of them is more than 0";
            return unfit(field, "makes no sense", hint);
        }
        for (list, routes) in [("routes", &model.routes), ("fallbacks", &model.fallbacks)] {
            for route in routes {
                self.engine(&format!("models.{name}.{list}"), route)?;
            }
        }
        match &model.larger {
            Some(larger) if larger == name => {
                let field = format!("models.{name}.larger");
                unfit(field, "is the model itself", "name another model")
            }
            _ => Ok(()),
        }
    }

    fn engine(&self, field: &str, route: &Route) -> Result<(), Unfit> {
        let engine = route.engine.as_str();
        if self.settings.engines.contains_key(engine) || self.others.contains(&engine) {
            return Ok(());
        }
        let known: Vec<_> = self.settings.engines.keys().map(String::as_str).collect();
        let known = [&known[..], self.others].concat().join(", ");
        unfit(
            field,
            format!("names the engine `{engine}`, which is not defined"),
            format!("add [engines.{engine}] or use one of: {known}"),
        )
    }
}

fn unfit(
    field: impl Into<String>,
    what: impl Into<String>,
    hint: impl Into<String>,
) -> Result<(), Unfit> {
    Err(Unfit {
        field: field.into(),
        what: what.into(),
        hint: hint.into(),
    })
}

/// Reads `[recovery]` over the gateway's own defaults.
///
/// # Errors
///
/// Fields that a [`Policy`] does not have, or values that do not fit.
pub fn policy<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Recovery, D::Error> {
    let written = toml::Table::deserialize(deserializer)?;
    let mut all = toml::Table::try_from(Policy::gateway()).map_err(de::Error::custom)?;
    lay_over(&mut all, written);
    let policy = Policy::deserialize(all).map_err(|error| de::Error::custom(error.message()))?;
    Ok(Recovery(policy))
}

fn lay_over(under: &mut toml::Table, over: toml::Table) {
    for (name, value) in over {
        match (under.get_mut(&name), value) {
            (Some(toml::Value::Table(under)), toml::Value::Table(over)) => lay_over(under, over),
            (_, value) => {
                under.insert(name, value);
            }
        }
    }
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    let duration = Duration::try_from_secs_f64(seconds);
    duration.map_err(|_| de::Error::custom(format!("`{seconds}` is no number of seconds")))
}

impl Route {
    /// A route to an engine, with the model's own name.
    pub fn to(engine: impl Into<String>) -> Self {
        Self {
            engine: engine.into(),
            model: None,
            weight: 1.0,
        }
    }
}

impl Model {
    /// One engine alone.
    pub fn of(engine: impl Into<String>) -> Self {
        Self {
            routes: vec![Route::to(engine)],
            fallbacks: Vec::new(),
            larger: None,
        }
    }
}

impl Model {
    /// The engine, where it is the only one and the model has its own name there: then a model of this
    /// server needs no gateway.
    pub fn sole_engine(&self) -> Option<&str> {
        match (&self.routes[..], &self.fallbacks[..]) {
            ([route], []) if route.model.is_none() => Some(&route.engine),
            _ => None,
        }
    }
}

/// Declares how something is read from a text, or else from a table.
macro_rules! text_or_table {
    ($type:ty, $table:ty, $expects:literal, $of_text:expr, $of_table:expr) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl<'de> de::Visitor<'de> for Visitor {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expects)
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$type, E> {
                        let of_text: fn(&str) -> $type = $of_text;
                        Ok(of_text(text))
                    }

                    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<$type, A::Error> {
                        let of_table: fn($table) -> $type = $of_table;
                        <$table>::deserialize(MapAccessDeserializer::new(map)).map(of_table)
                    }
                }
                deserializer.deserialize_any(Visitor)
            }
        }
    };
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelTable {
    routes: Vec<Route>,
    #[serde(default)]
    fallbacks: Vec<Route>,
    larger: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteTable {
    engine: String,
    model: Option<String>,
    #[serde(default = "one")]
    weight: f64,
}

fn one() -> f64 {
    1.0
}

text_or_table!(
    Model,
    ModelTable,
    "an engine's name, or { routes = [...], fallbacks = [...], larger = \"MODEL\" }",
    |text| Model::of(text),
    |table| Model {
        routes: table.routes,
        fallbacks: table.fallbacks,
        larger: table.larger,
    }
);

text_or_table!(
    Route,
    RouteTable,
    "an engine's name, or { engine = \"NAME\", model = \"MODEL\", weight = 1 }",
    |text| Route::to(text),
    |table| Route {
        engine: table.engine,
        model: table.model,
        weight: table.weight,
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, String> {
        let settings: Settings = toml::from_str(text).map_err(|error| error.to_string())?;
        let checked = settings.check(&["local"]);
        checked.map_err(|error| error.to_string())?;
        Ok(settings)
    }

    #[test]
    fn the_smallest_file_has_the_gateways_defaults() {
        let settings =
            read("[engines.google]\napi_key = 'env:K'\n[models]\ndefault = 'google'").unwrap();
        assert_eq!(settings.models[DEFAULT], Model::of("google"));
        assert_eq!(settings.models[DEFAULT].sole_engine(), Some("google"));
        assert_eq!(settings.recovery.0, Policy::gateway());
        assert!(settings.pacing.enabled && !settings.cache.enabled && !settings.hedging.enabled);
    }

    /// As the binary's file has it: engines of several kinds in one table.
    #[test]
    fn upstreams_are_one_kind_of_engine_among_others() {
        #[derive(Debug, Deserialize)]
        #[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
        enum Engine {
            Google(google::Settings),
            Scripted { script: Option<String> },
        }
        let engine: Engine =
            toml::from_str("kind = 'google'\napi_key = 'env:K'\nsilence_timeout_seconds = 30")
                .unwrap();
        assert!(
            matches!(engine, Engine::Google(one) if one.silence_timeout == Some(Duration::from_secs(30)))
        );
        let error = toml::from_str::<Engine>("kind = 'google'\nurl = 'x'").unwrap_err();
        assert!(error.to_string().contains("unknown field `url`"), "{error}");
        let other = toml::from_str("kind = 'scripted'").unwrap();
        assert!(matches!(other, Engine::Scripted { script: None }));
    }

    #[test]
    fn what_is_written_lies_over_the_defaults() {
        let settings = read(
            "[engines.a]\napi_key = 'x'\n[models]\n\
             m = { routes = ['a', { engine = 'local', model = 'small', weight = 3 }], fallbacks = ['local'], larger = 'l' }\n\
             [recovery]\nattempts = 3\n[recovery.budget]\nof_calls = 0.5\n\
             [pacing.limits.m]\nrequests_per_minute = 10",
        )
        .unwrap();
        let policy = &settings.recovery.0;
        assert_eq!(policy.attempts, 3);
        assert_eq!(policy.budget.unwrap().of_calls, 0.5);
        assert_eq!(
            policy.budget.unwrap().most,
            Policy::gateway().budget.unwrap().most
        );
        assert!(policy.next_route);
        assert_eq!(settings.models["m"].routes[1].weight, 3.0);
        assert_eq!(settings.pacing.limits["m"].requests_per_minute, Some(10));
    }

    #[test]
    fn slips_are_named_with_their_fix() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let said = read(text).unwrap_err();
            assert!(said.contains(expected), "{said}");
        }
        let google = "[engines.a]\napi_key = 'x'\n";
        let with = |rest: &str| format!("{google}{rest}");
        check(
            &with("[models]\nm = 'b'"),
            "`models.m.routes` names the engine `b`, which is not defined\nhint: add [engines.b] or use one of: a, local",
        );
        check(
            &with("[models]\nm = { routes = [] }"),
            "`models.m.routes` is empty",
        );
        check(
            &with("[models]\nm = { routes = [{ engine = 'a', weight = -1 }] }"),
            "weights are numbers from 0 on",
        );
        check(
            &with("[models]\nm = { routes = ['a'], larger = 'm' }"),
            "is the model itself",
        );
        check(&with("[models]\nm = 3"), "an engine's name, or {");
        check(
            &with("[models]\nm = { route = ['a'] }"),
            "unknown field `route`",
        );
        check("[recovery]\nretries = 3", "unknown field `retries`");
        check(
            "[recovery]\nattempts = 0",
            "`recovery.attempts` must be at least 1",
        );
        check("[pacing]\nshare = 2", "`pacing.share` is 2");
        check("[cache]\nttl_seconds = -1", "`-1` is no number of seconds");
        check("[engines.a]\nurl = 'x'", "unknown field `url`");
    }
}
