//! What a collector of OpenTelemetry gets of whole requests.

use crate::{
    client::Server,
    gateway::{
        UNARY, ask,
        upstream::{Raw, whole},
    },
};
use axum::{Router, body::Body, extract::State, http::Uri, routing::post};
use bytes::Bytes;
use http::Request;
use propus_server::{
    gateway::Gateway,
    metrics::{
        Metrics,
        otel::{Collector, Telemetry},
    },
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::net::TcpListener;

const PATH: &str = "/v1beta/models/small:generateContent";
const BODY: &str = r#"{"contents":[{"parts":[{"text":"the secret of the prompt"}]}]}"#;
const TRACE: [u8; 16] = [
    0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd, 0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c,
];

/// What came, by path. Texts and ids stand in protobuf as they are.
type Got = Arc<Mutex<HashMap<String, Vec<u8>>>>;

async fn take(State(got): State<Got>, uri: Uri, body: Bytes) {
    let mut got = got.lock().unwrap();
    got.entry(uri.path().to_owned()).or_default().extend(body);
}

async fn collector() -> (Collector, Got) {
    let got = Got::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/", listener.local_addr().unwrap());
    let routes = Router::new()
        .route("/v1/traces", post(take))
        .route("/v1/metrics", post(take))
        .with_state(got.clone());
    let forever = std::future::pending();
    tokio::spawn(async move {
        propus_server::serve::serve(listener, routes, forever, Duration::ZERO).await;
    });
    let collector = Collector {
        endpoint,
        headers: HashMap::new(),
        service: "propus-under-test".into(),
        timeout: Duration::from_secs(5),
    };
    (collector, got)
}

fn holds(got: &Got, path: &str, what: &[u8]) -> bool {
    let got = got.lock().unwrap();
    let bytes = got.get(path).map(Vec::as_slice).unwrap_or_default();
    bytes.windows(what.len()).any(|window| window == what)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_a_span_of_the_callers_trace() {
    let (collector, got) = collector().await;
    let telemetry = Telemetry::start(&collector, reqwest::Client::new()).unwrap();
    let server = Server::changed(|app| {
        app.metrics = Metrics::new(&app.registry).collected_by(telemetry.clone());
    });
    let request = Request::post(format!("{PATH}?key={}", server.key)).header(
        "traceparent",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    );
    let reply = server.send(request.body(Body::from(BODY)).unwrap()).await;
    assert_eq!(reply.status, 200);
    assert_eq!(server.post(PATH, "{").await.status, 400);
    telemetry.flush().await;
    for text in [
        "generate_content small",
        "propus-under-test",
        "gcp.gemini",
        "gen_ai.usage.input_tokens",
        "malformed-json",
        reply.header("x-request-id"),
    ] {
        assert!(holds(&got, "/v1/traces", text.as_bytes()), "{text}");
    }
    assert!(holds(&got, "/v1/traces", &TRACE));
    for text in [
        "gen_ai.server.request.duration",
        "gen_ai.server.time_to_first_token",
        "gen_ai.client.token.usage",
    ] {
        assert!(holds(&got, "/v1/metrics", text.as_bytes()), "{text}");
    }
    for secret in [server.key.as_str(), "the secret of the prompt"] {
        for path in ["/v1/traces", "/v1/metrics"] {
            assert!(!holds(&got, path, secret.as_bytes()), "{path} {secret}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_gateway_asks_is_a_child_of_the_requests_span() {
    const ANSWER: &str =
        r#"{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}]}"#;
    let kind = "content-type: application/json\r\n";
    let raw = Raw::start(vec![
        whole("503 Service Unavailable", kind, "busy"),
        whole("200 OK", kind, ANSWER),
    ])
    .await;
    let settings = format!(
        "[engines.a]\nbase_url = '{}'\napi_key = 'k'\n[models]\ndefault = 'a'\n\
         [recovery.backoff]\nfirst_seconds = 0.001\nmost_seconds = 0.001",
        raw.url
    );
    let gateway = Gateway::new(&toml::from_str(&settings).unwrap(), &BTreeMap::new()).unwrap();
    let (collector, got) = collector().await;
    let telemetry = Telemetry::start(&collector, reqwest::Client::new()).unwrap();
    let server = Server::changed(|app| {
        app.gateway = Some(gateway);
        app.metrics = Metrics::new(&app.registry).collected_by(telemetry.clone());
    });
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let parent = format!("00-{trace}-b7ad6b7169203331-01");
    let headers = [("traceparent", parent.as_str()), ("tracestate", "v=1")];
    assert_eq!(ask(&server, UNARY, &headers).await.status, 200);
    telemetry.flush().await;
    let sent = raw.requests();
    let ids: Vec<&str> = sent
        .iter()
        .map(|request| {
            assert!(request.contains("tracestate: v=1"), "{request}");
            let (_, after) = request.split_once("traceparent: 00-").unwrap();
            assert!(after.starts_with(trace), "{request}");
            assert!(after[49..].starts_with("-01\r\n"), "{request}");
            &after[33..49]
        })
        .collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], "b7ad6b7169203331");
    let id = u64::from_str_radix(ids[0], 16).unwrap().to_be_bytes();
    assert!(holds(&got, "/v1/traces", &id), "it is the request's own");
    assert!(holds(&got, "/v1/traces", b"propus.route"));
    // Who is in no trace begins none there.
    assert_eq!(ask(&server, UNARY, &[]).await.status, 200);
    assert!(!raw.requests()[2].contains("traceparent"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_away_holds_nobody_up() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (mut collector, _) = collector().await;
    collector.endpoint = format!("http://{}", unused.local_addr().unwrap());
    drop(unused);
    let telemetry = Telemetry::start(&collector, reqwest::Client::new()).unwrap();
    let server = Server::changed(|app| {
        app.metrics = Metrics::new(&app.registry).collected_by(telemetry.clone());
    });
    assert_eq!(server.post(PATH, BODY).await.status, 200);
    telemetry.flush().await;
    assert_eq!(server.post(PATH, BODY).await.status, 200);
}

#[tokio::test]
async fn an_endpoint_that_is_no_address_is_named() {
    let (mut collector, _) = collector().await;
    collector.endpoint = "no address".into();
    let error = Telemetry::start(&collector, reqwest::Client::new()).unwrap_err();
    assert!(error.to_string().contains("`no address`"), "{error}");
}
