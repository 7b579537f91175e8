//! Carries out the failures that a request asks for, or a rule, or the model's name.

mod named;

use crate::{
    accounts::Caller,
    app::App,
    inject::{Called, Fault, HEADER, Injector, Slip, What},
    layers::{
        key::key_of,
        render::{Failed, Foreign, Streams, frame_of},
    },
    metrics::Record,
    openai::chat,
    routes::{self, generate::apart, inject::LOGIN, json, not_found, openai, query::Query, text},
};
use axum::{
    body::{Body, BodyDataStream},
    extract::Request,
    response::{Html, IntoResponse, Response},
};
use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderValue, StatusCode, Uri, header};
use propus_failures::Problem;
use propus_wire::{frame::Frame, generate::GenerateContentResponse};
use std::{io, time::Duration};

/// The layer; it stands within the key's, so that only callers who may call can provoke.
pub async fn inject<F>(app: &App, request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let Some(injector) = &app.injector else {
        return next(request).await;
    };
    let failed = |problem| Failed(problem).into_response();
    let (request, model) = match named::with_model(app, request).await {
        Ok(read) => read,
        Err(problem) => return failed(problem),
    };
    match due(injector, &request, model.as_deref()) {
        Ok(None) => next(request).await,
        Ok(Some(fault)) => {
            if !fault.is_nothing() {
                app.metrics.injected(fault.name());
            }
            tokio::time::sleep(fault.delay).await;
            play(app, fault, request, next).await.unwrap_or_else(failed)
        }
        Err(problem) => failed(problem),
    }
}

fn due(
    injector: &Injector,
    request: &Request,
    model: Option<&str>,
) -> Result<Option<Fault>, Problem> {
    if let Some(header) = request.headers().get(HEADER) {
        let text = String::from_utf8_lossy(header.as_bytes());
        return injector.due(&text);
    }
    let caller = request.extensions().get::<Caller>();
    let key = key_of(request.uri(), request.headers()).ok();
    let called = Called {
        key_number: caller.map(|caller| caller.key),
        key: key.as_deref(),
        project: caller.map(|caller| &*caller.project),
        model,
        method: &named::method(request),
    };
    match injector.ruled(&called) {
        Some(fault) => Ok(Some(fault)),
        None => model.and_then(|model| injector.of_model(model)).transpose(),
    }
}

async fn play<F>(
    app: &App,
    fault: Fault,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Result<Response, Problem>
where
    F: Future<Output = Response>,
{
    let uri = request.uri().clone();
    let first = fault.chunk.unwrap_or(0);
    let record = Record::of(&request);
    Ok(match fault.what {
        What::Nothing => slow(answer(app, request, next).await?, first, fault.every),
        What::Error(problem) if first == 0 => return Err(problem),
        What::Error(problem) => {
            let response = answer(app, request, next).await?;
            if !streams(&response) {
                return Err(problem);
            }
            record.failed(&problem);
            cut(response, first, Then::Error(late(&uri, &problem)))
        }
        What::Reset => match first {
            0 => cut(Response::new(Body::empty()), 0, Then::Reset),
            _ => cut(answer(app, request, next).await?, first, Then::Reset),
        },
        What::Truncated => match answer(app, request, next).await? {
            response if streams(&response) => cut(response, first, Then::End),
            response => cut(response, 0, Then::HalfAndReset),
        },
        What::Unparsable => match answer(app, request, next).await? {
            response if streams(&response) => cut(response, first, Then::Half),
            response => cut(response, 0, Then::Half),
        },
        What::WrongAddress => not_found::page(uri.path()),
        What::Empty => {
            let kind = HeaderValue::from_static(frame_of(&uri).content_type());
            ([(header::CONTENT_TYPE, kind)], Body::empty()).into_response()
        }
        What::ProxyPage => foreign(proxy_page()),
        What::Login => foreign(login()),
        What::Reply { name, reply } => replied(app, name, *reply, request).await?,
    })
}

/// The answer as if nobody had asked; a model that is named after a failure has another one answer for it.
async fn answer<F>(
    app: &App,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Result<Response, Problem>
where
    F: Future<Output = Response>,
{
    Ok(next(named::in_place(app, request).await?).await)
}

fn streams(response: &Response) -> bool {
    response.extensions().get::<Streams>().is_some()
}

/// An error behind chunks, as the path's clients read one.
fn late(uri: &Uri, problem: &Problem) -> Bytes {
    match uri.path().contains("/openai/") {
        true => openai::late_error(problem),
        false => frame_of(uri).late_error(&problem.status()),
    }
}

/// A reply as the request's method writes one.
async fn replied(
    app: &App,
    name: &str,
    reply: GenerateContentResponse,
    request: Request,
) -> Result<Response, Problem> {
    match named::method(&request).as_ref() {
        "generateContent" => {
            let query = Query::read(request.uri().query().unwrap_or_default())?;
            Ok(json(&reply, &query))
        }
        "streamGenerateContent" => event(&reply, request.uri()),
        "chat/completions" => {
            let call = chat::request(&routes::body(app, request).await?)?;
            let chunks = futures::stream::iter([Ok(reply)]).boxed();
            openai::completion(app, &call, chunks).await
        }
        other => Err(Slip(format!(
            "`{name}` is a reply of generateContent, streamGenerateContent and chat/completions; \
             `{other}` has none"
        ))
        .into()),
    }
}

/// A stream of one chunk.
fn event(reply: &GenerateContentResponse, uri: &Uri) -> Result<Response, Problem> {
    let mut query = Query::read(uri.query().unwrap_or_default())?;
    let frame = frame_of(uri);
    // An event is one line.
    query.pretty &= frame == Frame::List;
    let mut body = frame.chunk(&text(reply, &query), true).to_vec();
    body.extend_from_slice(&frame.end(true));
    let kind = HeaderValue::from_static(frame.content_type());
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}

/// What a gateway writes when the server behind it does not answer.
fn proxy_page() -> Response {
    let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
                <center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>proxy</center>\r\n\
                </body>\r\n</html>\r\n";
    (StatusCode::BAD_GATEWAY, Html(page)).into_response()
}

/// What a network does whose users must sign in first.
fn login() -> Response {
    let place = HeaderValue::from_static(LOGIN);
    let page = format!("<html><body>Please <a href=\"{LOGIN}\">sign in</a>.</body></html>\n");
    (StatusCode::FOUND, [(header::LOCATION, place)], Html(page)).into_response()
}

fn foreign(mut response: Response) -> Response {
    response.extensions_mut().insert(Foreign);
    response
}

/// How a body goes on behind its first chunks.
enum Then {
    /// It ends.
    End,
    /// An error is its last chunk.
    Error(Bytes),
    /// The connection breaks off.
    Reset,
    /// Half a chunk comes, and it ends.
    Half,
    /// Half a chunk comes, and the connection breaks off.
    HalfAndReset,
}

/// A body's first chunks, and what comes in place of the others. A shorter one stays as it is.
fn cut(response: Response, first: usize, then: Then) -> Response {
    rewritten(response, move |mut chunks| {
        async_stream::stream! {
            for _ in 0..first {
                match said(&mut chunks).await {
                    Some(chunk) => yield chunk,
                    None => return,
                }
            }
            match then {
                Then::End => {}
                Then::Error(late) => {
                    apart().await;
                    yield Ok(late);
                }
                Then::Reset => {
                    if first > 0 {
                        // Else what came before would be lost with the connection.
                        apart().await;
                    }
                    yield Err(reset());
                }
                Then::Half | Then::HalfAndReset => {
                    if let Some(Ok(chunk)) = said(&mut chunks).await {
                        yield Ok(chunk.slice(..chunk.len() / 2));
                    }
                    if matches!(then, Then::HalfAndReset) {
                        apart().await;
                        yield Err(reset());
                    }
                }
            }
        }
        .boxed()
    })
}

/// A body whose chunks wait, but for the first ones.
fn slow(response: Response, first: usize, every: Duration) -> Response {
    if every.is_zero() {
        return response;
    }
    rewritten(response, move |mut chunks| {
        async_stream::stream! {
            let mut before = 0;
            while let Some(chunk) = said(&mut chunks).await {
                if before >= first {
                    tokio::time::sleep(every).await;
                }
                before += 1;
                yield chunk;
            }
        }
        .boxed()
    })
}

type Chunks = futures::stream::BoxStream<'static, Result<Bytes, axum::Error>>;

fn rewritten(response: Response, change: impl FnOnce(BodyDataStream) -> Chunks) -> Response {
    let (mut head, body) = response.into_parts();
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, Body::from_stream(change(body.into_data_stream())))
}

/// The next chunk that says something; a frame's end may be empty.
async fn said(chunks: &mut BodyDataStream) -> Option<Result<Bytes, axum::Error>> {
    loop {
        match chunks.next().await {
            Some(Ok(chunk)) if chunk.is_empty() => {}
            other => return other,
        }
    }
}

fn reset() -> axum::Error {
    axum::Error::new(io::Error::new(io::ErrorKind::ConnectionReset, "provoked"))
}
