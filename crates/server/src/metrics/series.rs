//! All series by name, with their help. `metrics.rs` lists them for people.

use super::labels::{
    Build, GenAi, OfAnswer, OfAttempt, OfFailure, OfLimit, OfMethod, OfModel, OfRepair, OfRoute,
    OfTokens, Requested, Timed, TokenUsage,
};
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Metric, Registry, Unit},
};
use std::{
    sync::atomic::AtomicU64,
    time::{SystemTime, UNIX_EPOCH},
};

/// Seconds up to 82, as OpenTelemetry's conventions for generative AI ask for durations of requests.
pub(super) const DURATIONS: [f64; 14] = [
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
/// Seconds up to 10, as they ask for the time to the first token.
pub(super) const FIRSTS: [f64; 16] = [
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
/// Powers of four, as they ask for tokens.
pub(super) const TOKENS: [f64; 14] = [
    1., 4., 16., 64., 256., 1024., 4096., 16384., 65536., 262144., 1048576., 4194304., 16777216.,
    67108864.,
];
/// Seconds up to ten minutes, which is the longest that a call may take.
const WAITS: [f64; 12] = [
    0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 600.0,
];

/// No labels. A family of them has nothing to say until something is known.
pub(super) type Alone = [(&'static str, &'static str); 0];
type Made = fn() -> Histogram;
/// A number of dollars.
pub(super) type Dollars = Counter<f64, AtomicU64>;
/// A gauge that may have decimals.
pub(super) type Decimal = Gauge<f64, AtomicU64>;

/// The series; each is registered under its name.
#[derive(Debug)]
pub(super) struct Series {
    pub requests: Family<Requested, Counter>,
    pub durations: Family<Timed, Histogram, Made>,
    pub first_bytes: Family<Timed, Histogram, Made>,
    pub work: Family<GenAi, Histogram, Made>,
    pub first_tokens: Family<GenAi, Histogram, Made>,
    pub usage: Family<TokenUsage, Histogram, Made>,
    pub tokens: Family<OfTokens, Counter>,
    pub cost: Family<OfModel, Dollars>,
    pub quota_refusals: Family<OfLimit, Counter>,
    pub store_up: Family<Alone, Gauge>,
    pub store_answers: Family<OfAnswer, Counter>,
    pub store_kept: Family<Alone, Gauge>,
    pub store_lost: Family<Alone, Counter>,
    pub running: Gauge,
    pub shed: Counter,
    pub engine_running: Family<OfModel, Gauge>,
    pub engine_waiting: Family<OfModel, Gauge>,
    pub engine_limit: Family<OfModel, Gauge>,
    pub deadlines: Family<OfMethod, Counter>,
    pub gone: Family<OfMethod, Counter>,
    pub injected: Family<OfFailure, Counter>,
    pub repairs: Family<OfRepair, Counter>,
    pub waits: Histogram,
    pub attempts: Family<OfAttempt, Counter>,
    pub route_queue: Family<OfRoute, Gauge>,
    pub route_up: Family<OfRoute, Gauge>,
    pub memory: Gauge,
    pub uptime: Decimal,
}

impl Series {
    /// New series, and the registry that writes them.
    pub fn registered(started: SystemTime) -> (Self, Registry) {
        let mut names = Names(Registry::default());
        let series = Self::in_registry(&mut names);
        names.process(started);
        (series, names.0)
    }

    fn in_registry(names: &mut Names) -> Self {
        let durations: Made = || Histogram::new(DURATIONS);
        let firsts: Made = || Histogram::new(FIRSTS);
        let tokens: Made = || Histogram::new(TOKENS);
        let times = Family::new_with_constructor;
        Self {
            requests: names.plain("propus_requests", "Requests that ended", Family::default()),
            durations: names.seconds(
                "propus_request_duration",
                "Time from a request's head to the end of its answer",
                times(durations),
            ),
            first_bytes: names.seconds(
                "propus_time_to_first_byte",
                "Time from a request's head to the first byte of its answer's body",
                times(firsts),
            ),
            work: names.seconds(
                "gen_ai_server_request_duration",
                "Time from a request's head to the end of what a model answers",
                Family::new_with_constructor(durations),
            ),
            first_tokens: names.seconds(
                "gen_ai_server_time_to_first_token",
                "Time from a request's head to the model's first chunk, where nothing failed",
                Family::new_with_constructor(firsts),
            ),
            usage: names.plain(
                "gen_ai_client_token_usage",
                "Tokens of a request and of its answer",
                Family::new_with_constructor(tokens),
            ),
            tokens: names.plain(
                "propus_tokens",
                "Tokens that replies told of; what is cached is part of the input",
                Family::default(),
            ),
            cost: names.plain(
                "propus_cost_dollars",
                "What tokens cost projects with billing, in US dollars",
                Family::default(),
            ),
            quota_refusals: names.plain(
                "propus_quota_refusals",
                "Requests that a limit refused, by the gravest limit",
                Family::default(),
            ),
            store_up: names.plain(
                "propus_quota_store_up",
                "Whether the shared store of the quotas is asked",
                Family::default(),
            ),
            store_answers: names.plain(
                "propus_quota_store_answers",
                "Requests that were counted by the store, locally, or refused for its absence",
                Family::default(),
            ),
            store_kept: names.plain(
                "propus_quota_store_corrections_kept",
                "Corrections that wait until the store is back",
                Family::default(),
            ),
            store_lost: names.plain(
                "propus_quota_store_corrections_lost",
                "Corrections that were lost",
                Family::default(),
            ),
            running: names.plain(
                "propus_requests_running",
                "Requests that are being answered",
                Gauge::default(),
            ),
            shed: names.plain(
                "propus_requests_shed",
                "Requests that were refused since there was too much to do",
                Counter::default(),
            ),
            engine_running: names.plain(
                "propus_engine_running",
                "Calls that an engine works on",
                Family::default(),
            ),
            engine_waiting: names.plain(
                "propus_engine_waiting",
                "Calls that wait for an engine",
                Family::default(),
            ),
            engine_limit: names.plain(
                "propus_engine_waiting_limit",
                "Most calls that may wait for an engine",
                Family::default(),
            ),
            deadlines: names.plain(
                "propus_deadline_refusals",
                "Requests that were not done at their deadline",
                Family::default(),
            ),
            gone: names.plain(
                "propus_clients_gone",
                "Requests whose client went away before the end of its answer",
                Family::default(),
            ),
            injected: names.plain(
                "propus_injected_failures",
                "Failures that were asked for",
                Family::default(),
            ),
            repairs: names.plain(
                "propus_repairs",
                "What was repaired on the way",
                Family::default(),
            ),
            waits: names.seconds(
                "propus_wait",
                "Waits for another attempt, or in a queue",
                Histogram::new(WAITS),
            ),
            attempts: names.plain(
                "propus_route_attempts",
                "Attempts at a route, by what came of them",
                Family::default(),
            ),
            route_queue: names.plain(
                "propus_route_queue",
                "Requests that wait for a route",
                Family::default(),
            ),
            route_up: names.plain(
                "propus_route_up",
                "Whether a route is tried; 0 while it is left out for its failures",
                Family::default(),
            ),
            memory: names.bytes(
                "process_resident_memory",
                "Memory that the process takes",
                Gauge::default(),
            ),
            uptime: names.seconds(
                "propus_uptime",
                "Time since the server began",
                Gauge::default(),
            ),
        }
    }
}

/// Registers under names; the text formats add `_total` to counters and the unit where one is said.
struct Names(Registry);

impl Names {
    fn plain<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register(name, help, metric.clone());
        metric
    }

    fn seconds<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        let registered = metric.clone();
        self.0
            .register_with_unit(name, help, Unit::Seconds, registered);
        metric
    }

    fn bytes<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        let registered = metric.clone();
        self.0
            .register_with_unit(name, help, Unit::Bytes, registered);
        metric
    }

    /// What does not change while the process runs.
    fn process(&mut self, started: SystemTime) {
        let since = started.duration_since(UNIX_EPOCH).unwrap_or_default();
        let start = self.seconds(
            "process_start_time",
            "When the server began, in seconds since 1970",
            Decimal::default(),
        );
        start.set(since.as_secs_f64());
        let version = env!("CARGO_PKG_VERSION");
        let build = Info::new(Build { version });
        self.0
            .register("propus_build", "Which build this is", build);
    }
}
