//! Carries out the failures that a request asks for.

use crate::{
    app::App,
    inject::{Fault, HEADER, What},
    layers::render::{Failed, frame_of},
    routes::{json, not_found, query::Query, text},
};
use axum::{
    body::{Body, BodyDataStream},
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderValue, header};
use propus_failures::Problem;
use propus_wire::{frame::Frame, generate::GenerateContentResponse, path::Path};
use std::{io, sync::Arc};

/// The layer; it stands within the key's, so that only callers who may call can provoke.
pub async fn inject(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match due(&app, &request) {
        None => next.run(request).await,
        Some(Ok(fault)) => {
            tokio::time::sleep(fault.delay).await;
            play(fault, request, next).await
        }
        Some(Err(problem)) => Failed(problem).into_response(),
    }
}

fn due(app: &App, request: &Request) -> Option<Result<Fault, Problem>> {
    let injector = app.injector.as_ref()?;
    if let Some(header) = request.headers().get(HEADER) {
        let text = String::from_utf8_lossy(header.as_bytes());
        return injector.due(&text).transpose();
    }
    match Path::parse(request.uri().path())? {
        Path::Method(_, resource, _) => injector.of_model(&resource.name),
        Path::Model(_, name) => injector.of_model(&name),
        Path::Models(_) | Path::OpenAi(..) => None,
    }
}

async fn play(fault: Fault, request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    match fault.what {
        What::Error(problem) => Failed(problem).into_response(),
        What::Reply(reply) => whole(&reply, &request),
        What::Silence => next.run(request).await,
        What::WrongAddress => not_found::page(uri.path()),
        What::Reset => {
            let broken = futures::stream::once(async { Err::<Bytes, _>(reset()) });
            Body::from_stream(broken).into_response()
        }
        What::Truncated => cut(next.run(request).await, None),
        What::ErrorMidway(problem) => {
            let late = frame_of(&uri).late_error(&problem.status());
            cut(next.run(request).await, Some(late))
        }
        What::Unparsable => halved(next.run(request).await).await,
    }
}

/// A reply as the request's method writes one.
fn whole(reply: &GenerateContentResponse, request: &Request) -> Response {
    let streams = request.uri().path().ends_with("streamGenerateContent");
    if request.uri().path().contains("/openai/") {
        // These replies have no form there yet.
        let cause = "a reply cannot be provoked on OpenAI's paths".into();
        return Failed(crate::routes::invalid(cause)).into_response();
    }
    let mut query = match Query::read(request.uri().query().unwrap_or_default()) {
        Ok(query) => query,
        Err(problem) => return Failed(problem).into_response(),
    };
    if !streams {
        return json(reply, &query);
    }
    let frame = frame_of(request.uri());
    // An event is one line.
    query.pretty &= frame == Frame::List;
    let mut body = frame.chunk(&text(reply, &query), true).to_vec();
    body.extend_from_slice(&frame.end(true));
    let kind = HeaderValue::from_static(frame.content_type());
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

fn reset() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "provoked")
}

/// A stream's first chunk, and what comes instead of the others.
fn cut(response: Response, instead: Option<Bytes>) -> Response {
    let (mut head, body) = response.into_parts();
    head.headers.remove(http::header::CONTENT_LENGTH);
    let mut chunks: BodyDataStream = body.into_data_stream();
    let body = async_stream::stream! {
        if let Some(first) = chunks.next().await {
            yield first;
        }
        if let Some(late) = instead {
            crate::routes::generate::apart().await;
            yield Ok(late);
        }
    };
    Response::from_parts(head, Body::from_stream(body))
}

/// Half of a body.
async fn halved(response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    head.headers.remove(http::header::CONTENT_LENGTH);
    match axum::body::to_bytes(body, usize::MAX).await {
        Ok(whole) => Response::from_parts(head, Body::from(whole.slice(..whole.len() / 2))),
        Err(error) => {
            let broken = futures::stream::once(async { Err::<Bytes, _>(error) });
            Response::from_parts(head, Body::from_stream(broken))
        }
    }
}
