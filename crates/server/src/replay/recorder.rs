//! Writes exchanges to a file, behind the backs of the requests.

use super::{
    capture::{self, Captured},
    exchange::{FORMAT, First},
};
use axum::{Router, middleware};
use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tower_http::decompression::RequestDecompressionLayer;

/// Most exchanges that wait to be written.
const WAITING: usize = 1024;

/// Why a recording could not be made.
#[derive(Debug, Error)]
pub enum RecordError {
    /// A recording is never written over.
    #[error("`{}` exists already\nhint: choose another name, or delete the file first", .0.display())]
    Exists(PathBuf),
    /// The file cannot be made.
    #[error("cannot record to `{}`\nhint: check that the folder exists and can be written", .path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Something could not be written; later exchanges were tried all the same.
    #[error("the recording is not complete: {0}\nhint: check that the disk has room")]
    Write(io::Error),
    /// The thread that writes ended.
    #[error("the recording ended early\nhint: the log tells why")]
    Ended,
}

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest body of a request or of a reply, in bytes; what is longer is cut there.
    pub body: usize,
    /// The most bytes of bodies that wait to be written; beyond it exchanges are lost.
    pub waiting: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 32 * 1024 * 1024,
            waiting: 256 * 1024 * 1024,
        }
    }
}

/// What a recorder did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Exchanges that were written.
    pub written: u64,
    /// Exchanges that were lost: too many waited, or the disk failed.
    pub lost: u64,
}

/// Records what goes through a router. Its copies write to the same file.
///
/// No request waits for it: exchanges go through a queue to a thread of their own, and are lost, counted
/// and logged where that cannot keep up. Requests are held in memory before their key is looked at, so it
/// is nothing for a server that strangers can reach.
#[derive(Clone, Debug)]
pub struct Recorder {
    queue: mpsc::Sender<Work>,
    tally: Arc<Tally>,
    limits: Limits,
}

#[derive(Debug, Default)]
struct Tally {
    /// Bytes that wait.
    waiting: AtomicUsize,
    written: AtomicU64,
    lost: AtomicU64,
}

enum Work {
    Write(Box<Captured>),
    Flush(oneshot::Sender<io::Result<()>>),
}

impl Recorder {
    /// Makes the file, readable by its owner only.
    pub fn create(path: &Path) -> Result<Self, RecordError> {
        Self::with_limits(path, Limits::default())
    }

    /// The same with other limits.
    pub fn with_limits(path: &Path, limits: Limits) -> Result<Self, RecordError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => RecordError::Exists(path.to_owned()),
            _ => RecordError::Create {
                path: path.to_owned(),
                source,
            },
        };
        let mut file = BufWriter::new(open(path).map_err(failed)?);
        line(&mut file, &First { format: FORMAT })
            .and_then(|()| file.flush())
            .map_err(failed)?;
        let (queue, work) = mpsc::channel(WAITING);
        let tally = Arc::new(Tally::default());
        let writer = Writer {
            file,
            tally: tally.clone(),
            error: None,
        };
        let thread = thread::Builder::new().name("record".into());
        thread.spawn(move || writer.run(work)).map_err(failed)?;
        Ok(Self {
            queue,
            tally,
            limits,
        })
    }

    /// A router whose exchanges are recorded, but for health, our own paths and what browsers ask first.
    /// Bodies are neither taken nor given compressed, so that the file can be read.
    pub fn around(&self, router: Router) -> Router {
        let layer = middleware::from_fn_with_state(self.clone(), capture::capture);
        router
            .layer(layer)
            .layer(RequestDecompressionLayer::new().pass_through_unaccepted(true))
    }

    /// Waits until all that was recorded so far is in the file; for the end of a server. Exchanges whose
    /// body is still being sent are not among it.
    pub async fn flush(&self) -> Result<(), RecordError> {
        let (done, flushed) = oneshot::channel();
        let sent = self.queue.send(Work::Flush(done)).await;
        sent.map_err(|_| RecordError::Ended)?;
        let result = flushed.await.map_err(|_| RecordError::Ended)?;
        result.map_err(RecordError::Write)
    }

    /// What was done so far.
    pub fn counts(&self) -> Counts {
        Counts {
            written: self.tally.written.load(Ordering::Relaxed),
            lost: self.tally.lost.load(Ordering::Relaxed),
        }
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// Takes an exchange if there is room; never waits.
    pub(super) fn take(&self, captured: Box<Captured>) {
        let size = captured.size();
        let waiting = self.tally.waiting.fetch_add(size, Ordering::Relaxed);
        let is_full = waiting.saturating_add(size) > self.limits.waiting;
        if is_full || self.queue.try_send(Work::Write(captured)).is_err() {
            self.tally.waiting.fetch_sub(size, Ordering::Relaxed);
            self.tally.lose("more comes than can be written");
        }
    }
}

impl Tally {
    fn lose(&self, why: &str) {
        let lost = self.lost.fetch_add(1, Ordering::Relaxed) + 1;
        // Once at first, and ever more seldom.
        if lost.is_power_of_two() {
            tracing::warn!(lost, "an exchange was not recorded: {why}");
        }
    }
}

struct Writer {
    file: BufWriter<File>,
    tally: Arc<Tally>,
    /// The first failure since the last flush.
    error: Option<io::Error>,
}

impl Writer {
    /// Writes until all recorders are gone.
    fn run(mut self, mut work: mpsc::Receiver<Work>) {
        while let Some(next) = work.blocking_recv() {
            match next {
                Work::Write(captured) => self.write(*captured),
                Work::Flush(done) => {
                    let flushed = self.file.flush();
                    let _ = done.send(self.error.take().map_or(flushed, Err));
                }
            }
            // Whoever looks into the file between requests finds them there.
            if work.is_empty() {
                self.checked(|file| file.flush());
            }
        }
    }

    fn write(&mut self, captured: Captured) {
        let size = captured.size();
        let exchange = captured.into_exchange();
        if self.checked(|file| line(file, &exchange)) {
            self.tally.written.fetch_add(1, Ordering::Relaxed);
        }
        self.tally.waiting.fetch_sub(size, Ordering::Relaxed);
    }

    fn checked(&mut self, work: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> bool {
        let Err(error) = work(&mut self.file) else {
            return true;
        };
        self.tally.lose(&error.to_string());
        self.error.get_or_insert(error);
        false
    }
}

fn line(file: &mut impl Write, value: &impl serde::Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(value)?;
    text.push(b'\n');
    file.write_all(&text)
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
