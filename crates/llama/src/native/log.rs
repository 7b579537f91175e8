//! llama.cpp's log as `tracing` events, and its last error as the reason for a failed call.

use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_void};

thread_local! {
    /// llama.cpp returns null and says why in its log only.
    static LAST_ERROR: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Sends everything that llama.cpp and ggml log to `tracing`, at debug level.
pub(super) fn to_tracing() {
    // SAFETY: the callback lives as long as the program and ignores the user data.
    unsafe { llama_cpp_sys_2::llama_log_set(Some(receive), std::ptr::null_mut()) };
}

pub(super) fn forget_error() {
    LAST_ERROR.with_borrow_mut(|last| *last = None);
}

pub(super) fn take_error() -> Option<String> {
    LAST_ERROR.with_borrow_mut(Option::take)
}

unsafe extern "C" fn receive(
    level: llama_cpp_sys_2::ggml_log_level,
    text: *const c_char,
    _: *mut c_void,
) {
    if text.is_null() {
        return;
    }
    // SAFETY: ggml passes a text that ends with a zero byte and outlives the call.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    let text = text.trim_end();
    if text.is_empty() || text == "." {
        return;
    }
    if level == llama_cpp_sys_2::GGML_LOG_LEVEL_ERROR {
        remember(text);
    }
    tracing::debug!(target: "llama.cpp", level = level_name(level), "{text}");
}

/// Keeps the first error after [`forget_error`]: the later ones only say that loading failed.
fn remember(text: &str) {
    let text = text
        .split_once("error loading model: ")
        .map_or(text, |(_, reason)| reason);
    LAST_ERROR.with_borrow_mut(|last| {
        last.get_or_insert_with(|| text.to_owned());
    });
}

fn level_name(level: llama_cpp_sys_2::ggml_log_level) -> &'static str {
    match level {
        llama_cpp_sys_2::GGML_LOG_LEVEL_ERROR => "error",
        llama_cpp_sys_2::GGML_LOG_LEVEL_WARN => "warn",
        llama_cpp_sys_2::GGML_LOG_LEVEL_INFO => "info",
        _ => "debug",
    }
}
