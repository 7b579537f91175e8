//! Puts a fixed rate of requests on a server and prints what came of them, as JSON:
//! `load URL BODY_FILE RATE SECONDS LANES EXPECTED [NAME:VALUE]...`.
//!
//! Requests are due at fixed times, whatever became of those before, and their latency counts from then: a
//! server that stalls is not spared the requests that it kept from being sent (coordinated omission). Each
//! lane is one connection. A reply is good with status 200 and EXPECTED in its body.

use bytes::Bytes;
use hdrhistogram::Histogram;
use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode, Uri, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use memchr::memmem;
use serde_json::{Value, json};
use std::{
    env, fs,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use tokio::{
    net::TcpStream,
    sync::{Mutex, mpsc},
    task::JoinSet,
    time::timeout,
};

/// How long after the last due time requests may still be sent, and one may take.
const PATIENCE: Duration = Duration::from_secs(5);

type Due = Arc<Mutex<mpsc::UnboundedReceiver<Instant>>>;
type Sender = http1::SendRequest<Full<Bytes>>;

struct Plan {
    uri: Uri,
    body: Bytes,
    rate: f64,
    seconds: f64,
    lanes: usize,
    expected: String,
    headers: Vec<(String, String)>,
}

/// What came of some requests; times are in microseconds.
struct Tally {
    whole: Histogram<u64>,
    first: Histogram<u64>,
    pieces: u64,
    missed: u64,
    bad: u64,
    why: Option<String>,
}

impl Plan {
    fn read() -> Option<Self> {
        let mut arguments = env::args().skip(1);
        let mut next = || arguments.next();
        Some(Self {
            uri: next()?.parse().ok()?,
            body: fs::read(next()?).ok()?.into(),
            rate: next()?.parse().ok()?,
            seconds: next()?.parse().ok()?,
            lanes: next()?.parse().ok()?,
            expected: next()?,
            headers: arguments
                .map(|header| {
                    header
                        .split_once(':')
                        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                })
                .collect::<Option<_>>()?,
        })
    }

    fn host(&self) -> &str {
        self.uri
            .authority()
            .map_or("127.0.0.1", |authority| authority.as_str())
    }

    fn request(&self) -> Request<Full<Bytes>> {
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::post(path).header(header::HOST, self.host());
        request = request.header(header::CONTENT_TYPE, "application/json");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request
            .body(Full::new(self.body.clone()))
            .expect("the headers are valid")
    }

    async fn connect(&self) -> Result<Sender, String> {
        let stream = TcpStream::connect(self.host())
            .await
            .map_err(|error| error.to_string())?;
        stream
            .set_nodelay(true)
            .map_err(|error| error.to_string())?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| error.to_string())?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

impl Tally {
    fn new() -> Self {
        let histogram = || Histogram::new(3).expect("three digits are possible");
        Self {
            whole: histogram(),
            first: histogram(),
            pieces: 0,
            missed: 0,
            bad: 0,
            why: None,
        }
    }

    fn add(&mut self, other: Self) {
        let fits = "both grow as they must";
        self.whole.add(other.whole).expect(fits);
        self.first.add(other.first).expect(fits);
        self.pieces += other.pieces;
        self.missed += other.missed;
        self.bad += other.bad;
        self.why = self.why.take().or(other.why);
    }

    fn json(&self, rate: f64) -> Value {
        let figures = |of: &Histogram<u64>| json!({"p50": of.value_at_quantile(0.5), "p99": of.value_at_quantile(0.99)});
        json!({
            "good": self.whole.len(), "bad": self.bad, "missed": self.missed, "why": self.why, "rate": rate,
            "whole_us": figures(&self.whole), "first_us": figures(&self.first), "pieces": self.pieces,
        })
    }
}

/// Sends when something is due, until nothing is.
async fn lane(plan: Arc<Plan>, due: Due, end: Instant) -> Tally {
    let (mut tally, mut sender) = (Tally::new(), None);
    loop {
        let next = due.lock().await.recv().await;
        let Some(at) = next else {
            return tally;
        };
        if Instant::now() > end + PATIENCE {
            tally.missed += 1;
            continue;
        }
        let asked = timeout(PATIENCE, ask(&plan, &mut sender, at, &mut tally)).await;
        if let Err(why) = asked.unwrap_or_else(|_| Err("no reply in time".to_owned())) {
            tally.bad += 1;
            tally.why.get_or_insert(why);
            sender = None;
        }
    }
}

async fn ask(
    plan: &Plan,
    sender: &mut Option<Sender>,
    at: Instant,
    tally: &mut Tally,
) -> Result<(), String> {
    if sender.as_ref().is_none_or(Sender::is_closed) {
        *sender = Some(plan.connect().await?);
    }
    let sender = sender.as_mut().expect("it was just made");
    sender.ready().await.map_err(|error| error.to_string())?;
    let reply = sender
        .send_request(plan.request())
        .await
        .map_err(|error| error.to_string())?;
    let status = reply.status();
    let (mut body, mut read, mut first, mut pieces) = (reply.into_body(), Vec::new(), None, 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| error.to_string())?;
        if let Some(piece) = frame.data_ref() {
            first.get_or_insert_with(|| at.elapsed());
            pieces += 1;
            read.extend_from_slice(piece);
        }
    }
    let whole = at.elapsed();
    if status != StatusCode::OK || memmem::find(&read, plan.expected.as_bytes()).is_none() {
        let start = String::from_utf8_lossy(&read[..read.len().min(300)]).into_owned();
        return Err(format!("{status}: {start}"));
    }
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    tally
        .whole
        .record(micros(whole))
        .map_err(|error| error.to_string())?;
    tally
        .first
        .record(micros(first.unwrap_or(whole)))
        .map_err(|error| error.to_string())?;
    tally.pieces += pieces;
    Ok(())
}

/// Says when each request is due, at that time. A thread's sleep ends within some 60 microseconds; tokio's
/// timer goes in steps of a millisecond, more than what is measured.
fn call_out(began: Instant, every: Duration, total: u32, send: &mpsc::UnboundedSender<Instant>) {
    for at in (1..=total).map(|count| began + every * count) {
        thread::sleep(at.saturating_duration_since(Instant::now()));
        send.send(at).expect("the lanes are there");
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let usage = "usage: load URL BODY_FILE RATE SECONDS LANES EXPECTED [NAME:VALUE]...";
    let plan = Arc::new(Plan::read().expect(usage));
    let total = (plan.rate * plan.seconds) as u32;
    let every = Duration::from_secs_f64(1.0 / plan.rate);
    let (send, due) = mpsc::unbounded_channel();
    let due = Arc::new(Mutex::new(due));
    let began = Instant::now();
    let end = began + every * total;
    let mut lanes: JoinSet<_> = (0..plan.lanes)
        .map(|_| lane(plan.clone(), due.clone(), end))
        .collect();
    thread::spawn(move || call_out(began, every, total, &send));
    let mut tally = Tally::new();
    while let Some(one) = lanes.join_next().await {
        tally.add(one.expect("a lane does not panic"));
    }
    println!(
        "{}",
        tally.json(tally.whole.len() as f64 / began.elapsed().as_secs_f64())
    );
}
