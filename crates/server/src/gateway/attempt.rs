//! One attempt: a request goes out, and its reply is judged before the caller has anything of it.

use crate::{
    gateway::{
        asked::{Form, Named},
        attempts::Course,
        fold,
        seen::Running,
        stream::Begun,
        told::{Failed, Passed, Told, Unserved, passed},
        upload,
        watch::{Said, Watch, has_content, is_error},
        ways::{Upstream, Way},
    },
    routes,
};
use axum::{body::Body, extract::Request, response::Response};
use bytes::Bytes;
use flate2::read::GzDecoder;
use futures::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use propus_engines::google::{Answer, Broken, Google, Pieces, Sending, Sent, path};
use propus_failures::recovery::{self, Fault, Outcome, Progress};
use propus_wire::{Message, Mode, frame::Frame, generate::GenerateContentResponse};
use serde::de::IgnoredAny;
use serde_json::Value;
use std::{borrow::Cow, io::Read, sync::Arc, time::SystemTime};
use tokio::time::timeout_at;

/// The longest reply that is judged as a whole, in bytes: no API sends more, and memory is not endless.
const LONGEST: usize = 256 << 20;

/// What an attempt came to.
pub(super) enum Attempted {
    /// A reply for the caller.
    Served(Response),
    /// A whole answer, and what it says.
    Answered(Passed, Box<GenerateContentResponse>),
    /// A stream that has begun well.
    Begun(Box<Begun>),
    /// Nothing that serves.
    Failed(Failed),
}

impl Attempted {
    /// The failure's name in the catalogue; none where it serves.
    fn failure(&self) -> Option<&'static str> {
        match self {
            Self::Failed(failed) => Some(failed.outcome.failure),
            _ => None,
        }
    }

    /// Whether the caller gets it.
    pub fn serves(&self) -> bool {
        !matches!(self, Self::Failed(_))
    }
}

impl Course {
    /// Makes one attempt.
    pub async fn attempt(&self, way: &Way) -> Attempted {
        let running = Running::new(&self.app, way);
        let mut attempted = match way.upstream.clone() {
            Upstream::Google(google, key) => self.ask_upstream(way, &google, key).await,
            Upstream::Here(model) => self.ask_here(&model).await,
        };
        match &mut attempted {
            Attempted::Begun(begun) => begun.running = Some(running),
            ended => running.ended(ended.failure()),
        }
        attempted
    }

    /// A model of this server answers, as if it had been asked for.
    async fn ask_here(&self, model: &str) -> Attempted {
        let path = match self.asked.named {
            // OpenAI's surface has the model in the body.
            Named::OpenAi(_) => Some(self.path.clone()),
            _ => path::of_model(&self.path, model),
        };
        let Some(path) = path else {
            let cause = format!("`{model}` has no {}", self.path);
            let outcome = Outcome::of_fault(Fault::Unreadable, Progress::NotSent);
            return Attempted::Failed(Failed::broken(Broken { outcome, cause }));
        };
        let mut request = Request::new(Body::from(self.body_for(Some(model))));
        *request.method_mut() = self.asked.http.clone();
        *request.headers_mut() = self.asked.headers.clone();
        *request.extensions_mut() = self.extensions.clone();
        request.headers_mut().remove(header::CONTENT_LENGTH);
        let query = self.asked.uri.query().map(|query| format!("?{query}"));
        match format!("{path}{}", query.unwrap_or_default()).parse() {
            Ok(uri) => *request.uri_mut() = uri,
            Err(_) => return self.late(),
        }
        let reply = timeout_at(self.asked.deadline.at(), routes::here(&self.app, request));
        match reply.await {
            Ok(Some(Ok(response))) => Attempted::Served(response),
            Ok(Some(Err(problem))) => Attempted::Failed(Failed::own(problem)),
            Ok(None) => self.late(),
            Err(_) => self.late(),
        }
    }

    /// The caller's time is over.
    fn late(&self) -> Attempted {
        Attempted::Failed(Failed {
            outcome: Outcome::of_fault(Fault::Timeout, Progress::Sent),
            told: Told::Own(self.asked.deadline.passed()),
        })
    }

    async fn ask_upstream(&self, way: &Way, google: &Arc<Google>, key: usize) -> Attempted {
        let path = self.path_for(way);
        let query = self.query();
        let headers = self.headers();
        let sending = Sending {
            method: self.asked.http.clone(),
            path: &path,
            query: query.as_deref(),
            headers: &headers,
            body: match self.asked.take_once() {
                Some(body) => Sent::Streamed(body),
                None => Sent::Whole(self.body_for(way.model.as_deref())),
            },
            first_byte: self.longer,
        };
        let Some(key) = google.keys().get(key) else {
            return self.late();
        };
        let exchange = google.exchange(key, sending);
        match timeout_at(self.asked.deadline.at(), exchange).await {
            Err(_) => self.late(),
            Ok(Err(broken)) => Attempted::Failed(Failed::broken(broken)),
            Ok(Ok(answer)) => self.judge(answer, google).await,
        }
    }

    /// The path with the model's name at the upstream; streaming where that was decided.
    fn path_for(&self, way: &Way) -> String {
        let named = match (&way.model, &self.asked.named) {
            (Some(model), Named::Method { .. } | Named::Model(_))
                if self.asked.model.as_ref() != Some(model) =>
            {
                path::of_model(&self.path, model)
            }
            _ => None,
        };
        let path = named.unwrap_or_else(|| self.path.clone());
        match self.streamed {
            true => path::of_method(&path, "streamGenerateContent").unwrap_or(path),
            false => path,
        }
    }

    /// The body; where the model has another name there, with that name wherever it names the model.
    fn body_for(&self, model: Option<&str>) -> Bytes {
        let (Some(asked), Some(model)) = (self.asked.model.as_deref(), model) else {
            return self.body.clone();
        };
        let parsed = (asked != model).then(|| serde_json::from_slice::<Value>(&self.body).ok());
        let Some(mut body) = parsed.flatten() else {
            return self.body.clone();
        };
        match rename(&mut body, asked, model) {
            true => serde_json::to_vec(&body).map_or_else(|_| self.body.clone(), Bytes::from),
            false => self.body.clone(),
        }
    }

    fn query(&self) -> Option<String> {
        let query = self.asked.uri.query();
        match (query, self.streamed) {
            (query, false) => query.map(str::to_owned),
            (Some(query), true) => Some(format!("{query}&alt=sse")),
            (None, true) => Some("alt=sse".to_owned()),
        }
    }

    /// The caller's headers. A later attempt has less time left than they say.
    fn headers(&self) -> Cow<'_, HeaderMap> {
        const TIMEOUT: HeaderName = HeaderName::from_static("x-server-timeout");
        let mut headers = Cow::Borrowed(&self.asked.headers);
        self.trace(&mut headers);
        if self.streamed {
            headers.to_mut().remove(header::ACCEPT_ENCODING);
        }
        if self.history.attempts > 1 && headers.contains_key(&TIMEOUT) {
            let left = self.asked.deadline.remaining().as_secs_f64().ceil() as u64;
            let left = HeaderValue::from(left.max(1));
            headers.to_mut().insert(TIMEOUT, left);
        }
        headers
    }

    /// Where a collector is told of this request, the upstream's is a part of it; else it is as far below
    /// the caller's as this one.
    fn trace(&self, headers: &mut Cow<'_, HeaderMap>) {
        const PARENT: HeaderName = HeaderName::from_static("traceparent");
        if headers.contains_key(&PARENT)
            && let Some(child) = self.app.metrics.trace_child(&self.record)
        {
            headers.to_mut().insert(PARENT, child);
        }
    }

    async fn judge(&self, answer: Answer, google: &Google) -> Attempted {
        let status = answer.status;
        let is_opaque = self.asked.form == Form::Opaque;
        let is_passed = status.is_success() || is_opaque && status.is_redirection();
        if !is_passed {
            return self.refused(answer).await;
        }
        match self.asked.form {
            Form::Opaque => Attempted::Served(self.opaque(answer, google)),
            Form::Answer if self.streamed => self.folded(answer).await,
            Form::Answer | Form::Json => self.whole(answer).await,
            Form::Stream(_) | Form::OpenAiStream => self.beginning(answer).await,
        }
    }

    /// A reply that is none of our business, as it comes.
    fn opaque(&self, answer: Answer, google: &Google) -> Response {
        let Answer {
            status,
            mut headers,
            pieces,
        } = answer;
        upload::lead_back(&mut headers, google.base_url(), &self.asked);
        let pieces =
            pieces.map(|piece| piece.map_err(|broken| std::io::Error::other(broken.cause)));
        passed(status, headers, Body::from_stream(pieces))
    }

    /// An error. Where its body breaks off, the status says enough.
    async fn refused(&self, answer: Answer) -> Attempted {
        let (status, headers) = (answer.status, answer.headers);
        let (pieces, _) = self.read(answer.pieces).await;
        let passed = Passed {
            status,
            headers,
            pieces,
        };
        let retry_after = passed.headers.get(header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok());
        let retry_after =
            retry_after.and_then(|value| recovery::retry_after(value, SystemTime::now()));
        let body = plain(&passed).unwrap_or_default();
        Attempted::Failed(Failed {
            outcome: Outcome::of_http(status.as_u16(), retry_after, &body),
            told: Told::Passed(passed),
        })
    }

    /// All pieces of a body, and what ended it too early.
    async fn read(&self, mut body: Pieces) -> (Vec<Bytes>, Option<Failed>) {
        let (mut pieces, mut bytes) = (Vec::new(), 0);
        loop {
            match timeout_at(self.asked.deadline.at(), body.next()).await {
                Ok(Some(Ok(piece))) => {
                    bytes += piece.len();
                    pieces.push(piece);
                    if bytes > LONGEST {
                        let outcome = Outcome::of_fault(Fault::Unreadable, Progress::Answered);
                        return (pieces, Some(own(outcome, "it has no end")));
                    }
                }
                Ok(Some(Err(broken))) => return (pieces, Some(Failed::broken(broken))),
                Ok(None) => return (pieces, None),
                Err(_) => {
                    let outcome = Outcome::of_fault(Fault::Timeout, Progress::Answered);
                    let told = Told::Own(self.asked.deadline.passed());
                    return (pieces, Some(Failed { outcome, told }));
                }
            }
        }
    }

    /// A reply that is one JSON value.
    async fn whole(&self, answer: Answer) -> Attempted {
        let (status, headers) = (answer.status, answer.headers);
        let (pieces, broken) = self.read(answer.pieces).await;
        if let Some(failed) = broken {
            return Attempted::Failed(failed);
        }
        let passed = Passed {
            status,
            headers,
            pieces,
        };
        let Some(body) = plain(&passed) else {
            // What cannot be unpacked here may be unpacked there.
            return Attempted::Served(passed.into_response());
        };
        if self.asked.form == Form::Json {
            return match serde_json::from_slice::<IgnoredAny>(&body) {
                Ok(_) => Attempted::Served(passed.into_response()),
                Err(error) => unreadable(&error.to_string()),
            };
        }
        match GenerateContentResponse::from_json(&body, Mode::Lenient) {
            Err(_) => unreadable("it is no GenerateContentResponse"),
            Ok(reply) => judged(passed, reply),
        }
    }

    /// A reply that was streamed in place of a whole one.
    async fn folded(&self, answer: Answer) -> Attempted {
        let (status, mut headers) = (answer.status, answer.headers);
        let form = Form::Stream(Frame::Events);
        let mut watch = Watch::of(form, &headers).filter(|watch| !watch.is_blind());
        let (pieces, broken) = self.read(answer.pieces).await;
        let mut texts = Vec::new();
        let mut split = propus_engines::google::sse::Decoder::default();
        for piece in &pieces {
            split.push(piece);
        }
        split.finish();
        while let Some(event) = split.next() {
            use propus_engines::google::sse::Event::{Bare, Data};
            let (Data(text) | Bare(text)) = event;
            texts.push(text);
        }
        if let Some(error) = texts.iter().find(|text| is_error(text)) {
            let outcome = Outcome::of_stream_error(error.as_bytes(), 0);
            return Attempted::Failed(own(outcome, "the upstream's stream ended with an error"));
        }
        if let Some(failed) = broken {
            return Attempted::Failed(failed);
        }
        let Some(watch) = &mut watch else {
            return unreadable("it is packed in an unknown form");
        };
        for piece in &pieces {
            watch.push(piece);
        }
        watch.finish();
        if !watch.has_ended() {
            return Attempted::Failed(cut(0));
        }
        let whole = fold::fold(
            texts
                .iter()
                .filter_map(|text| serde_json::from_str::<Value>(text).ok()),
        );
        let mut body = serde_json::to_vec_pretty(&whole).unwrap_or_default();
        body.push(b'\n');
        headers.remove(header::CONTENT_LENGTH);
        let kind = HeaderValue::from_static(Frame::Json.content_type());
        headers.insert(header::CONTENT_TYPE, kind);
        let reply = GenerateContentResponse::from_json(&body, Mode::Lenient).unwrap_or_default();
        let pieces = vec![body.into()];
        let passed = Passed {
            status,
            headers,
            pieces,
        };
        judged(passed, reply)
    }

    /// The beginning of a stream, up to the first event that says something. Nothing is passed on before
    /// that, so that another attempt can still take its place.
    async fn beginning(&self, answer: Answer) -> Attempted {
        let Answer {
            status,
            headers,
            mut pieces,
        } = answer;
        let Some(mut watch) = Watch::of(self.asked.form, &headers) else {
            return unreadable("it is no stream");
        };
        let (mut held, mut chunks) = (Vec::new(), Vec::new());
        loop {
            let next = timeout_at(self.asked.deadline.at(), pieces.next()).await;
            let (said, ended) = match next {
                Err(_) => return self.late(),
                Ok(Some(Err(broken))) => return Attempted::Failed(Failed::broken(broken)),
                Ok(Some(Ok(piece))) => {
                    let said = watch.push(&piece);
                    held.push(piece);
                    (said, false)
                }
                Ok(None) => (watch.finish(), true),
            };
            let mut begun = watch.is_blind();
            for said in said {
                match said {
                    Said::Error(text) => {
                        let (rest, _) = self.read(pieces).await;
                        held.extend(rest);
                        return Attempted::Failed(Failed {
                            outcome: Outcome::of_stream_error(text.as_bytes(), 0),
                            told: Told::Passed(Passed {
                                status,
                                headers,
                                pieces: held,
                            }),
                        });
                    }
                    // A part of an event at the end is what a cut leaves behind.
                    Said::Unreadable if ended => {}
                    Said::Unreadable => return unreadable("an event is not the API's"),
                    Said::Other { .. } => begun = true,
                    Said::Chunk(chunk) => {
                        begun |= has_content(&chunk);
                        chunks.push(*chunk);
                    }
                }
            }
            if ended {
                return ended_early(status, headers, held, &watch, &chunks);
            }
            if begun {
                return Attempted::Begun(Box::new(Begun {
                    status,
                    headers,
                    held,
                    pieces,
                    watch,
                    chunks,
                    running: None,
                }));
            }
        }
    }
}

/// Puts another name in the place of a model's, at the places where requests have one; false where none
/// has.
fn rename(body: &mut Value, asked: &str, model: &str) -> bool {
    let mut renamed = false;
    let mut rename_in = |message: &mut Value| {
        if let Some(Value::String(name)) = message.get_mut("model") {
            let prefix = if name.starts_with("models/") {
                "models/"
            } else {
                ""
            };
            if name.trim_start_matches("models/") == asked {
                *name = format!("{prefix}{model}");
                renamed = true;
            }
        }
    };
    rename_in(body);
    for inner in ["generateContentRequest", "generate_content_request"] {
        body.get_mut(inner).into_iter().for_each(&mut rename_in);
    }
    let requests = body.get_mut("requests").and_then(Value::as_array_mut);
    requests.into_iter().flatten().for_each(&mut rename_in);
    renamed
}

/// A stream that ended before anything of it was passed on.
fn ended_early(
    status: StatusCode,
    headers: HeaderMap,
    pieces: Vec<Bytes>,
    watch: &Watch,
    chunks: &[GenerateContentResponse],
) -> Attempted {
    let passed = Passed {
        status,
        headers,
        pieces,
    };
    match watch.has_ended() {
        false => Attempted::Failed(cut(0)),
        true if chunks.is_empty() => Attempted::Served(passed.into_response()),
        true => judged(passed, fold::typed(chunks)),
    }
}

/// A reply that came whole, by what it says.
fn judged(passed: Passed, reply: GenerateContentResponse) -> Attempted {
    match Outcome::of_reply(&reply) {
        None => Attempted::Answered(passed, Box::new(reply)),
        Some(outcome) => Attempted::Failed(Failed {
            outcome,
            told: Told::Passed(passed),
        }),
    }
}

fn unreadable(why: &str) -> Attempted {
    let outcome = Outcome::of_fault(Fault::Unreadable, Progress::Answered);
    Attempted::Failed(own(outcome, why))
}

/// A stream that ended without a finish reason.
pub(super) fn cut(after: u32) -> Failed {
    own(
        Outcome::of_stream_end(after),
        "the stream ended without a finish reason",
    )
}

fn own(outcome: Outcome, why: &str) -> Failed {
    Failed {
        told: Told::Own(Unserved::of(&outcome, why.to_owned()).into()),
        outcome,
    }
}

/// A body as plain bytes; none where it is packed in a form that is not known here.
fn plain(passed: &Passed) -> Option<Bytes> {
    /// Enough for any reply, and too little for a bomb.
    const MOST: u64 = 1 << 30;
    let whole = passed.whole();
    let coding = passed.headers.get(header::CONTENT_ENCODING);
    match coding.map(|coding| coding.to_str().unwrap_or_default()) {
        None | Some("identity" | "") => Some(whole),
        Some("gzip") => {
            let mut bytes = Vec::new();
            // What is cut off is read as far as it goes.
            let _ = GzDecoder::new(&whole[..])
                .take(MOST)
                .read_to_end(&mut bytes);
            Some(bytes.into())
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_model_is_renamed_where_it_is_named() {
        let mut body = json!({"model": "models/a", "requests": [{"model": "models/a"}, {"model": "b"}],
            "contents": [{"parts": [{"text": "models/a"}]}], "generateContentRequest": {"model": "a"}});
        assert!(rename(&mut body, "a", "x"));
        let expected = json!({"model": "models/x", "requests": [{"model": "models/x"}, {"model": "b"}],
            "contents": [{"parts": [{"text": "models/a"}]}], "generateContentRequest": {"model": "x"}});
        assert_eq!(body, expected);
        assert!(!rename(&mut json!({"contents": []}), "a", "x"));
        assert!(!rename(&mut json!([1]), "a", "x"));
    }
}
