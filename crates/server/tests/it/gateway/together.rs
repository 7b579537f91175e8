//! Two gateways in front of one upstream that share a redis-server.

use super::{UNARY, ask, gateway};
use crate::client::Server;
use axum::{Router, extract::State, response::IntoResponse};
use propus_failures::exhausted::{Exhausted, Exhaustion, Quota, Tier, Unit, Window};
use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

const GOOD: &str = r#"{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}]}"#;
/// Who has no time to wait for the next minute.
const HURRIED: [(&str, &str); 1] = [("x-server-timeout", "5")];

struct Redis {
    process: Child,
    port: u16,
}

impl Redis {
    /// None where redis-server is not installed.
    fn start() -> Option<Self> {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let process = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .spawn();
        let Ok(process) = process else {
            eprintln!("not tested: redis-server is not installed");
            return None;
        };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::yield_now();
        }
        Some(Self { process, port })
    }

    /// What it says to a command, the first line of it.
    fn say(&self, command: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "{command}\r\n").unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    /// Waits until somebody has told something.
    async fn told(&self) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.say("EXISTS propus-quota:board:gateways") != ":1" {
            assert!(Instant::now() < deadline, "nobody tells anything");
            tokio::task::yield_now().await;
        }
    }

    fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}

/// An upstream that serves so many requests in any 60 seconds.
#[derive(Default)]
struct Upstream {
    limit: usize,
    served: Mutex<Vec<Instant>>,
    refused: Mutex<usize>,
}

impl Upstream {
    async fn start(limit: usize) -> (Arc<Self>, String) {
        let upstream = Arc::new(Self {
            limit,
            ..Self::default()
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(upstream.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (upstream, url)
    }

    /// How many it has served and refused.
    fn seen(&self) -> (usize, usize) {
        (
            self.served.lock().unwrap().len(),
            *self.refused.lock().unwrap(),
        )
    }
}

async fn answer(State(upstream): State<Arc<Upstream>>) -> axum::response::Response {
    let mut served = upstream.served.lock().unwrap();
    let now = Instant::now();
    let minute = served
        .iter()
        .filter(|at| now - **at < Duration::from_secs(60));
    if minute.count() < upstream.limit {
        served.push(now);
        return ([("content-type", "application/json")], GOOD).into_response();
    }
    *upstream.refused.lock().unwrap() += 1;
    let quota = Quota::new(Tier::Free, Unit::Requests, Window::Minute);
    let limit = Exhausted::of_model(quota, "gemini-2.5-flash", upstream.limit as u64);
    let said = Exhaustion {
        limits: vec![limit],
        retry_after: Duration::from_secs(60),
    };
    let json = [("content-type", "application/json")];
    (
        http::StatusCode::TOO_MANY_REQUESTS,
        json,
        said.status().to_pretty(),
    )
        .into_response()
}

fn two(url: &str, redis: &Redis, more: &str) -> [Server; 2] {
    [(); 2].map(|()| {
        gateway(&format!(
            "[engines.a]\nbase_url = '{url}'\napi_key = 'the-keys-own-text'\n[models]\ndefault = 'a'\n\
             [pacing]\nstore = 'redis://127.0.0.1:{}/'\n{more}",
            redis.port
        ))
    })
}

async fn status(server: &Server) -> u16 {
    ask(server, UNARY, &HURRIED).await.status.as_u16()
}

/// Asks both in turn, and counts those that are served.
async fn served(servers: &[Server; 2], calls: usize) -> usize {
    let mut served = 0;
    for call in 0..calls {
        served += usize::from(status(&servers[call % 2]).await == 200);
    }
    served
}

const KNOWN: &str = "[pacing.limits.default]\nrequests_per_minute = 6";

#[tokio::test]
async fn a_known_limit_is_one_for_all_gateways() {
    let Some(redis) = Redis::start() else { return };
    let (upstream, url) = Upstream::start(6).await;
    let servers = two(&url, &redis, KNOWN);
    assert_eq!(served(&servers, 10).await, 6);
    assert_eq!(upstream.seen(), (6, 0));
    assert_eq!(
        redis.say("EVAL \"return #redis.call('KEYS','*own-text*')\" 0"),
        ":0"
    );
}

#[tokio::test]
async fn what_one_gateway_learns_all_know() {
    let Some(redis) = Redis::start() else { return };
    let (upstream, url) = Upstream::start(6).await;
    let servers = two(&url, &redis, "");
    assert_eq!(served(&servers, 6).await, 6);
    assert_eq!(status(&servers[0]).await, 429);
    redis.told().await;
    assert_eq!(served(&servers, 6).await, 0);
    assert_eq!(upstream.seen(), (6, 1), "nobody asks once more");
}

#[tokio::test]
async fn gateways_go_on_apart_without_their_store() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let (upstream, url) = Upstream::start(100).await;
    let servers = two(&url, &redis, KNOWN);
    assert_eq!(served(&servers, 10).await, 6);
    redis.stop();
    assert_eq!(served(&servers, 4).await, 0, "each keeps to what it had");
    let apart = two(&url, &redis, KNOWN);
    assert!(
        served(&apart, 4).await == 4,
        "who never had a store goes on, too"
    );
    assert_eq!(upstream.seen(), (10, 0));
}

/// Calls of both gateways, many at once, that have the time to wait.
async fn burst(servers: &[Arc<Server>; 2], calls: usize) -> usize {
    let mut all = tokio::task::JoinSet::new();
    for call in 0..calls {
        let server = servers[call % 2].clone();
        all.spawn(async move {
            let patient = [("x-server-timeout", "200")];
            ask(&server, UNARY, &patient).await.status == 200
        });
    }
    let served = all.join_all().await;
    served.into_iter().filter(|is_served| *is_served).count()
}

#[tokio::test]
#[ignore = "takes more than a minute"]
async fn who_waits_for_the_next_minute_is_not_refused() {
    let Some(redis) = Redis::start() else {
        return;
    };
    let (upstream, url) = Upstream::start(6).await;
    let servers = two(&url, &redis, "");
    assert_eq!(served(&servers, 6).await, 6);
    assert_eq!(status(&servers[0]).await, 429);
    redis.told().await;
    let servers = servers.map(Arc::new);
    assert_eq!(burst(&servers, 6).await, 6);
    assert_eq!(upstream.seen(), (12, 1));
}
