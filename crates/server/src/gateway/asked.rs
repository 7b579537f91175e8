//! What is asked: the parts of a request that decide where it goes and whether it may go twice.

use crate::{
    app::App,
    layers::{render::frame_of, shed::Place},
    pipeline::deadline::Deadline,
    routes,
};
use axum::{body::Body, extract::Request};
use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};
use http::{HeaderMap, Method, Uri, header};
use propus_failures::{Problem, recovery::is_safe};
use propus_wire::{Version, frame::Frame, path::Path};
use serde::Deserialize;
use std::{
    borrow::Cow,
    io, mem,
    sync::{Mutex, PoisonError},
};

/// Bodies of calls that change something are kept for another attempt up to this size, in bytes; what is
/// larger is sent as it comes, once.
const KEPT: u64 = 1 << 20;

/// What a path names, before the body is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// A method of a model.
    Method { model: String, method: String },
    /// A model's card.
    Model(String),
    /// The list of models.
    Models,
    /// OpenAI's surface; the model is in the body, if anywhere.
    OpenAi(String),
    /// Any other resource: files, uploads, caches, batches, operations, tuned models.
    Resource,
}

/// How the reply is to be read on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One `GenerateContentResponse`.
    Answer,
    /// Chunks of it.
    Stream(Frame),
    /// Any JSON.
    Json,
    /// OpenAI's chunks.
    OpenAiStream,
    /// Bytes that are none of our business.
    Opaque,
}

/// What is asked.
pub(super) struct Asked {
    pub http: Method,
    pub uri: Uri,
    pub named: Named,
    pub version: Option<Version>,
    /// The model's bare name.
    pub model: Option<String>,
    pub form: Form,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// A body that is too large to be kept; it goes once.
    once: Mutex<Option<BoxStream<'static, io::Result<Bytes>>>>,
    /// Whether its body is such a one.
    goes_once: bool,
    /// Whether it may be made twice.
    pub safe: bool,
    pub deadline: Deadline,
}

impl Named {
    /// What a path names; none where it is no path of the API.
    pub fn of(path: &str) -> Option<(Self, Option<Version>)> {
        match Path::parse(path) {
            Some(Path::Method(version, resource, method)) if resource.collection == "models" => {
                let (model, method) = (resource.name.into_owned(), method.into_owned());
                Some((Self::Method { model, method }, Some(version)))
            }
            Some(Path::Method(version, ..)) => Some((Self::Resource, Some(version))),
            Some(Path::Model(version, name)) => {
                Some((Self::Model(name.into_owned()), Some(version)))
            }
            Some(Path::Models(version)) => Some((Self::Models, Some(version))),
            Some(Path::OpenAi(version, rest)) => {
                Some((Self::OpenAi(rest.into_owned()), Some(version)))
            }
            None => is_of_api(path).then_some((Self::Resource, None)),
        }
    }
}

/// Whether a path is below a version, also where something such as `upload` stands before that.
fn is_of_api(path: &str) -> bool {
    let mut segments = path.split('/').skip(1);
    let first = segments.next().unwrap_or_default();
    let version = match first {
        "upload" | "download" | "resumable" | "batch" => segments.next().unwrap_or_default(),
        first => first,
    };
    let below = segments.next().is_some_and(|segment| !segment.is_empty());
    let mut letters = version.chars();
    letters.next() == Some('v') && letters.next().is_some_and(|one| one.is_ascii_digit()) && below
}

impl Asked {
    /// Reads a request; its body is kept where another attempt could need it.
    pub async fn read(
        app: &App,
        named: Named,
        version: Option<Version>,
        request: Request,
        place: Option<&Place>,
    ) -> Result<Self, Problem> {
        let deadline = Deadline::of(&app.settings, request.headers());
        let (mut head, body) = request.into_parts();
        let form = Form::of(&head.method, &head.uri, &named);
        let mut asked = Self {
            safe: safe(&head.method, &named),
            http: head.method.clone(),
            uri: head.uri.clone(),
            model: named.model().map(Cow::into_owned),
            named,
            version,
            form,
            headers: mem::take(&mut head.headers),
            body: Bytes::new(),
            once: Mutex::default(),
            goes_once: false,
            deadline,
        };
        if asked.form == Form::Opaque && !is_small(&asked.headers) {
            asked.once = Mutex::new(Some(once(body)));
            asked.goes_once = true;
            return Ok(asked);
        }
        asked.body = routes::body_held(app, body, place).await?;
        if let Named::OpenAi(_) = asked.named {
            asked.read_openai();
        }
        Ok(asked)
    }

    /// OpenAI's requests name their model in the body.
    fn read_openai(&mut self) {
        #[derive(Default, Deserialize)]
        struct Glance {
            model: Option<String>,
            #[serde(default)]
            stream: bool,
        }
        let glance: Glance = serde_json::from_slice(&self.body).unwrap_or_default();
        let bare = |model: String| model.trim_start_matches("models/").to_owned();
        self.model = glance.model.map(bare);
        if glance.stream {
            self.form = Form::OpenAiStream;
        }
    }

    /// The request again, for those who answer it in another way.
    pub fn into_request(self, extensions: http::Extensions) -> Request {
        let body = match self.take_once() {
            Some(stream) => Body::from_stream(stream),
            None => Body::from(self.body),
        };
        let mut request = Request::new(body);
        *request.method_mut() = self.http;
        *request.uri_mut() = self.uri;
        *request.headers_mut() = self.headers;
        *request.extensions_mut() = extensions;
        request
    }

    /// The API's method, such as `generateContent`.
    pub fn method(&self) -> Option<&str> {
        match &self.named {
            Named::Method { method, .. } => Some(method),
            _ => None,
        }
    }

    /// The body that goes once, if it has not gone.
    pub fn take_once(&self) -> Option<BoxStream<'static, io::Result<Bytes>>> {
        let mut once = self.once.lock().unwrap_or_else(PoisonError::into_inner);
        once.take()
    }

    /// Whether its body has gone and cannot be sent again.
    pub fn is_spent(&self) -> bool {
        self.goes_once && self.once.lock().is_ok_and(|once| once.is_none())
    }

    /// Whether it names what belongs to one project: files and caches.
    pub fn is_bound(&self) -> bool {
        if self.named == Named::Resource {
            return true;
        }
        let names = ["fileUri", "file_uri", "cachedContent", "cached_content"];
        names.iter().any(|name| holds(&self.body, name.as_bytes()))
    }
}

fn holds(body: &[u8], word: &[u8]) -> bool {
    memchr::memmem::find(body, word).is_some()
}

impl Named {
    fn model(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Method { model, .. } | Self::Model(model) => Some(model.as_str().into()),
            _ => None,
        }
    }
}

impl Form {
    fn of(http: &Method, uri: &Uri, named: &Named) -> Self {
        match named {
            Named::Method { method, .. } if *http == Method::POST => match method.as_str() {
                "generateContent" => Self::Answer,
                "streamGenerateContent" => Self::Stream(frame_of(uri)),
                "countTokens" | "embedContent" | "batchEmbedContents" | "predict"
                | "generateAnswer" => Self::Json,
                _ => Self::Opaque,
            },
            Named::OpenAi(_) | Named::Model(_) | Named::Models => Self::Json,
            _ => Self::Opaque,
        }
    }
}

fn safe(http: &Method, named: &Named) -> bool {
    match named {
        Named::Method { method, .. } => is_safe(http.as_str(), Some(method)),
        Named::OpenAi(rest) => {
            matches!(
                rest.as_str(),
                "chat/completions" | "embeddings" | "completions"
            ) || is_safe(http.as_str(), None)
        }
        _ => is_safe(http.as_str(), None),
    }
}

fn is_small(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH);
    match length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok()) {
        Some(length) => length <= KEPT,
        None => !headers.contains_key(header::TRANSFER_ENCODING),
    }
}

fn once(body: Body) -> BoxStream<'static, io::Result<Bytes>> {
    body.into_data_stream()
        .map(|piece| piece.map_err(io::Error::other))
        .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_api_are_known() {
        for path in [
            "/v1beta/files",
            "/v1beta/files/abc",
            "/upload/v1beta/files",
            "/v1beta/cachedContents/x",
            "/v1beta/batches/x:cancel",
            "/v1alpha/auth_tokens",
            "/v1beta/tunedModels/x:generateContent",
            "/v1beta/models/x/operations/y",
        ] {
            assert_eq!(Named::of(path).unwrap().0, Named::Resource, "{path}");
        }
        for path in [
            "/",
            "/favicon.ico",
            "/v1beta",
            "/v1beta/",
            "/version/x",
            "/upload/files",
        ] {
            assert_eq!(Named::of(path), None, "{path}");
        }
        assert_eq!(Named::of("/v1/models").unwrap().0, Named::Models);
        assert!(matches!(
            Named::of("/v1/models/a:b").unwrap().0,
            Named::Method { .. }
        ));
    }

    #[test]
    fn what_creates_is_not_safe() {
        let safe_of = |http: Method, path: &str| safe(&http, &Named::of(path).unwrap().0);
        assert!(safe_of(Method::POST, "/v1/models/a:generateContent"));
        assert!(safe_of(Method::POST, "/v1beta/openai/chat/completions"));
        assert!(safe_of(Method::GET, "/v1beta/files/a"));
        assert!(!safe_of(Method::POST, "/v1beta/files"));
        assert!(!safe_of(
            Method::POST,
            "/v1beta/models/a:batchGenerateContent"
        ));
        assert!(!safe_of(
            Method::POST,
            "/v1beta/models/a:predictLongRunning"
        ));
        assert!(!safe_of(Method::DELETE, "/v1beta/files/a"));
    }
}
