//! What becomes known of one request on its way, told once at its end: to the counters, to the log and to
//! a tracing backend.
//!
//! The outermost layer makes a [`Record`]; whoever learns something adds it. It holds no key, no query
//! and nothing of what was asked or answered.

use super::labels::{self, OTHER};
use crate::accounts::Caller;
use axum::extract::Request;
use futures::StreamExt;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use propus_engines::Chunks;
use propus_failures::{Problem, recovery::Repairs};
use propus_quota::{Price, prices::Tokens};
use propus_wire::{generate::GenerateContentResponse, path::Path};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

/// Names a request, in both directions.
pub const REQUEST_ID: &str = "x-request-id";
/// The longest name that is taken over from a client, in bytes.
const LONGEST_ID: usize = 128;
/// Most reasons of ends that are kept; a request has at most 8 candidates.
const MOST_REASONS: usize = 8;
/// What asks whether the server is well, and is counted nowhere.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its answer was written.
    Done,
    /// Its answer broke off on this side.
    Broken,
    /// Its client went away.
    Gone,
}

/// What is known of a request; clones are the same record.
#[derive(Clone, Debug)]
pub struct Record(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    began: Instant,
    facts: Mutex<Facts>,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Facts {
    /// Names the request.
    pub id: String,
    /// The HTTP method.
    pub verb: Method,
    /// The path, without its query.
    pub path: String,
    /// When the request came.
    pub at: Option<SystemTime>,
    /// The host that was asked, as the client names it.
    pub host: Option<String>,
    /// `traceparent`, as it came.
    pub trace_parent: Option<String>,
    /// The API's method.
    pub method: &'static str,
    /// `gemini` or `openai`.
    pub surface: &'static str,
    /// Which model was asked for.
    pub model: Option<String>,
    /// Which model answered, by its card.
    pub answered_by: Option<String>,
    /// The numbers of project and key.
    pub caller: Option<(i64, i64)>,
    /// The HTTP status; 499 where the client went away.
    pub status: u16,
    /// What went wrong, by its name in the catalogue.
    pub failure: Option<&'static str>,
    /// What the operator should read of it.
    pub log: Option<String>,
    /// How long all of it took.
    pub took: Duration,
    /// When the answer began to leave.
    pub first_byte: Option<Duration>,
    /// When the model had its first chunk.
    pub first_chunk: Option<Duration>,
    /// The tokens that the reply told of.
    pub tokens: Option<Tokens>,
    /// What tokens cost the caller.
    pub price: Option<Price>,
    /// Why the answers ended.
    pub finish_reasons: Vec<String>,
    /// The way that a gateway's last attempt went, by its name in the configuration.
    pub route: Option<String>,
    /// A gateway's attempts; none where no gateway made any.
    pub attempts: Option<u32>,
    /// What was repaired on the way.
    pub repairs: Option<String>,
    /// Its span, where that has begun.
    #[cfg(feature = "otel")]
    pub span: super::otel::Early,
}

impl Facts {
    /// Whether it only asks whether the server is well.
    pub fn is_probe(&self) -> bool {
        PROBES.contains(&self.path.as_str())
    }
}

impl Default for Record {
    fn default() -> Self {
        Self::new(Facts::default())
    }
}

impl Record {
    fn new(facts: Facts) -> Self {
        Self(Arc::new(Kept {
            began: Instant::now(),
            facts: Mutex::new(facts),
        }))
    }

    /// Begins with what a request's head tells.
    pub fn open(request: &Request, now: SystemTime) -> Self {
        let uri = request.uri();
        let path = Path::parse(uri.path());
        let text = |name| {
            request
                .headers()
                .get(name)?
                .to_str()
                .ok()
                .map(str::to_owned)
        };
        Self::new(Facts {
            id: id(request.headers()),
            verb: request.method().clone(),
            path: uri.path().to_owned(),
            at: Some(now),
            host: uri.host().map(str::to_owned).or_else(|| text("host")),
            trace_parent: text("traceparent"),
            method: path.as_ref().map_or(OTHER, labels::method),
            surface: match &path {
                Some(Path::OpenAi(..)) => "openai",
                _ => "gemini",
            },
            model: match path {
                Some(Path::Method(_, resource, _)) => Some(resource.name.into_owned()),
                Some(Path::Model(_, name)) => Some(name.into_owned()),
                _ => None,
            },
            ..Facts::default()
        })
    }

    /// The record of a request; one of its own where no layer made one.
    pub fn of(request: &Request) -> Self {
        request.extensions().get().cloned().unwrap_or_default()
    }

    /// When the request came.
    pub fn began(&self) -> Instant {
        self.0.began
    }

    /// The header that names the request.
    pub fn id(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.facts().id).ok()
    }

    /// Who calls.
    pub fn called_by(&self, caller: &Caller) {
        self.facts().caller = Some((caller.project.number, caller.key));
    }

    /// Which model answers, by its card. It counts as the one that was asked for where the path names
    /// none.
    pub fn answered_by(&self, model: &str) {
        let mut facts = self.facts();
        facts.model.get_or_insert_with(|| model.to_owned());
        facts.answered_by = Some(model.to_owned());
    }

    /// What tokens cost the caller.
    pub fn priced(&self, price: Option<Price>) {
        self.facts().price = price;
    }

    /// Tokens of the prompt, where the reply will not tell them.
    pub fn input(&self, tokens: u64) {
        self.facts().tokens = Some(Tokens {
            input: tokens,
            ..Tokens::default()
        });
    }

    /// What went wrong behind the first chunk. A problem before it is seen in the response.
    pub fn failed(&self, problem: &Problem) {
        let mut facts = self.facts();
        facts.failure = Some(problem.name());
        facts.log = problem.log();
    }

    /// What went wrong, where another server's own words tell it.
    pub fn refused(&self, failure: &'static str) {
        let mut facts = self.facts();
        (facts.failure, facts.log) = (Some(failure), None);
    }

    /// What went wrong on the way was mended.
    pub fn mended(&self) {
        let mut facts = self.facts();
        (facts.failure, facts.log) = (None, None);
    }

    /// Which model was asked for, where the path does not say it.
    pub fn asked_for(&self, model: &str) {
        self.facts().model.get_or_insert_with(|| model.to_owned());
    }

    /// How a gateway got to the answer.
    pub fn went_by(&self, route: Option<&str>, attempts: u32, repairs: &Repairs) {
        let mut facts = self.facts();
        facts.route = route.map(str::to_owned);
        facts.attempts = Some(attempts);
        facts.repairs = (!repairs.is_empty()).then(|| repairs.to_string());
    }

    /// The `traceparent` of what is asked elsewhere for the request, where a collector is told of it.
    #[cfg(feature = "otel")]
    pub(super) fn child(&self, telemetry: &super::otel::Telemetry) -> Option<HeaderValue> {
        telemetry.child(&self.facts())
    }

    /// The same chunks, of which the record takes notice.
    pub fn watch(&self, chunks: Chunks) -> Chunks {
        let record = self.clone();
        chunks.inspect(move |chunk| record.saw(chunk)).boxed()
    }

    fn saw(&self, chunk: &Result<GenerateContentResponse, Problem>) {
        match chunk {
            Ok(chunk) => self.saw_chunk(chunk),
            Err(problem) => self.failed(problem),
        }
    }

    /// A chunk of a stream.
    pub fn saw_chunk(&self, chunk: &GenerateContentResponse) {
        let since = self.0.began.elapsed();
        self.facts().first_chunk.get_or_insert(since);
        self.saw_reply(chunk);
    }

    /// A whole reply, or a chunk of it: its tokens, and why it ended.
    pub fn saw_reply(&self, chunk: &GenerateContentResponse) {
        let mut facts = self.facts();
        if let Some(usage) = &chunk.usage_metadata
            && usage.prompt_token_count.is_some()
        {
            facts.tokens = Some(crate::quotas::tokens(usage));
        }
        let reasons = chunk.candidates.iter();
        let reasons = reasons.filter_map(|candidate| candidate.finish_reason.as_ref());
        for reason in reasons.take(MOST_REASONS) {
            if facts.finish_reasons.len() < MOST_REASONS {
                facts.finish_reasons.push(reason.as_str().to_owned());
            }
        }
    }

    /// The head of the answer, and the problem that it tells.
    pub fn answered(&self, status: StatusCode, headers: &HeaderMap, problem: Option<&Problem>) {
        let since = self.0.began.elapsed();
        if let Some(problem) = problem {
            self.failed(problem);
        }
        let repairs = headers.get("x-propus-repairs");
        let mut facts = self.facts();
        facts.status = status.as_u16();
        facts.first_byte = Some(since);
        facts.repairs = repairs
            .and_then(|text| text.to_str().ok())
            .map(str::to_owned);
    }

    /// The first bytes of a stream leave now.
    pub fn first_byte(&self) {
        let since = self.0.began.elapsed();
        self.facts().first_byte = Some(since);
    }

    /// All that was learned; the record is empty from now on.
    pub fn close(&self, end: End) -> Facts {
        let mut facts = std::mem::take(&mut *self.facts());
        facts.took = self.0.began.elapsed();
        match end {
            End::Done => {}
            End::Broken => _ = facts.failure.get_or_insert("stream-truncated"),
            End::Gone => {
                facts.status = 499;
                facts.failure = Some("cancelled-499");
            }
        }
        facts
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        // Nothing panics while it holds the lock; facts are facts in any case.
        self.0.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The client's name for the request where it is short and plain, else a new one.
fn id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
    match given.filter(|id| is_plain(id)) {
        Some(given) => given.to_owned(),
        None => format!("{:032x}", rand::random::<u128>()),
    }
}

/// Letters, digits and `-_.:/+=`: nothing that a log or a shell takes for something else.
fn is_plain(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(&byte);
    (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use propus_failures::service::deadline_504::Deadline504;
    use propus_wire::generate::UsageMetadata;

    fn opened(path: &str, id: Option<&str>) -> Record {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = path.parse().unwrap();
        if let Some(id) = id {
            let id = HeaderValue::from_str(id).unwrap();
            request.headers_mut().insert(REQUEST_ID, id);
        }
        Record::open(&request, SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn a_path_tells_method_and_model_and_no_query() {
        let facts = opened("/v1beta/models/m:generateContent?key=secret", None).close(End::Done);
        assert_eq!(facts.method, "generateContent");
        assert_eq!(facts.model.as_deref(), Some("m"));
        assert_eq!(facts.path, "/v1beta/models/m:generateContent");
        assert!(!format!("{facts:?}").contains("secret"));
    }

    #[test]
    fn names_of_clients_are_taken_over_where_they_are_plain() {
        let long = "x".repeat(129);
        for (given, taken) in [
            (Some("a-1"), true),
            (Some("0af7651916cd43dd8448eb211c80319c"), true),
            (None, false),
            (Some(""), false),
            (Some("a b"), false),
            (Some("a\"b"), false),
            (Some(long.as_str()), false),
        ] {
            let id = opened("/", given).close(End::Done).id;
            assert_eq!(Some(id.as_str()) == given, taken, "{given:?}");
            assert!(taken || id.len() == 32, "{id}");
        }
    }

    #[tokio::test]
    async fn chunks_tell_tokens_and_the_late_failure() {
        let record = opened("/v1beta/openai/chat/completions", None);
        record.answered_by("small");
        let usage = UsageMetadata {
            prompt_token_count: Some(7),
            candidates_token_count: Some(2),
            thoughts_token_count: Some(3),
            ..Default::default()
        };
        let chunk = GenerateContentResponse {
            usage_metadata: Some(usage),
            ..Default::default()
        };
        let late = Deadline504 { cause: None }.into();
        let chunks = futures::stream::iter([Ok(chunk), Err(late)]).boxed();
        let seen: Vec<_> = record.watch(chunks).collect().await;
        assert_eq!(seen.len(), 2);
        let facts = record.close(End::Done);
        let tokens = facts.tokens.unwrap();
        assert_eq!((tokens.input, tokens.output), (7, 5));
        assert_eq!(facts.failure, Some("deadline-504"));
        assert_eq!(facts.model.as_deref(), Some("small"));
        assert!(facts.first_chunk.is_some());
    }

    #[test]
    fn a_client_that_went_away_counts_as_such() {
        let record = opened("/v1/models", None);
        record.answered(StatusCode::OK, &HeaderMap::new(), None);
        let facts = record.close(End::Gone);
        assert_eq!((facts.status, facts.failure), (499, Some("cancelled-499")));
    }
}
