//! What somebody sees who looks at a running server again and again: rates between two texts of
//! `GET /metrics`, and what the quotas leave. Pure: whoever draws it asks the server and tells the time.

mod buckets;
mod headroom;
mod samples;

pub use buckets::Buckets;
pub use headroom::{HeadRoom, Of, QuotaError};
pub use samples::{ParseError, Sample, Samples};

use std::collections::BTreeMap;

/// One look at a server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    samples: Samples,
}

impl View {
    /// Reads a text of `GET /metrics`, in either format.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let samples = Samples::parse(text)?;
        Ok(Self { samples })
    }

    /// The values as they were.
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// The version of the server; empty where it does not say it.
    pub fn version(&self) -> &str {
        let build = self.samples.of("propus_build_info").first();
        build.map_or("", |build| build.label("version"))
    }
}

/// What happened between two looks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Differences {
    /// Requests that ended, each second, by failure; `none` is those that were answered.
    pub requests: BTreeMap<String, f64>,
    /// Requests that ended, each second, by method.
    pub methods: BTreeMap<String, f64>,
    /// Seconds that half of the requests took at most; nothing where none ended.
    pub p50: Option<f64>,
    /// Seconds that 95 of 100 requests took at most.
    pub p95: Option<f64>,
    /// Seconds until half of them had their first byte at most.
    pub first_byte_p50: Option<f64>,
    /// Seconds until 95 of 100 had it.
    pub first_byte_p95: Option<f64>,
    /// Tokens of prompts, each second.
    pub tokens_in: f64,
    /// Tokens of answers, each second.
    pub tokens_out: f64,
    /// US dollars, each second.
    pub dollars: f64,
    /// Requests that are being answered now.
    pub running: f64,
    /// What engines and routes have to do now, by model or route.
    pub queues: BTreeMap<String, Queue>,
    /// Refusals by the quotas, each second, by unit and window, such as `requests a minute`.
    pub quota_refusals: BTreeMap<String, f64>,
    /// Requests refused since there was too much to do, each second.
    pub shed: f64,
    /// Clients that went away, each second.
    pub gone: f64,
    /// Repairs each second by kind and outcome, such as `dropped-field applied`.
    pub repairs: BTreeMap<String, f64>,
    /// Attempts at routes, each second, by route and failure, such as `eu overloaded-503` or `eu none`.
    pub attempts: BTreeMap<String, f64>,
    /// Seconds that half of the waits took at most: for another attempt, or for a quota.
    pub wait_p50: Option<f64>,
    /// Seconds that 95 of 100 waits took at most.
    pub wait_p95: Option<f64>,
    /// Bytes of memory that the process takes now; nothing where it does not say.
    pub memory: Option<f64>,
    /// Seconds since the server began.
    pub uptime: f64,
}

/// What waits at an engine or a route.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Queue {
    /// Calls being worked on.
    pub running: f64,
    /// Calls that wait.
    pub waiting: f64,
    /// Whether it is tried; a route is left out for a while after failures.
    pub up: bool,
}

impl Differences {
    /// What happened in so many seconds between two looks. Where a count is smaller than before, the
    /// server began anew in between, and what it counts now came since. No time, no rates: they are 0.
    pub fn between(before: &View, after: &View, seconds: f64) -> Self {
        let rates = Rates {
            before: &before.samples,
            after: &after.samples,
            seconds,
        };
        let now = &after.samples;
        let took = rates.buckets("propus_request_duration_seconds");
        let first = rates.buckets("propus_time_to_first_byte_seconds");
        let waits = rates.buckets("propus_wait_seconds");
        let tokens = rates.by("propus_tokens_total", &["kind"]);
        let tokens = |kind: &str| tokens.get(kind).copied().unwrap_or(0.0);
        Self {
            requests: rates.by("propus_requests_total", &["failure"]),
            methods: rates.by("propus_requests_total", &["method"]),
            p50: took.quantile(0.5),
            p95: took.quantile(0.95),
            first_byte_p50: first.quantile(0.5),
            first_byte_p95: first.quantile(0.95),
            tokens_in: tokens("input"),
            tokens_out: tokens("output"),
            dollars: rates.all("propus_cost_dollars_total"),
            running: now.sum("propus_requests_running"),
            queues: queues(now),
            quota_refusals: rates.by("propus_quota_refusals_total", &["unit", "window"]),
            shed: rates.all("propus_requests_shed_total"),
            gone: rates.all("propus_clients_gone_total"),
            repairs: rates.by("propus_repairs_total", &["kind", "outcome"]),
            attempts: rates.by("propus_route_attempts_total", &["route", "failure"]),
            wait_p50: waits.quantile(0.5),
            wait_p95: waits.quantile(0.95),
            memory: now
                .of("process_resident_memory_bytes")
                .first()
                .map(|sample| sample.value),
            uptime: now.sum("propus_uptime_seconds"),
        }
    }
}

fn queues(now: &Samples) -> BTreeMap<String, Queue> {
    let mut queues: BTreeMap<String, Queue> = BTreeMap::new();
    for (metric, label) in [
        ("propus_engine_running", "model"),
        ("propus_engine_waiting", "model"),
        ("propus_route_queue", "route"),
        ("propus_route_up", "route"),
    ] {
        for (name, value) in now.by(metric, label) {
            let queue = queues.entry(name).or_insert(Queue {
                up: true,
                ..Queue::default()
            });
            match metric {
                "propus_engine_running" => queue.running += value,
                "propus_route_up" => queue.up = value > 0.0,
                _ => queue.waiting += value,
            }
        }
    }
    queues
}

struct Rates<'a> {
    before: &'a Samples,
    after: &'a Samples,
    seconds: f64,
}

impl Rates<'_> {
    /// Of a counter, by what stands in some of its labels. What does not move is there with 0.
    fn by(&self, name: &str, labels: &[&str]) -> BTreeMap<String, f64> {
        let mut rates = BTreeMap::new();
        for sample in self.after.of(name) {
            let words: Vec<&str> = labels.iter().map(|label| sample.label(label)).collect();
            *rates.entry(words.join(" ")).or_insert(0.0) += self.rate(name, sample);
        }
        rates
    }

    fn all(&self, name: &str) -> f64 {
        let samples = self.after.of(name).iter();
        // An empty sum of floats is -0.
        samples
            .map(|sample| self.rate(name, sample))
            .fold(0.0, |sum, rate| sum + rate)
    }

    fn rate(&self, name: &str, sample: &Sample) -> f64 {
        let mut before = self.before.of(name).iter();
        let before = before.find(|before| before.labels == sample.labels);
        let before = before.map_or(0.0, |before| before.value);
        let new = match sample.value < before {
            true => sample.value,
            false => sample.value - before,
        };
        match self.seconds > 0.0 && new.is_finite() {
            true => new / self.seconds,
            false => 0.0,
        }
    }

    fn buckets(&self, name: &str) -> Buckets {
        let before = Buckets::of(self.before, name);
        Buckets::of(self.after, name).since(&before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = r#"
propus_requests_total{method="generateContent",failure="none",status="200"} 10
propus_request_duration_seconds_bucket{le="0.1"} 10
propus_request_duration_seconds_bucket{le="+Inf"} 10
propus_tokens_total{model="m",kind="output"} 100
"#;
    const AFTER: &str = r#"
propus_requests_total{method="generateContent",failure="none",status="200"} 14
propus_requests_total{method="generateContent",failure="overloaded-503",status="503"} 2
propus_request_duration_seconds_bucket{le="0.1"} 12
propus_request_duration_seconds_bucket{le="+Inf"} 16
propus_tokens_total{model="m",kind="output"} 300
propus_requests_running 3
propus_engine_running{model="m"} 2
propus_engine_waiting{model="m"} 5
propus_route_queue{route="eu"} 1
propus_route_up{route="eu"} 0
propus_quota_refusals_total{unit="requests",window="minute"} 6
propus_repairs_total{kind="attempts",outcome="helped"} 4
propus_route_attempts_total{route="eu",failure="none"} 4
propus_route_attempts_total{route="eu",failure="overloaded-503"} 6
propus_wait_seconds_bucket{le="1.0"} 4
propus_wait_seconds_bucket{le="+Inf"} 4
process_resident_memory_bytes 1024
propus_uptime_seconds 60
propus_build_info{version="1.2.3"} 1
"#;

    fn seen(before: &str, after: &str, seconds: f64) -> Differences {
        let view = |text| View::parse(text).unwrap();
        Differences::between(&view(before), &view(after), seconds)
    }

    #[test]
    fn rates_are_what_came_in_between() {
        let seen = seen(BEFORE, AFTER, 2.0);
        assert_eq!(
            seen.requests,
            [("none".into(), 2.0), ("overloaded-503".into(), 1.0)].into()
        );
        assert_eq!(seen.methods, [("generateContent".into(), 3.0)].into());
        assert_eq!((seen.tokens_in, seen.tokens_out), (0.0, 100.0));
        // 2 of 6 are below 0.1 s, the rest above the last bound.
        assert_eq!((seen.p50, seen.p95), (Some(0.1), Some(0.1)));
        assert_eq!(seen.first_byte_p50, None);
        assert_eq!((seen.running, seen.uptime), (3.0, 60.0));
        assert_eq!(seen.quota_refusals["requests minute"], 3.0);
        assert_eq!(seen.repairs["attempts helped"], 2.0);
        assert_eq!(
            seen.attempts,
            [("eu none".into(), 2.0), ("eu overloaded-503".into(), 3.0)].into()
        );
        assert_eq!((seen.wait_p50, seen.wait_p95), (Some(0.5), Some(0.95)));
        assert_eq!(seen.memory, Some(1024.0));
    }

    #[test]
    fn queues_are_of_engines_and_routes() {
        let seen = seen("", AFTER, 1.0);
        let queue = |running, waiting, up| Queue {
            running,
            waiting,
            up,
        };
        assert_eq!(seen.queues["m"], queue(2.0, 5.0, true));
        assert_eq!(seen.queues["eu"], queue(0.0, 1.0, false));
        assert_eq!(View::parse(AFTER).unwrap().version(), "1.2.3");
    }

    #[test]
    fn a_server_that_began_anew_counts_from_nothing() {
        let seen = seen(AFTER, BEFORE, 1.0);
        assert_eq!(seen.requests["none"], 10.0);
        assert_eq!(seen.tokens_out, 100.0);
        assert_eq!(seen.memory, None);
    }

    #[test]
    fn without_time_there_are_no_rates() {
        let seen = seen(BEFORE, AFTER, 0.0);
        assert!(seen.requests.values().all(|rate| *rate == 0.0));
    }
}
