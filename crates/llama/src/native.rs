//! The only place that calls into llama.cpp: owned handles with safe methods, and nothing that decides.
//!
//! llama.cpp reports most mistakes by aborting the process, so the methods check what they pass on:
//! positions, sequence numbers and lengths that are out of range never reach it.
#![allow(unsafe_code)]

mod context;
mod log;
mod model;
mod quantize;

pub(crate) use context::{Attention, Batch, ContextOptions, DecodeError, NativeContext};
pub(crate) use model::{NativeModel, VocabKind};
pub(crate) use quantize::quantize_to_q8_0;

use std::sync::Once;

/// Starts llama.cpp, once for the process, and takes its log away from stderr.
pub(crate) fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        log::to_tracing();
        // SAFETY: called once, before any other function of llama.cpp; it has no preconditions.
        unsafe { llama_cpp_sys_2::llama_backend_init() };
    });
}

/// Runs `work` and gives the last error that llama.cpp logged on this thread meanwhile.
pub(crate) fn with_last_error<T>(work: impl FnOnce() -> T) -> (T, Option<String>) {
    log::forget_error();
    let outcome = work();
    (outcome, log::take_error())
}
