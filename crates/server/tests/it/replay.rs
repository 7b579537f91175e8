//! Exchanges are recorded, and answered from the recording.

use crate::client::Server;
use axum::{Router, body::Body};
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use proptest::prelude::*;
use propus_server::{
    replay::{self, Limits, Options, RecordError, Recorder, Replay, ReplayError},
    serve::serve,
};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::Instant,
};
use tower::ServiceExt;

const BODY: &str = r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#;
const UNARY: &str = "/v1beta/models/small:generateContent";
const STREAM: &str = "/v1beta/models/small:streamGenerateContent?alt=sse";
const CHAT: &str = "/v1beta/openai/chat/completions";
const ASK: &str = r#"{"model":"small","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;

/// A server whose exchanges go to a file.
struct Recording {
    _folder: TempDir,
    path: PathBuf,
    server: Server,
    recorder: Recorder,
    router: Router,
}

/// What came: status, headers, chunks, and whether the body came to its end.
#[derive(Debug, PartialEq)]
struct Seen {
    status: u16,
    headers: HeaderMap,
    chunks: Vec<Vec<u8>>,
    ended: bool,
}

impl Recording {
    fn start() -> Self {
        Self::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calls.jsonl");
        let recorder = Recorder::with_limits(&path, limits).unwrap();
        let server = Server::start();
        let router = recorder.around(server.router());
        Self {
            _folder: folder,
            path,
            server,
            recorder,
            router,
        }
    }

    async fn post(&self, path: &str, body: &str, inject: &str) -> Seen {
        let request = Request::post(path)
            .header("x-goog-api-key", &self.server.key)
            .header("content-type", "application/json")
            .header("x-propus-inject", inject);
        send(
            &self.router,
            request.body(Body::from(body.to_owned())).unwrap(),
        )
        .await
    }

    /// The lines behind the first.
    async fn lines(&self) -> Vec<Value> {
        self.recorder.flush().await.unwrap();
        let text = fs::read_to_string(&self.path).unwrap();
        let lines = text.lines().skip(1);
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    async fn replay(&self, options: Options) -> Router {
        self.recorder.flush().await.unwrap();
        replay::router(&self.path, options).unwrap()
    }
}

async fn send(router: &Router, request: Request<Body>) -> Seen {
    let response = router.clone().oneshot(request).await.unwrap();
    let (head, mut body) = response.into_parts();
    let (mut chunks, mut ended) = (Vec::new(), true);
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => chunks.push(frame.into_data().unwrap().to_vec()),
            Err(_) => ended = false,
        }
    }
    chunks.retain(|chunk| !chunk.is_empty());
    Seen {
        status: head.status.as_u16(),
        headers: head.headers,
        chunks,
        ended,
    }
}

async fn ask(router: &Router, path: &str, body: &str) -> Seen {
    let request = Request::post(path).body(Body::from(body.to_owned()));
    send(router, request.unwrap()).await
}

#[tokio::test]
async fn replies_come_again_byte_for_byte_and_chunk_for_chunk() {
    let recording = Recording::start();
    let mut before = Vec::new();
    for (path, body, inject) in [
        (UNARY, BODY, "ok"),
        (STREAM, BODY, "ok"),
        ("/v1beta/models/small:streamGenerateContent", BODY, "ok"),
        (CHAT, ASK, "ok"),
        ("/v1beta/models/nobody:generateContent", BODY, "ok"),
        ("/v1beta/nothing", "", "ok"),
        ("/v1/models/small:generateContent", BODY, "quota-per-day"),
        (
            "/v1/models/small:streamGenerateContent",
            BODY,
            "network-error;chunk=2",
        ),
        ("/v1/models/small:countTokens", BODY, "proxy-page"),
        (
            "/v1/models/gemini-2.5-flash:generateContent",
            BODY,
            "empty-body",
        ),
    ] {
        before.push((path, body, recording.post(path, body, inject).await));
    }
    assert_eq!(before[1].2.chunks.len(), 4);
    assert_eq!((before[7].2.chunks.len(), before[7].2.ended), (2, false));
    let again = recording.replay(Options::default()).await;
    for (path, body, mut before) in before {
        let mut after = ask(&again, path, body).await;
        let how = after.headers.remove("x-propus-replay").unwrap();
        assert!(how.to_str().unwrap().starts_with("exact; line "), "{how:?}");
        // Written for each browser anew, and merged with what is written there.
        for headers in [&mut before.headers, &mut after.headers] {
            headers.remove("vary");
            headers.remove("access-control-expose-headers");
        }
        assert_eq!(before, after, "{path}");
    }
    let counts = recording.recorder.counts();
    assert_eq!((counts.written, counts.lost), (10, 0));
}

#[tokio::test]
async fn a_recording_says_what_was_asked_and_answered() {
    let recording = Recording::start();
    recording.post(STREAM, BODY, "ok").await;
    // Neither health nor our own paths nor a browser's question are exchanges.
    for (method, path) in [
        (Method::GET, "/healthz"),
        (Method::GET, "/propus/v1/inject"),
        (Method::OPTIONS, UNARY),
    ] {
        let request = Request::builder().method(method).uri(path);
        send(&recording.router, request.body(Body::empty()).unwrap()).await;
    }
    let lines = recording.lines().await;
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert_eq!(line["method"], "POST");
    assert_eq!(line["path"], "/v1beta/models/small:streamGenerateContent");
    assert_eq!(line["query"], "alt=sse");
    assert_eq!(line["body"], BODY);
    assert_eq!(line["status"], 200);
    let headers = json!([
        ["content-type", "application/json"],
        ["x-propus-inject", "ok"]
    ]);
    assert_eq!(line["headers"], headers);
    let chunks = line["chunks"].as_array().unwrap();
    assert_eq!(chunks.len(), 4);
    assert!(chunks[0]["data"].as_str().unwrap().starts_with("data: {"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&recording.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn keys_are_in_no_recording() {
    let recording = Recording::start();
    let key = recording.server.key.clone();
    let foreign = "AIzaSyA1234567890abcdefghijklmnopqrstuv";
    let text = format!("my key is {key} and hers\\n{foreign}");
    // The engine repeats words, so the reply holds the key, too.
    let echoed = json!({ "contents": [{ "parts": [{ "text": text }] }], "what": key }).to_string();
    recording.post(UNARY, &echoed, "ok").await;
    recording
        .post(&format!("{UNARY}?key={key}"), BODY, "ok")
        .await;
    let request = Request::post(format!("{UNARY}?%24key={foreign}&alt=json"))
        .header("authorization", format!("Bearer {key}"))
        .body(Body::from(echoed.clone()));
    send(&recording.router, request.unwrap()).await;
    let request = Request::get(format!("/v1beta/models/{key}"))
        .header("x-goog-api-key", &key)
        .body(Body::empty());
    let named = send(&recording.router, request.unwrap()).await;
    let reply = String::from_utf8(named.chunks.concat()).unwrap();
    assert!(reply.contains(&key), "the error repeats the name: {reply}");
    let own = |body| {
        let request = Request::post(UNARY).header("x-goog-api-key", "my-own-secret");
        request.body(Body::from(body)).unwrap()
    };
    let body = r#"{"contents":"a key of no known form: my-own-secret"}"#;
    assert_eq!(send(&recording.router, own(body)).await.status, 400);
    assert_eq!(recording.lines().await.len(), 5);
    let file = fs::read_to_string(&recording.path).unwrap();
    assert!(!file.contains(&key) && !file.contains(foreign), "{file}");
    assert!(!file.contains("my-own-secret"), "{file}");
    assert!(!file.contains("key=") && !file.contains("Bearer"), "{file}");
    // The same request is found all the same.
    let again = recording.replay(Options::default()).await;
    let seen = ask(&again, UNARY, &echoed).await;
    assert_eq!(seen.headers["x-propus-replay"], "exact; line 2");
    let refused = send(&again, own(body)).await;
    assert_eq!(refused.headers["x-propus-replay"], "exact; line 6");
    let length = seen.headers["content-length"].to_str().unwrap();
    assert_eq!(length, seen.chunks.concat().len().to_string());
}

#[tokio::test(start_paused = true)]
async fn time_is_recorded_and_kept_where_that_is_wanted() {
    let recording = Recording::start();
    let slow = "slow-chunks;every=2;seconds=3";
    recording.post(STREAM, BODY, slow).await;
    let line = recording.lines().await.remove(0);
    let times = line["chunks"].as_array().unwrap().iter();
    let times: Vec<_> = times.map(|chunk| chunk["ms"].as_u64().unwrap()).collect();
    // Other work of the runtime may take a timer's millisecond.
    for (time, expected) in times.iter().zip([5000_u64, 7000, 9000, 11_000]) {
        assert!(time.abs_diff(expected) < 50, "{times:?}");
    }
    for (paced, shortest, longest) in [(true, 11_000, 11_100), (false, 0, 100)] {
        let again = recording.replay(Options { paced }).await;
        let began = Instant::now();
        assert_eq!(ask(&again, STREAM, BODY).await.chunks.len(), 4);
        let took = began.elapsed();
        let expected = Duration::from_millis(shortest)..=Duration::from_millis(longest);
        assert!(expected.contains(&took), "{paced} {took:?}");
    }
}

#[tokio::test]
async fn several_replies_to_one_request_come_in_their_order() {
    let recording = Recording::start();
    let inject = "overloaded-503*1,ok;id=x";
    for _ in 0..2 {
        recording.post(UNARY, BODY, inject).await;
    }
    let again = recording.replay(Options::default()).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        // Layout does not matter, nor does a key in the query.
        let body = BODY.replace(':', ": ");
        seen.push(ask(&again, &format!("{UNARY}?key=any"), &body).await.status);
    }
    assert_eq!(seen, [503, 200, 200]);
}

#[tokio::test]
async fn what_was_not_recorded_is_told_with_the_nearest() {
    let recording = Recording::start();
    recording.post(UNARY, BODY, "ok").await;
    let again = recording.replay(Options::default()).await;
    let other = BODY.replace("hi", "ho");
    let next = ask(&again, UNARY, &other).await;
    assert_eq!(next.headers["x-propus-replay"], "next; line 2");
    for (path, body, words) in [
        (
            UNARY,
            other.as_str(),
            "line 2, which differs first at `contents[0].parts[0].text`",
        ),
        (
            "/v1beta/models/smal:generateContent",
            BODY,
            "nothing was recorded for POST /v1beta/models/smal:generateContent; the nearest is \
             POST /v1beta/models/small:generateContent (line 2)",
        ),
        (
            STREAM,
            BODY,
            "nothing was recorded for POST /v1beta/models/small:streamGenerateContent?alt=sse",
        ),
    ] {
        let missing = ask(&again, path, body).await;
        assert_eq!(missing.status, 404);
        let error: Value = serde_json::from_slice(&missing.chunks.concat()).unwrap();
        assert_eq!(error["error"]["status"], "NOT_FOUND");
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
    }
    let alive = Request::get("/healthz").body(Body::empty()).unwrap();
    assert_eq!(send(&again, alive).await.status, 200);
}

#[tokio::test]
async fn long_bodies_are_cut_and_said_to_be() {
    let recording = Recording::with(Limits {
        body: 30,
        ..Limits::default()
    });
    let seen = recording.post(STREAM, BODY, "ok").await;
    assert_eq!(
        (seen.chunks.len(), seen.ended),
        (4, true),
        "the caller has all"
    );
    let line = recording.lines().await.remove(0);
    assert_eq!(
        (&line["end"], &line["bodyEnd"]),
        (&json!("long"), &json!("long"))
    );
    assert_eq!(line["body"].as_str().unwrap(), &BODY[..30]);
    let again = recording.replay(Options::default()).await;
    let seen = ask(&again, STREAM, BODY).await;
    assert_eq!((seen.chunks.concat().len(), seen.ended), (30, false));
}

#[tokio::test]
async fn what_cannot_be_written_in_time_is_lost_and_counted() {
    let recording = Recording::with(Limits {
        waiting: 50,
        ..Limits::default()
    });
    for _ in 0..3 {
        let seen = recording.post(UNARY, BODY, "ok").await;
        assert_eq!(seen.status, 200);
    }
    assert_eq!(recording.lines().await.len(), 0);
    assert_eq!(recording.recorder.counts().lost, 3);
    let error = Replay::load(&recording.path).unwrap_err();
    assert!(matches!(error, ReplayError::Empty(_)), "{error}");
}

/// A client that leaves amid a stream saw a part; what it saw is recorded.
#[tokio::test]
async fn clients_that_leave_are_recorded_so() {
    let recording = Recording::start();
    let request = Request::post(STREAM)
        .header("x-goog-api-key", &recording.server.key)
        .body(Body::from(BODY));
    let response = recording.router.clone().oneshot(request.unwrap()).await;
    let mut body = response.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    drop(body);
    let line = recording.lines().await.remove(0);
    assert_eq!(line["end"], "left");
    assert_eq!(line["chunks"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn compressed_requests_and_replies_are_recorded_plain() {
    use std::io::Write;
    let recording = Recording::start();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(BODY.as_bytes()).unwrap();
    let request = Request::post(UNARY)
        .header("x-goog-api-key", &recording.server.key)
        .header("content-encoding", "gzip")
        .header("accept-encoding", "gzip")
        .body(Body::from(packed.finish().unwrap()));
    let seen = send(&recording.router, request.unwrap()).await;
    assert_eq!(seen.status, 200);
    let line = recording.lines().await.remove(0);
    assert_eq!(line["body"], BODY);
    let reply = line["chunks"][0]["data"].as_str().unwrap();
    assert!(reply.contains("The bridge is old."), "{reply}");
}

#[test]
fn files_that_cannot_be_used_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.jsonl");
    let said = |error: Option<RecordError>| error.unwrap().to_string();
    fs::write(&path, "mine").unwrap();
    let error = said(Recorder::create(&path).err());
    assert!(error.contains("exists already\nhint: "), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    let error = said(Recorder::create(Path::new("/nowhere/at/all")).err());
    assert!(
        error.starts_with("cannot record to `/nowhere/at/all`"),
        "{error}"
    );
    let first = "{\"propusRecording\":1}\n";
    let good = r#"{"method":"GET","path":"/","status":200,"ms":1,"replyHeaders":[],"chunks":[]}"#;
    for (text, word) in [
        ("mine".to_owned(), "is no recording"),
        (String::new(), "is no recording"),
        (first.to_owned(), "no exchange was recorded"),
        ("{\"propusRecording\":2}\n".into(), "newer version"),
        (format!("{first}{{}}\n"), "line 2: missing field `method`"),
        (format!("{first}{good}\n{{\n"), "line 3: "),
        (
            format!("{first}{}\n", good.replace("200", "20")),
            "line 2: `status` is 20",
        ),
        (
            format!(
                "{first}{}\n",
                good.replace("[],\"c", "[[\"a b\",\"c\"]],\"c")
            ),
            "line 2: `replyHeaders` has `a b`",
        ),
        (
            format!("{first}{}\n", good.replace("\"ms\"", "\"what\":1,\"ms\"")),
            "line 2: unknown field `what`",
        ),
    ] {
        fs::write(&path, &text).unwrap();
        let error = Replay::load(&path).unwrap_err().to_string();
        assert!(
            error.contains(word) && error.contains("hint: "),
            "{text}: {error}"
        );
    }
    // A server that was stopped amid a line leaves the lines before it.
    fs::write(&path, format!("{first}{good}\n{}", &good[..40])).unwrap();
    assert_eq!(Replay::load(&path).unwrap().exchanges(), 1);
    let error = Replay::load(&folder.path().join("none")).unwrap_err();
    assert!(error.to_string().contains("cannot read `"), "{error}");
}

/// What a connection carries, behind the head.
async fn over_tcp(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stopped = async { stopped.await.unwrap_or_default() };
    let grace = Duration::from_secs(5);
    let serving = tokio::spawn(serve(listener, router, stopped, grace));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = BODY.len();
    let request = format!(
        "POST {STREAM} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{BODY}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut got = Vec::new();
    // A connection that breaks off is an error here; what came before it counts.
    let _ = stream.read_to_end(&mut got).await;
    stop.send(()).unwrap();
    serving.await.unwrap();
    let text = String::from_utf8(got).unwrap();
    let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    body.unwrap_or_default()
}

#[tokio::test]
async fn a_connection_carries_what_was_recorded() {
    for (inject, end) in [("ok", "0\r\n\r\n"), ("network-error;chunk=2", "")] {
        let recording = Recording::start();
        let seen = recording.post(STREAM, BODY, inject).await;
        let router = recording.replay(Options::default()).await;
        let chunk = |chunk: &Vec<u8>| {
            let text = String::from_utf8_lossy(chunk);
            format!("{:X}\r\n{text}\r\n", chunk.len())
        };
        let expected: String = seen.chunks.iter().map(chunk).collect();
        assert_eq!(over_tcp(router).await, expected + end, "{inject}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_are_each_a_line() {
    let recording = std::sync::Arc::new(Recording::start());
    let calls = (0..64).map(|number| {
        let recording = recording.clone();
        let body = BODY.replace("hi", &format!("number {number}"));
        tokio::spawn(async move { recording.post(STREAM, &body, "ok").await })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap().chunks.len(), 4);
    }
    let lines = recording.lines().await;
    assert_eq!(lines.len(), 64);
    assert!(
        lines
            .iter()
            .all(|line| line["chunks"].as_array().unwrap().len() == 4)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the bytes and wherever they are cut, and whatever was asked.
    #[test]
    fn any_chunks_come_again(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..20), 0..6),
        asked: Vec<u8>,
        breaks: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let given = chunks.clone();
        let handler = move || async move {
            let given = given.into_iter().map(|chunk| Ok(bytes::Bytes::from(chunk)));
            let end = breaks.then(|| Err(std::io::Error::other("broken")));
            Body::from_stream(futures::stream::iter(given.chain(end)))
        };
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("calls.jsonl");
            let recorder = Recorder::create(&path).unwrap();
            let router = recorder.around(Router::new().route("/x", axum::routing::post(handler)));
            let request = || Request::post("/x").body(Body::from(asked.clone())).unwrap();
            let before = send(&router, request()).await;
            recorder.flush().await.unwrap();
            let again = replay::router(&path, Options::default()).unwrap();
            let after = send(&again, request()).await;
            assert_eq!(&before.chunks, &chunks);
            assert_eq!((&after.chunks, after.ended), (&chunks, !breaks));
            assert_eq!(after.headers["x-propus-replay"], "exact; line 2");
        });
    }
}
