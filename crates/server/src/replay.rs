//! Recording exchanges, and answering from a recording.
//!
//! [`Recorder`] stands around a router and writes each exchange as one line of JSON; [`router`] answers from
//! such a file, byte for byte and chunk for chunk, without engine, key or clock. So a test that ran against
//! a real model once runs everywhere after.
//!
//! ```no_run
//! # async fn example(router: axum::Router) -> Result<(), Box<dyn std::error::Error>> {
//! use propus_server::replay::{self, Options, Recorder};
//! use std::path::Path;
//!
//! let recorder = Recorder::create(Path::new("calls.jsonl"))?;
//! let router = recorder.around(router);
//! // Serve it, and when the server has stopped:
//! recorder.flush().await?;
//!
//! let router = replay::router(Path::new("calls.jsonl"), Options { paced: true })?;
//! # Ok(())
//! # }
//! ```
//!
//! The first line is `{"propusRecording":1}`. Keys are in no recording: see `secrets`.

mod capture;
mod exchange;
mod find;
mod load;
mod recorder;
mod secrets;
mod serve;

pub use load::ReplayError;
pub use recorder::{Counts, Limits, RecordError, Recorder};
pub use serve::{Options, Replay};

use axum::Router;
use std::path::Path;

/// What shows in a reply how its request was found: `exact`, or `next` where only the place was the same,
/// and the line of the recording.
pub const HEADER: &str = "x-propus-replay";

/// A router that answers from a recording.
pub fn router(path: &Path, options: Options) -> Result<Router, ReplayError> {
    Ok(Replay::load(path)?.router(options))
}
