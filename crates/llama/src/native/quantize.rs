//! Writing a model's weights in another precision.

use llama_cpp_sys_2 as sys;
use std::ffi::CString;
use std::path::Path;

/// Writes a model with 8-bit weights. False when llama.cpp refused; it logs why.
pub(crate) fn quantize_to_q8_0(from: &Path, to: &Path, threads: usize) -> bool {
    super::start();
    let c_path = |path: &Path| CString::new(path.as_os_str().as_encoded_bytes()).ok();
    let (Some(from), Some(to)) = (c_path(from), c_path(to)) else {
        return false;
    };
    // SAFETY: no preconditions; returns a plain struct.
    let mut params = unsafe { sys::llama_model_quantize_default_params() };
    params.nthread = i32::try_from(threads).unwrap_or(1);
    params.ftype = sys::LLAMA_FTYPE_MOSTLY_Q8_0;
    params.allow_requantize = true;
    // SAFETY: both paths end with a zero byte and outlive the call, as do the parameters.
    unsafe { sys::llama_model_quantize(from.as_ptr(), to.as_ptr(), &raw const params) == 0 }
}
