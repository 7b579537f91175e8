//! Spans and metrics for a collector of OpenTelemetry, by OTLP over HTTP with protobuf.
//!
//! Each request is one span, made at its end from its record, under the names of the conventions for
//! generative AI. It begins before that only where the gateway asks another server for it, in whose
//! request it is named as the parent. Nothing of what was asked or answered is in it. A request only puts its span into a
//! queue; batches are sent by threads of their own, and dropped where the collector does not keep up.
//!
//! The endpoint, the headers and the HTTP client are passed in. The variables `OTEL_TRACES_SAMPLER`,
//! `OTEL_BSP_*` and `OTEL_METRIC_EXPORT_INTERVAL` are read by OpenTelemetry's own library.

use super::{
    PROVIDER,
    labels::{self, Models},
    record::Facts,
    series,
};
use async_trait::async_trait;
use http::{HeaderValue, uri::Authority};
use opentelemetry::{
    Array, Context, KeyValue, StringValue, Value,
    metrics::{Histogram, Meter, MeterProvider},
    propagation::{Extractor, TextMapPropagator},
    trace::{Span, SpanKind, Status, TraceContextExt, Tracer, TracerProvider},
};
use opentelemetry_http::{Bytes, HttpClient, HttpError};
use opentelemetry_otlp::{
    ExporterBuildError, MetricExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::{
    Resource,
    metrics::SdkMeterProvider,
    propagation::TraceContextPropagator,
    trace::{SdkTracer, SdkTracerProvider, Span as SdkSpan},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};
use tokio::runtime::Handle;

/// Who makes the spans, in every one of them.
const SCOPE: &str = "propus";

/// Where spans and metrics go.
#[derive(Clone, Debug)]
pub struct Collector {
    /// Its address without the signal's path, such as `http://127.0.0.1:4318`.
    pub endpoint: String,
    /// Headers of each delivery, such as the collector's own key.
    pub headers: HashMap<String, String>,
    /// Under which name this server is listed.
    pub service: String,
    /// The longest that one delivery may take.
    pub timeout: Duration,
}

/// Why nothing can be sent: the endpoint is no address, or a header is none.
#[derive(Debug, thiserror::Error)]
#[error("the OTLP endpoint `{endpoint}` cannot be used")]
pub struct TelemetryError {
    endpoint: String,
    source: ExporterBuildError,
}

/// Sends spans and metrics. Dropped, it stops; what was not sent is lost, see [`Telemetry::flush`].
#[derive(Clone, Debug)]
pub struct Telemetry {
    spans: SdkTracerProvider,
    meters: SdkMeterProvider,
    tracer: SdkTracer,
    propagator: TraceContextPropagator,
    durations: Histogram<f64>,
    first_tokens: Histogram<f64>,
    usage: Histogram<u64>,
}

impl Telemetry {
    /// Begins to send with a client of the caller's, on the Tokio runtime that this is called in.
    pub fn start(collector: &Collector, client: reqwest::Client) -> Result<Self, TelemetryError> {
        let client = Arc::new(OnRuntime {
            client,
            runtime: Handle::current(),
            timeout: collector.timeout,
        });
        let broken = |source| TelemetryError {
            endpoint: collector.endpoint.clone(),
            source,
        };
        let spans = spans(collector, client.clone()).map_err(broken)?;
        let meters = meters(collector, client).map_err(broken)?;
        let meter = meters.meter(SCOPE);
        Ok(Self {
            tracer: spans.tracer(SCOPE),
            propagator: TraceContextPropagator::new(),
            durations: seconds(&meter, "gen_ai.server.request.duration", &series::DURATIONS),
            first_tokens: seconds(&meter, "gen_ai.server.time_to_first_token", &series::FIRSTS),
            usage: meter
                .u64_histogram("gen_ai.client.token.usage")
                .with_unit("{token}")
                .with_boundaries(series::TOKENS.to_vec())
                .build(),
            spans,
            meters,
        })
    }

    /// Sends what waits. For the end, and for tests.
    pub async fn flush(&self) {
        let (spans, meters) = (self.spans.clone(), self.meters.clone());
        let flushed = tokio::task::spawn_blocking(move || {
            let spans = spans.force_flush().err();
            spans.or(meters.force_flush().err())
        });
        if let Ok(Some(error)) = flushed.await {
            tracing::warn!("spans or metrics did not reach their collector: {error}");
        }
    }

    /// Tells of a request that ended.
    pub(super) fn ended(&self, facts: &Facts, models: &Models) {
        self.span(facts);
        if let Some(operation) = labels::operation(facts.method) {
            self.measure(facts, operation, models);
        }
    }

    /// The `traceparent` of what is asked elsewhere for a request, a child of the request's own span; none
    /// where the request is in no trace.
    pub(super) fn child(&self, facts: &Facts) -> Option<HeaderValue> {
        let at = facts.at?;
        let parent = self.parent(facts);
        if !parent.span().span_context().is_valid() {
            return None;
        }
        let early = facts.span.take();
        let span = early.unwrap_or_else(|| self.begin(facts, at, &parent));
        let own = span.span_context();
        let (trace, id, flags) = (own.trace_id(), own.span_id(), own.trace_flags().to_u8());
        facts.span.keep(span);
        HeaderValue::from_str(&format!("00-{trace}-{id}-{flags:02x}")).ok()
    }

    /// The caller's span.
    fn parent(&self, facts: &Facts) -> Context {
        let parent = Parent(facts.trace_parent.as_deref());
        self.propagator
            .extract_with_context(&Context::new(), &parent)
    }

    fn begin(&self, facts: &Facts, at: SystemTime, parent: &Context) -> SdkSpan {
        let builder = self
            .tracer
            .span_builder(span_name(facts))
            .with_kind(SpanKind::Server)
            .with_start_time(at);
        self.tracer.build_with_context(builder, parent)
    }

    fn span(&self, facts: &Facts) {
        let Some(at) = facts.at else { return };
        let early = facts.span.take();
        let mut span = early.unwrap_or_else(|| self.begin(facts, at, &self.parent(facts)));
        span.update_name(span_name(facts));
        span.set_attributes(attributes(facts));
        if let Some(failure) = facts.failure {
            span.set_status(Status::error(failure));
        }
        span.end_with_timestamp(at + facts.took);
    }

    fn measure(&self, facts: &Facts, operation: &'static str, models: &Models) {
        let model = match &facts.model {
            Some(name) => models.label(name),
            None => models.other(),
        };
        let mut attributes = vec![
            KeyValue::new("gen_ai.operation.name", operation),
            KeyValue::new("gen_ai.provider.name", PROVIDER),
            KeyValue::new("gen_ai.request.model", model),
        ];
        if let Some(tokens) = facts.tokens {
            for (kind, count) in [("input", tokens.input), ("output", tokens.output)] {
                let mut attributes = attributes.clone();
                attributes.push(KeyValue::new("gen_ai.token.type", kind));
                self.usage.record(count, &attributes);
            }
        }
        if let (Some(first), None) = (facts.first_chunk, facts.failure) {
            self.first_tokens.record(first.as_secs_f64(), &attributes);
        }
        attributes.extend(
            facts
                .failure
                .map(|failure| KeyValue::new("error.type", failure)),
        );
        self.durations.record(facts.took.as_secs_f64(), &attributes);
    }
}

/// The span of a request that was begun before the request's end, since others are to name it.
#[derive(Debug, Default)]
pub struct Early(Mutex<Option<SdkSpan>>);

impl Early {
    fn keep(&self, span: SdkSpan) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(span);
    }

    fn take(&self) -> Option<SdkSpan> {
        let mut span = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        span.take()
    }
}

fn spans(
    collector: &Collector,
    client: Arc<OnRuntime>,
) -> Result<SdkTracerProvider, ExporterBuildError> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_shared_http_client(client)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(address(collector, "traces"))
        .with_headers(collector.headers.clone())
        .with_timeout(collector.timeout)
        .build()?;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource(collector));
    Ok(provider.build())
}

fn meters(
    collector: &Collector,
    client: Arc<OnRuntime>,
) -> Result<SdkMeterProvider, ExporterBuildError> {
    let exporter = MetricExporter::builder()
        .with_http()
        .with_shared_http_client(client)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(address(collector, "metrics"))
        .with_headers(collector.headers.clone())
        .with_timeout(collector.timeout)
        .build()?;
    let provider = SdkMeterProvider::builder()
        .with_periodic_exporter(exporter)
        .with_resource(resource(collector));
    Ok(provider.build())
}

fn address(collector: &Collector, signal: &str) -> String {
    format!("{}/v1/{signal}", collector.endpoint.trim_end_matches('/'))
}

/// Said here and not found out: what runs elsewhere in the environment is nobody's business.
fn resource(collector: &Collector) -> Resource {
    Resource::builder_empty()
        .with_service_name(collector.service.clone())
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build()
}

fn seconds(meter: &Meter, name: &'static str, bounds: &[f64]) -> Histogram<f64> {
    meter
        .f64_histogram(name)
        .with_unit("s")
        .with_boundaries(bounds.to_vec())
        .build()
}

/// `{operation} {model}`; of what no model does, the HTTP method and the API's.
fn span_name(facts: &Facts) -> String {
    match (labels::operation(facts.method), &facts.model) {
        (Some(operation), Some(model)) => format!("{operation} {model}"),
        (Some(operation), None) => operation.into(),
        (None, _) => format!("{} {}", facts.verb, facts.method),
    }
}

fn attributes(facts: &Facts) -> Vec<KeyValue> {
    let mut all = vec![
        KeyValue::new("http.request.method", facts.verb.to_string()),
        KeyValue::new("http.response.status_code", i64::from(facts.status)),
        KeyValue::new("propus.request.id", facts.id.clone()),
    ];
    let mut add = |name: &'static str, value: Option<Value>| {
        all.extend(value.map(|value| KeyValue::new(name, value)));
    };
    let operation = labels::operation(facts.method);
    add("gen_ai.operation.name", operation.map(Value::from));
    add("gen_ai.provider.name", operation.map(|_| PROVIDER.into()));
    add("gen_ai.request.model", facts.model.clone().map(Value::from));
    let answered = facts.answered_by.clone();
    add("gen_ai.response.model", answered.map(Value::from));
    let tokens = |count: u64| Value::from(i64::try_from(count).unwrap_or(i64::MAX));
    let usage = facts.tokens.as_ref();
    add(
        "gen_ai.usage.input_tokens",
        usage.map(|usage| tokens(usage.input)),
    );
    add(
        "gen_ai.usage.output_tokens",
        usage.map(|usage| tokens(usage.output)),
    );
    add("gen_ai.response.finish_reasons", reasons(facts));
    add("error.type", facts.failure.map(Value::from));
    add("propus.route", facts.route.clone().map(Value::from));
    let attempts = facts.attempts.map(i64::from);
    add("propus.attempts", attempts.map(Value::from));
    add("propus.repairs", facts.repairs.clone().map(Value::from));
    let host: Option<Authority> = facts.host.as_ref().and_then(|host| host.parse().ok());
    let (address, port) = host.map_or((None, None), |host| {
        (Some(host.host().to_owned()), host.port_u16())
    });
    add("server.address", address.map(Value::from));
    add("server.port", port.map(|port| i64::from(port).into()));
    all
}

fn reasons(facts: &Facts) -> Option<Value> {
    let reasons = facts.finish_reasons.iter().cloned();
    let reasons: Vec<StringValue> = reasons.map(StringValue::from).collect();
    (!reasons.is_empty()).then_some(Value::Array(Array::String(reasons)))
}

/// The one header that says of which trace a request is part.
struct Parent<'a>(Option<&'a str>);

impl Extractor for Parent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.filter(|_| key == "traceparent")
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent"]
    }
}

/// Sends on a runtime: the threads that ask for it have none.
#[derive(Debug)]
struct OnRuntime {
    client: reqwest::Client,
    runtime: Handle,
    timeout: Duration,
}

#[async_trait]
impl HttpClient for OnRuntime {
    async fn send_bytes(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, HttpError> {
        let mut request = reqwest::Request::try_from(request)?;
        *request.timeout_mut() = Some(self.timeout);
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move {
            let mut reply = client.execute(request).await?;
            let mut response = http::Response::new(Bytes::new());
            *response.status_mut() = reply.status();
            *response.headers_mut() = std::mem::take(reply.headers_mut());
            *response.body_mut() = reply.bytes().await?;
            Ok::<_, reqwest::Error>(response)
        });
        Ok(sent.await??)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use propus_quota::prices::Tokens;

    fn told(attributes: &[KeyValue], name: &str) -> Option<String> {
        let found = attributes.iter().find(|known| known.key.as_str() == name);
        found.map(|known| known.value.to_string())
    }

    #[test]
    fn attributes_are_those_of_the_conventions() {
        let facts = Facts {
            method: "streamGenerateContent",
            model: Some("gemini-flash-latest".into()),
            answered_by: Some("gemini-3.5-flash".into()),
            status: 200,
            failure: Some("overloaded-503"),
            host: Some("localhost:8080".into()),
            finish_reasons: vec!["STOP".into()],
            tokens: Some(Tokens {
                input: 7,
                output: 5,
                cached: 0,
            }),
            ..Facts::default()
        };
        assert_eq!(span_name(&facts), "generate_content gemini-flash-latest");
        let all = attributes(&facts);
        for (name, value) in [
            ("gen_ai.operation.name", "generate_content"),
            ("gen_ai.provider.name", "gcp.gemini"),
            ("gen_ai.request.model", "gemini-flash-latest"),
            ("gen_ai.response.model", "gemini-3.5-flash"),
            ("gen_ai.usage.input_tokens", "7"),
            ("gen_ai.usage.output_tokens", "5"),
            ("gen_ai.response.finish_reasons", "[\"STOP\"]"),
            ("error.type", "overloaded-503"),
            ("server.address", "localhost"),
            ("server.port", "8080"),
        ] {
            assert_eq!(told(&all, name).as_deref(), Some(value), "{name}");
        }
    }

    #[test]
    fn what_no_model_does_says_so() {
        let facts = Facts {
            method: "models.list",
            ..Facts::default()
        };
        assert_eq!(span_name(&facts), "GET models.list");
        assert_eq!(told(&attributes(&facts), "gen_ai.provider.name"), None);
    }
}
