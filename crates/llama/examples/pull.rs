//! Pulls models into a folder: `cargo run --release -p propus-llama --example pull -- FOLDER NAME…`
//!
//! The `propus pull` command does the same with a progress bar; this shows the library alone.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use propus_llama::store::{Phase, Progress, PullOptions, PullSource, Store, catalogue};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next() else {
        for row in catalogue() {
            println!("{}\t{}\t{}", row.name, row.title, row.license);
        }
        return Ok(());
    };
    let store = Store::open(folder)?;
    let options = PullOptions {
        hub_token: std::env::var("HF_TOKEN").ok(),
        requantise: Some(Arc::new(requantise)),
        replace: true,
        progress: Arc::new(say),
        ..PullOptions::default()
    };
    for name in arguments {
        let start = Instant::now();
        let source: PullSource = name.parse()?;
        let model = store.pull(&source, &options).await?;
        eprintln!("{} in {:.1} s", model.name, start.elapsed().as_secs_f64());
        println!("{}", serde_json::to_string_pretty(&model)?);
    }
    Ok(())
}

fn say(progress: &Progress<'_>) {
    match progress.phase {
        Phase::Downloading => {}
        phase => eprintln!("{phase:?}: {}", progress.what),
    }
}

/// llama.cpp's own re-quantisation, on all processors.
#[allow(unsafe_code)]
fn requantise(from: &Path, to: &Path) -> Result<(), Box<dyn Error + Send + Sync>> {
    use std::ffi::CString;
    let path = |path: &Path| CString::new(path.as_os_str().as_encoded_bytes());
    let (from, to) = (path(from)?, path(to)?);
    // SAFETY: the paths end in NUL and outlive the call; the parameters are llama.cpp's own defaults, changed.
    let failed = unsafe {
        let mut parameters = llama_cpp_sys_2::llama_model_quantize_default_params();
        parameters.ftype = llama_cpp_sys_2::LLAMA_FTYPE_MOSTLY_Q8_0;
        parameters.allow_requantize = true;
        llama_cpp_sys_2::llama_model_quantize(from.as_ptr(), to.as_ptr(), &parameters)
    };
    if failed == 0 {
        Ok(())
    } else {
        Err("llama.cpp could not re-quantise the file".into())
    }
}
