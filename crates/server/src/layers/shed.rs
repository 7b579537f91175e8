//! Load shedding: beyond so many requests at once, so many bytes of bodies, or too little memory, a
//! request is refused at once with 503.
//!
//! It stands outside of keys and quotas: a refusal must be quick and must not cost the caller a unit.

use crate::{app::App, layers::render::Failed};
use axum::{
    body::{Body, HttpBody},
    extract::Request,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use propus_failures::{Problem, service::overloaded_503::Overloaded503};
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

/// How much may go on at once, and how much does.
#[derive(Debug)]
pub struct Load {
    requests: usize,
    body_bytes: usize,
    running: AtomicUsize,
    held: AtomicUsize,
    shed: AtomicU64,
    short_of_memory: AtomicBool,
}

impl Load {
    /// At most so many requests at once, and so many bytes of their bodies together.
    pub fn new(requests: usize, body_bytes: usize) -> Self {
        Self {
            requests,
            body_bytes,
            running: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
            shed: AtomicU64::new(0),
            short_of_memory: AtomicBool::new(false),
        }
    }

    /// Requests that are being answered.
    pub fn running(&self) -> usize {
        self.running.load(Relaxed)
    }

    /// Requests that were refused since there was too much to do.
    pub fn shed(&self) -> u64 {
        self.shed.load(Relaxed)
    }

    /// Says whether the machine is short of memory: new requests are refused while it is.
    pub fn set_short_of_memory(&self, short: bool) {
        if self.short_of_memory.swap(short, Relaxed) != short {
            match short {
                true => tracing::warn!("memory is short: refusing new requests"),
                false => tracing::info!("memory is free again"),
            }
        }
    }

    /// Takes a place for a request, or says why there is none.
    fn enter(self: &Arc<Self>) -> Result<Place, Problem> {
        let running = self.running.fetch_add(1, Relaxed);
        let place = Place(Arc::new(Taken {
            load: self.clone(),
            held: AtomicUsize::new(0),
        }));
        if self.short_of_memory.load(Relaxed) {
            return Err(self.refuse("memory is short".into()));
        }
        match running < self.requests {
            true => Ok(place),
            false => Err(self.refuse(format!("{running} requests are being answered"))),
        }
    }

    fn refuse(&self, cause: String) -> Problem {
        self.shed.fetch_add(1, Relaxed);
        Overloaded503 {
            cause: Some(cause),
            ..Overloaded503::default()
        }
        .into()
    }
}

impl Default for Load {
    fn default() -> Self {
        Self::new(10_000, 1 << 30)
    }
}

/// A request's place, with the room that its body takes; kept until its answer is sent or its client
/// gone.
#[derive(Clone, Debug)]
pub struct Place(Arc<Taken>);

#[derive(Debug)]
struct Taken {
    load: Arc<Load>,
    held: AtomicUsize,
}

impl Place {
    /// Takes room for a piece of the body.
    pub fn hold(&self, bytes: usize) -> Result<(), Problem> {
        let Taken { load, held } = &*self.0;
        let all = load.held.fetch_add(bytes, Relaxed) + bytes;
        held.fetch_add(bytes, Relaxed);
        match all <= load.body_bytes {
            true => Ok(()),
            false => Err(load.refuse(format!("request bodies take {all} bytes"))),
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.load.running.fetch_sub(1, Relaxed);
        self.load.held.fetch_sub(self.held.load(Relaxed), Relaxed);
    }
}

/// The layer.
pub async fn shed<F>(app: &App, mut request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    match app.load.enter() {
        Ok(place) => {
            request.extensions_mut().insert(place.clone());
            next(request).await.map(|body| keep(body, place))
        }
        Err(problem) => Failed(problem).into_response(),
    }
}

/// A whole body is as good as sent; a stream keeps the place until its end.
fn keep(body: Body, place: Place) -> Body {
    match body.size_hint().exact() {
        Some(_) => body,
        None => Body::new(Placed {
            body,
            _place: place,
        }),
    }
}

struct Placed {
    body: Body,
    _place: Place,
}

impl HttpBody for Placed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_back() {
        let load = Arc::new(Load::new(2, 10));
        let (one, two) = (load.enter().unwrap(), load.enter().unwrap());
        assert_eq!(load.enter().err().unwrap().name(), "overloaded-503");
        assert_eq!((load.running(), load.shed()), (2, 1));
        drop(one);
        let three = load.enter().unwrap();
        drop((two, three));
        load.set_short_of_memory(true);
        assert!(load.enter().is_err());
        load.set_short_of_memory(false);
        assert!(load.enter().is_ok());
        assert_eq!(load.running(), 0);
    }

    #[test]
    fn bodies_share_their_room() {
        let load = Arc::new(Load::new(2, 10));
        let (a, b) = (load.enter().unwrap(), load.enter().unwrap());
        a.hold(6).unwrap();
        assert!(b.hold(6).is_err());
        assert_eq!(load.shed(), 1);
        drop(b);
        a.hold(4).unwrap();
        drop(a);
        assert_eq!(load.held.load(Relaxed), 0);
    }
}
