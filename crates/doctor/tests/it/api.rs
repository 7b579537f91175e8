//! A server with the API's calls that the doctor makes, well or ill as a test wants it.

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Response, StatusCode, Uri, header},
};
use serde_json::{Value, json};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::net::TcpListener;

pub(crate) const KEY: &str = "AIzaSyA0123456789abcdefghijklmnopqrstuv";

/// What the server does.
#[derive(Clone)]
pub(crate) struct Api {
    /// What `models.list` names.
    pub(crate) models: Vec<&'static str>,
    /// Where in place of the call's own reply another one comes: a part of `METHOD /path`, the
    /// status, the type and the body.
    pub(crate) instead: Vec<(&'static str, u16, &'static str, String)>,
    /// How many events a stream has.
    pub(crate) events: usize,
    /// Between two events of a stream.
    pub(crate) pause: Duration,
    /// Whether the stream ends as it should.
    pub(crate) ends: bool,
    pub(crate) stream_type: &'static str,
}

impl Default for Api {
    fn default() -> Self {
        Self {
            models: vec!["gemini-flash-latest", "gemini-3.6-flash"],
            instead: Vec::new(),
            events: 5,
            pause: Duration::from_millis(30),
            ends: true,
            stream_type: "text/event-stream",
        }
    }
}

impl Api {
    pub(crate) fn instead(part: &'static str, status: u16, body: impl Into<String>) -> Self {
        Self::instead_as(part, status, "application/json; charset=UTF-8", body)
    }

    pub(crate) fn instead_as(
        part: &'static str,
        status: u16,
        content_type: &'static str,
        body: impl Into<String>,
    ) -> Self {
        Self {
            instead: vec![(part, status, content_type, body.into())],
            ..Self::default()
        }
    }

    /// Serves until the test ends.
    pub(crate) async fn serve(self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let api = Arc::new(self);
        let app = Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap| {
            let reply = api.reply(&method, &uri, &headers);
            async move { reply }
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        address
    }

    pub(crate) async fn url(self) -> String {
        format!("http://{}", self.serve().await)
    }

    fn reply(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response<Body> {
        let call = format!("{method} {}", uri.path());
        let instead = self.instead.iter().find(|(part, ..)| call.contains(part));
        if let Some((_, status, content_type, body)) = instead {
            return whole(*status, content_type, body.clone());
        }
        if headers.get("x-goog-api-key").is_none_or(|key| key != KEY) {
            return refusal(
                400,
                "INVALID_ARGUMENT",
                "API key not valid. Please pass a valid API key.",
            );
        }
        let path = uri.path();
        let Some(rest) = path.strip_prefix("/v1beta/models") else {
            return whole(404, "text/html; charset=UTF-8", PAGE.to_owned());
        };
        if rest.is_empty() {
            let models: Vec<Value> = self.models.iter().map(|name| model(name)).collect();
            return whole(200, JSON, json!({"models": models}).to_string());
        }
        let (name, asked) = rest[1..].split_once(':').unwrap_or((&rest[1..], ""));
        if !self.models.contains(&name) {
            let method = if asked.is_empty() { "GetModel" } else { asked };
            return refusal(404, "NOT_FOUND", &not_found(name, method));
        }
        match asked {
            "" => whole(200, JSON, model(name).to_string()),
            "generateContent" => whole(200, JSON, chunk("yes", true).to_string()),
            _ => self.stream(),
        }
    }

    fn stream(&self) -> Response<Body> {
        let (events, pause, ends) = (self.events, self.pause, self.ends);
        let body = async_stream::stream! {
            for number in 1..=events {
                let chunk = chunk("1 2 3 ", ends && number == events);
                yield Ok::<_, std::convert::Infallible>(format!("data: {chunk}\r\n\r\n"));
                tokio::time::sleep(pause).await;
            }
        };
        Response::builder()
            .header(header::CONTENT_TYPE, self.stream_type)
            .body(Body::from_stream(body))
            .unwrap()
    }
}

const JSON: &str = "application/json; charset=UTF-8";

/// Google's page for addresses that are none of the API's.
pub(crate) const PAGE: &str = "<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 (Not Found)!!1</title>\n\
    <p><b>404.</b> <ins>That’s an error.</ins>\n<p>The requested URL <code>/x</code> was not found on \
    this server.  <ins>That’s all we know.</ins>";

pub(crate) fn not_found(name: &str, method: &str) -> String {
    format!(
        "models/{name} is not found for API version v1beta, or is not supported for {method}. \
         Call ListModels to see the list of available models and their supported methods."
    )
}

pub(crate) fn error(code: u16, status: &str, message: &str) -> String {
    json!({"error": {"code": code, "message": message, "status": status}}).to_string()
}

fn refusal(code: u16, status: &str, message: &str) -> Response<Body> {
    whole(code, JSON, error(code, status, message))
}

fn whole(status: u16, content_type: &str, body: String) -> Response<Body> {
    Response::builder()
        .status(StatusCode::from_u16(status).unwrap())
        .header(header::CONTENT_TYPE, content_type)
        .body(body.into())
        .unwrap()
}

fn model(name: &str) -> Value {
    let method = match name.contains("embedding") {
        true => "embedContent",
        false => "generateContent",
    };
    json!({"name": format!("models/{name}"), "supportedGenerationMethods": [method]})
}

pub(crate) fn chunk(text: &str, last: bool) -> Value {
    let mut candidate =
        json!({"content": {"role": "model", "parts": [{"text": text}]}, "index": 0});
    if last {
        candidate["finishReason"] = "STOP".into();
    }
    json!({"candidates": [candidate], "usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 9}})
}
