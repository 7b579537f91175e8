//! What the server counts of itself, from whole requests.

use crate::client::{ADMIN, Reply, Server};
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use propus_quota::{LimitTable, Money, Tier};
use propus_server::{
    Load,
    accounts::ProjectChange,
    app::Settings,
    metrics::view::{Differences, HeadRoom, View},
    quotas::Quotas,
    serve,
};
use serde_json::{Value, json};
use std::{
    io,
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};
use tracing::dispatcher::Dispatch;

const PATH: &str = "/v1beta/models/small:generateContent";
const STREAM: &str = "/v1beta/models/small:streamGenerateContent?alt=sse";
const BODY: &str = r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#;

/// The metrics as an operator on the same machine reads them.
pub(crate) async fn metrics(server: &Server) -> View {
    let reply = scraped(server, "127.0.0.1:9", &[]).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    View::parse(&reply.text()).unwrap()
}

async fn scraped(server: &Server, from: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = Request::get("/metrics");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::empty()).unwrap();
    let peer = serve::peer(from.parse().unwrap());
    request.extensions_mut().insert(peer);
    server.send(request).await
}

/// The value of the one sample that has these labels.
pub(crate) fn value(view: &View, name: &str, labels: &[(&str, &str)]) -> f64 {
    let mut fitting = view.samples().of(name).iter().filter(|sample| {
        labels
            .iter()
            .all(|(label, value)| sample.label(label) == *value)
    });
    let value = fitting.next().map_or(0.0, |sample| sample.value);
    assert!(fitting.next().is_none(), "{name} {labels:?} is not one");
    value
}

#[tokio::test]
async fn requests_are_counted_by_method_model_failure_and_status() {
    let server = Server::start();
    for _ in 0..3 {
        assert_eq!(server.post(PATH, BODY).await.status, 200);
    }
    assert_eq!(server.post(PATH, "{").await.status, 400);
    let unknown = "/v1beta/models/invented-by-a-caller:generateContent";
    assert_eq!(server.post(unknown, BODY).await.status, 404);
    assert_eq!(server.get("/v1beta/nothing").await.status, 404);
    let chat = r#"{"model":"small","messages":[{"role":"user","content":"hi"}]}"#;
    let reply = server.post("/v1beta/openai/chat/completions", chat).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let view = metrics(&server).await;
    for (method, model, failure, status, surface, count) in [
        ("generateContent", "small", "none", "200", "gemini", 3.0),
        (
            "generateContent",
            "small",
            "malformed-json",
            "400",
            "gemini",
            1.0,
        ),
        (
            "generateContent",
            "other",
            "model-not-found",
            "404",
            "gemini",
            1.0,
        ),
        ("other", "other", "none", "404", "gemini", 1.0),
        ("chat/completions", "small", "none", "200", "openai", 1.0),
    ] {
        let labels = [
            ("method", method),
            ("model", model),
            ("failure", failure),
            ("status", status),
            ("surface", surface),
        ];
        let found = value(&view, "propus_requests_total", &labels);
        assert_eq!(found, count, "{labels:?}");
    }
    // Questions whether the server is well, such as this one, are not among them.
    assert_eq!(view.samples().sum("propus_requests_total"), 7.0);
    assert_eq!(
        view.samples().sum("propus_request_duration_seconds_count"),
        7.0
    );
}

#[tokio::test]
async fn tokens_and_times_are_counted_as_opentelemetry_names_them() {
    let server = Server::start();
    let reply = server.post(PATH, BODY).await.json();
    let usage = &reply["usageMetadata"];
    let (input, output) = (&usage["promptTokenCount"], &usage["candidatesTokenCount"]);
    let streamed = server.post(STREAM, BODY).await;
    assert_eq!(streamed.status, 200);
    let view = metrics(&server).await;
    let of = |kind| {
        value(
            &view,
            "propus_tokens_total",
            &[("model", "small"), ("kind", kind)],
        )
    };
    assert_eq!(of("input"), 2.0 * input.as_f64().unwrap());
    assert_eq!(of("output"), 2.0 * output.as_f64().unwrap());
    let labels = [
        ("gen_ai_operation_name", "generate_content"),
        ("gen_ai_provider_name", "gcp.gemini"),
        ("gen_ai_request_model", "small"),
    ];
    for metric in [
        "gen_ai_server_request_duration_seconds_count",
        "gen_ai_server_time_to_first_token_seconds_count",
    ] {
        assert_eq!(value(&view, metric, &labels), 2.0, "{metric}");
    }
    let mut labels = labels.to_vec();
    labels.push(("gen_ai_token_type", "output"));
    assert_eq!(
        value(&view, "gen_ai_client_token_usage_count", &labels),
        2.0
    );
}

#[tokio::test]
async fn streams_end_once_and_clients_that_go_are_seen() {
    let server = Server::start();
    let request = |server: &Server| {
        Request::post(STREAM)
            .header("x-goog-api-key", &server.key)
            .body(Body::from(BODY))
            .unwrap()
    };
    let response = server.open(request(&server)).await;
    assert_eq!(
        metrics(&server)
            .await
            .samples()
            .sum("propus_requests_total"),
        0.0
    );
    drop(response);
    let mut body = server.open(request(&server)).await.into_body();
    while let Some(frame) = body.frame().await {
        frame.unwrap();
    }
    drop(body);
    let view = metrics(&server).await;
    let of = |failure, status| {
        let labels = [("failure", failure), ("status", status)];
        value(&view, "propus_requests_total", &labels)
    };
    assert_eq!(of("cancelled-499", "499"), 1.0);
    assert_eq!(of("none", "200"), 1.0);
    let gone = [("method", "streamGenerateContent")];
    assert_eq!(value(&view, "propus_clients_gone_total", &gone), 1.0);
}

#[tokio::test]
async fn failures_inside_a_stream_and_injected_ones_are_named() {
    let server = Server::start();
    let ask = async |fault: &str| {
        let request = Request::post(STREAM)
            .header("x-goog-api-key", &server.key)
            .header("x-propus-inject", fault);
        server.send(request.body(Body::from(BODY)).unwrap()).await
    };
    assert_eq!(ask("overloaded-503;chunk=1").await.status, 200);
    assert_eq!(ask("internal-500").await.status, 500);
    let view = metrics(&server).await;
    let of = |failure, status| {
        let labels = [("failure", failure), ("status", status)];
        value(&view, "propus_requests_total", &labels)
    };
    assert_eq!(of("overloaded-503", "200"), 1.0);
    assert_eq!(of("internal-500", "500"), 1.0);
    for failure in ["overloaded-503", "internal-500"] {
        let injected = [("failure", failure)];
        let name = "propus_injected_failures_total";
        assert_eq!(value(&view, name, &injected), 1.0, "{failure}");
    }
}

#[tokio::test]
async fn refusals_by_quotas_and_money_are_counted() {
    let limits = "[current.free]\nsmall = { rpm = 1 }\n[current.tier1]\nsmall = { rpm = 100 }";
    let quotas = Quotas {
        table: LimitTable::builtin().overridden(limits).unwrap(),
        ..Quotas::new()
    };
    let server = Server::counting(quotas);
    assert_eq!(server.post(PATH, BODY).await.status, 200);
    assert_eq!(server.post(PATH, BODY).await.status, 429);
    let view = metrics(&server).await;
    let limit = [("unit", "requests"), ("window", "minute")];
    assert_eq!(value(&view, "propus_quota_refusals_total", &limit), 1.0);
    // The free tier costs nothing.
    assert_eq!(view.samples().sum("propus_cost_dollars_total"), 0.0);
    let reply = server.admin("GET", "/propus/v1/quota", "").await;
    let rooms = HeadRoom::read(&reply.json()).unwrap();
    assert_eq!((rooms[0].model.as_str(), rooms[0].least()), ("small", 0.0));
}

#[tokio::test]
async fn what_tokens_cost_is_what_is_spent() {
    let server = Server::counting(Quotas::new());
    let change = ProjectChange {
        tier: Some(Tier::Tier1),
        ..ProjectChange::default()
    };
    server
        .accounts()
        .change_project("default", &change)
        .unwrap();
    let path = "/v1beta/models/gemini-2.5-flash:generateContent";
    assert_eq!(server.post(path, BODY).await.status, 200);
    let reply = server.admin("GET", "/propus/v1/quota", "").await.json();
    let spent: Money = serde_json::from_value(reply["spent"]["month"].clone()).unwrap();
    assert!(spent > Money::ZERO);
    let view = metrics(&server).await;
    let labels = [("model", "gemini-2.5-flash")];
    let cost = value(&view, "propus_cost_dollars_total", &labels);
    assert!(
        (cost - spent.nanos() as f64 / 1e9).abs() < 1e-12,
        "{cost} {spent}"
    );
}

#[tokio::test]
async fn load_and_deadlines_are_counted() {
    let server = Server::changed(|app| app.load = Arc::new(Load::new(0, 1)));
    assert_eq!(server.post(PATH, BODY).await.status, 503);
    let view = metrics(&server).await;
    assert_eq!(value(&view, "propus_requests_shed_total", &[]), 1.0);
    assert_eq!(value(&view, "propus_requests_running", &[]), 0.0);
    assert_eq!(
        value(&view, "propus_engine_waiting", &[("model", "small")]),
        0.0
    );
    let server = Server::start();
    let late = Request::post(PATH)
        .header("x-goog-api-key", &server.key)
        .header("x-propus-inject", "deadline-504");
    let reply = server.send(late.body(Body::from(BODY)).unwrap()).await;
    assert_eq!(reply.status, 504);
    let view = metrics(&server).await;
    let method = [("method", "generateContent")];
    assert_eq!(value(&view, "propus_deadline_refusals_total", &method), 1.0);
}

#[tokio::test]
async fn only_this_machine_and_the_administrator_may_look() {
    let server = Server::start();
    let token = format!("Bearer {ADMIN}");
    let key = format!("Bearer {}", server.key);
    for (from, headers, status) in [
        ("127.0.0.1:9", vec![], 200),
        ("[::1]:9", vec![], 200),
        ("10.1.2.3:9", vec![], 401),
        ("10.1.2.3:9", vec![("authorization", token.as_str())], 200),
        ("10.1.2.3:9", vec![("authorization", key.as_str())], 403),
        ("10.1.2.3:9", vec![("x-forwarded-for", "127.0.0.1")], 401),
        ("127.0.0.1:9", vec![("x-forwarded-for", "10.1.2.3")], 401),
        ("127.0.0.1:9", vec![("origin", "https://a.example")], 401),
        (
            "10.1.2.3:9",
            vec![("x-goog-api-key", server.key.as_str())],
            401,
        ),
    ] {
        let reply = scraped(&server, from, &headers).await;
        assert_eq!(reply.status, status, "{from} {headers:?}");
    }
}

#[tokio::test]
async fn both_formats_say_the_same() {
    let server = Server::start();
    server.post(PATH, BODY).await;
    let plain = scraped(&server, "127.0.0.1:9", &[]).await;
    let accept = [("accept", "application/openmetrics-text; version=1.0.0")];
    let open = scraped(&server, "127.0.0.1:9", &accept).await;
    assert!(
        plain
            .header("content-type")
            .starts_with("text/plain; version=0.0.4")
    );
    assert!(
        open.header("content-type")
            .starts_with("application/openmetrics-text")
    );
    assert!(open.text().ends_with("# EOF\n"));
    let of = |reply: &Reply| {
        let view = View::parse(&reply.text()).unwrap();
        let samples = view.samples().of("propus_requests_total").to_vec();
        (view.version().to_owned(), samples)
    };
    assert_eq!(of(&plain), of(&open));
    assert!(!of(&plain).0.is_empty());
    let memory = View::parse(&plain.text()).unwrap();
    if cfg!(target_os = "linux") {
        assert!(value(&memory, "process_resident_memory_bytes", &[]) > 1e6);
    }
}

#[tokio::test]
async fn what_others_record_is_written_and_seen() {
    let server = Server::start();
    let before = metrics(&server).await;
    let metrics_of = &server.app().metrics;
    metrics_of.repair("retry", "helped");
    metrics_of.wait(Duration::from_secs(3));
    metrics_of.attempt("eu", None);
    metrics_of.attempt("eu", Some("overloaded-503"));
    metrics_of.queue("eu", 2);
    metrics_of.route_state("eu", true);
    server.post(PATH, BODY).await;
    let after = metrics(&server).await;
    assert_eq!(after.samples().sum("propus_wait_seconds_sum"), 3.0);
    let failed = [("route", "eu"), ("failure", "overloaded-503")];
    assert_eq!(value(&after, "propus_route_attempts_total", &failed), 1.0);
    let seen = Differences::between(&before, &after, 2.0);
    assert_eq!(seen.repairs["retry helped"], 0.5);
    assert_eq!(seen.requests["none"], 0.5);
    assert_eq!(seen.queues["eu"].waiting, 2.0);
    assert!(!seen.queues["eu"].up && seen.queues["small"].up);
    assert!(seen.p50.is_some_and(|p50| p50 > 0.0));
}

#[tokio::test]
async fn each_request_has_a_name() {
    let server = Server::start();
    let ask = async |id: &str| {
        let request = Request::post(PATH)
            .header("x-goog-api-key", &server.key)
            .header("x-request-id", id);
        let reply = server.send(request.body(Body::from(BODY)).unwrap()).await;
        reply.header("x-request-id").to_owned()
    };
    assert_eq!(ask("my-request-1").await, "my-request-1");
    let made = ask("no name at all").await;
    assert_eq!(made.len(), 32);
    assert_ne!(made, ask("no name at all").await);
    // A failure has one, too; a proxy's page that was asked for looks like a proxy's.
    let missing = server.post("/v1beta/models/x:generateContent", BODY).await;
    assert_eq!(missing.header("x-request-id").len(), 32);
}

/// A second subscriber that lives as long as the tests. Beside one alone, tracing asks only whichever
/// thread comes by a line first whether it is of interest, and that thread may have no subscriber.
static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| {
    let unread = tracing_subscriber::fmt().with_writer(io::sink);
    Dispatch::new(unread.with_max_level(tracing::Level::INFO).finish())
});

/// Lines of the log as JSON.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// What is logged of requests while this thread does something.
    pub(crate) async fn of(work: impl Future<Output = ()>) -> Vec<Value> {
        LazyLock::force(&ANOTHER);
        let lines = Self::default();
        let written = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_max_level(tracing::Level::INFO)
            .with_writer(move || written.clone())
            .finish();
        let guard = tracing::subscriber::set_default(subscriber);
        work.await;
        drop(guard);
        let bytes = lines.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines
            .filter(|line: &Value| line["target"] == "propus::request")
            .collect()
    }
}

#[tokio::test]
async fn a_request_is_one_line_without_key_query_and_text() {
    let settings = Settings {
        log_answers: true,
        ..Settings::default()
    };
    let server = Server::with(settings, false);
    let body = r#"{"contents":[{"parts":[{"text":"the secret of the prompt"}]}]}"#;
    let lines = Lines::of(async {
        let path = format!("{STREAM}&key={}", server.key);
        let request = Request::post(path).header("x-request-id", "mine");
        let reply = server.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(reply.status, 200);
    });
    let lines = lines.await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    let fields = &lines[0]["fields"];
    let project = server.accounts().project("default").unwrap().number;
    for (name, value) in [
        ("message", json!("answered")),
        ("id", json!("mine")),
        ("method", json!("POST")),
        ("path", json!("/v1beta/models/small:streamGenerateContent")),
        ("model", json!("small")),
        ("project", json!(project)),
        ("status", json!(200)),
    ] {
        assert_eq!(fields[name], value, "{fields}");
    }
    for number in ["key", "ms", "ttfb_ms", "tokens_in", "tokens_out"] {
        assert!(fields[number].is_number(), "{number} {fields}");
    }
    let text = lines[0].to_string();
    for secret in [server.key.as_str(), "secret", "alt=sse", "The bridge"] {
        assert!(!text.contains(secret), "{secret} {text}");
    }
}

#[tokio::test]
async fn answers_are_logged_where_asked_and_failures_always() {
    let server = Server::start();
    let lines = Lines::of(async {
        assert_eq!(server.post(PATH, BODY).await.status, 200);
        assert_eq!(server.post(PATH, "{").await.status, 400);
        let late = Request::post(STREAM)
            .header("x-goog-api-key", &server.key)
            .header("x-propus-inject", "overloaded-503;chunk=1");
        server.send(late.body(Body::from(BODY)).unwrap()).await;
        let request = Request::post(STREAM).header("x-goog-api-key", &server.key);
        drop(server.open(request.body(Body::from(BODY)).unwrap()).await);
    });
    let lines = lines.await;
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            let fields = &line["fields"];
            (
                line["level"].as_str().unwrap(),
                fields["failure"].as_str().unwrap(),
                fields["status"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("INFO", "malformed-json", 400),
            ("WARN", "overloaded-503", 200),
            ("INFO", "cancelled-499", 499),
        ]
    );
}
