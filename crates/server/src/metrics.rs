//! What the server counts of itself, for `GET /metrics` in the text formats of Prometheus and OpenMetrics.
//!
//! | metric | labels | what |
//! |---|---|---|
//! | `propus_requests_total` | method, model, failure, status, surface | requests that ended |
//! | `propus_request_duration_seconds` | method, surface | from the request's head to the end of its answer |
//! | `propus_time_to_first_byte_seconds` | method, surface | to the first byte of the answer's body |
//! | `gen_ai_server_request_duration_seconds` | as OpenTelemetry says | the same, of what a model did |
//! | `gen_ai_server_time_to_first_token_seconds` | as OpenTelemetry says | to the model's first chunk, where nothing failed |
//! | `gen_ai_client_token_usage` | as OpenTelemetry says | tokens of a request |
//! | `propus_tokens_total` | model, kind | tokens that replies told of: input, output, cached |
//! | `propus_cost_dollars_total` | model | what they cost, for projects with billing |
//! | `propus_quota_refusals_total` | unit, window | requests that a limit refused |
//! | `propus_quota_store_up`, `propus_quota_store_answers_total`, `propus_quota_store_corrections_kept`, `propus_quota_store_corrections_lost_total` | answer | the shared store of the quotas |
//! | `propus_requests_running`, `propus_requests_shed_total` | | load |
//! | `propus_engine_running`, `propus_engine_waiting`, `propus_engine_waiting_limit` | model | load of the engines |
//! | `propus_deadline_refusals_total`, `propus_clients_gone_total` | method | ends that nobody wished for |
//! | `propus_injected_failures_total` | failure | failures that were asked for |
//! | `propus_repairs_total` | kind, outcome | what was repaired on the way |
//! | `propus_wait_seconds` | | waits for another attempt, or in a queue |
//! | `propus_route_attempts_total`, `propus_route_queue`, `propus_route_up` | route, failure | routes to models elsewhere |
//! | `process_resident_memory_bytes`, `process_start_time_seconds`, `propus_uptime_seconds`, `propus_build_info` | | the process |
//!
//! Recording is a few look-ups in tables that exist already and additions to atomics: no request waits
//! for who reads them.

pub mod labels;
#[cfg(feature = "otel")]
pub mod otel;
mod process;
mod record;
mod scrape;
mod series;
pub mod view;

pub use record::{End, Facts, REQUEST_ID, Record};
pub use scrape::Format;

use crate::registry::Registry;
use http::HeaderValue;
use labels::{
    GenAi, Models, NONE, OTHER, OfAttempt, OfFailure, OfMethod, OfModel, OfRepair, OfRoute,
    OfTokens, Requested, Timed, TokenUsage,
};
use propus_failures::Problem;
use series::Series;
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

/// Whose API this is, in OpenTelemetry's words.
pub(crate) const PROVIDER: &str = "gcp.gemini";

/// Counts of everything that happens. Sharing it costs nothing; every method takes `&self`.
#[derive(Debug)]
pub struct Metrics {
    models: Models,
    series: Series,
    registry: prometheus_client::registry::Registry,
    /// The routes of which the text last said how they stand.
    told: Mutex<Vec<String>>,
    began: Instant,
    #[cfg(feature = "otel")]
    telemetry: Option<otel::Telemetry>,
}

impl Metrics {
    /// Nothing counted yet. Only the registry's models are told apart by name.
    pub fn new(models: &Registry) -> Self {
        let (series, registry) = Series::registered(SystemTime::now());
        Self {
            models: Models::of(models),
            series,
            registry,
            told: Mutex::default(),
            began: Instant::now(),
            #[cfg(feature = "otel")]
            telemetry: None,
        }
    }

    /// The same, which also tells a collector of each request.
    #[cfg(feature = "otel")]
    #[must_use]
    pub fn collected_by(mut self, telemetry: otel::Telemetry) -> Self {
        self.telemetry = Some(telemetry);
        self
    }

    /// The `traceparent` of what is asked elsewhere for a request: of the same trace, and a child of the
    /// request's own span. None where no collector is told of it; then the caller's is passed on.
    #[cfg(feature = "otel")]
    pub fn trace_child(&self, record: &Record) -> Option<HeaderValue> {
        record.child(self.telemetry.as_ref()?)
    }

    /// None: this build tells no collector.
    #[cfg(not(feature = "otel"))]
    pub fn trace_child(&self, _: &Record) -> Option<HeaderValue> {
        None
    }

    /// Counts a repair. Both words come from the code, never from a request. What was done is named as in
    /// the header `x-propus-repairs`, such as `route`. What came of it is `helped` where the caller got
    /// an answer, `failed` where it was told a failure all the same, and `applied` where it went away
    /// before.
    pub fn repair(&self, kind: &'static str, outcome: &'static str) {
        let labels = OfRepair { kind, outcome };
        self.series.repairs.get_or_create(&labels).inc();
    }

    /// Counts a wait that was over: for another attempt, or in a queue.
    pub fn wait(&self, time: Duration) {
        self.series.waits.observe(time.as_secs_f64());
    }

    /// Counts an attempt at a route. The route's name comes from the configuration; the failure is the
    /// catalogue's name, `None` where there was none. An attempt that nobody waited for any more is
    /// `cancelled-499`.
    pub fn attempt(&self, route: &str, failure: Option<&'static str>) {
        let labels = OfAttempt {
            route: route.into(),
            failure: failure.unwrap_or(NONE),
        };
        self.series.attempts.get_or_create(&labels).inc();
    }

    /// How many requests wait for a route now. The name comes from the configuration. The gateway's own
    /// routes are asked whenever the metrics are written.
    pub fn queue(&self, route: &str, waiting: usize) {
        let waiting = i64::try_from(waiting).unwrap_or(i64::MAX);
        let labels = OfRoute {
            route: route.into(),
        };
        self.series.route_queue.get_or_create(&labels).set(waiting);
    }

    /// Whether a route is left out for now, since it failed too often: `open` as a circuit breaker is. A
    /// route to several models is, where it is for one of them. Asked as [`queue`](Self::queue) is.
    pub fn route_state(&self, route: &str, open: bool) {
        let labels = OfRoute {
            route: route.into(),
        };
        let up = self.series.route_up.get_or_create(&labels);
        up.set(i64::from(!open));
    }

    /// Counts a failure that was asked for.
    pub fn injected(&self, failure: &'static str) {
        let labels = OfFailure { failure };
        self.series.injected.get_or_create(&labels).inc();
    }

    /// Counts a refusal by the quotas; one that names no limit counts nowhere.
    pub fn quota_refused(&self, problem: &Problem) {
        if let Some(limit) = labels::limit(problem.name()) {
            self.series.quota_refusals.get_or_create(&limit).inc();
        }
    }

    /// Counts a request that ended. Questions whether the server is well are left out.
    pub fn ended(&self, facts: &Facts) {
        if facts.is_probe() {
            return;
        }
        let model = match &facts.model {
            Some(name) => self.models.label(name),
            None => self.models.other(),
        };
        self.count(facts, &model);
        self.time(facts);
        if let Some(operation) = labels::operation(facts.method) {
            self.work(facts, operation, &model);
        }
        #[cfg(feature = "otel")]
        if let Some(telemetry) = &self.telemetry {
            telemetry.ended(facts, &self.models);
        }
    }

    fn count(&self, facts: &Facts, model: &Arc<str>) {
        let series = &self.series;
        let requested = Requested {
            method: method(facts),
            model: model.clone(),
            failure: facts.failure.unwrap_or(NONE),
            status: facts.status,
            surface: facts.surface,
        };
        series.requests.get_or_create(&requested).inc();
        let method = OfMethod {
            method: requested.method,
        };
        match requested.failure {
            "cancelled-499" => _ = series.gone.get_or_create(&method).inc(),
            "deadline-503" | "deadline-504" => _ = series.deadlines.get_or_create(&method).inc(),
            _ => {}
        }
    }

    fn time(&self, facts: &Facts) {
        let labels = Timed {
            method: method(facts),
            surface: facts.surface,
        };
        let took = facts.took.as_secs_f64();
        self.series.durations.get_or_create(&labels).observe(took);
        if let Some(first) = facts.first_byte {
            let first = first.as_secs_f64();
            let bytes = &self.series.first_bytes;
            bytes.get_or_create(&labels).observe(first);
        }
    }

    fn work(&self, facts: &Facts, operation: &'static str, model: &Arc<str>) {
        let series = &self.series;
        let labels = GenAi {
            gen_ai_operation_name: operation,
            gen_ai_provider_name: PROVIDER,
            gen_ai_request_model: model.clone(),
            error_type: facts.failure.unwrap_or_default(),
        };
        let took = facts.took.as_secs_f64();
        series.work.get_or_create(&labels).observe(took);
        if let (Some(first), None) = (facts.first_chunk, facts.failure) {
            let first = first.as_secs_f64();
            series.first_tokens.get_or_create(&labels).observe(first);
        }
        self.tokens(facts, operation, model);
    }

    fn tokens(&self, facts: &Facts, operation: &'static str, model: &Arc<str>) {
        let Some(tokens) = facts.tokens else { return };
        let series = &self.series;
        for (kind, count) in [("input", tokens.input), ("output", tokens.output)] {
            let usage = TokenUsage {
                gen_ai_operation_name: operation,
                gen_ai_provider_name: PROVIDER,
                gen_ai_request_model: model.clone(),
                gen_ai_token_type: kind,
            };
            series.usage.get_or_create(&usage).observe(count as f64);
            self.add_tokens(kind, count, model);
        }
        self.add_tokens("cached", tokens.cached, model);
        if let (Some(price), None) = (&facts.price, facts.failure) {
            let cost = price.cost(&tokens).nanos() as f64 / 1e9;
            let model = model.clone();
            series.cost.get_or_create(&OfModel { model }).inc_by(cost);
        }
    }

    fn add_tokens(&self, kind: &'static str, count: u64, model: &Arc<str>) {
        if count > 0 {
            let model = model.clone();
            let labels = OfTokens { model, kind };
            self.series.tokens.get_or_create(&labels).inc_by(count);
        }
    }
}

/// A record that no layer opened has no method.
fn method(facts: &Facts) -> &'static str {
    match facts.method {
        "" => OTHER,
        method => method,
    }
}
