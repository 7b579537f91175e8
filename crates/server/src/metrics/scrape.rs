//! Writing the metrics down, with what is only looked at when somebody asks: load, engines, the store of
//! the quotas, memory.

use super::{
    Metrics,
    labels::{OfAnswer, OfModel, OfRoute},
    process,
};
use crate::{
    app::App,
    gateway::{Gateway, RouteNow},
    quotas::{Counts, Quotas},
};
use prometheus_client::{
    encoding::{prometheus_text, text},
    metrics::{counter::Counter, gauge::Gauge},
};
use propus_quota::shared::Shared;
use std::{
    fmt,
    sync::{PoisonError, atomic::Ordering::Relaxed},
};

/// How the text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' text format, version 0.0.4.
    Prometheus,
    /// OpenMetrics, version 1.0.0.
    OpenMetrics,
}

impl Format {
    /// The format that an `Accept` header asks for; Prometheus' own where it says nothing of the other.
    pub fn accepted(accept: &str) -> Self {
        match accept.contains("application/openmetrics-text") {
            true => Self::OpenMetrics,
            false => Self::Prometheus,
        }
    }

    /// The media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => prometheus_text::CONTENT_TYPE,
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

impl Metrics {
    /// All metrics as text, with what the server is at now.
    pub fn text(&self, app: &App, format: Format) -> Result<String, fmt::Error> {
        self.look(app);
        let mut written = String::new();
        match format {
            Format::Prometheus => prometheus_text::encode(&mut written, &self.registry)?,
            Format::OpenMetrics => text::encode(&mut written, &self.registry)?,
        }
        Ok(written)
    }

    fn look(&self, app: &App) {
        let series = &self.series;
        set(&series.running, app.load.running());
        raise(&series.shed, app.load.shed());
        if let Some(bytes) = process::resident_bytes() {
            series.memory.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        }
        series.uptime.set(self.began.elapsed().as_secs_f64());
        for (name, load) in app.registry.loads() {
            let labels = OfModel { model: name.into() };
            set(&series.engine_running.get_or_create(&labels), load.running);
            set(&series.engine_waiting.get_or_create(&labels), load.waiting);
            let limit = &series.engine_limit;
            set(&limit.get_or_create(&labels), load.waiting_limit);
        }
        self.routes(app.gateway.as_ref().map_or_else(Vec::new, Gateway::routes));
        if let Some(Quotas {
            counts: Counts::Shared(shared),
            ..
        }) = &app.quotas
        {
            self.store(shared);
        }
    }

    /// Says of each route how it stands, and nothing more of one that the gateway no longer has.
    fn routes(&self, now: Vec<RouteNow>) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for gone in told.drain(..) {
            if !now.iter().any(|route| route.name == gone) {
                let labels = OfRoute { route: gone.into() };
                self.series.route_queue.remove(&labels);
                self.series.route_up.remove(&labels);
            }
        }
        for route in now {
            self.queue(&route.name, route.waiting);
            self.route_state(&route.name, route.is_open);
            told.push(route.name);
        }
    }

    fn store(&self, shared: &Shared) {
        let series = &self.series;
        let up = i64::from(shared.is_connected());
        series.store_up.get_or_create(&[]).set(up);
        let answers = shared.answers();
        for (answer, count) in [
            ("store", answers.by_store),
            ("local", answers.locally),
            ("refused", answers.outage),
        ] {
            let labels = OfAnswer { answer };
            raise(&series.store_answers.get_or_create(&labels), count);
        }
        let kept = i64::try_from(answers.kept).unwrap_or(i64::MAX);
        series.store_kept.get_or_create(&[]).set(kept);
        raise(&series.store_lost.get_or_create(&[]), answers.lost);
    }
}

fn set(gauge: &Gauge, value: usize) {
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
}

/// Takes over a count that is kept elsewhere. Two readers at once may look in turns: it never falls.
fn raise(counter: &Counter, value: u64) {
    counter.inner().fetch_max(value, Relaxed);
}
