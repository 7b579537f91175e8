//! A body as it arrives: unpacked if need be, and in time.

use super::BoxError;
use async_compression::tokio::bufread::GzipDecoder;
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream::BoxStream};
use http::{HeaderMap, header};
use http_body_util::BodyStream;
use hyper::body::{Body, Incoming};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::io::{ReaderStream, StreamReader};

/// Until when a body may arrive.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    /// When it must be there.
    pub(super) end: Option<Instant>,
    /// How long it may be silent between two pieces.
    pub(super) silence: Option<Duration>,
}

/// Why a body did not arrive whole.
#[derive(Debug)]
pub(super) enum Broken {
    /// Its time was over, or it was silent for too long.
    Late,
    /// The connection broke off, or what came could not be unpacked.
    Cut(BoxError),
}

/// A body. It ends behind the first error.
pub(super) struct Arriving {
    bytes: Source,
    limits: Limits,
    /// Runs while nothing is there.
    timer: Option<Pin<Box<Sleep>>>,
}

enum Source {
    Plain(Incoming),
    Unpacked(BoxStream<'static, io::Result<Bytes>>),
    Ended,
}

impl Arriving {
    /// A body as it was sent.
    pub(super) fn plain(body: Incoming, limits: Limits) -> Self {
        Self {
            bytes: Source::Plain(body),
            limits,
            timer: None,
        }
    }

    /// A body that is unpacked where it came packed; headers speak of it as it is then.
    pub(super) fn unpacked(headers: &mut HeaderMap, body: Incoming, limits: Limits) -> Self {
        let packed = headers.get(header::CONTENT_ENCODING);
        if packed.is_none_or(|packed| !packed.as_bytes().eq_ignore_ascii_case(b"gzip")) {
            return Self::plain(body, limits);
        }
        headers.remove(header::CONTENT_ENCODING);
        headers.remove(header::CONTENT_LENGTH);
        let frames = TryStreamExt::map_err(BodyStream::new(body), io::Error::other);
        let bytes = frames.try_filter_map(async |frame| Ok(frame.into_data().ok()));
        let mut decoder = GzipDecoder::new(StreamReader::new(Box::pin(bytes)));
        decoder.multiple_members(true);
        Self {
            bytes: Source::Unpacked(ReaderStream::new(decoder).boxed()),
            limits,
            timer: None,
        }
    }

    /// The whole body.
    pub(super) async fn whole(mut self) -> Result<Bytes, Broken> {
        let Some(first) = self.next().await.transpose()? else {
            return Ok(Bytes::new());
        };
        let Some(second) = self.next().await.transpose()? else {
            return Ok(first);
        };
        let mut all = Vec::from(first);
        all.extend_from_slice(&second);
        while let Some(piece) = self.next().await.transpose()? {
            all.extend_from_slice(&piece);
        }
        Ok(all.into())
    }

    fn poll_late(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let silent = self.limits.silence.map(|silence| Instant::now() + silence);
        let Some(first) = silent.into_iter().chain(self.limits.end).min() else {
            return Poll::Pending;
        };
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(first)));
        timer.as_mut().poll(context)
    }
}

impl Source {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        loop {
            let data = match self {
                Self::Plain(body) => match ready!(Pin::new(body).poll_frame(context)) {
                    // Trailers say nothing here.
                    Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
                    Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                    None => return Poll::Ready(None),
                },
                Self::Unpacked(bytes) => match ready!(bytes.poll_next_unpin(context)) {
                    Some(Ok(bytes)) => bytes,
                    Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                    None => return Poll::Ready(None),
                },
                Self::Ended => return Poll::Ready(None),
            };
            if !data.is_empty() {
                return Poll::Ready(Some(Ok(data)));
            }
        }
    }
}

impl Stream for Arriving {
    type Item = Result<Bytes, Broken>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let came = match self.bytes.poll(context) {
            Poll::Ready(came) => came.map(|piece| piece.map_err(Broken::Cut)),
            Poll::Pending => {
                ready!(self.poll_late(context));
                Some(Err(Broken::Late))
            }
        };
        if self.limits.silence.is_some() {
            self.timer = None;
        }
        if !matches!(came, Some(Ok(_))) {
            self.bytes = Source::Ended;
        }
        Poll::Ready(came)
    }
}
