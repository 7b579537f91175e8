//! Sends many calls through the gateway to an upstream that fails a part of all first attempts, and says
//! what came of them. `cargo run --release -p propus-server --example soak -- CALLS [CONCURRENCY]`
//!
//! The upstream is another Propus on a socket of this machine, with its injector and, in front of it, what
//! an injector cannot say: a 429 with a short `RetryInfo`, and calls that create something and must
//! never be made twice.
//!
//! With `quota` in place of the number, 1,000 calls come at twice the rate that the upstream's real quota
//! of 600 a minute allows, each with two minutes of time.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use http::{HeaderValue, StatusCode};
use http_body_util::BodyExt;
use propus_engines::scripted::Scripted;
use propus_failures::{Card, Cards};
use propus_quota::LimitTable;
use propus_server::{
    Load,
    accounts::Accounts,
    app::{App, Settings, router},
    gateway::{self, Gateway},
    inject::Injector,
    metrics::Metrics,
    quotas::Quotas,
    regions::Regions,
    registry::{OwnModel, Registry},
    serve,
};
use rand::{Rng, SeedableRng};
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant, SystemTime},
};
use tokio::net::TcpListener;
use tower::ServiceExt;

/// Which part of the first attempts fails.
const FAILING: f64 = 0.3;

const QUOTA: &str = r#"{"error":{"code":429,"message":"You exceeded your current quota.\nPlease retry in 5ms.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"0.005s"}]}}"#;

/// How a first attempt fails.
const CAUSES: [&str; 10] = [
    "quota",
    "overloaded-503",
    "internal-500",
    "network-error",
    "network-error;chunk=1",
    "stream-truncated",
    "slow-first-byte;seconds=1",
    "proxy-page",
    "empty-response",
    "stream-error-midway",
];

/// What the upstream has seen.
#[derive(Default)]
struct Seen {
    attempts: AtomicU64,
    calls: Mutex<HashSet<String>>,
    created: Mutex<HashMap<String, u32>>,
}

/// What came of the calls of one kind.
#[derive(Debug, Default)]
struct Tally {
    calls: u64,
    served: u64,
    /// Streams whose beginning had been passed on when they broke: nobody could have saved them.
    honest: u64,
    silent: u64,
    failed: BTreeMap<String, u64>,
}

#[tokio::main]
async fn main() {
    if std::env::args().nth(1).as_deref() == Some("quota") {
        return quota_bound().await;
    }
    let mut arguments = std::env::args()
        .skip(1)
        .filter_map(|text| text.parse().ok());
    let calls: u64 = arguments.next().unwrap_or(2_000);
    let concurrency: usize = arguments.next().unwrap_or(64) as usize;
    let seen = Arc::new(Seen::default());
    let url = upstream(seen.clone()).await;
    let router = in_front(&url, "soak");
    let began = Instant::now();
    let tally = Mutex::new(BTreeMap::<&str, Tally>::new());
    let plans = {
        let mut chance = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        (0..calls).map(move |at| Plan::draw(at, &mut chance))
    };
    futures::stream::iter(plans)
        .for_each_concurrent(concurrency, |plan| {
            let (router, tally) = (router.clone(), &tally);
            async move {
                let came = send(router, &plan).await;
                let mut tally = tally.lock().unwrap();
                let tally = tally.entry(plan.kind()).or_default();
                tally.note(&plan, came);
            }
        })
        .await;
    let tally = tally.into_inner().unwrap();
    println!(
        "{calls} calls in {:?}, {concurrency} at once",
        began.elapsed()
    );
    for (kind, tally) in &tally {
        println!("{kind}: {tally:?}");
    }
    let attempts = seen.attempts.load(Relaxed);
    println!("amplification: {:.3}", attempts as f64 / calls as f64);
    let twice = seen
        .created
        .lock()
        .unwrap()
        .values()
        .filter(|times| **times > 1)
        .count();
    println!("created twice: {twice}");
    let sum = |count: fn(&Tally) -> u64| tally.values().map(count).sum::<u64>();
    let saveable = calls - sum(|tally| tally.honest);
    let served = sum(|tally| tally.served);
    println!(
        "served: {served} of {saveable} that could be: {:.4} %",
        served as f64 / saveable as f64 * 100.0
    );
    println!("silent truncations: {}", sum(|tally| tally.silent));
}

/// One call, and how its first attempt fails.
struct Plan {
    id: String,
    what: What,
    fails: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq)]
enum What {
    Whole,
    Stream,
    Create,
}

impl Plan {
    fn draw(at: u64, chance: &mut impl Rng) -> Self {
        let what = match chance.random_range(0..20) {
            0 => What::Create,
            1..10 => What::Stream,
            _ => What::Whole,
        };
        let cause = CAUSES[chance.random_range(0..CAUSES.len())];
        Self {
            id: at.to_string(),
            what,
            fails: chance.random_bool(FAILING).then_some(cause),
        }
    }

    fn kind(&self) -> &'static str {
        match self.what {
            What::Whole => "unary",
            What::Stream => "streamed",
            What::Create => "creating",
        }
    }

    fn path(&self) -> &'static str {
        match self.what {
            What::Whole => "/v1beta/models/small:generateContent",
            What::Stream => "/v1beta/models/small:streamGenerateContent?alt=sse",
            What::Create => "/v1beta/cachedContents",
        }
    }

    /// Whether nobody could save it: the answer had begun, or something may have been created.
    fn is_lost(&self) -> bool {
        match (self.what, self.fails) {
            (_, None) => false,
            (What::Stream, Some(cause)) => {
                matches!(
                    cause,
                    "network-error;chunk=1" | "stream-truncated" | "stream-error-midway"
                )
            }
            (What::Create, Some(cause)) => !matches!(cause, "quota" | "overloaded-503"),
            (What::Whole, Some(_)) => false,
        }
    }
}

/// What the caller got.
enum Came {
    Answer,
    /// An error, be it the last event of a stream.
    Error(String),
    /// Less than an answer, and nothing that says so.
    Silence,
}

async fn send(router: Router, plan: &Plan) -> Came {
    let mut request = Request::post(plan.path()).header("x-soak-id", &plan.id);
    if let Some(cause) = plan.fails {
        request = request.header("x-soak-fails", cause);
    }
    let body = r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#;
    let response = router
        .oneshot(request.body(Body::from(body)).unwrap())
        .await
        .unwrap();
    let (status, repairs) = (
        response.status(),
        response.headers().get("x-propus-repairs").cloned(),
    );
    let text = match response.into_body().collect().await {
        Ok(body) => String::from_utf8_lossy(&body.to_bytes()).into_owned(),
        Err(_) => return Came::Error("the connection broke".into()),
    };
    let told = format!("{status} {repairs:?} {text}");
    match plan.what {
        _ if text.contains("\"error\"") || !status.is_success() => Came::Error(told),
        What::Create if text.contains("cachedContents/") => Came::Answer,
        What::Create => Came::Silence,
        _ if text.contains("STOP") && text.contains("old.") => Came::Answer,
        // An answer without text is an honest reply of the upstream's.
        _ if text.contains("STOP") => Came::Error(told),
        _ => Came::Silence,
    }
}

impl Tally {
    fn note(&mut self, plan: &Plan, came: Came) {
        self.calls += 1;
        match came {
            Came::Answer => self.served += 1,
            Came::Silence => self.silent += 1,
            Came::Error(_) if plan.is_lost() => self.honest += 1,
            Came::Error(text) => {
                let cause = plan.fails.unwrap_or("nothing");
                let count = self.failed.entry(cause.to_owned()).or_default();
                *count += 1;
                if *count == 1 {
                    eprintln!("{} after {cause}: {text}", plan.kind());
                }
            }
        }
    }
}

/// The gateway, without keys of its own.
fn in_front(url: &str, key: &str) -> Router {
    let settings = format!(
        "[engines.upstream]\nbase_url = '{url}'\napi_key = '{key}'\nfirst_byte_timeout_seconds = 0.3\n\
         [models]\ndefault = 'upstream'\n[recovery.backoff]\nfirst_seconds = 0.02\nmost_seconds = 0.1\n\
         [recovery.budget]\nof_calls = 0.5\nmost = 100"
    );
    let settings: gateway::Settings = toml::from_str(&settings).unwrap();
    let gateway = Gateway::new(&settings, &BTreeMap::new()).unwrap();
    router(Arc::new(made(Vec::new(), Some(gateway), None)))
}

/// Sends more than the upstream's quota allows.
async fn quota_bound() {
    const CALLS: u32 = 1_000;
    const EVERY: Duration = Duration::from_millis(50);
    let limits = "[current.free]\nsmall = { rpm = 600, tpm = 'unlimited', rpd = 'unlimited' }";
    let accounts = Accounts::in_memory().unwrap();
    let key = accounts.first_key(SystemTime::now()).unwrap().unwrap().key;
    let quotas = Quotas {
        table: LimitTable::builtin().overridden(limits).unwrap(),
        ..Quotas::new()
    };
    let app = App {
        accounts: Some(accounts),
        quotas: Some(quotas),
        ..made(vec![small()], None, None)
    };
    let refused: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let began = Instant::now();
    let noting = {
        let refused = refused.clone();
        move |request: Request, next: Next| {
            let refused = refused.clone();
            async move {
                let response = next.run(request).await;
                if response.status() == 429 {
                    refused.lock().unwrap().push(began.elapsed());
                }
                response
            }
        }
    };
    let url = listening(router(Arc::new(app)).layer(from_fn(noting))).await;
    let router = in_front(&url, &key);
    let mut calls = tokio::task::JoinSet::new();
    for at in 0..CALLS {
        let router = router.clone();
        calls.spawn(async move {
            tokio::time::sleep(EVERY * at).await;
            let request = Request::post("/v1beta/models/small:generateContent");
            let request = request.header("x-server-timeout", "120");
            let body = r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#;
            let request = request.body(Body::from(body)).unwrap();
            router.oneshot(request).await.unwrap().status()
        });
    }
    let served = calls
        .join_all()
        .await
        .iter()
        .filter(|status| status.is_success())
        .count();
    let refused = refused.lock().unwrap();
    let late = refused
        .iter()
        .filter(|at| **at > Duration::from_secs(60))
        .count();
    println!(
        "{served} of {CALLS} served in {:?}; 80 s is the least",
        began.elapsed()
    );
    println!(
        "upstream 429s: {}, of these after the first minute: {late}",
        refused.len()
    );
}

fn made(own: Vec<OwnModel>, gateway: Option<Gateway>, injector: Option<Injector>) -> App {
    let settings = Settings::default();
    let clock = settings.clock.clone();
    let registry = Registry::new(Cards::builtin().clone(), own, false, clock);
    App {
        metrics: Metrics::new(&registry),
        registry,
        settings,
        accounts: None,
        load: Arc::new(Load::default()),
        admin: None,
        regions: Regions::default(),
        quotas: None,
        gateway,
        injector,
    }
}

/// The upstream on a socket.
async fn upstream(seen: Arc<Seen>) -> String {
    let app = made(vec![small()], None, Some(Injector::default()));
    listening(router(Arc::new(app)).layer(from_fn_with_state(seen, failing))).await
}

fn small() -> OwnModel {
    let script = "[[reply]]\ntext = 'The bridge is old.'";
    OwnModel {
        name: "small".into(),
        card: Arc::new(Card::for_local("small", 8192)),
        engine: Arc::new(Scripted::from_toml(script).unwrap()),
    }
}

async fn listening(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let never = std::future::pending();
    tokio::spawn(serve::serve(listener, router, never, Duration::ZERO));
    url
}

/// Lets the first attempt of a call fail as its header says.
async fn failing(State(seen): State<Arc<Seen>>, mut request: Request, next: Next) -> Response {
    seen.attempts.fetch_add(1, Relaxed);
    let (id, cause) = {
        let text = |name| text(&request, name);
        (text("x-soak-id"), text("x-soak-fails"))
    };
    let is_first = seen.calls.lock().unwrap().insert(id.clone());
    let fails = Some(cause).filter(|cause| is_first && !cause.is_empty());
    if request.uri().path().ends_with("cachedContents") {
        return create(&seen, id, fails.as_deref()).await;
    }
    match fails.as_deref() {
        None => {}
        Some("quota") => return quota(),
        Some(cause) => {
            if let Ok(value) = HeaderValue::from_str(cause) {
                request.headers_mut().insert("x-propus-inject", value);
            }
        }
    }
    next.run(request).await
}

/// A header's text.
fn text(request: &Request, name: &str) -> String {
    let value = request.headers().get(name);
    let value = value.and_then(|value: &HeaderValue| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

fn quota() -> Response {
    let kind = [("content-type", "application/json")];
    (StatusCode::TOO_MANY_REQUESTS, kind, QUOTA).into_response()
}

/// Creates something, unless it is refused before.
async fn create(seen: &Seen, id: String, fails: Option<&str>) -> Response {
    const BUSY: &str = r#"{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}"#;
    match fails {
        Some("quota") => return quota(),
        Some("overloaded-503") => return (StatusCode::SERVICE_UNAVAILABLE, BUSY).into_response(),
        _ => {}
    }
    *seen.created.lock().unwrap().entry(id.clone()).or_default() += 1;
    let created = Value::from(format!("cachedContents/{id}"));
    match fails {
        None => format!("{{\"name\":{created}}}").into_response(),
        Some("internal-500") => (StatusCode::INTERNAL_SERVER_ERROR, "{}").into_response(),
        Some("proxy-page") => (StatusCode::BAD_GATEWAY, "<html></html>").into_response(),
        Some(cause) if cause.starts_with("slow") => {
            tokio::time::sleep(Duration::from_secs(1)).await;
            format!("{{\"name\":{created}}}").into_response()
        }
        Some(_) => {
            let reset = io::Error::new(io::ErrorKind::ConnectionReset, "soak");
            Body::from_stream(futures::stream::iter([Err::<Bytes, _>(reset)])).into_response()
        }
    }
}
